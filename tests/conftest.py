"""How hard the properties look: `dev` by default, `ci` (the same examples each time) under CI, `deep` by option.

`pytest --hypothesis-profile=deep` looks twenty times harder. Under CI a test that is skipped is a failure: whatever a
test needs, `.ci/run` has brought.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("dev", deadline=None, max_examples=60)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache that emulators under test share, those of all workers: a clip is rendered once a session."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "clips"
    folder.mkdir(exist_ok=True)
    return folder


def pytest_collection_finish() -> None:
    """The tests themselves stay to the end: the garbage collector need not look through them again and again."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI, where nothing may be missing: {report.longrepr}"
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Unless another way is asked for, each worker has a long run of neighbours, and takes from the others at its end.

    By turns, as is usual, each worker would set up by itself what neighbours share: verified upstreams, servers, clips.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)
