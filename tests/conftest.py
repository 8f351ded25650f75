"""Hypothesis profiles, the clips that all tests and runs share, and the distribution of tests over workers.

Profile `dev` by default, `ci` (the same examples each time) under CI, `deep` (many more) by --hypothesis-profile=deep.
Under CI a skipped test is a failure: `.ci/run` installs whatever a test needs.
"""

from __future__ import annotations

import gc
import hashlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import settings

# Container images often forbid bytecode. Without it each of the programs that tests start compiles all that it imports,
# and each worker compiles all tests: half as much time again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell without job control has what it starts in the background ignore Ctrl-C, and programs inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("dev", deadline=None, max_examples=60)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


TESTS = Path(__file__).parent
SLOW_MARK = re.compile(r"pytest\.mark\.slow")
"""Text by which `.ci/run` finds the files that have slow tests, to collect those alone."""
RENDERER = TESTS.parent / "mock_server" / "seedmock_server" / "media"


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of this run, the same for all its workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def user_cache(request: pytest.FixtureRequest, run_folder: Path) -> Iterator[Path]:
    """Cache folder in the place of the user's, for all workers and, until the renderer changes, for all later runs.

    To render a clip takes two processes and a third of a second. `pytest --cache-clear` forgets them all.
    """
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    parent = cache.mkdir("clips") if cache is not None else run_folder
    folder = parent / f"cache-{sources_digest(RENDERER)}"
    folder.mkdir(exist_ok=True)
    for outdated in set(parent.glob("cache-*")) - {folder}:
        shutil.rmtree(outdated, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def clips(user_cache: Path) -> Path:
    """Folder of clips: the one that an emulator has without a setting."""
    folder = user_cache / "seedmock" / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """HTTP clients, also those of programs that tests start, trust one new authority: no test reaches a real host.

    To read the usual 140 takes 60 ms for each `httpx.Client`.
    """
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    trustme.CA().cert_pem.write_to_path(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield


def sources_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exempt the collected tests from garbage collection: they stay to the end, and scanning them takes seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a slow test that `.ci/run` would leave out: it collects what names the mark in a file or a conftest.py."""
    for path in {item.path for item in items if item.get_closest_marker("slow") is not None}:
        files = [path, *(folder / "conftest.py" for folder in path.parents if folder.is_relative_to(TESTS))]
        if not any(SLOW_MARK.search(file.read_text(encoding="utf-8")) for file in files if file.exists()):
            raise pytest.UsageError(f"{path}: .ci/run misses its slow tests: nothing matches {SLOW_MARK.pattern} here")


def pytest_sessionfinish() -> None:
    """Collect once what the tests left: pytest looks for its warnings in five collections, each of which scans all."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # On another store what is about memory is left out: it has run on that.
    is_whole = "SEEDMOCK_TEST_STORE" not in os.environ
    if os.environ.get("CI") and is_whole and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI, where nothing may be missing: {report.longrepr}"
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker a long run of neighbouring tests, unless another distribution is asked for.

    With xdist's default each worker would set up what neighbours share: verified upstreams, servers, clips.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)
