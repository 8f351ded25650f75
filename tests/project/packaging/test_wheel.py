"""The wheel: exactly four packages, which run in an environment that has nothing else of the project."""

from __future__ import annotations

import os
import subprocess
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from seedmock_contracts.upstreams import NAMES

pytestmark = [pytest.mark.wheel, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
PACKAGES = {"seedmock_client", "seedmock_contracts", "seedmock_harness", "seedmock_server"}
LIBRARY = "seedmock_server/scenarios/library"
PAGES = "seedmock_server/cli/documentation/pages/"
MAX_BYTES = 2_800_000  # 2.1 MB now: fonts are a quarter, Redoc and the documentation a sixth each


def run(command: Sequence[str | Path], cwd: Path) -> str:
    """The output of a command; its errors fail the test, in full."""
    # The tests' own cache folder holds no wheel that pip has built or downloaded before.
    environment = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"}
    arguments = [str(part) for part in command]
    process = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False, env=environment)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.fixture(scope="module")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but a fresh environment in it."""
    folder = tmp_path_factory.mktemp("wheel")
    venv.create(folder / "fresh", with_pip=True)
    return folder


@pytest.fixture(scope="module")
def wheel(empty_folder: Path) -> Path:
    """The wheel, built from this repository by a pip that has nothing of the project."""
    python = empty_folder / "fresh/bin/python"
    run([python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", empty_folder, ROOT], empty_folder)
    (path,) = empty_folder.glob("*.whl")
    return path


def test_the_wheel_holds_exactly_the_four_packages(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert wheel.name.startswith("seedmock-")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert len([top for top in tops if top.endswith(".dist-info")]) == 1


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    packages = list(ROOT.glob("*/seedmock_*"))
    assert {package.name for package in packages} == PACKAGES
    for package in packages:
        for path in package.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert path.relative_to(package.parent).as_posix() in names
    scenarios = {f"{LIBRARY}/{path.name}" for path in (ROOT / "fixtures" / "scenarios").glob("*.toml")}
    lists = {f"seedmock_contracts/upstreams/{name}/not-checkable.toml" for name in NAMES}
    assert {name for name in names if name.endswith(".toml")} == scenarios | lists
    assert {name for name in names if name.endswith("py.typed")} == {f"{package}/py.typed" for package in PACKAGES}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    pages = {f"{PAGES}{path.relative_to(ROOT / 'docs').as_posix()}" for path in (ROOT / "docs").rglob("*.*")}
    assert {name for name in names if name.startswith(PAGES)} == {*pages, f"{PAGES}mkdocs.yml"}
    assert wheel.stat().st_size < MAX_BYTES


def test_the_wheel_runs_in_an_environment_of_its_own(wheel: Path, empty_folder: Path) -> None:
    fresh = empty_folder / "fresh/bin"
    run([fresh / "python", "-m", "pip", "install", "-q", wheel], empty_folder)
    overview = run([fresh / "seedmock", "--help"], empty_folder)
    assert "response-lost  " in run([fresh / "seedmock", "scenarios"], empty_folder)
    commands = ("serve", "scenarios", "generate", "upscale", "assets", "demo", "verify", "certify", "drift")
    for command in (*commands, "record", "replay", "docs", "completion", "doctor", "init", "openapi", "guard", "mcp"):
        assert command in overview
        assert "Usage" in run([fresh / "seedmock", command, "--help"], empty_folder)
    address = run([fresh / "seedmock", "docs", "pytest#hard-wired-hosts", "--print"], empty_folder).strip()
    page = Path(unquote(urlsplit(address).path)).read_text(encoding="utf-8")
    assert 'id="hard-wired-hosts"' in page
    diagnosis = run([fresh / "seedmock", "doctor"], empty_folder)  # no extra is there, and none is a problem
    assert "extra pytest       not installed" in diagnosis
    code = f"import {', '.join(sorted(PACKAGES))}; print('4 packages')"
    assert "4 packages" in run([fresh / "python", "-W", "error", "-c", code], empty_folder)
