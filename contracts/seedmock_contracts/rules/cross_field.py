"""The rule kinds that look at several fields, or at the references of a document, at once.

The second half of the closed set: see `rules` for what a rule is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..documents.paths import values_at, with_value
from ..documents.references import LocatedReference, ReferenceLayout
from ..documents.values import format_value
from ..enums import ErrorKind, MediaKind, Role
from ..facts import MISSING, Document, Model, Size, Violation
from ..generation import Reference
from .boundaries import BoundaryCase, sample_reference, with_each_reference
from .rule import Rule, ValueRule

MANY = 20


@dataclass(frozen=True, slots=True)
class RequiresField(Rule):
    """A field is of use only together with another."""

    partner: str

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        if document.get(self.field) is None or document.get(self.partner) is not None:
            return None
        allowed = f"{self.partner} beside {self.field}"
        return self._violation(self.partner, None, allowed, f"{self.partner} is missing; expected {allowed}")

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        example = {"resolution": "720p", "ratio": "16:9"}.get(self.field, "https://example.com/reference")
        return {**with_value(with_value(document, "size", MISSING), self.partner, MISSING), self.field: example}


@dataclass(frozen=True, slots=True)
class AtLeastOneOf(Rule):
    """At least one of several ways of saying the same thing is taken; each way is a group of fields."""

    ways: tuple[tuple[str, ...], ...]
    kind: ClassVar[ErrorKind] = ErrorKind.MISSING_PARAMETER
    depends_on: ClassVar[str] = "nothing"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        if any(document.get(name) is not None for way in self.ways for name in way):
            return None
        allowed = ", or ".join(" + ".join(way) for way in self.ways)
        return self._violation(self.field, None, allowed, f"{self.field} is missing; expected {allowed}")

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return {name: value for name, value in document.items() if not any(name in way for way in self.ways)}


@dataclass(frozen=True, slots=True)
class MutuallyExclusive(Rule):
    """A field excludes the fields of another way of saying the same. Holds only under `option` of `variant`."""

    others: Mapping[str, str]
    variant: str = ""
    option: str = ""

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        both = [name for name in self.others if document.get(name) is not None]
        if document.get(self.field) is None or not both:
            return None
        names = " + ".join(self.others)
        said = f"{self.field} and {' + '.join(both)} were both sent; allowed: either {self.field} or {names}"
        return self._violation(self.field, document[self.field], f"either {self.field} or {names}", said)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return {**document, **self.others}


@dataclass(frozen=True, slots=True)
class ModelResolutions(Rule):
    """A model does not render a resolution, whether it was asked for by name or by size.

    `resolved` gives the resolution of each size and of each resolution's own name.
    """

    model: Model
    resolution_by_name: Mapping[str, str]
    depends_on: ClassVar[str] = "nothing"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        if document.get("model") != self.model.name:
            return None
        for name in ("resolution", "size"):
            value = document.get(name)
            resolution = self.resolution_by_name.get(value) if isinstance(value, str) else None
            if resolution is not None and resolution not in self.model.resolutions:
                allowed = ", ".join(self.model.resolutions)
                said = f"{name} is {format_value(value)}, which {self.model.name} does not render; allowed: {allowed}"
                return self._violation(name, value, allowed, said)
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        refused = [(text, row) for text, row in self.resolution_by_name.items() if row not in self.model.resolutions]
        by_size = "size" in document
        text = next(text for text, row in refused if (text != row) == by_size)
        return {**document, "model": self.model.name, "size" if by_size else "resolution": text}

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        by_size = "size" in document
        for text, row in self.resolution_by_name.items():
            if (text != row) == by_size:
                asked = {**document, "model": self.model.name, "size" if by_size else "resolution": text}
                keeps = row in self.model.resolutions
                yield BoundaryCase(asked, keeps, text, gross=not keeps)


def resolutions_by_name(sizes: Iterable[Size]) -> Mapping[str, str]:
    """The resolution that each size, and each resolution's own name, stands for."""
    rows = tuple(sizes)
    return {row.text: row.resolution for row in rows} | {row.resolution: row.resolution for row in rows}


@dataclass(frozen=True, slots=True)
class MaxReferences(Rule):
    """At most so many references of a kind and role."""

    media: MediaKind
    limit: int
    role: Role = Role.REFERENCE
    depends_on: ClassVar[str] = "references"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        found = [f for f in references if f.reference.kind is self.media and f.reference.role is self.role]
        if len(found) <= self.limit:
            return None
        what = f"{self.role.replace('_', ' ')} {self.media}"
        said = f"{self.field} holds {len(found)} of {what}; allowed: at most {self.limit}"
        return self._violation(self.field, len(found), f"at most {self.limit}", said)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return self._holding(document, layout, self.limit + 1)

    def _holding(self, document: Document, layout: ReferenceLayout, count: int) -> dict[str, Any]:
        anchor = [] if self.media is not MediaKind.AUDIO else [sample_reference(MediaKind.IMAGE)]
        first = [sample_reference(MediaKind.IMAGE, Role.FIRST_FRAME)] if self.role is Role.LAST_FRAME else []
        return layout.place(document, [*anchor, *first, *[sample_reference(self.media, self.role)] * count])

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        for count in dict.fromkeys((1, self.limit)):
            yield BoundaryCase(self._holding(document, layout, count), True, count)
        yield BoundaryCase(self._holding(document, layout, self.limit + MANY), False, self.limit + MANY, gross=True)
        yield BoundaryCase(self._holding(document, layout, self.limit + 1), False, self.limit + 1)


