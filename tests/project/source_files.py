"""Python source files of the repository, parsed and walked once, for tests of rules that the whole project keeps."""

from __future__ import annotations

import ast
import gc
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "seedmock_client": ROOT / "client" / "seedmock_client",
    "seedmock_contracts": ROOT / "contracts" / "seedmock_contracts",
    "seedmock_harness": ROOT / "contracts" / "seedmock_harness",
    "seedmock_server": ROOT / "mock_server" / "seedmock_server",
}


class SyntaxTree:
    """Syntax tree of a module, walked once: twenty rules look at the trees, and to walk them all takes a second."""

    def __init__(self, text: str) -> None:
        self.module = ast.parse(text)
        self.all_nodes = list(ast.walk(self.module))
        self._nodes: defaultdict[type[ast.AST], list[Any]] = defaultdict(list)
        for node in self.all_nodes:
            self._nodes[type(node)].append(node)

    def nodes(self, *types: type[ast.AST]) -> Iterator[Any]:
        """Nodes of exactly these types, one type after the other; of each, outer before inner ones."""
        for type_ in types:
            yield from self._nodes.get(type_, ())


@dataclass(frozen=True)
class SourceFile:
    """A Python file. `path` starts at the folder that holds pyproject.toml; `package` is empty outside the packages."""

    path: str
    package: str
    text: str = field(repr=False)
    tree: SyntaxTree = field(repr=False)

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
        for node in self.tree.nodes(ast.Import):
            imports += [(node.lineno, 0, alias.name, []) for alias in node.names]
        for node in self.tree.nodes(ast.ImportFrom):
            imports.append((node.lineno, node.level, node.module or "", [alias.name for alias in node.names]))
        return imports

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return self.tree.nodes(ast.FunctionDef, ast.AsyncFunctionDef)

    def classes(self) -> Iterator[ast.ClassDef]:
        return self.tree.nodes(ast.ClassDef)

    def at(self, line: int, problem: str) -> str:
        """An offence, in the form that editors and terminals turn into a link."""
        return f"{self.path}:{line}: {problem}"


def read_sources(folder: Path, package: str = "") -> tuple[SourceFile, ...]:
    paths = (path for path in sorted(folder.rglob("*.py")) if "node_modules" not in path.parts)
    texts = ((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)
    gc.disable()  # a million nodes that all stay: to scan them again and again takes longer than to parse them
    try:
        sources = tuple(SourceFile(path, package, text, SyntaxTree(text)) for path, text in texts)
        gc.freeze()
    finally:
        gc.enable()
    return sources
