"""The closed set of rule kinds, but for those that look at several fields or references: these are in `combinations`.

Knows no upstream: fields, figures and layouts come in as data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..documents.paths import put, values
from ..documents.references import Found, Layout
from ..documents.values import numeric, shown
from ..enums import ErrorKind, MediaKind
from ..facts import MISSING, Document, Evidence, Fact, Field, Violation
from ..generation import Reference
from .boundaries import BEHIND, FAR, NO_SUCH_VALUE, TEMPTING, Edge, arrangements, sample
from .rule import Rule, ValueRule

_NAMES: Mapping[type, frozenset[str]] = {
    str: frozenset({"string"}),
    int: frozenset({"integer", "number"}),
    float: frozenset({"number"}),
    bool: frozenset({"boolean"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
}
_OF_NO_SUCH_TYPE = ({"unexpected": True}, 7, "seven", [7], True)
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Typed(ValueRule):
    """A value is of one of these JSON types."""

    types: tuple[str, ...]

    def judge(self, path: str, value: Any) -> Violation | None:
        if not _is(value, self.types):
            return self._violation(path, value, " or ".join(self.types))
        return None

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        return self._spoilt(document, layout, next(iter(self.beyond(None))))

    def within(self, now: Any) -> Iterable[Any]:
        if self.types == ("boolean",):
            return (True, False)
        number = numeric(now)
        if number is None or number != int(number):
            return () if now is None else (now,)
        return tuple(v for v in (str(int(number)), int(number)) if _is(v, self.types))

    def beyond(self, now: Any) -> Iterable[Any]:
        return tuple(value for value in _OF_NO_SUCH_TYPE if not _is(value, self.types))


@dataclass(frozen=True, slots=True)
class Present(Rule):
    """A field must be there and not be blank, unless a reference of one of these kinds stands for it."""

    unless: tuple[MediaKind, ...] = ()
    kind: ClassVar[ErrorKind] = ErrorKind.MISSING_PARAMETER
    reads: ClassVar[str] = "nothing"

    def check(self, document: Document, references: tuple[Found, ...]) -> Violation | None:
        if references and any(found.reference.kind in self.unless for found in references):
            return None
        judged = (self.judge(path, value) for path, value in values(document, self.field))
        return next((violation for violation in judged if violation), None)

    def judge(self, path: str, value: Any) -> Violation | None:
        """What is wrong with a value, which may be MISSING."""
        absent = value is MISSING or value is None
        if not absent and not (isinstance(value, str) and not value.strip()):
            return None
        kinds = " or ".join(self.unless)
        allowed = "a value" + (f", or a reference {kinds} in its place" if kinds else "")
        said = f"{path} is {'missing' if absent else 'blank'}; expected {allowed}"
        return self._violation(path, None, allowed, said)

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        return self._spoilt(document, layout, MISSING)

    def edges(self, document: Document, layout: Layout) -> Iterator[Edge]:
        base = next(arrangements(document, layout)) if "[]" in self.field else document
        yield Edge(dict(base), True)
        yield Edge(self.broken(document, layout), False, gross=True)
        for kind in self.unless:
            yield Edge(layout.place(self.broken(document, layout), [sample(kind)]), True, kind.value)


@dataclass(frozen=True, slots=True)
class OneOf(ValueRule):
    """A text is one of a closed list."""

    allowed: tuple[str, ...]

    def judge(self, path: str, value: Any) -> Violation | None:
        if isinstance(value, str) and value not in self.allowed:
            return self._violation(path, value, ", ".join(self.allowed))
        return None

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        return self._spoilt(document, layout, NO_SUCH_VALUE)

    def within(self, now: Any) -> Iterable[Any]:
        return self.allowed

    def beyond(self, now: Any) -> Iterable[Any]:
        near = (value for family in TEMPTING if not family.isdisjoint(self.allowed) for value in sorted(family))
        return (NO_SUCH_VALUE, *(value for value in near if value not in self.allowed))


@dataclass(frozen=True, slots=True)
class KnownModel(OneOf):
    """A model is one that the upstream serves."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNKNOWN_MODEL

    def beyond(self, now: Any) -> Iterable[Any]:
        return (NO_SUCH_VALUE, *(f"{name}{ending}" for name in self.allowed[:1] for ending in ("-pro", "-lite")))


@dataclass(frozen=True, slots=True)
class Whole(ValueRule):
    """A number, or a text that holds one, has no fraction."""

    def judge(self, path: str, value: Any) -> Violation | None:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None  # of another type altogether: the rule on the field's type speaks of it
        number = numeric(value)
        if number is None or number != int(number):
            return self._violation(path, value, "a whole number")
        return None

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        return put(document, self.field, "4.5")

    def beyond(self, now: Any) -> Iterable[Any]:
        return ("4.5", 4.5, "four")


