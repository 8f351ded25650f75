"""The shape of a JSON value: its keys, types, words and formats, without what it says. Itself JSON, so it can be kept.

A shape is an object: `types` (JSON type names, sorted), for objects `keys` (a shape each; `optional` true in those that
were not always there), for lists `items` (one shape for all), for texts `formats` and, if they look like words of an
enumeration, `words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Shape: TypeAlias = dict[str, Any]

TEXT = "text"
WORD = "word"
MANY = 12
"""More different words than this are no enumeration."""
_FORMATS = (
    ("uri", re.compile(r"[a-z][a-z0-9+.-]*://\S+")),
    ("date-time", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("size", re.compile(r"\d+x\d+")),
    ("percent", re.compile(r"\d+(\.\d+)?%")),
    ("integer", re.compile(r"[+-]?\d+")),
    ("number", re.compile(r"[+-]?\d+\.\d+")),
    (WORD, re.compile(r"[A-Za-z]+([_-][A-Za-z]+)*")),
)


@dataclass(frozen=True, slots=True)
class ShapeDifference:
    """How what was seen is shaped otherwise than expected. `breaking` for what a reader of the expected trips over."""

    path: str
    what: str
    expected: str
    seen: str
    breaking: bool

    def __str__(self) -> str:
        return f"{self.path or 'the answer'} is {self.what}: expected {self.expected}, seen {self.seen}"


def json_type(value: Any) -> str:
    """The JSON type of a value; whole numbers are `integer`, and only those that are written as such."""
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
    """Whether a value is of one of these types; a whole number is a number too."""
    found = json_type(value)
    return found in types or (found == "integer" and "number" in types)


def shape_of(value: Any) -> Shape:
    """The shape of one value."""
    shape: Shape = {"types": [json_type(value)]}
    if isinstance(value, Mapping):
        shape["keys"] = {key: shape_of(inner) for key, inner in value.items()}
    elif isinstance(value, list | tuple):
        if value:
            shape["items"] = merge_shapes(shape_of(item) for item in value)
    elif isinstance(value, str):
        format_ = next((name for name, form in _FORMATS if form.fullmatch(value)), TEXT)
        shape["formats"] = [format_]
        if format_ == WORD:
            shape["words"] = [value]
    return shape


def merge_shapes(shapes: Iterable[Shape]) -> Shape:
    """The shape that all of these fit. Without any: the shape of nothing, that fits nothing."""
    merging: Shape | None = None
    for shape in shapes:
        merging = shape if merging is None else _both(merging, shape)
    return merging or {"types": []}


def _both(one: Shape, other: Shape) -> Shape:
    shape: Shape = {"types": sorted({*one["types"], *other["types"]})}
    if "keys" in one or "keys" in other:
        shape["keys"] = _keys(one, other)
    items = [side["items"] for side in (one, other) if "items" in side]
    if items:
        shape["items"] = merge_shapes(items)
    formats = sorted({*one.get("formats", ()), *other.get("formats", ())})
    if formats:
        shape["formats"] = formats
    words = sorted({*one.get("words", ()), *other.get("words", ())})
    if formats == [WORD] and words and len(words) <= MANY and all("words" in s for s in (one, other) if _texts(s)):
        shape["words"] = words
    if one.get("optional") or other.get("optional"):
        shape["optional"] = True
    return shape


def _keys(one: Shape, other: Shape) -> dict[str, Shape]:
    """The keys of both; those that only one has are optional, if the other has keys at all."""
    if "keys" not in one or "keys" not in other:
        return dict(one.get("keys") or other.get("keys") or {})
    here, there = one["keys"], other["keys"]
    return {
        key: _both(here[key], there[key])
        if key in here and key in there
        else {**(here.get(key) or there[key]), "optional": True}
        for key in dict.fromkeys((*here, *there))
    }


def _texts(shape: Shape) -> bool:
    return "string" in shape["types"]


def compare_shapes(expected: Shape, seen: Shape, path: str = "") -> tuple[ShapeDifference, ...]:
    """How what was seen differs from what is expected: keys, types, formats and words, outside in."""
    odd = [name for name in seen["types"] if not _allowed(name, expected["types"])]
    if odd:
        return (ShapeDifference(path, "retyped", " or ".join(expected["types"]), " or ".join(odd), True),)
    found = (*_of_texts(expected, seen, path), *_of_keys(expected, seen, path))
    if "items" in expected and "items" in seen:
        found += compare_shapes(expected["items"], seen["items"], f"{path}[]")
    return found


def _allowed(name: str, types: Sequence[str]) -> bool:
    return name in types or (name == "integer" and "number" in types)


def _of_keys(expected: Shape, seen: Shape, path: str) -> tuple[ShapeDifference, ...]:
    if "keys" not in expected or "keys" not in seen:
        return ()
    found: list[ShapeDifference] = []
    for key, inner in expected["keys"].items():
        place = f"{path}.{key}" if path else key
        there = seen["keys"].get(key)
        if there is not None:
            found += compare_shapes(inner, there, place)
        if not inner.get("optional") and (there is None or there.get("optional")):
            gone = "nothing" if there is None else "it at times only"
            found.append(ShapeDifference(place, "missing", " or ".join(inner["types"]), gone, True))
    new = (key for key in seen["keys"] if key not in expected["keys"])
    found += (
        ShapeDifference(
            f"{path}.{key}" if path else key, "new", "nothing", " or ".join(seen["keys"][key]["types"]), False
        )
        for key in new
    )
    return tuple(found)


def _of_texts(expected: Shape, seen: Shape, path: str) -> tuple[ShapeDifference, ...]:
    """Another format is another kind of text; another word may only be one that nobody had seen yet."""
    formats = expected.get("formats")
    other = [name for name in seen.get("formats", ()) if formats and TEXT not in formats and name not in formats]
    if other:
        return (ShapeDifference(path, "of another format", " or ".join(formats or ()), " or ".join(other), True),)
    words = expected.get("words")
    new = [word for word in seen.get("words", ()) if words and word not in words]
    return (ShapeDifference(path, "a new word", " or ".join(words or ()), " or ".join(new), False),) if new else ()
