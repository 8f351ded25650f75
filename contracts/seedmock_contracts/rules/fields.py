"""Rules on a single field; those across fields or references are in `cross_field`. Together the closed set of rules.

Knows no upstream: fields, limits and layouts are parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from ..documents.paths import values_at, with_value
from ..documents.references import LocatedReference, ReferenceLayout
from ..documents.values import format_value, to_number
from ..enums import ErrorKind, MediaKind
from ..facts import MISSING, Document, Evidence, Fact, Field, Violation
from .boundaries import (
    COMMON_VALUES,
    FAR_BEYOND,
    NO_SUCH_VALUE,
    URL_ENDINGS,
    BoundaryCase,
    sample_reference,
    with_one_reference,
)
from .rule import ReferenceUrlRule, Rule, ValueRule

_JSON_TYPES: Mapping[type, frozenset[str]] = {
    str: frozenset({"string"}),
    int: frozenset({"integer", "number"}),
    float: frozenset({"number"}),
    bool: frozenset({"boolean"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
}
_NO_TYPES: frozenset[str] = frozenset()
# A value of each JSON type; the first that a rule does not allow is its gross violation.
_VALUES_OF_EACH_TYPE = ({"unexpected": True}, 7, "seven", [7], True)
# A prompt of 10 MB held the event loop for 7.1 s, and since then for 0.2 s; advice ends at 1000 words.
MAX_COUNTED = 20_000
"""Characters of a prompt in which Chinese characters and words are counted."""
# Left to be compiled, and kept, by `re` at their first use: planes of characters take 2 ms, in each start of a program.
_CJK = r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
_WORD = r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*"


class JsonType(ValueRule, frozen=True):
    """A value has one of these JSON types."""

    types: tuple[str, ...]

    def check_value(self, path: str, value: Any) -> Violation | None:
        if not _has_type(value, self.types):
            return self._violation(path, value, " or ".join(self.types))
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return self._with_field(document, layout, next(iter(self.invalid_values(None))))

    def valid_values(self, current: Any) -> Iterable[Any]:
        if self.types == ("boolean",):
            return (True, False)
        number = to_number(current)
        if number is None or number != int(number):
            return () if current is None else (current,)
        return tuple(candidate for candidate in (str(int(number)), int(number)) if _has_type(candidate, self.types))

    def invalid_values(self, current: Any) -> Iterable[Any]:
        return tuple(value for value in _VALUES_OF_EACH_TYPE if not _has_type(value, self.types))


class RequiredField(Rule, frozen=True):
    """A field is required and not blank, unless a reference of one of the kinds `unless` replaces it."""

    unless: tuple[MediaKind, ...] = ()
    kind: ClassVar[ErrorKind] = ErrorKind.MISSING_PARAMETER
    depends_on: ClassVar[str] = "nothing"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        if references and any(located.reference.kind in self.unless for located in references):
            return None
        return self.check_values(values_at(document, self.field))

    def check_values(self, values: Iterable[tuple[str, Any]]) -> Violation | None:
        """First violation by the values at this field, which may be MISSING, if any."""
        return next((violation for path, value in values if (violation := self.check_value(path, value))), None)

    def check_value(self, path: str, value: Any) -> Violation | None:
        """Violation by a value, which may be MISSING, if any."""
        absent = value is MISSING or value is None
        if not absent and not (isinstance(value, str) and not value.strip()):
            return None
        kinds = " or ".join(self.unless)
        allowed = "a value" + (f", or a reference {kinds} in its place" if kinds else "")
        message = f"{path} is {'missing' if absent else 'blank'}; expected {allowed}"
        return self._violation(path, None, allowed, message)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return self._with_field(document, layout, MISSING)

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        base = with_one_reference(document, layout) if "[]" in self.field else document
        yield BoundaryCase(dict(base), True)
        yield BoundaryCase(self.violating_document(document, layout), False, gross=True)
        for kind in self.unless:
            yield BoundaryCase(
                layout.place(self.violating_document(document, layout), [sample_reference(kind)]), True, kind.value
            )


class RequiredItem(Rule, frozen=True):
    """At least one item of an array has a value that is not blank at this field, such as `content[].text`."""

    kind: ClassVar[ErrorKind] = ErrorKind.MISSING_PARAMETER
    depends_on: ClassVar[str] = "nothing"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        items = next((value for _, value in values_at(document, self._array)), MISSING)
        if isinstance(items, list) and not all(isinstance(item, Mapping) for item in items):
            return None  # the rule on the type of the items reports it
        if items not in (MISSING, None) and not isinstance(items, list):
            return None  # the rule on the type of the array reports it
        values = [value for _, value in values_at(document, self.field)]
        if any(value not in (MISSING, None) and not (isinstance(value, str) and not value.strip()) for value in values):
            return None
        allowed = f"an item with {self._key}"
        return self._violation(self.field, None, allowed, f"{self.field} is missing; expected {allowed}")

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        items = [item for _, item in values_at(document, f"{self._array}[]") if self._key not in item]
        return with_value(document, self._array, items)

    @property
    def _array(self) -> str:
        return self.field.partition("[]")[0]

    @property
    def _key(self) -> str:
        return self.field.rpartition(".")[2]


class OneOf(ValueRule, frozen=True):
    """A string is one of a closed list."""

    allowed: tuple[str, ...]

    def check_value(self, path: str, value: Any) -> Violation | None:
        if isinstance(value, str) and value not in self.allowed:
            return self._violation(path, value, ", ".join(self.allowed))
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return self._with_field(document, layout, NO_SUCH_VALUE)

    def valid_values(self, current: Any) -> Iterable[Any]:
        return self.allowed

    def invalid_values(self, current: Any) -> Iterable[Any]:
        near = (value for family in COMMON_VALUES if not family.isdisjoint(self.allowed) for value in sorted(family))
        return (NO_SUCH_VALUE, *(value for value in near if value not in self.allowed))


class KnownModel(OneOf, frozen=True):
    """A model is one that the upstream offers."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNKNOWN_MODEL

    def invalid_values(self, current: Any) -> Iterable[Any]:
        return (NO_SUCH_VALUE, *(f"{name}{ending}" for name in self.allowed[:1] for ending in ("-pro", "-lite")))


