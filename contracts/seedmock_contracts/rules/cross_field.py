"""Rules across several fields, or on all references of a document. Knows no upstream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ..documents.paths import values_at, with_value
from ..documents.references import LocatedReference, ReferenceLayout
from ..documents.values import format_value
from ..enums import ErrorKind, MediaKind, Role
from ..facts import MISSING, Document, Model, Size, Violation
from ..generation import Reference
from .boundaries import BoundaryCase, sample_reference, with_each_reference, with_one_reference
from .rule import Rule, ValueRule

GROSS_EXCESS = 20  # references beyond a limit: too many even if the upstream has raised it


class RequiresField(Rule, frozen=True):
    """A field requires another one beside it."""

    partner: str

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        if document.get(self.field) is None or document.get(self.partner) is not None:
            return None
        allowed = f"{self.partner} beside {self.field}"
        return self._violation(self.partner, None, allowed, f"{self.partner} is missing; expected {allowed}")

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        # Without a size, which excludes both: a violating document breaks one rule alone.
        example = {"resolution": "720p", "ratio": "16:9"}.get(self.field, "https://example.com/reference")
        return {**with_value(with_value(document, "size", MISSING), self.partner, MISSING), self.field: example}


class AtLeastOneOf(Rule, frozen=True):
    """At least one of several groups of fields is present, each a way to express the same."""

    groups: tuple[tuple[str, ...], ...]
    kind: ClassVar[ErrorKind] = ErrorKind.MISSING_PARAMETER
    depends_on: ClassVar[str] = "nothing"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        if any(document.get(name) is not None for group in self.groups for name in group):
            return None
        allowed = ", or ".join(" + ".join(group) for group in self.groups)
        return self._violation(self.field, None, allowed, f"{self.field} is missing; expected {allowed}")

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return {name: value for name, value in document.items() if not any(name in group for group in self.groups)}


class MutuallyExclusive(Rule, frozen=True):
    """A field excludes others that express the same; `others` has valid values. Applies under `option` of `variant`."""

    others: Mapping[str, str]
    variant: str = ""
    option: str = ""

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        conflicting = [name for name in self.others if document.get(name) is not None]
        if document.get(self.field) is None or not conflicting:
            return None
        names = " + ".join(self.others)
        message = f"{self.field} and {' + '.join(conflicting)} were both sent; allowed: either {self.field} or {names}"
        return self._violation(self.field, document[self.field], f"either {self.field} or {names}", message)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return {**document, **self.others}


class ModelResolutions(Rule, frozen=True):
    """A model renders only some resolutions, whether the request gives `resolution` or `size`.

    `resolution_by_name` maps the text of each size, and each resolution itself, to the resolution.
    """

    model: Model
    resolution_by_name: Mapping[str, str]
    depends_on: ClassVar[str] = "nothing"

    @property
    def related_fields(self) -> tuple[str, ...]:
        return "model", "resolution", "size"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        if document.get("model") != self.model.name:
            return None
        for name in ("resolution", "size"):
            value = document.get(name)
            resolution = self.resolution_by_name.get(value) if isinstance(value, str) else None
            if resolution is not None and resolution not in self.model.resolutions:
                allowed = ", ".join(self.model.resolutions)
                problem = f"{name} is {format_value(value)}, which {self.model.name} does not render"
                return self._violation(name, value, allowed, f"{problem}; allowed: {allowed}")
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        cases = self.boundary_cases(document, layout)
        return next(case.document for case in cases if not case.valid)

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        # A document keeps the form that it has: a size beside a resolution would violate another rule.
        field = "size" if "size" in document else "resolution"
        for name, resolution in self.resolution_by_name.items():
            if (name != resolution) == (field == "size"):
                valid = resolution in self.model.resolutions
                changed = {**document, "model": self.model.name, field: name}
                yield BoundaryCase(changed, valid, name, gross=not valid)


def resolutions_by_name(sizes: Iterable[Size]) -> Mapping[str, str]:
    """Map the text of each size, and each resolution itself, to the resolution."""
    rows = tuple(sizes)
    return {row.text: row.resolution for row in rows} | {row.resolution: row.resolution for row in rows}


class MaxReferences(Rule, frozen=True):
    """A document has at most `limit` references of a kind and role."""

    media: MediaKind
    limit: int
    role: Role = Role.REFERENCE
    depends_on: ClassVar[str] = "references"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        count = sum(
            located.reference.kind is self.media and located.reference.role is self.role for located in references
        )
        if count <= self.limit:
            return None
        what = f"{self.role.replace('_', ' ')} {self.media}"
        message = f"{self.field} holds {count} of {what}; allowed: at most {self.limit}"
        return self._violation(self.field, count, f"at most {self.limit}", message)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return self._with_count(document, layout, self.limit + 1)

    def _with_count(self, document: Document, layout: ReferenceLayout, count: int) -> dict[str, Any]:
        # Sounds alone, and a last frame without a first, would break another rule.
        anchor = [] if self.media is not MediaKind.AUDIO else [sample_reference(MediaKind.IMAGE)]
        first = [sample_reference(MediaKind.IMAGE, Role.FIRST_FRAME)] if self.role is Role.LAST_FRAME else []
        return layout.place(document, [*anchor, *first, *[sample_reference(self.media, self.role)] * count])

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        for count in dict.fromkeys((1, self.limit)):
            yield BoundaryCase(self._with_count(document, layout, count), True, count)
        excess = self.limit + GROSS_EXCESS
        yield BoundaryCase(self._with_count(document, layout, excess), False, excess, gross=True)
        yield BoundaryCase(self._with_count(document, layout, self.limit + 1), False, self.limit + 1)


class RequiresOtherMedia(Rule, frozen=True):
    """References of a kind require a reference of one of the kinds `anchors` beside them."""

    media: MediaKind
    anchors: tuple[MediaKind, ...]
    depends_on: ClassVar[str] = "references"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        kinds = {located.reference.kind for located in references}
        if self.media not in kinds or kinds & set(self.anchors):
            return None
        allowed = f"{self.media} only beside at least one {' or '.join(self.anchors)}"
        message = f"{self.field} holds {self.media} references alone; allowed: {allowed}"
        return self._violation(self.field, self.media.value, allowed, message)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return layout.place(document, [sample_reference(self.media)])

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        valid = ([sample_reference(self.media), sample_reference(kind)] for kind in self.anchors)
        yield from _reference_cases(document, layout, valid, [[sample_reference(self.media)]])


class FramesExcludeReferences(Rule, frozen=True):
    """First and last frames exclude references of every kind."""

    depends_on: ClassVar[str] = "references"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        frame = next((located for located in references if located.reference.role is not Role.REFERENCE), None)
        other = next((located for located in references if located.reference.role is Role.REFERENCE), None)
        if frame is None or other is None:
            return None
        allowed = "either frames or references"
        message = f"{frame.path} is a frame and {other.path} a reference; allowed: {allowed}"
        return self._violation(frame.path, frame.reference.url, allowed, message)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        first = sample_reference(MediaKind.IMAGE, Role.FIRST_FRAME)
        return layout.place(document, [first, sample_reference(MediaKind.IMAGE)])

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        first = sample_reference(MediaKind.IMAGE, Role.FIRST_FRAME)
        others = [sample_reference(kind) for kind in MediaKind]
        yield from _reference_cases(document, layout, [[first], others], [[first, other] for other in others])


class LastFrameRequiresFirst(Rule, frozen=True):
    """A last frame requires a first frame."""

    depends_on: ClassVar[str] = "references"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        last = next((located for located in references if located.reference.role is Role.LAST_FRAME), None)
        if last is None or any(located.reference.role is Role.FIRST_FRAME for located in references):
            return None
        allowed = "a first frame beside a last frame"
        message = f"{last.path} is a last frame without a first; allowed: {allowed}"
        return self._violation(last.path, last.reference.url, allowed, message)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return layout.place(document, [sample_reference(MediaKind.IMAGE, Role.LAST_FRAME)])

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        first, last = (sample_reference(MediaKind.IMAGE, role) for role in (Role.FIRST_FRAME, Role.LAST_FRAME))
        yield from _reference_cases(document, layout, [[last, first], [first]], [[last]])


class ItemHasUrl(ValueRule, frozen=True):
    """An item of an array has a URL in the object that its type names: `{"type": T, T: {"url": U}}`."""

    types: tuple[str, ...]
    kind: ClassVar[ErrorKind] = ErrorKind.MISSING_PARAMETER

    def check_value(self, path: str, value: Any) -> Violation | None:
        type_ = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(type_, str) or type_ not in self.types:
            return None
        media = value.get(type_)
        if media is not None and not isinstance(media, Mapping):
            return None  # the rule on the type of that field reports it
        url = media.get("url") if media is not None else None
        if not isinstance(url, str) or not url.strip():
            at, allowed = f"{path}.{type_}.url", f"the URL of this {type_}"
            problem = "missing" if url is None else format_value(url)
            return self._violation(at, url, allowed, f"{at} is {problem}; expected {allowed}")
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return self._without_url(with_one_reference(document, layout))[0]

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        for arranged in with_each_reference(document, layout):
            without_url, type_ = self._without_url(arranged)
            yield BoundaryCase(arranged, True, type_)
            yield BoundaryCase(without_url, False, type_, gross=True)

    def _without_url(self, document: Document) -> tuple[dict[str, Any], str]:
        """The document without the media of its first reference, and the type of that."""
        types = values_at(document, f"{self.field}.type")
        path, type_ = next((path, type_) for path, type_ in types if type_ in self.types)
        return with_value(document, f"{path.removesuffix('.type')}.{type_}", MISSING), type_


class RoleMatchesType(ValueRule, frozen=True):
    """The role of an item is one of its type: an image cannot be a `reference_video`. `roles` maps role to type."""

    roles: Mapping[str, str]

    def check_value(self, path: str, value: Any) -> Violation | None:
        if not isinstance(value, Mapping):
            return None
        type_, role = value.get("type"), value.get("role")
        type_of_role = self.roles.get(role) if isinstance(role, str) else None
        if type_of_role and type_ in self.roles.values() and type_ != type_of_role:
            allowed = ", ".join(name for name, of in self.roles.items() if of == type_)
            return self._violation(f"{path}.role", role, f"for {type_}: {allowed}")
        return None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        placed = layout.place(document, [sample_reference(MediaKind.IMAGE)])
        return with_value(placed, f"{self.field}.role", "reference_video")

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        for arranged in with_each_reference(document, layout):
            type_, role = (values_at(arranged, f"{self.field}.{name}")[0][1] for name in ("type", "role"))
            yield BoundaryCase(arranged, True, role)
            for other in [name for name, of in self.roles.items() if of != type_]:
                yield BoundaryCase(with_value(arranged, f"{self.field}.role", other), False, other, gross=True)


def _reference_cases(
    document: Document,
    layout: ReferenceLayout,
    valid: Iterable[Sequence[Reference]],
    invalid: Iterable[Sequence[Reference]],
) -> Iterator[BoundaryCase]:
    for is_valid, combinations in ((True, valid), (False, invalid)):
        for references in combinations:
            value = " + ".join(f"{reference.role} {reference.kind}" for reference in references)
            yield BoundaryCase(layout.place(document, references), is_valid, value, gross=not is_valid)
