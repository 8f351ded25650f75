"""Read and replace values of a JSON document by path, such as `content[].role`. Knows no rule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeGuard

from ..facts import MISSING, Document


def values_at(document: Document, path: str) -> list[tuple[str, Any]]:
    """Values at a path with concrete indices: `content[].role` gives one (path, value) for each item.

    An absent key gives MISSING. A parent that is absent or of another type gives nothing: the rule on the parent
    reports that.
    """
    values: list[tuple[str, Any]] = [("", document)]
    for step in _steps(path):
        values = _items(values) if step == "[]" else _keys(values, step)
        if not values:
            break
    return values


def first_value_at(document: Document, path: str) -> Any:
    """First value at a path, or MISSING."""
    steps = _steps(path)
    if "[]" in steps:
        return next((value for _, value in values_at(document, path) if value is not MISSING), MISSING)
    value: Any = document
    for step in steps:
        if not is_object(value):
            return MISSING
        value = value.get(step, MISSING)
    return value


class PathReader:
    """Reader of one document. Paths that begin alike share their way: a dozen rules look into the same array."""

    def __init__(self, document: Document) -> None:
        self._values: dict[str, list[tuple[str, Any]]] = {"": [("", document)]}

    def values_at(self, path: str) -> list[tuple[str, Any]]:
        """Values at a path, as the function `values_at` gives them."""
        values = self._values.get(path)
        if values is None:
            parent, step = _parent(path)
            values = self.values_at(parent)
            values = _items(values) if step == "[]" else _keys(values, step)
            self._values[path] = values
        return values


@lru_cache(maxsize=1024)
def _parent(path: str) -> tuple[str, str]:
    """Split off the last step of a path, a key or `[]`."""
    if path.endswith("[]"):
        return path.removesuffix("[]"), "[]"
    parent, _, key = path.rpartition(".")
    return parent, key


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", ".[]").split("."))


def _items(values: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [
        (f"{at}[{index}]", item) for at, value in values if isinstance(value, list) for index, item in enumerate(value)
    ]


def _keys(values: list[tuple[str, Any]], step: str) -> list[tuple[str, Any]]:
    return [(f"{at}.{step}" if at else step, value.get(step, MISSING)) for at, value in values if is_object(value)]


def is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Recognize a JSON object."""
    # Parsed JSON consists of dicts; isinstance against Mapping takes ten times as long and is only for constants.
    return type(value) is dict or isinstance(value, Mapping)


def first_path(document: Document, path: str) -> str:
    """Path with concrete indices at which a document has a value; the path itself if it has none."""
    return next((concrete for concrete, value in values_at(document, path) if value is not MISSING), path)


def with_value(document: Document, path: str, value: Any) -> dict[str, Any]:
    """Copy a document with another value at a path, creating parents; MISSING removes the key.

    `content[2]` is that item, `content[]` the first one.
    """
    step, _, rest = path.partition(".")
    name, bracket, index = step.partition("[")
    changed = dict(document)
    if bracket:
        items, at = list(changed.get(name) or [{}]), int(index.removesuffix("]") or 0)
        items[at] = with_value(items[at] if isinstance(items[at], Mapping) else {}, rest, value) if rest else value
        changed[name] = items
    elif rest:
        changed[name] = with_value(changed.get(name) or {}, rest, value)
    elif value is MISSING:
        changed.pop(name, None)
    else:
        changed[name] = value
    return changed
