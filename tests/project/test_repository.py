"""The repository as a visitor finds it: the README's first promise, two commands, and no word of another machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HOMES = [
    "mock_server",
    "contracts",
    "client",
    "tests",
    "benchmarks",
    "scripts",
    "docs",
    "fixtures",
    "npm",
    "examples",
    ".ci",
]
OUTSIDE = ("/" + "work/", ".." + "/shared", "/" + "home/")


@pytest.fixture
def start(root: Path) -> str:
    """The section "Start"."""
    text = (root / "README.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## Start\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert len(sections) == 1
    return str(sections[0])


def blocks(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_start_has_two_blocks_of_one_line(start: str) -> None:
    demo, tests = blocks(start)
    for block in (demo, tests):
        assert block.count("\n") == 1
        assert block.startswith("python3 -m venv .venv && ")
    assert demo.strip().endswith("seedmock demo")
    assert tests.strip().endswith("pytest -q -n auto -m 'not slow'")
    assert start.count("```") == 4


def test_the_checks_run_the_same_two_blocks(root: Path, start: str) -> None:
    run = subprocess.run([str(root / ".ci" / "run"), "blocks"], capture_output=True, text=True, check=True)
    assert run.stdout == "".join(blocks(start))


def test_the_readme_stands_by_itself(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)]+)\)", text)
    assert [link for link in links if not (root / link.partition("#")[0]).exists()] == []
    assert "../" not in text


def test_the_readme_is_short(root: Path) -> None:
    assert len((root / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_nothing_speaks_of_places_outside_the_repository(root: Path) -> None:
    files = [path for home in HOMES for path in (root / home).rglob("*") if "node_modules" not in path.parts]
    suffixes = {"", ".py", ".md", ".js", ".mjs", ".ts", ".toml"}
    files = [path for path in files if path.is_file() and path.suffix in suffixes]
    texts = {path: path.read_text(encoding="utf-8") for path in [*files, *root.glob("*.md"), *root.glob("*.toml")]}
    assert len(texts) > 100
    offenders = [str(path.relative_to(root)) for path, text in texts.items() if any(place in text for place in OUTSIDE)]
    assert not offenders, "\n".join(offenders)
