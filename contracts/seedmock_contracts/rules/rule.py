"""What a rule is: one fact plus one predicate, which knows the smallest way of being broken and what is at its edge.

The emulator's refusals, the client's preflight, the audit of a journal and the generators all read the same rules.
Knows none of the kinds of rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from ..documents.paths import values_at, with_value
from ..documents.references import LocatedReference, ReferenceLayout
from ..documents.values import format_value
from ..enums import ErrorKind, MediaKind
from ..facts import MISSING, Document, Fact, Violation
from .boundaries import BoundaryCase, sample_reference, with_each_reference


@dataclass(frozen=True, slots=True)
class Rule:
    """One fact plus one predicate."""

    fact: Fact
    field: str
    kind: ClassVar[ErrorKind] = ErrorKind.INVALID_PARAMETER
    depends_on: ClassVar[str] = "field"
    """What must be there for the rule to be broken at all: its "field", some "references", or "nothing"."""

    @property
    def top_field(self) -> str:
        """The top-level name of this rule's field."""
        return self.field.partition(".")[0].removesuffix("[]")

    @property
    def needs_field(self) -> bool:
        """Whether a document without the top-level field cannot break this rule."""
        return self.depends_on == "field" or (self.depends_on == "nothing" and self.top_field != self.field)

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        """The first violation of this rule in the document, or None."""
        raise NotImplementedError

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        """A copy of a document that keeps every rule, changed so that it breaks this one and no other."""
        raise NotImplementedError

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        """What to ask to learn where this rule's limit is: copies of a document that keeps every rule.

        They may break other rules too: which, is for the caller to see.
        """
        yield BoundaryCase(dict(document), True, document.get(self.top_field))
        yield BoundaryCase(self.violating_document(document, layout), False, gross=True)

    def _violation(self, field: str, value: Any, allowed: str, message: str = "") -> Violation:
        said = message or f"{field} is {format_value(value)}; allowed: {allowed}"
        return Violation(self.fact, self.kind, field, value, allowed, said)

    def _spoilt(self, document: Document, layout: ReferenceLayout, value: Any) -> dict[str, Any]:
        """The document with this field set; a field of a list's items gets a whole item around it first."""
        base = layout.place(document, [sample_reference(MediaKind.IMAGE)]) if "[]" in self.field else document
        return with_value(base, self.field, value)


@dataclass(frozen=True, slots=True)
class ValueRule(Rule):
    """A rule on each value at its field, one by one."""

    def check_value(self, path: str, value: Any) -> Violation | None:
        """What is wrong with a value that is there."""
        raise NotImplementedError

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        judged = (self.check_value(path, value) for path, value in self._present(document))
        return next((violation for violation in judged if violation), None)

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        if "[]" not in self.field and document.get(self.top_field) is None:
            yield BoundaryCase(dict(document), True)
        now = document.get(self.field)
        if "[]" in self.field and not tuple(self.valid_values(now)):
            held = [BoundaryCase(found, True) for found in with_each_reference(document, layout) if self._stands(found)]
            yield from held or [
                BoundaryCase(with_value(document, self.field, sample_reference(MediaKind.IMAGE).url), True)
            ]
        for value in self.valid_values(now):
            yield from (BoundaryCase(kept, True, value) for kept in self._holding(document, layout, value))
        for index, value in enumerate(self.invalid_values(now)):
            yield BoundaryCase(self._placed(document, layout, value), False, value, gross=index == 0)

    def valid_values(self, now: Any) -> Iterable[Any]:
        """Values that keep this rule, up to its edges; `now` is one that does, or None."""
        return () if now is None else (now,)

    def invalid_values(self, now: Any) -> Iterable[Any]:
        """Values that break this rule: first one that does so grossly, then those just beyond its edges."""
        return ()

    def _placed(self, document: Document, layout: ReferenceLayout, value: Any) -> dict[str, Any]:
        return self._spoilt(document, layout, value)

    def _stands(self, document: Document) -> bool:
        return any(value is not MISSING for _, value in values_at(document, self.field))

    def _holding(self, document: Document, layout: ReferenceLayout, value: Any) -> Iterator[dict[str, Any]]:
        """The document with this value; where it stands in a list's items, with such items as have it of themselves."""
        if "[]" not in self.field:
            yield self._placed(document, layout, value)
            return
        for arranged in with_each_reference(document, layout):
            if any(found == value for _, found in values_at(arranged, self.field)):
                yield arranged

    def _present(self, document: Document) -> Iterator[tuple[str, Any]]:
        """Each value at this rule's field that is there; null counts as left out, but for an item of a list."""
        if "." not in self.field and "[" not in self.field:
            value = document.get(self.field)
            if value is not None:
                yield self.field, value
            return
        for path, value in values_at(document, self.field):
            if value is not MISSING and (value is not None or self.field.endswith("[]")):
                yield path, value
