"""How large things may be, and that each module says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LINES = 450
NINE_IN_TEN = 22
BODY = 36


def body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its head and its docstring."""
    first = function.body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    rest = function.body[1:] if told else function.body
    return (function.end_lineno or 0) - rest[0].lineno + 1 if rest else 0


def functions(module: Any) -> Iterator[tuple[str, int]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module.place}:{node.name}", body(node)


def test_no_module_is_longer_than_a_reader_s_patience(module: Any) -> None:
    assert len(module.text.splitlines()) <= LINES


@pytest.mark.parametrize("package", ["seedmock_server", "seedmock_contracts", "seedmock_client"])
def test_nine_functions_in_ten_are_short(every_module: tuple[Any, ...], package: str) -> None:
    sizes = sorted(size for module in every_module if module.package == package for _, size in functions(module))
    assert len(sizes) > 50
    assert sizes[len(sizes) * 9 // 10] < NINE_IN_TEN


def test_no_function_is_long(module: Any) -> None:
    assert [(name, size) for name, size in functions(module) if size > BODY] == []


def test_every_module_opens_by_saying_what_it_is(module: Any) -> None:
    told = ast.get_docstring(module.tree)
    assert told, "no docstring"
    opening = told.partition("\n\n")[0]
    assert len(opening.splitlines()) <= 5
    assert opening.endswith((".", ":"))


def test_every_public_function_says_what_it_is(module: Any) -> None:
    silent = [
        node.name
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_nothing_prints(module: Any) -> None:
    calls = [node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    assert not any(isinstance(function, ast.Name) and function.id in {"print", "breakpoint"} for function in calls)


def test_no_module_is_named_after_nothing(module: Any) -> None:
    stem = module.name.rpartition(".")[2].lower()
    assert not {"util", "utils", "helper", "helpers", "common", "base", "misc", "manager", "service"} & {stem}
    assert not any(node.name.startswith(("Fake", "Mock")) for node in classes(module))


def classes(module: Any) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))


def test_nothing_speaks_of_places_outside_the_repository(root: Path) -> None:
    outside = ("/" + "work/", ".." + "/shared", "/" + "home/")
    homes = ["mock_server", "contracts", "client", "tests", "fixtures", ".ci"]
    files = [path for home in homes for path in (root / home).rglob("*") if "node_modules" not in path.parts]
    files = [path for path in files if path.is_file() and path.suffix in {"", ".py", ".md", ".mjs", ".toml"}]
    texts = {path: path.read_text(encoding="utf-8") for path in [*files, root / "README.md"]}
    assert len(texts) > 100
    assert [path for path, text in texts.items() if any(place in text for place in outside)] == []
