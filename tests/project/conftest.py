"""What the house tests look at: every module of the three packages, parsed once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "seedmock_server": ROOT / "mock_server" / "seedmock_server",
    "seedmock_contracts": ROOT / "contracts" / "seedmock_contracts",
    "seedmock_client": ROOT / "client" / "seedmock_client",
}


@dataclass(frozen=True)
class Module:
    """A module as it is written. `place` is its path from the package's folder: `seedmock_server/app.py`."""

    package: str
    place: str
    text: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.place.endswith("__init__.py")

    @property
    def name(self) -> str:
        return self.place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def imports(self) -> list[tuple[int, str, list[str]]]:
        """Each import wherever it stands, as (level, module, names): level 0 is absolute."""
        found: list[tuple[int, str, list[str]]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(0, alias.name, []) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found.append((node.level, node.module or "", [alias.name for alias in node.names]))
        return found


@cache
def modules() -> tuple[Module, ...]:
    """Every module, by place. There are always some: a test that looked at none would prove nothing."""
    found = tuple(
        Module(package, f"{package}/{path.relative_to(folder).as_posix()}", text, ast.parse(text))
        for package, folder in PACKAGES.items()
        for path in sorted(folder.rglob("*.py"))
        for text in [path.read_text(encoding="utf-8")]
    )
    assert {module.package for module in found} == set(PACKAGES)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "module" in metafunc.fixturenames:
        metafunc.parametrize("module", modules(), ids=lambda module: module.place)


@pytest.fixture
def root() -> Path:
    """The folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture
def every_module() -> tuple[Module, ...]:
    return modules()
