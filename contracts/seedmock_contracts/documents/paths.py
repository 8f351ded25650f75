"""What stands at a path in a document, and how to put something else there.

Knows no rule, and not what any field means.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..facts import MISSING, Document


def values_at(document: Document, path: str) -> list[tuple[str, Any]]:
    """What stands at a path, with concrete indices: `content[].role` gives one pair an item.

    A key that is not there gives MISSING; a parent that is missing or of another type gives nothing,
    because the parent's own rule speaks of it.
    """
    found: list[tuple[str, Any]] = [("", document)]
    for step in _steps(path):
        found = _items(found) if step == "[]" else _keys(found, step)
        if not found:
            break
    return found


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", ".[]").split("."))


def _items(found: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [
        (f"{at}[{index}]", item) for at, value in found if isinstance(value, list) for index, item in enumerate(value)
    ]


def _keys(found: list[tuple[str, Any]], step: str) -> list[tuple[str, Any]]:
    # What JSON says is a dict; to ask whether it is any other mapping takes ten times as long.
    return [
        (f"{at}.{step}" if at else step, value.get(step, MISSING))
        for at, value in found
        if type(value) is dict or isinstance(value, Mapping)
    ]


def with_value(document: Document, path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at a path (MISSING takes it away); parents that are not there are made."""
    step, _, rest = path.partition(".")
    name, many = step.removesuffix("[]"), step.endswith("[]")
    changed = dict(document)
    if many:
        items = list(changed.get(name) or [{}])
        items[0] = with_value(items[0] if isinstance(items[0], Mapping) else {}, rest, value) if rest else value
        changed[name] = items
    elif rest:
        changed[name] = with_value(changed.get(name) or {}, rest, value)
    elif value is MISSING:
        changed.pop(name, None)
    else:
        changed[name] = value
    return changed
