"""Sections on Python objects, in the place of lines `::: module.name`, which on the site mkdocstrings fills."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

DIRECTIVE = re.compile(r"^::: (\S+)$", re.MULTILINE)


def fill_references(text: str) -> str:
    """Replace each directive of a page by Markdown on its object."""
    return DIRECTIVE.sub(lambda match: "\n".join(_section(match[1])), text)


def _section(path: str) -> Iterator[str]:
    try:
        value = _resolve(path)
    except ImportError as error:  # of an optional dependency
        yield from ("", f"## {path}", "", f"Not shown, because it cannot be imported here: {error}.", "")
    else:
        yield from _describe(path, value, 2)


def _resolve(path: str) -> Any:
    """Import the object of a dotted path: a module, or a name in one."""
    parts = path.split(".")
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        return getattr(import_module(".".join(parts[:-1])), parts[-1])


def _describe(name: str, value: Any, level: int) -> Iterator[str]:
    yield from ("", f"{'#' * level} {name.rpartition('.')[2] if level > 2 else name}", "")
    if not inspect.ismodule(value):
        signature = _signature(value)
        if signature:
            yield from ("```python", f"{name.rpartition('.')[2]}{signature}", "```", "")
    yield from (inspect.getdoc(value) or "", "")
    for member_name, member in _members(value):
        yield from _describe(member_name, member, level + 1)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Public classes and functions of a module, or methods and properties of a class, in their order."""
    if inspect.ismodule(value):
        own = (item for item in vars(value).items() if getattr(item[1], "__module__", "") == value.__name__)
        yield from ((name, member) for name, member in own if not name.startswith("_") and callable(member))
    elif inspect.isclass(value):
        for name, member in vars(value).items():
            kinds = (property, classmethod, staticmethod)
            if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, kinds)):
                yield name, member.__func__ if isinstance(member, classmethod | staticmethod) else member


def _signature(value: Any) -> str:
    if not callable(value):
        return ""
    try:
        return str(inspect.signature(value)).replace("'", "")
    except ValueError:
        return ""
