"""Shape of a JSON value: its keys, types, formats and enumerated words, without the content. A shape is JSON itself.

A shape is an object with `types` (sorted JSON type names); for objects `keys` (the shape of each, with `optional` true
if it was not always present); for arrays `items` (one shape for all); for strings `formats` and, if they look like an
enumeration, `enum`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

Shape: TypeAlias = dict[str, Any]

TEXT = "text"
IDENTIFIER = "identifier"
MAX_ENUM = 12
"""Number of different words up to which a string is taken for an enumeration."""
_FORMATS = (
    ("uri", re.compile(r"[a-z][a-z0-9+.-]*://\S+")),
    ("date-time", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("size", re.compile(r"\d+x\d+")),
    ("percent", re.compile(r"\d+(\.\d+)?%")),
    ("integer", re.compile(r"[+-]?\d+")),
    ("number", re.compile(r"[+-]?\d+\.\d+")),
    (IDENTIFIER, re.compile(r"[A-Za-z]+([_-][A-Za-z]+)*")),
)


class ShapeDifference(Struct, frozen=True):
    """One difference between two shapes; `breaking` if a reader that relies on the expected one would fail."""

    path: str
    change: str
    expected: str
    actual: str
    breaking: bool

    def __str__(self) -> str:
        return f"{self.path or 'the response'} is {self.change}: expected {self.expected}, got {self.actual}"


def json_type(value: Any) -> str:
    """Name of the JSON type of a value; whole numbers are `integer` only if they are written without a fraction."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list | tuple) else "object"


def has_type(value: Any, types: Sequence[str]) -> bool:
    """Test if a value has one of these JSON types; an integer is a number too."""
    return _allows(types, json_type(value))


def shape_of(value: Any) -> Shape:
    """Shape of one value."""
    shape: Shape = {"types": [json_type(value)]}
    if isinstance(value, Mapping):
        shape["keys"] = {key: shape_of(inner) for key, inner in value.items()}
    elif isinstance(value, list | tuple):
        if value:
            shape["items"] = merge_shapes(shape_of(item) for item in value)
    elif isinstance(value, str):
        format_ = next((name for name, pattern in _FORMATS if pattern.fullmatch(value)), TEXT)
        shape["formats"] = [format_]
        if format_ == IDENTIFIER:
            shape["enum"] = [value]
    return shape


def merge_shapes(shapes: Iterable[Shape]) -> Shape:
    """Shape that fits every value of all these shapes; without any, a shape that fits nothing."""
    result: Shape | None = None
    for shape in shapes:
        result = shape if result is None else _merge_two(result, shape)
    return result or {"types": []}


def _merge_two(left: Shape, right: Shape) -> Shape:
    shape: Shape = {"types": sorted({*left["types"], *right["types"]})}
    if "keys" in left or "keys" in right:
        shape["keys"] = _merge_keys(left, right)
    items = [side["items"] for side in (left, right) if "items" in side]
    if items:
        shape["items"] = merge_shapes(items)
    formats = sorted({*left.get("formats", ()), *right.get("formats", ())})
    if formats:
        shape["formats"] = formats
    enum = sorted({*left.get("enum", ()), *right.get("enum", ())})
    # A side of strings without `enum` already had too many words; joining it must not start an enumeration again.
    sides_of_text = [side for side in (left, right) if "string" in side["types"]]
    if formats == [IDENTIFIER] and enum and len(enum) <= MAX_ENUM and all("enum" in side for side in sides_of_text):
        shape["enum"] = enum
    if left.get("optional") or right.get("optional"):
        shape["optional"] = True
    return shape


def _merge_keys(left: Shape, right: Shape) -> dict[str, Shape]:
    """Merge the keys of two objects; a key of only one is optional. A side that is not an object is ignored."""
    if "keys" not in left or "keys" not in right:
        return dict(left.get("keys") or right.get("keys") or {})
    here, there = left["keys"], right["keys"]
    return {
        key: _merge_two(here[key], there[key])
        if key in here and key in there
        else {**(here.get(key) or there[key]), "optional": True}
        for key in dict.fromkeys((*here, *there))
    }


def compare_shapes(expected: Shape, actual: Shape, path: str = "") -> tuple[ShapeDifference, ...]:
    """Differences in keys, types, formats and enumerated words, outermost first."""
    other_types = [name for name in actual["types"] if not _allows(expected["types"], name)]
    if other_types:
        return (ShapeDifference(path, "of another type", _either(expected["types"]), _either(other_types), True),)
    differences = (*_string_differences(expected, actual, path), *_key_differences(expected, actual, path))
    if "items" in expected and "items" in actual:
        differences += compare_shapes(expected["items"], actual["items"], f"{path}[]")
    return differences


def _allows(types: Sequence[str], name: str) -> bool:
    return name in types or (name == "integer" and "number" in types)


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)


def _key_differences(expected: Shape, actual: Shape, path: str) -> tuple[ShapeDifference, ...]:
    if "keys" not in expected or "keys" not in actual:
        return ()
    differences: list[ShapeDifference] = []
    for key, inner in expected["keys"].items():
        at = f"{path}.{key}" if path else key
        there = actual["keys"].get(key)
        if there is not None:
            differences += compare_shapes(inner, there, at)
        if not inner.get("optional") and (there is None or there.get("optional")):
            presence = "nothing" if there is None else "it only sometimes"
            differences.append(ShapeDifference(at, "missing", _either(inner["types"]), presence, True))
    for key, inner in actual["keys"].items():
        if key not in expected["keys"]:
            at = f"{path}.{key}" if path else key
            differences.append(ShapeDifference(at, "new", "nothing", _either(inner["types"]), False))
    return tuple(differences)


def _string_differences(expected: Shape, actual: Shape, path: str) -> tuple[ShapeDifference, ...]:
    """Another format breaks a reader; another value of an enumeration may only not have occurred before."""
    formats = expected.get("formats", ())
    if formats and TEXT not in formats:
        other_formats = [name for name in actual.get("formats", ()) if name not in formats]
        if other_formats:
            return (ShapeDifference(path, "of another format", _either(formats), _either(other_formats), True),)
    enum = expected.get("enum", ())
    new = [value for value in actual.get("enum", ()) if enum and value not in enum]
    return (ShapeDifference(path, "a new value", _either(enum), _either(new), False),) if new else ()
