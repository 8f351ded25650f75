"""Each example in Python passes its own tests, as a reader runs them: with its requirements, and with this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/requirements.txt"))
README = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")


def requirements(example: Path) -> list[str]:
    """The requirements of an example, but for seedmock itself, which is this checkout."""
    lines = (example / "requirements.txt").read_text(encoding="utf-8").split()
    assert "seedmock[pytest]" in lines
    return [line for line in lines if not line.startswith("seedmock")]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_whole_and_listed(example: Path) -> None:
    assert f"]({example.name}/README.md)" in README
    lines = (example / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 30
    assert list(example.glob("test_*.py"))


def run_uv(*arguments: str | Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"}  # it has its own
    command = [Path(sys.executable).with_name("uv"), *arguments, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python with this checkout and the requirements of all examples: one environment, since each takes a while."""
    folder = tmp_path_factory.mktemp("examples") / "venv"
    python = folder / "bin" / "python"
    packages = sorted({package for example in EXAMPLES for package in requirements(example)})
    run_uv("venv", "--python", sys.executable, folder)
    run_uv("pip", "install", "--python", python, f"{ROOT}[pytest]", *packages)
    return python


@pytest.mark.slow
def test_the_examples_pass_their_tests(python: Path, subtests: pytest.Subtests) -> None:
    def run(example: Path) -> subprocess.CompletedProcess[str]:
        command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        return subprocess.run(command, cwd=example, capture_output=True, text=True)

    with ThreadPoolExecutor(2) as pool:
        for example, done in zip(EXAMPLES, pool.map(run, EXAMPLES), strict=True):
            with subtests.test(example.name):
                assert done.returncode == 0, done.stdout + done.stderr
                assert " passed" in done.stdout
