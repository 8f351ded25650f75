"""What is handed out: a wheel of exactly three packages, that runs where nothing of ours is."""

from __future__ import annotations

import subprocess
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheel


def run(command: Sequence[str | Path], cwd: Path) -> str:
    """A command's output; its errors fail the test, in full."""
    told = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fresh environment in it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "fresh", with_pip=True)
    return folder


@pytest.fixture(scope="module")
def wheel(elsewhere: Path) -> Path:
    """The wheel, built from this folder by a pip that has nothing of ours."""
    root = Path(__file__).parents[2]
    run([elsewhere / "fresh/bin/python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", elsewhere, root], elsewhere)
    (built,) = elsewhere.glob("*.whl")
    return built


def test_the_wheel_holds_exactly_the_three_packages(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert wheel.name.startswith("seedmock-")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "seedmock_client",
        "seedmock_contracts",
        "seedmock_server",
    }
    assert len([top for top in tops if top.endswith(".dist-info")]) == 1


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    root = Path(__file__).parents[2]
    for package in root.glob("*/seedmock_*"):
        for path in package.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert path.relative_to(package.parent).as_posix() in names
    carried = {path.name for path in (root / "fixtures" / "scenarios").glob("*.toml")}
    assert {name for name in names if name.endswith(".toml")} == {f"seedmock_server/scenarios/{one}" for one in carried}
    assert {name for name in names if name.endswith("py.typed")} == {
        f"seedmock_{name}/py.typed" for name in ("client", "contracts", "server")
    }
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_runs_where_nothing_of_ours_is(wheel: Path, elsewhere: Path) -> None:
    fresh = elsewhere / "fresh/bin"
    run([fresh / "python", "-m", "pip", "install", "-q", wheel], elsewhere)
    told = run([fresh / "seedmock", "--help"], elsewhere)
    assert "lost-answer  " in run([fresh / "seedmock", "scenarios"], elsewhere)
    for command in ("serve", "scenarios", "generate", "upscale", "assets", "demo", "verify", "certify", "drift"):
        assert command in told
        assert "Usage" in run([fresh / "seedmock", command, "--help"], elsewhere)
    assert "3 packages" in run(
        [
            fresh / "python",
            "-W",
            "error",
            "-c",
            "import seedmock_client, seedmock_contracts, seedmock_server; print('3 packages')",
        ],
        elsewhere,
    )
