"""Nested schemas from flat facts: paths such as `data.items[].id` become properties of properties."""

from __future__ import annotations

from collections.abc import Iterable

from .annotations import Schema


def schema_at(root: Schema, path: str) -> Schema:
    """Schema at a path, made with its parents where it is missing."""
    node = root
    for step in steps(path):
        if step == "[]":
            node.setdefault("type", "array")
            node = node.setdefault("items", {})
        else:
            node.setdefault("type", "object")
            node = node.setdefault("properties", {}).setdefault(step, {})
    return node


def require(root: Schema, path: str) -> None:
    """Require the last key of a path in its parent; an item of an array cannot be required."""
    *parents, name = steps(path)
    if name == "[]":
        return
    node = root
    for step in parents:
        node = node.setdefault("items", {}) if step == "[]" else node.setdefault("properties", {}).setdefault(step, {})
    names = node.setdefault("required", [])
    if name not in names:
        names.append(name)


def steps(path: str) -> tuple[str, ...]:
    """Keys of a path, and `[]` for the items of an array."""
    return tuple(path.replace("[]", ".[]").split("."))


def parent_path(path: str) -> str:
    """Path of the object that holds the last key of a path; empty for a key of the document itself."""
    if path.endswith("[]"):
        return path.removesuffix("[]")
    return path.rpartition(".")[0]


def nested(path: str, schema: Schema) -> Schema:
    """Schema of a document whose value at a path is present and fits a schema; arrays on the way are not entered."""
    for step in reversed(steps(path)):
        schema = {"type": "object", "required": [step], "properties": {step: schema}}
    return schema


def typed(types: Iterable[str]) -> Schema:
    """Schema of a value with one of these JSON types; an integer is a number too."""
    names = list(dict.fromkeys(types))
    # To JSON Schema every integer is a number.
    if "number" in names and "integer" in names:
        names.remove("integer")
    return {"type": names[0] if len(names) == 1 else names}
