"""Base of the rules: a fact, a predicate on documents, and documents that violate it or lie at its boundary.

A rule has four readers: the emulator's 4xx, the client's preflight, the audit of the journal, and the strategies that
generate requests. Knows no kind of rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from msgspec import Struct

from ..documents.paths import first_path, values_at, with_value
from ..documents.references import LocatedReference, ReferenceLayout
from ..documents.values import format_value
from ..enums import ErrorKind, MediaKind
from ..facts import MISSING, Document, Fact, Violation
from ..generation import Reference
from .boundaries import BoundaryCase, sample_reference, with_each_reference, with_one_reference


class Rule(Struct, frozen=True):
    """One fact with its predicate. `field` is the path that the rule is about."""

    fact: Fact
    field: str
    kind: ClassVar[ErrorKind] = ErrorKind.INVALID_PARAMETER
    depends_on: ClassVar[str] = "field"
    """Part of a document without which the rule cannot be violated: "field", "references", or "nothing"."""

    @property
    def top_field(self) -> str:
        """Top-level name of the field."""
        return self.field.partition(".")[0].removesuffix("[]")

    @property
    def related_fields(self) -> tuple[str, ...]:
        """Top-level fields whose values this rule reads beside its own; others it only finds present or absent."""
        return ()

    @property
    def needs_field(self) -> bool:
        """True if a document without the top-level field cannot violate this rule."""
        return self.depends_on == "field" or (self.depends_on == "nothing" and self.top_field != self.field)

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        """First violation of this rule by the document, if any."""
        raise NotImplementedError

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        """Copy a valid document so that it violates this rule and no other."""
        raise NotImplementedError

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        """Copies of a valid document that show where the limit of this rule lies; some violate other rules too."""
        yield BoundaryCase(dict(document), True, document.get(self.top_field))
        yield BoundaryCase(self.violating_document(document, layout), False, gross=True)

    def _violation(self, field: str, value: Any, allowed: str, message: str = "") -> Violation:
        text = message or f"{field} is {format_value(value)}; allowed: {allowed}"
        return Violation(self.fact, self.kind, field, value, allowed, text)

    def _with_field(self, document: Document, layout: ReferenceLayout, value: Any) -> dict[str, Any]:
        """Copy a document with another value of this field; a field of list items needs a complete item around it."""
        base = with_one_reference(document, layout) if "[]" in self.field else document
        return with_value(base, first_path(base, self.field), value)


class ValueRule(Rule, frozen=True):
    """A rule on each single value at its field."""

    def check_value(self, path: str, value: Any) -> Violation | None:
        """Violation by a value that is present, if any."""
        raise NotImplementedError

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        return self.check_values(values_at(document, self.field))

    def check_values(self, values: Iterable[tuple[str, Any]]) -> Violation | None:
        """First violation by the values at this field, if any; null counts as absent, except for an item of a list."""
        takes_null = self.field.endswith("[]")
        for path, value in values:
            if value is MISSING or (value is None and not takes_null):
                continue
            if violation := self.check_value(path, value):
                return violation
        return None

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        if "[]" not in self.field and document.get(self.top_field) is None:
            yield BoundaryCase(dict(document), True)
        current = document.get(self.field)
        if "[]" in self.field and not tuple(self.valid_values(current)):
            yield from self._item_cases(document, layout)
        for value in self.valid_values(current):
            yield from (BoundaryCase(valid, True, value) for valid in self._documents_with(document, layout, value))
        for index, value in enumerate(self.invalid_values(current)):
            yield BoundaryCase(self._with_value(document, layout, value), False, value, gross=index == 0)

    def valid_values(self, current: Any) -> Iterable[Any]:
        """Values that satisfy this rule, up to its limits. `current` is the document's valid value, or None."""
        return () if current is None else (current,)

    def invalid_values(self, current: Any) -> Iterable[Any]:
        """Values that violate this rule: first a gross violation, then those just beyond the limits."""
        return ()

    def _item_cases(self, document: Document, layout: ReferenceLayout) -> Iterable[BoundaryCase]:
        documents = with_each_reference(document, layout)
        cases = [BoundaryCase(arranged, True) for arranged in documents if self._occurs_in(arranged)]
        return cases or [BoundaryCase(with_value(document, self.field, sample_reference(MediaKind.IMAGE).url), True)]

    def _with_value(self, document: Document, layout: ReferenceLayout, value: Any) -> dict[str, Any]:
        return self._with_field(document, layout, value)

    def _occurs_in(self, document: Document) -> bool:
        return any(value is not MISSING for _, value in values_at(document, self.field))

    def _documents_with(self, document: Document, layout: ReferenceLayout, value: Any) -> Iterator[dict[str, Any]]:
        """Documents with this value; for a field of list items those whose references bring it along."""
        if "[]" not in self.field:
            yield self._with_value(document, layout, value)
            return
        for arranged in with_each_reference(document, layout):
            if any(item == value for _, item in values_at(arranged, self.field)):
                yield arranged


class ReferenceUrlRule(ValueRule, frozen=True, kw_only=True):
    """A rule on the URL of a reference, which a document can only have together with the references `beside` it."""

    beside: tuple[Reference, ...] = ()

    def _with_value(self, document: Document, layout: ReferenceLayout, value: Any) -> dict[str, Any]:
        base = layout.place(document, self.beside) if self.beside else document
        return with_value(base, first_path(base, self.field), value)

    def _documents_with(self, document: Document, layout: ReferenceLayout, value: Any) -> Iterator[dict[str, Any]]:
        yield self._with_value(document, layout, value)
