"""Layouts of references in request documents, as data: flat fields, or an array of typed items.

Each layout finds references and places them. Knows no upstream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol

from msgspec import Struct

from ..enums import MediaKind, Role
from ..facts import Document
from ..generation import Reference
from .paths import is_object, values_at

ASSET_SCHEME = "asset://"
"""Scheme of a URL that refers to an uploaded asset by its id."""


class LocatedReference(Struct, frozen=True):
    """A reference and its path in the document, such as `reference_image_urls[2]`."""

    path: str
    reference: Reference


class ReferenceLayout(Protocol):
    """Form in which the request documents of an upstream contain references."""

    @property
    def types_by_role(self) -> Mapping[str, str]:
        """Type of the items of each role; empty for a layout without typed items."""
        ...

    def find(self, document: Document) -> tuple[LocatedReference, ...]:
        """Find every well-formed reference, in the layout's order; rules on types report malformed ones."""
        ...

    def unread(self, document: Document) -> Iterator[tuple[str, str]]:
        """Known fields for references that `find` passes over although they are well-formed: (path, reason)."""
        ...

    def place(self, document: Document, references: Iterable[Reference]) -> dict[str, Any]:
        """Copy a document with exactly these references. Raises ValueError for one that the layout cannot hold."""
        ...


class Slot(Struct, frozen=True):
    """A top-level field for references: one URL, or a list of URLs if `many`."""

    field: str
    kind: MediaKind
    role: Role
    many: bool = False


class FlatFields(Struct, frozen=True):
    """References in top-level fields, one field for each kind and role."""

    slots: tuple[Slot, ...]

    @property
    def types_by_role(self) -> Mapping[str, str]:
        return {}

    def find(self, document: Document) -> tuple[LocatedReference, ...]:
        return tuple(
            LocatedReference(path, Reference(slot.kind, url, slot.role))
            for slot in self.slots
            if slot.field in document
            for path, url in _urls(slot, document[slot.field])
            if isinstance(url, str)
        )

    def unread(self, document: Document) -> Iterator[tuple[str, str]]:
        return iter(())

    def place(self, document: Document, references: Iterable[Reference]) -> dict[str, Any]:
        fields = {slot.field for slot in self.slots}
        placed = {name: value for name, value in document.items() if name not in fields}
        for reference in references:
            slot = next((s for s in self.slots if (s.kind, s.role) == (reference.kind, reference.role)), None)
            if slot is None:
                raise ValueError(f"no field for {reference.kind} as {reference.role}")
            placed[slot.field] = [*placed.get(slot.field, ()), reference.url] if slot.many else reference.url
        return placed


# Without slots: the cached property is kept in the instance's dictionary.
class ContentArray(Struct, frozen=True, dict=True):
    """References as items `{"type": T, "role": R, T: {"url": U}}` of the array at `path`.

    Items of the types `others`, such as texts, are no references; placing references does not remove them.
    """

    path: str
    types: Mapping[str, MediaKind]
    roles: Mapping[str, tuple[MediaKind, Role]]
    others: frozenset[str] = frozenset()

    @cached_property
    def types_by_role(self) -> Mapping[str, str]:
        types = {kind: type_ for type_, kind in self.types.items()}
        return {role: types[kind] for role, (kind, _) in self.roles.items()}

    def find(self, document: Document) -> tuple[LocatedReference, ...]:
        top, _, inner = self.path.partition(".")
        if top not in document:
            return ()
        # By hand where the array is as deep as those of the vendors are: it is read for each order.
        outer = document[top]
        items = outer if not inner else outer.get(inner) if type(outer) is dict else None
        located = (
            [self._read(f"{self.path}[{index}]", item) for index, item in enumerate(items)]
            if type(items) is list
            else [self._read(path, item) for path, item in values_at(document, f"{self.path}[]")]
        )
        return tuple([reference for reference in located if reference is not None])

    def _read(self, path: str, item: Any) -> LocatedReference | None:
        if not is_object(item):
            return None
        type_, role = item.get("type"), item.get("role")
        kind = self.types.get(type_) if isinstance(type_, str) else None
        media = item.get(type_) if kind and isinstance(type_, str) else None
        url = media.get("url") if is_object(media) else None
        if kind is None or not isinstance(url, str):
            return None
        # Without a role an item is a reference of its kind; a role of another type is reported by a rule.
        known_role = self.roles.get(role) if isinstance(role, str) else None
        return LocatedReference(path, Reference(kind, url, known_role[1] if known_role else Role.REFERENCE))

    def unread(self, document: Document) -> Iterator[tuple[str, str]]:
        top, _, inner = self.path.partition(".")
        if document.get(top) is None:
            return
        items = values_at(document, f"{self.path}[]")
        if inner and not items:
            yield top, f"{top} names no {inner}"
        for path, item in items:
            type_ = item.get("type") if isinstance(item, Mapping) else None
            for other in self.types if isinstance(type_, str) and type_ in self.types else ():
                if other != type_ and item.get(other) is not None:
                    yield f"{path}.{other}", f"{path} is of type {type_}, so that its {other} is not used"

    def place(self, document: Document, references: Iterable[Reference]) -> dict[str, Any]:
        top, _, inner = self.path.partition(".")
        placed = {name: value for name, value in document.items() if name != top}
        items = [*self._other_items(document), *map(self._item, references)]
        return {**placed, top: {inner: items} if inner else items} if items else placed

    def _other_items(self, document: Document) -> list[Any]:
        if not self.others:
            return []
        items = (item for _, item in values_at(document, f"{self.path}[]"))
        return [item for item in items if isinstance(item, Mapping) and item.get("type") in self.others]

    def _item(self, reference: Reference) -> dict[str, Any]:
        type_ = next((name for name, kind in self.types.items() if kind is reference.kind), None)
        role = next((name for name, pair in self.roles.items() if pair == (reference.kind, reference.role)), None)
        if type_ is None or role is None:
            raise ValueError(f"no role for {reference.kind} as {reference.role}")
        return {"type": type_, "role": role, type_: {"url": reference.url}}


def _urls(slot: Slot, value: Any) -> Iterator[tuple[str, Any]]:
    if not slot.many:
        yield slot.field, value
    elif isinstance(value, list):
        for index, url in enumerate(value):
            yield f"{slot.field}[{index}]", url