@dataclass(frozen=True, slots=True)
class RequiresOtherMedia(Rule):
    """References of a kind are never alone: they need one of the other kinds beside them."""

    media: MediaKind
    anchors: tuple[MediaKind, ...]
    depends_on: ClassVar[str] = "references"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        kinds = {found.reference.kind for found in references}
        if self.media not in kinds or kinds & set(self.anchors):
            return None
        allowed = f"{self.media} only beside at least one {' or '.join(self.anchors)}"
        said = f"{self.field} holds {self.media} references alone; allowed: {allowed}"
        return self._violation(self.field, self.media.value, allowed, said)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return layout.place(document, [sample_reference(self.media)])

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        kept = ([sample_reference(self.media), sample_reference(kind)] for kind in self.anchors)
        yield from _placed(document, layout, kept, [[sample_reference(self.media)]])


@dataclass(frozen=True, slots=True)
class FramesExcludeReferences(Rule):
    """First and last frames exclude references of every kind."""

    depends_on: ClassVar[str] = "references"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        frame = next((f for f in references if f.reference.role is not Role.REFERENCE), None)
        other = next((f for f in references if f.reference.role is Role.REFERENCE), None)
        if frame is None or other is None:
            return None
        said = f"{frame.path} is a frame and {other.path} a reference; allowed: either frames or references"
        return self._violation(frame.path, frame.reference.url, "either frames or references", said)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return layout.place(
            document, [sample_reference(MediaKind.IMAGE, Role.FIRST_FRAME), sample_reference(MediaKind.IMAGE)]
        )

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        first = sample_reference(MediaKind.IMAGE, Role.FIRST_FRAME)
        others = [sample_reference(kind) for kind in MediaKind]
        yield from _placed(document, layout, [[first], others], [[first, other] for other in others])


@dataclass(frozen=True, slots=True)
class LastFrameRequiresFirst(Rule):
    """A last frame needs a first frame."""

    depends_on: ClassVar[str] = "references"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        last = next((f for f in references if f.reference.role is Role.LAST_FRAME), None)
        if last is None or any(f.reference.role is Role.FIRST_FRAME for f in references):
            return None
        allowed = "a first frame beside a last frame"
        said = f"{last.path} is a last frame without a first; allowed: {allowed}"
        return self._violation(last.path, last.reference.url, allowed, said)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return layout.place(document, [sample_reference(MediaKind.IMAGE, Role.LAST_FRAME)])

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        first, last = (sample_reference(MediaKind.IMAGE, role) for role in (Role.FIRST_FRAME, Role.LAST_FRAME))
        yield from _placed(document, layout, [[last, first], [first]], [[last]])


@dataclass(frozen=True, slots=True)
class ItemHasUrl(ValueRule):
    """An item of an array carries its URL in the object that its type names: `{"type": T, T: {"url": U}}`."""

    types: tuple[str, ...]
    kind: ClassVar[ErrorKind] = ErrorKind.MISSING_PARAMETER

    def check_value(self, path: str, item: Any) -> Violation | None:
        type_ = item.get("type") if isinstance(item, Mapping) else None
        if not isinstance(type_, str) or type_ not in self.types:
            return None
        holder = item.get(type_)
        if holder is not None and not isinstance(holder, Mapping):
            return None  # of another type altogether: the rule on that field's type speaks of it
        url = holder.get("url") if holder is not None else None
        if not isinstance(url, str) or not url.strip():
            at, allowed = f"{path}.{type_}.url", f"the URL of this {type_}"
            found = "missing" if url is None else format_value(url)
            return self._violation(at, url, allowed, f"{at} is {found}; expected {allowed}")
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return with_value(
            layout.place(document, [sample_reference(MediaKind.IMAGE)]), f"{self.field}.image_url", MISSING
        )

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        for whole in with_each_reference(document, layout):
            type_ = next(value for _, value in values_at(whole, f"{self.field}.type"))
            yield BoundaryCase(whole, True, type_)
            yield BoundaryCase(with_value(whole, f"{self.field}.{type_}", MISSING), False, type_, gross=True)


@dataclass(frozen=True, slots=True)
class RoleMatchesType(ValueRule):
    """An item's role is one for its type: `reference_video` is no role of an image."""

    roles: Mapping[str, str]

    def check_value(self, path: str, item: Any) -> Violation | None:
        if not isinstance(item, Mapping):
            return None
        type_, role = item.get("type"), item.get("role")
        fitting = self.roles.get(role) if isinstance(role, str) else None
        if fitting and type_ in self.roles.values() and type_ != fitting:
            allowed = ", ".join(name for name, of in self.roles.items() if of == type_)
            return self._violation(f"{path}.role", role, f"for {type_}: {allowed}")
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        placed = layout.place(document, [sample_reference(MediaKind.IMAGE)])
        return with_value(placed, f"{self.field}.role", "reference_video")

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        for whole in with_each_reference(document, layout):
            type_, role = (values_at(whole, f"{self.field}.{name}")[0][1] for name in ("type", "role"))
            yield BoundaryCase(whole, True, role)
            for other in [name for name, of in self.roles.items() if of != type_]:
                yield BoundaryCase(with_value(whole, f"{self.field}.role", other), False, other, gross=True)


def _placed(
    document: Document,
    layout: ReferenceLayout,
    kept: Iterable[Sequence[Reference]],
    broken: Iterable[Sequence[Reference]],
) -> Iterator[BoundaryCase]:
    for keeps, every in ((True, kept), (False, broken)):
        for references in every:
            said = " + ".join(f"{one.role} {one.kind}" for one in references)
            yield BoundaryCase(layout.place(document, references), keeps, said, gross=not keeps)