@dataclass(frozen=True, slots=True)
class Between(ValueRule):
    """A number, or a text that holds one, lies between two bounds, both allowed; None is no bound."""

    low: int
    high: int | None = None

    def judge(self, path: str, value: Any) -> Violation | None:
        number = numeric(value)
        if number is not None and (number < self.low or (self.high is not None and number > self.high)):
            return self._violation(path, value, self._allowed)
        return None

    @property
    def _allowed(self) -> str:
        return f"{self.low} or more" if self.high is None else f"{self.low} to {self.high}"

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        value = self.low - 1 if self.high is None else self.high + 1
        return put(document, self.field, str(value) if isinstance(document.get(self.field), str) else value)

    def within(self, now: Any) -> Iterable[Any]:
        high = self.low + 1 if self.high is None else self.high
        found = dict.fromkeys(((self.low + high) // 2, self.low, high))
        return tuple(str(value) if isinstance(now, str) else value for value in found)

    def beyond(self, now: Any) -> Iterable[Any]:
        above = () if self.high is None else (self.high + FAR, self.high + 1)
        found = (*above, self.low - FAR, self.low - 1)
        return tuple(str(value) if isinstance(now, str) else value for value in found)


@dataclass(frozen=True, slots=True)
class LengthAtMost(ValueRule):
    """A text has at most so many characters."""

    limit: int

    def judge(self, path: str, value: Any) -> Violation | None:
        if isinstance(value, str) and len(value) > self.limit:
            allowed = f"at most {self.limit} characters"
            return self._violation(path, value, allowed, f"{path} has {len(value)} characters; allowed: {allowed}")
        return None

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        return put(document, self.field, "n" * (self.limit + 1))

    def within(self, now: Any) -> Iterable[Any]:
        return ("n", "n" * self.limit)

    def beyond(self, now: Any) -> Iterable[Any]:
        return ("n" * self.limit * 20, "n" * (self.limit + 1))


@dataclass(frozen=True, slots=True)
class Scheme(ValueRule):
    """A URL begins with one of these schemes. `beside` is what a document needs to hold this field at all."""

    schemes: tuple[str, ...]
    beside: tuple[Reference, ...] = ()

    def judge(self, path: str, value: Any) -> Violation | None:
        if isinstance(value, str) and not self._fits(value):
            return self._violation(path, value, "a URL that begins with " + ", ".join(self.schemes))
        return None

    def _fits(self, url: str) -> bool:
        lowered = url[:8].lower()
        return any(lowered.startswith(scheme) and len(url) > len(scheme) for scheme in self.schemes)

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        return self._placed(document, layout, "ftp://example.com/reference")

    def within(self, now: Any) -> Iterable[Any]:
        return tuple(scheme + BEHIND.get(scheme, "example.com/reference") for scheme in self.schemes)

    def beyond(self, now: Any) -> Iterable[Any]:
        return ("ftp://example.com/reference", "s3://example/reference", "file:///reference")

    def _placed(self, document: Document, layout: Layout, value: Any) -> dict[str, Any]:
        return put(layout.place(document, self.beside) if self.beside else document, self.field, value)

    def _holding(self, document: Document, layout: Layout, value: Any) -> Iterator[dict[str, Any]]:
        yield self._placed(document, layout, value)


@dataclass(frozen=True, slots=True)
class Absent(ValueRule):
    """A field is not accepted. Holds only under `option` of `variant`."""

    variant: str
    option: str

    def judge(self, path: str, value: Any) -> Violation | None:
        return self._violation(path, value, f"no {path}", f"{path} is {shown(value)}; this model does not take it")
        return None

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        return put(document, self.field, 7)

    def beyond(self, now: Any) -> Iterable[Any]:
        return (7,)


@dataclass(frozen=True, slots=True)
class PromptLength(ValueRule):
    """A prompt beyond these lengths is accepted, but may lose details: a notice, not a refusal."""

    characters: int
    words: int

    def judge(self, path: str, value: Any) -> Violation | None:
        if not isinstance(value, str) or len(value) <= self.characters:
            return None
        chinese, words = len(_CJK.findall(value)), len(_WORD.findall(_CJK.sub(" ", value)))
        if chinese > self.characters or words > self.words:
            allowed = f"at most {self.characters} Chinese characters or {self.words} English words"
            said = f"{path} has {chinese} Chinese characters and {words} words; details may be lost beyond {allowed}"
            return self._violation(path, value, allowed, said)
        return None

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        return put(document, self.field, "word " * (self.words + 1))


def _is(value: Any, types: Iterable[str]) -> bool:
    """Whether a JSON value is of one of the types; 4.0 counts as an integer, as it does in JSON Schema."""
    names = _NAMES.get(type(value), frozenset())
    return not names.isdisjoint(types) or (isinstance(value, float) and value.is_integer() and "integer" in types)


def typed(fields: Iterable[Field]) -> tuple[Typed, ...]:
    """A field's own fact says its type: one rule each."""
    return tuple(Typed(field, field.path, field.types) for field in fields)


def needed(field: Field, evidence: Evidence) -> Present:
    """The rule that a field must be there."""
    return Present(Fact(f"{field.id}.required", evidence), field.path)