class WholeNumber(ValueRule, frozen=True):
    """A number, or a string with a number, has no fraction."""

    def check_value(self, path: str, value: Any) -> Violation | None:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None  # the rule on the type of this field reports other types
        number = to_number(value)
        if number is None or number != int(number):
            return self._violation(path, value, "a whole number")
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return with_value(document, self.field, "4.5")

    def invalid_values(self, current: Any) -> Iterable[Any]:
        return ("4.5", 4.5, "four")


class NumberRange(ValueRule, frozen=True):
    """A number, or a string with a number, lies between `low` and `high` inclusively; None is no bound."""

    low: int
    high: int | None = None

    def check_value(self, path: str, value: Any) -> Violation | None:
        number = to_number(value)
        if number is not None and (number < self.low or (self.high is not None and number > self.high)):
            return self._violation(path, value, self._allowed)
        return None

    @property
    def _allowed(self) -> str:
        return f"{self.low} or more" if self.high is None else f"{self.low} to {self.high}"

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        value = self.low - 1 if self.high is None else self.high + 1
        return with_value(document, self.field, str(value) if isinstance(document.get(self.field), str) else value)

    def valid_values(self, current: Any) -> Iterable[Any]:
        high = self.low + 1 if self.high is None else self.high
        numbers = dict.fromkeys(((self.low + high) // 2, self.low, high))
        return tuple(str(value) if isinstance(current, str) else value for value in numbers)

    def invalid_values(self, current: Any) -> Iterable[Any]:
        above = () if self.high is None else (self.high + FAR_BEYOND, self.high + 1)
        numbers = (*above, self.low - FAR_BEYOND, self.low - 1)
        return tuple(str(value) if isinstance(current, str) else value for value in numbers)


class MaxLength(ValueRule, frozen=True):
    """A string has at most `limit` characters."""

    limit: int

    def check_value(self, path: str, value: Any) -> Violation | None:
        if isinstance(value, str) and len(value) > self.limit:
            allowed = f"at most {self.limit} characters"
            return self._violation(path, value, allowed, f"{path} has {len(value)} characters; allowed: {allowed}")
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return with_value(document, self.field, "n" * (self.limit + 1))

    def valid_values(self, current: Any) -> Iterable[Any]:
        return ("n", "n" * self.limit)

    def invalid_values(self, current: Any) -> Iterable[Any]:
        return ("n" * self.limit * 20, "n" * (self.limit + 1))  # far beyond first: a gross violation


class UrlScheme(ReferenceUrlRule, frozen=True):
    """A URL begins with one of these schemes.

    `beside`: references that a document needs to have this field at all. `elsewhere`: schemes that another rule judges.
    """

    schemes: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()

    def check_value(self, path: str, value: Any) -> Violation | None:
        if isinstance(value, str) and not self._fits(value):
            return self._violation(path, value, "a URL that begins with " + ", ".join(self.schemes))
        return None

    def _fits(self, url: str) -> bool:
        lowered = url[:8].lower()  # schemes are case-insensitive; 8 characters are the longest, and a data: URI is long
        schemes = (*self.schemes, *self.elsewhere)
        return any(lowered.startswith(scheme) and len(url) > len(scheme) for scheme in schemes)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return self._with_value(document, layout, "ftp://example.com/reference")

    def valid_values(self, current: Any) -> Iterable[Any]:
        return tuple(scheme + URL_ENDINGS.get(scheme, "example.com/reference") for scheme in self.schemes)

    def invalid_values(self, current: Any) -> Iterable[Any]:
        return ("ftp://example.com/reference", "s3://example/reference", "file:///reference")


class UnsupportedField(ValueRule, frozen=True):
    """A field is not accepted. Applies only under `option` of `variant`."""

    variant: str
    option: str

    def check_value(self, path: str, value: Any) -> Violation | None:
        return self._violation(
            path, value, f"no {path}", f"{path} is {format_value(value)}; this model does not take it"
        )

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return with_value(document, self.field, 7)

    def invalid_values(self, current: Any) -> Iterable[Any]:
        return (7,)


class PromptLength(ValueRule, frozen=True):
    """A longer prompt is accepted, but may lose details: an advice, not a reason for a 4xx."""

    max_characters: int
    max_words: int

    def check_value(self, path: str, value: Any) -> Violation | None:
        # A prompt as short as most are exceeds neither bound: a word has at least one character.
        if not isinstance(value, str) or len(value) <= self.max_characters:
            return None
        # A prompt can have as many megabytes as a body, and to count its words takes a second.
        counted = value[:MAX_COUNTED]
        chinese, english = len(re.findall(_CJK, counted)), len(re.findall(_WORD, re.sub(_CJK, " ", counted)))
        if chinese > self.max_characters or english > self.max_words:
            allowed = f"at most {self.max_characters} Chinese characters or {self.max_words} English words"
            has = "has" if len(value) <= MAX_COUNTED else "has at least"
            message = (
                f"{path} {has} {chinese} Chinese characters and {english} words; details may be lost beyond {allowed}"
            )
            return self._violation(path, value, allowed, message)
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return with_value(document, self.field, "word " * (self.max_words + 1))


def _has_type(value: Any, types: Iterable[str]) -> bool:
    """Test if a JSON value has one of the types; 4.0 is an integer, as in JSON Schema."""
    names = _JSON_TYPES.get(type(value), _NO_TYPES)
    return not names.isdisjoint(types) or (isinstance(value, float) and value.is_integer() and "integer" in types)


def type_rules(fields: Iterable[Field]) -> tuple[JsonType, ...]:
    """Rules on the types of fields; the fact of each is the field itself."""
    return tuple(JsonType(field, field.path, field.types) for field in fields)


def required_rule(field: Field, evidence: Evidence) -> RequiredField:
    """Rule that a field is required."""
    return RequiredField(Fact(f"{field.id}.required", evidence), field.path)
