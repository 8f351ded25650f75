"""Shapes of documents: what the rules of an operation can tell of one. Documents of one shape have one verdict.

Nearly all orders differ in their prompt, their seed and their URLs alone, so that few shapes occur; a shape that was
judged once need not be judged again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, NamedTuple, TypeAlias

from ..documents.hosts import is_plain_public_url
from ..facts import Document
from ..rules.cross_field import ItemHasUrl
from ..rules.fields import JsonType, NumberRange, RequiredField, UnsupportedField, UrlScheme, WholeNumber
from ..rules.rule import Rule
from ..rules.urls import NoPassword, ReachableHost, WebUrl

Shape: TypeAlias = tuple[Any, ...]

# Longer texts and arrays, and deeper documents, have no shape: they rarely come twice, and would be held on to.
MAX_LENGTH: Final = 80
MAX_DEPTH: Final = 5
MAX_SHAPES: Final = 1024
# Objects, because a document can contain any text.
ANY_TEXT, ANY_NUMBER, HTTP_URL, HTTPS_URL = object(), object(), object(), object()
_NO_RANGE: Final = (1, 0)
_SCALARS: Final = frozenset({int, float, bool, type(None)})
_URL_RULES: Final = (UrlScheme, WebUrl, ReachableHost, NoPassword)
_URL_NEUTRAL: Final = (JsonType, RequiredField, ItemHasUrl, *_URL_RULES)
_NUMBER_RULES: Final = (NumberRange, WholeNumber, UnsupportedField)


class Traits(NamedTuple):
    """Fields of which rules do not judge the exact value.

    `texts` are top-level fields whose text no rule reads beyond its being blank. `numbers` are top-level fields that
    are judged by themselves, each with its rules. `urls` are names, at any depth, that hold a URL, of which every rule
    judges all plain public ones alike.
    """

    texts: frozenset[str]
    numbers: Mapping[str, tuple[float, float]]
    urls: frozenset[str]


def traits_of(rules: Iterable[Rule]) -> Traits:
    """Traits of the documents that are judged by these rules."""
    rules = tuple(rules)
    related = {name for rule in rules for name in rule.related_fields}

    def judged_alike(fields: Iterable[str], neutral: tuple[type[Rule], ...]) -> set[str]:
        return set(fields) - related - {rule.top_field for rule in rules if not isinstance(rule, neutral)}

    ranges = [rule for rule in rules if isinstance(rule, NumberRange)]
    texts = (rule.field for rule in rules if isinstance(rule, JsonType) and rule.types == ("string",))
    numbers = judged_alike((rule.field for rule in ranges), (JsonType, RequiredField, *_NUMBER_RULES))
    urls = {_name(rule) for rule in rules if isinstance(rule, _URL_RULES)}
    urls -= {_name(rule) for rule in rules if not (isinstance(rule, _URL_NEUTRAL) or rule.depends_on == "references")}
    return Traits(
        frozenset(judged_alike(texts, (JsonType, RequiredField))),
        {name: _bounds([rule for rule in ranges if rule.field == name]) for name in numbers},
        frozenset(urls),
    )


def _bounds(ranges: Sequence[NumberRange]) -> tuple[float, float]:
    return max(rule.low for rule in ranges), min(math.inf if rule.high is None else rule.high for rule in ranges)


def _name(rule: Rule) -> str:
    """Name of the field that a rule is about; for the items of an array, of the array."""
    return rule.field.removesuffix("[]").rpartition(".")[2]


def shape_of(document: Document, traits: Traits) -> Shape | None:
    """Shape of a document; None for one that is too large or too deep.

    It is name, value and type of each field, in one tuple: one for each would take longer to hash. Types are part of it
    because True equals 1 in a dictionary; of an object or an array it has the length before the content.
    """
    if len(document) > MAX_LENGTH:
        return None
    shape: list[Any] = []
    return tuple(shape) if _describe(document.items(), traits, shape, 0) else None


def _describe(pairs: Iterable[tuple[str, Any]], traits: Traits, shape: list[Any], depth: int) -> bool:
    """Append fields to a shape; return False for one that is too large or too deep."""
    texts, numbers, urls = traits
    for name, value in pairs:
        kind = type(value)
        if kind is str:
            if name in urls and is_plain_public_url(value):
                value = HTTPS_URL if value.startswith("https") else HTTP_URL
            elif not depth and name in texts and value and not value.isspace():
                value = ANY_TEXT
            elif len(value) > MAX_LENGTH:
                return False
        elif kind is int:
            low, high = _NO_RANGE if depth else numbers.get(name, _NO_RANGE)
            if low <= value <= high:
                value = ANY_NUMBER
        elif kind is dict or kind is list:
            if len(value) > MAX_LENGTH or depth == MAX_DEPTH:
                return False
            shape += name, kind, len(value)
            if not _describe(value.items() if kind is dict else zip(repeat(name), value), traits, shape, depth + 1):
                return False
            continue
        elif kind not in _SCALARS:
            return False
        shape += name, value, kind
    return True


class ShapeSet:
    """Bounded set of shapes, under the options of variants in force."""

    def __init__(self) -> None:
        self._shapes: set[tuple[Shape, Shape]] = set()

    def includes(self, options: tuple[str, ...], shape: Shape) -> bool:
        return (options, shape) in self._shapes

    def add(self, options: tuple[str, ...], shape: Shape) -> None:
        if len(self._shapes) >= MAX_SHAPES:
            self._shapes.clear()
        self._shapes.add((options, shape))
