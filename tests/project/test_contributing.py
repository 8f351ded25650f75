"""Worked examples of CONTRIBUTING.md: patches apply and pass the tests that they name; quoted code is in its file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (Add [^\n]*)\n(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL))
SOURCES = ("contracts", "mock_server", "client", "tests", "scripts", "fixtures", "docs")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md")


def patch_in(section: str) -> str:
    return "".join(re.findall(r"^```diff\n(.*?)^```$", SECTIONS[section], re.MULTILINE | re.DOTALL))


def named_tests(section: str) -> list[str]:
    return [path for line in re.findall(r"^Shown by `(.*)`", SECTIONS[section], re.MULTILINE) for path in line.split()]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages and their tests."""
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in SOURCES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run_tests(copy: Path, paths: list[str]) -> subprocess.CompletedProcess[str]:
    packages = os.pathsep.join(str(copy / name) for name in ("contracts", "mock_server", "client"))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow", *paths]
    return subprocess.run(
        command, cwd=copy, env=inherited | {"PYTHONPATH": packages}, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("section", [section for section in SECTIONS if patch_in(section)])
def test_a_patch_applies_and_passes_its_tests(section: str, copy: Path) -> None:
    command = ["git", "apply", "-C1", "-"]
    applied = subprocess.run(command, cwd=copy, input=patch_in(section), capture_output=True, text=True, check=False)
    assert applied.returncode == 0, applied.stderr
    result = run_tests(copy, named_tests(section))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("section", list(SECTIONS))
def test_an_example_names_files_that_exist(section: str) -> None:
    quoted = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", SECTIONS[section], re.MULTILINE | re.DOTALL)
    for path, code in quoted:
        assert code in (ROOT / path).read_text(encoding="utf-8"), path
    assert all((ROOT / path).exists() for path in named_tests(section))
    assert quoted or patch_in(section) or section == "Add an upstream"


@pytest.mark.parametrize("section", list(SECTIONS))
def test_an_example_adds_fewer_than_thirty_lines(section: str) -> None:
    added = [line for line in patch_in(section).splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert len(added) < 30
