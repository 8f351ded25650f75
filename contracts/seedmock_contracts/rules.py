"""The closed set of rule kinds: each is one fact plus one predicate, and knows the smallest way of being broken.

The emulator's refusals, the client's preflight, the audit of a journal and the generators all read the same rules.
Knows no upstream: fields, figures and layouts come in as data.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from .edges import BEHIND, FAR, NO_SUCH_VALUE, TEMPTING, Edge, arrangements
from .edges import sample as sample
from .generation import Reference
from .references import Found, Layout, values
from .terms import MISSING, Document, ErrorKind, Evidence, Fact, Field, MediaKind, Violation

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
_NUMBER = re.compile(r"\s*[+-]?\d{1,18}(\.\d{1,18})?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rule:
    """One fact plus one predicate."""

    fact: Fact
    field: str
    kind: ClassVar[ErrorKind] = ErrorKind.INVALID_PARAMETER
    reads: ClassVar[str] = "field"
    """What must be there for the rule to be broken at all: its "field", some "references", or "nothing"."""

    @property
    def top(self) -> str:
        """The top-level name of this rule's field."""
        return self.field.partition(".")[0].removesuffix("[]")

    @property
    def needs_field(self) -> bool:
        """Whether a document without the top-level field cannot break this rule."""
        return self.reads == "field" or (self.reads == "nothing" and self.top != self.field)

    def check(self, document: Document, references: tuple[Found, ...]) -> Violation | None:
        """The first violation of this rule in the document, or None."""
        raise NotImplementedError

    def broken(self, document: Document, layout: Layout) -> dict[str, Any]:
        """A copy of a document that keeps every rule, changed so that it breaks this one and no other."""
        raise NotImplementedError

    def edges(self, document: Document, layout: Layout) -> Iterator[Edge]:
        """What to ask to learn where this rule's limit is: copies of a document that keeps every rule.

        They may break other rules too: which, is for the caller to see.
        """
        yield Edge(dict(document), True, document.get(self.top))
        yield Edge(self.broken(document, layout), False, gross=True)

    def _violation(self, field: str, value: Any, allowed: str, message: str = "") -> Violation:
        said = message or f"{field} is {shown(value)}; allowed: {allowed}"
        return Violation(self.fact, self.kind, field, value, allowed, said)

    def _spoilt(self, document: Document, layout: Layout, value: Any) -> dict[str, Any]:
        """The document with this field set; a field of a list's items gets a whole item around it first."""
        base = layout.place(document, [sample(MediaKind.IMAGE)]) if "[]" in self.field else document
        return put(base, self.field, value)


@dataclass(frozen=True, slots=True)
class ValueRule(Rule):
    """A rule on each value at its field, one by one."""

    def judge(self, path: str, value: Any) -> Violation | None:
        """What is wrong with a value that is there."""
        raise NotImplementedError

    def check(self, document: Document, references: tuple[Found, ...]) -> Violation | None:
        judged = (self.judge(path, value) for path, value in self._present(document))
        return next((violation for violation in judged if violation), None)

    def edges(self, document: Document, layout: Layout) -> Iterator[Edge]:
        if "[]" not in self.field and document.get(self.top) is None:
            yield Edge(dict(document), True)
        now = document.get(self.field)
        if "[]" in self.field and not tuple(self.within(now)):
            held = [Edge(found, True) for found in arrangements(document, layout) if self._stands(found)]
            yield from held or [Edge(put(document, self.field, sample(MediaKind.IMAGE).url), True)]
        for value in self.within(now):
            yield from (Edge(kept, True, value) for kept in self._holding(document, layout, value))
        for index, value in enumerate(self.beyond(now)):
            yield Edge(self._placed(document, layout, value), False, value, gross=index == 0)

    def within(self, now: Any) -> Iterable[Any]:
        """Values that keep this rule, up to its edges; `now` is one that does, or None."""
        return () if now is None else (now,)

    def beyond(self, now: Any) -> Iterable[Any]:
        """Values that break this rule: first one that does so grossly, then those just beyond its edges."""
        return ()

    def _placed(self, document: Document, layout: Layout, value: Any) -> dict[str, Any]:
        return self._spoilt(document, layout, value)

    def _stands(self, document: Document) -> bool:
        return any(value is not MISSING for _, value in values(document, self.field))

    def _holding(self, document: Document, layout: Layout, value: Any) -> Iterator[dict[str, Any]]:
        """The document with this value; where it stands in a list's items, with such items as have it of themselves."""
        if "[]" not in self.field:
            yield self._placed(document, layout, value)
            return
        for arranged in arrangements(document, layout):
            if any(found == value for _, found in values(arranged, self.field)):
                yield arranged

    def _present(self, document: Document) -> Iterator[tuple[str, Any]]:
        """Each value at this rule's field that is there; null counts as left out, but for an item of a list."""
        if "." not in self.field and "[" not in self.field:
            value = document.get(self.field)
            if value is not None:
                yield self.field, value
            return
        for path, value in values(document, self.field):
            if value is not MISSING and (value is not None or self.field.endswith("[]")):
                yield path, value


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


def shown(value: Any, limit: int = 80) -> str:
    """A value as it can stand in a message: JSON in ASCII, shortened; whatever was sent, this is quick and holds."""
    if value is MISSING:
        return "missing"
    try:
        text = json.dumps(_shortened(value, limit), allow_nan=True)
    except (TypeError, ValueError, RecursionError):
        text = f"of type {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _shortened(value: Any, limit: int, depth: int = 3) -> Any:
    """As much of a value as a message of so many signs can show, however large and deep the rest is."""
    if isinstance(value, str):
        return value[:limit]
    if isinstance(value, list | dict) and not depth:
        return "..."
    if isinstance(value, list):
        return [_shortened(item, limit, depth - 1) for item in value[: limit // 2]]
    if isinstance(value, dict):
        return {name[:limit]: _shortened(item, limit, depth - 1) for name, item in islice(value.items(), limit // 4)}
    return value


def numeric(value: Any) -> float | None:
    """The number that a value is or spells, or None."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return 1e308 if value > 0 else -1e308
        return number if math.isfinite(number) else None
    return None


def put(document: Document, path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at a path (MISSING takes it away); parents that are not there are made."""
    step, _, rest = path.partition(".")
    name, many = step.removesuffix("[]"), step.endswith("[]")
    changed = dict(document)
    if many:
        items = list(changed.get(name) or [{}])
        items[0] = put(items[0] if isinstance(items[0], Mapping) else {}, rest, value) if rest else value
        changed[name] = items
    elif rest:
        changed[name] = put(changed.get(name) or {}, rest, value)
    elif value is MISSING:
        changed.pop(name, None)
    else:
        changed[name] = value
    return changed


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
