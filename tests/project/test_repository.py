"""The repository stands by itself: nothing in it speaks of the machine that it was written on."""

from __future__ import annotations

from pathlib import Path

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


def test_nothing_speaks_of_places_outside_the_repository(root: Path) -> None:
    files = [path for home in HOMES for path in (root / home).rglob("*") if "node_modules" not in path.parts]
    suffixes = {"", ".py", ".md", ".js", ".mjs", ".ts", ".toml"}
    files = [path for path in files if path.is_file() and path.suffix in suffixes]
    texts = {path: path.read_text(encoding="utf-8") for path in [*files, *root.glob("*.md"), *root.glob("*.toml")]}
    assert len(texts) > 100
    offenders = [str(path.relative_to(root)) for path, text in texts.items() if any(place in text for place in OUTSIDE)]
    assert not offenders, "\n".join(offenders)
