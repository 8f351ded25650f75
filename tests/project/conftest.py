"""Python source files of the repository, parsed once, for the tests of rules that the whole project keeps."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "seedmock_client": ROOT / "client" / "seedmock_client",
    "seedmock_contracts": ROOT / "contracts" / "seedmock_contracts",
    "seedmock_harness": ROOT / "contracts" / "seedmock_harness",
    "seedmock_server": ROOT / "mock_server" / "seedmock_server",
}
OTHER_SOURCES = ("tests", "benchmarks", "scripts")


@dataclass(frozen=True)
class SourceFile:
    """A Python file. `path` starts at the folder that holds pyproject.toml; `package` is empty outside the packages."""

    path: str
    package: str
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    @property
    def place(self) -> str:
        """Path from the folder that holds the package: `seedmock_server/app.py`."""
        return self.path.partition("/")[2] if self.package else self.path

    @property
    def module(self) -> str:
        return self.place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def imports(self) -> list[tuple[int, int, str, list[str]]]:
        """Each import wherever it stands, as (line, level, module, names); level 0 is absolute."""
        imports: list[tuple[int, int, str, list[str]]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                imports += [(node.lineno, 0, alias.name, []) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imports.append((node.lineno, node.level, node.module or "", [alias.name for alias in node.names]))
        return imports

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    def at(self, line: int, problem: str) -> str:
        """An offence, in the form that editors and terminals turn into a link."""
        return f"{self.path}:{line}: {problem}"


def read_sources(folder: Path, package: str = "") -> tuple[SourceFile, ...]:
    paths = (path for path in sorted(folder.rglob("*.py")) if "node_modules" not in path.parts)
    texts = ((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)
    gc.disable()  # a million nodes that all stay: to scan them again and again takes longer than to parse them
    try:
        return tuple(SourceFile(path, package, text, ast.parse(text)) for path, text in texts)
    finally:
        gc.enable()


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
