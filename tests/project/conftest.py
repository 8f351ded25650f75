"""Fixtures of the project's own rules: the source files, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from .source_files import PACKAGES, ROOT, SourceFile, read_sources

OTHER_SOURCES = ("tests", "benchmarks", "scripts")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def package_sources() -> tuple[SourceFile, ...]:
    """Every module of the four packages, in the order of their paths. There are always some of each."""
    sources = tuple(source for package, folder in PACKAGES.items() for source in read_sources(folder, package))
    assert {source.package for source in sources} == set(PACKAGES)
    return sources


@pytest.fixture(scope="session")
def all_sources(package_sources: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """Every Python file of the repository: the packages, then tests, benchmarks and scripts."""
    others = [source for folder in OTHER_SOURCES for source in read_sources(ROOT / folder)]
    assert len(others) > 100
    return (*package_sources, *others)
