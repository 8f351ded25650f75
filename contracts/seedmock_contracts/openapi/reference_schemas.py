"""Conditions on the references of an order, in the two layouts that requests have: flat fields, and typed items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..documents.references import ContentArray, FlatFields, ReferenceLayout, Slot
from ..enums import MediaKind, Role
from ..rules.cross_field import (
    FramesExcludeReferences,
    LastFrameRequiresFirst,
    MaxReferences,
    RequiresOtherMedia,
)
from ..rules.fields import RequiredField, RequiredItem
from ..rules.rule import Rule
from .annotations import Schema
from .schema_tree import nested, schema_at
from .value_schemas import NOT_BLANK

ALL_KINDS, ALL_ROLES = tuple(MediaKind), tuple(Role)
FRAMES = (Role.FIRST_FRAME, Role.LAST_FRAME)
# Conditions name no type of an array: the field does, and linters want items beside each.
NOT_BLANK_TEXT: Schema = {"type": "string", "pattern": NOT_BLANK}


class References:
    """Schemas of documents that have references of some kinds and roles, in the layout of an upstream."""

    def __init__(self, layout: ReferenceLayout) -> None:
        self._layout = layout

    @property
    def is_known(self) -> bool:
        """True for a layout whose conditions a schema can say; others are said in words."""
        return isinstance(self._layout, FlatFields | ContentArray)

    def present(self, kinds: Iterable[MediaKind] = ALL_KINDS, roles: Iterable[Role] = ALL_ROLES) -> Schema:
        """Schema of a document with at least one reference of these kinds and roles."""
        wanted_kinds, wanted_roles = tuple(kinds), tuple(roles)
        if isinstance(self._layout, FlatFields):
            slots = [slot for slot in self._layout.slots if slot.kind in wanted_kinds and slot.role in wanted_roles]
            return _any_of([_filled(slot) for slot in slots])
        assert isinstance(self._layout, ContentArray)
        items = [_item(self._layout, kind, role) for kind in wanted_kinds for role in wanted_roles]
        return nested(self._layout.path, {"contains": _any_of([item for item in items if item])})

    def limit(self, root: Schema, rule: MaxReferences) -> bool:
        """Add the greatest number of references to a schema; False if it cannot say so."""
        if isinstance(self._layout, FlatFields):
            slots = [slot for slot in self._layout.slots if (slot.kind, slot.role) == (rule.media, rule.role)]
            if len(slots) != 1 or not slots[0].many:
                return False
            schema_at(root, slots[0].field)["maxItems"] = rule.limit
            return True
        assert isinstance(self._layout, ContentArray)
        item = _item(self._layout, rule.media, rule.role)
        counted = {"contains": item, "minContains": 0, "maxContains": rule.limit}
        schema_at(root, self._layout.path).setdefault("allOf", []).append(counted)
        return True


def _filled(slot: Slot) -> Schema:
    schema: Schema = {"required": [slot.field]}
    return {**schema, "properties": {slot.field: {"minItems": 1}}} if slot.many else schema


def _item(layout: ContentArray, kind: MediaKind, role: Role) -> Schema:
    """Schema of an item that is a reference of a kind and role; one without a role is a reference of its kind."""
    type_ = next((name for name, media in layout.types.items() if media is kind), None)
    roles = [name for name, pair in layout.roles.items() if pair == (kind, role)]
    if type_ is None or not (roles or role is Role.REFERENCE):
        return {}
    schema: Schema = {"type": "object", "required": ["type"], "properties": {"type": {"const": type_}}}
    if role is not Role.REFERENCE:
        return {**schema, "required": ["type", "role"], "properties": {**schema["properties"], "role": {"enum": roles}}}
    others = [name for name, (_, other) in layout.roles.items() if other is not Role.REFERENCE]
    return {**schema, "properties": {**schema["properties"], "role": {"not": {"enum": others}}}} if others else schema


def _any_of(schemas: list[Schema]) -> Schema:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _required_or_reference(references: References, rule: RequiredField) -> Schema:
    by_value = {"required": [rule.field], "properties": {rule.field: NOT_BLANK_TEXT}}
    return {"anyOf": [by_value, references.present(rule.unless)]}


def _frames_or_references(references: References, _: FramesExcludeReferences) -> Schema:
    both = [references.present(roles=FRAMES), references.present(roles=(Role.REFERENCE,))]
    return {"not": {"allOf": both}}


def _first_with_last(references: References, _: LastFrameRequiresFirst) -> Schema:
    last, first = (references.present(roles=(role,)) for role in (Role.LAST_FRAME, Role.FIRST_FRAME))
    return {"if": last, "then": first}


def _anchored(references: References, rule: RequiresOtherMedia) -> Schema:
    return {"if": references.present((rule.media,)), "then": references.present(rule.anchors)}


def _required_item(_: References, rule: RequiredItem) -> Schema:
    array, _brackets, key = rule.field.partition("[].")
    return nested(array, {"contains": nested(key, NOT_BLANK_TEXT)})


CONDITIONS: Mapping[type[Rule], Callable[[References, Any], Schema]] = {
    RequiredField: _required_or_reference,
    FramesExcludeReferences: _frames_or_references,
    LastFrameRequiresFirst: _first_with_last,
    RequiresOtherMedia: _anchored,
    RequiredItem: _required_item,
}
"""Conditions on the document as a whole, by the kind of rule."""
