"""Limits on the size of modules, folders and functions."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .source_files import SourceFile

MODULE_LINES = 450
FOLDER_MODULES = 16
LISTS = {
    "contracts/seedmock_harness/checks": "one module a subject of the contract",
    "mock_server/seedmock_server/control": "one module a resource of the control API",
    "tests/server/control": "as the room that it mirrors",
}
"""Folders that may hold more modules: each is a list of like things, and a reader opens one by its subject."""
BODY_LINES = 36
SHORT_BODY_LINES = 22


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its head and its docstring."""
    statements = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def test_no_module_is_long(all_sources: tuple[SourceFile, ...]) -> None:
    offenders = [f"{source.path}: {source.lines} lines" for source in all_sources if source.lines > MODULE_LINES]
    assert not offenders, "\n".join(offenders)


def test_no_folder_holds_many_modules(all_sources: tuple[SourceFile, ...]) -> None:
    modules = Counter(source.path.rpartition("/")[0] for source in all_sources if not source.is_package)
    offenders = [folder for folder, count in modules.items() if count > FOLDER_MODULES and folder not in LISTS]
    assert not offenders, "\n".join(offenders)
    assert [folder for folder in LISTS if modules[folder] <= FOLDER_MODULES] == []


@pytest.mark.parametrize("package", ["seedmock_client", "seedmock_contracts", "seedmock_harness", "seedmock_server"])
def test_nine_functions_in_ten_are_short(package_sources: tuple[SourceFile, ...], package: str) -> None:
    sources = [source for source in package_sources if source.package == package]
    sizes = sorted(body_lines(function) for source in sources for function in source.functions())
    assert len(sizes) > 50
    assert sizes[len(sizes) * 9 // 10] < SHORT_BODY_LINES


def test_no_function_is_long(package_sources: tuple[SourceFile, ...]) -> None:
    offenders = [
        source.at(function.lineno, f"{function.name} has {body_lines(function)} lines")
        for source in package_sources
        for function in source.functions()
        if body_lines(function) > BODY_LINES
    ]
    assert not offenders, "\n".join(offenders)
