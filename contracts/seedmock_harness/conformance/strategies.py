"""Strategies for valid request bodies, derived from a contract alone. Boundary values are the likeliest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import MediaKind, Operation, Role
from seedmock_contracts.facts import Document, Field, Model
from seedmock_contracts.generation import Reference
from seedmock_contracts.rules.boundaries import sample_reference
from seedmock_contracts.rules.cross_field import AtLeastOneOf, MaxReferences, ModelResolutions, RequiresOtherMedia
from seedmock_contracts.rules.fields import (
    MaxLength,
    NumberRange,
    OneOf,
    RequiredField,
    UnsupportedField,
    UrlScheme,
    WholeNumber,
)
from seedmock_contracts.validation import rules_in_force

from ..driver.sample_media import image_uri

PROMPTS = (
    "A kite over a field.",
    "-",
    "风筝在田野上空，镜头缓慢推进。",
    "She says: \"Turn left!\" \\ and 'right'\n\tthen waves 👋🏽.",
    "Ünïcødé ﬁ \u202eright to left\u202c e\u0301 \u200b\ufeff \U0001f468\u200d\U0001f469\u200d\U0001f467",
    # One word more than is advised, which is to be accepted.
    "word " * 1001,
)
NAMES = ("lead", "名", "a/b?c=d&e", " padded ")
EXTRA_FIELDS: tuple[Document, ...] = (
    {"watermark": False},
    {"x_unknown": [1, {"deep": None}]},
    {"": ""},
    {"n": 3, "user": 0},
)
OPEN_RANGE = 1000
"""How far above its lower bound a number without an upper bound goes."""
NEAR_BOUND = 12
"""How many numbers next to a bound are drawn."""
# Above the lower limit of 300.
IMAGE_SIDE = 320
ReferenceUrls = Mapping[MediaKind, Sequence[str]]


def reference_urls(contract: Contract) -> ReferenceUrls:
    """URLs that references can have without anything created before, by kind: one for each allowed scheme."""
    schemes = next((rule.schemes for rule in contract.rules[Operation.CREATE] if isinstance(rule, UrlScheme)), ())
    urls_by_kind = {kind: [sample_reference(kind).url] for kind in MediaKind}
    for kind, urls in urls_by_kind.items():
        urls += [urls[0].replace("https://", scheme) for scheme in schemes if scheme == "http://"]
        urls += [image_uri(IMAGE_SIDE, IMAGE_SIDE)] if "data:" in schemes and kind is MediaKind.IMAGE else []
    return urls_by_kind


def valid_documents(
    contract: Contract,
    operation: Operation,
    *,
    media: ReferenceUrls | None = None,
    variants: Mapping[str, str] | None = None,
) -> st.SearchStrategy[dict[str, Any]]:
    """Documents that break no rule of an operation, under these options of variants or the defaults.

    `media`: at least one URL of references for each kind.
    """
    return _documents(_DocumentPlan(contract, operation, media or reference_urls(contract), variants or {}))


class _DocumentPlan:
    """The fields of one operation and their strategies, prepared once.

    `reference_fields`: the fields that references are written into, by kind and role. `aliases`: other fields for
    references. `field_groups`: groups of fields of which one is required.
    """

    def __init__(
        self, contract: Contract, operation: Operation, media: ReferenceUrls, variants: Mapping[str, str]
    ) -> None:
        self.contract, self.operation, self.media = contract, operation, media
        self.rules = rules_in_force(contract, operation, variants)
        self.reference_fields = _reference_fields(contract) if operation is Operation.CREATE else {}
        self.written = {name for names in self.reference_fields.values() for name in names}
        self.models = st.sampled_from([m for m in contract.models if m.upscales == (operation is Operation.UPSCALE)])
        groups = next((rule.groups for rule in self.rules if isinstance(rule, AtLeastOneOf)), ())
        self.field_groups = st.sampled_from(groups) if groups else None
        self.fields = {field.path: field for field in contract.fields if self._is_drawn_alone(field)}
        self.aliases = {name: field for name, field in self.fields.items() if self._is_alias(name)}
        required = [rule for rule in self.rules if isinstance(rule, RequiredField) and rule.field in self.fields]
        self.required = {rule.field: rule.unless for rule in required}
        grouped = {name for group in groups for name in group}
        self.optional = [name for name in self.fields if name not in {*grouped, *self.required, *self.aliases}]
        documented = {field.path.partition(".")[0] for field in contract.fields if field.operation is operation}
        extra = (fields for fields in EXTRA_FIELDS if not documented & set(fields))
        nulls = dict.fromkeys((*self.fields, *self.written))  # null has the meaning of an absent field
        self.extra_fields = st.sampled_from([*[{}] * 6, *extra, nulls])
        self.choices = st.integers(0, 2 ** len(self.optional) - 1)
        self.modes = st.sampled_from([(), *dict.fromkeys(mode.roles for mode in contract.modes)])
        self.has_nested_prompt = operation is Operation.CREATE and "[" in contract.request.path("prompt")
        self.values, self.counts = cache(self._values), cache(self._counts)

    def _is_drawn_alone(self, field: Field) -> bool:
        """True for a supported top-level field that the layout of references does not write."""
        unsupported = any(isinstance(rule, UnsupportedField) and rule.field == field.path for rule in self.rules)
        is_top_level = not {".", "["} & set(field.path)
        return field.operation is self.operation and is_top_level and not unsupported and field.path not in self.written

    def _is_alias(self, name: str) -> bool:
        document = {name: ["https://example.com/a"]}
        return self.operation is Operation.CREATE and bool(self.contract.request.layout.find(document))

    def _values(self, name: str, model: Model | None) -> st.SearchStrategy[Any]:
        """Valid values of a field in an order of this model."""
        field = self.fields[name]
        rules = [rule for rule in self.rules if rule.field == name]
        for rule in rules:
            if isinstance(rule, OneOf):
                return st.sampled_from([value for value in rule.allowed if self._renders(model, value)])
            if isinstance(rule, NumberRange):
                return _numbers(rule.low, rule.high, field.types)
            if isinstance(rule, UrlScheme):
                return st.sampled_from([f"{scheme}example.com/{name}" for scheme in rule.schemes if "http" in scheme])
            if isinstance(rule, MaxLength):
                return st.sampled_from([*NAMES, "n" * rule.limit, "名" * rule.limit])
        if any(isinstance(rule, WholeNumber) for rule in rules):
            return _numbers(1, None, field.types)
        return st.booleans() if "boolean" in field.types else _prompts

    def _counts(self, kind: MediaKind) -> st.SearchStrategy[int]:
        """Numbers of references of a kind: none, one and the maximum are the likeliest."""
        rules = (rule for rule in self.rules if isinstance(rule, MaxReferences) and rule.role is Role.REFERENCE)
        limit = next((rule.limit for rule in rules if rule.media is kind), 1)
        return st.sampled_from([0, 1, limit, 0, 1, limit, *range(limit)])

    def reference(self, kind: MediaKind, index: int, role: Role = Role.REFERENCE) -> Reference:
        """The reference of a kind at this index, which wraps around."""
        return Reference(kind, self.media[kind][index % len(self.media[kind])], role)

    def _renders(self, model: Model | None, value: str) -> bool:
        rules = [rule for rule in self.rules if isinstance(rule, ModelResolutions) and rule.model is model]
        return all(rule.resolution_by_name.get(value) in (None, *rule.model.resolutions) for rule in rules)


_short_texts = st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: f"A kite {text}")
_prompts = st.sampled_from(PROMPTS) | _short_texts
_booleans, _indices = st.booleans(), st.sampled_from(range(4))


def _reference_fields(contract: Contract) -> dict[tuple[MediaKind, Role], tuple[str, ...]]:
    """The fields that a reference is written into, for each kind and role that the layout supports."""
    fields = {}
    for kind in MediaKind:
        for role in Role:
            try:
                fields[kind, role] = tuple(contract.request.layout.place({}, [sample_reference(kind, role)]))
            except ValueError:
                continue
    return fields


def _numbers(low: int, high: int | None, types: Sequence[str]) -> st.SearchStrategy[Any]:
    """Whole numbers between two bounds, in each of the JSON types; the bounds are the likeliest."""
    top = low + OPEN_RANGE if high is None else high
    near_bounds = (*range(low, min(low + NEAR_BOUND, top)), *range(max(low, top - NEAR_BOUND), top))
    numbers = [low, top, top, low, (low + top) // 2, *near_bounds]
    forms: list[Callable[[int], Any]] = [int] if {"integer", "number"} & set(types) else []
    forms += [str] if "string" in types else []
    forms += [float] if "number" in types else []
    return st.sampled_from([form(number) for number in numbers for form in forms])


@st.composite
def _documents(draw: st.DrawFn, plan: _DocumentPlan) -> dict[str, Any]:
    references = draw(_references(plan)) if plan.reference_fields else []
    request, model_field = plan.contract.request, plan.contract.request.path("model", plan.operation)
    model = draw(plan.models) if model_field in plan.fields else None
    document: dict[str, Any] = {} if model is None else {model_field: model.name}
    if plan.has_nested_prompt:
        document = request.write({**request.skeleton, **document}, {"prompt": draw(_prompts)})
    choices = draw(plan.choices)
    kinds = {reference.kind for reference in references}
    names = [name for name, unless in plan.required.items() if not kinds & set(unless) or choices & 1]
    names += draw(plan.field_groups) if plan.field_groups is not None else ()
    names += [name for bit, name in enumerate(plan.optional) if choices >> bit & 1]
    for name in names:
        if name not in document:
            document[name] = draw(plan.values(name, model))
    placed = request.layout.place(document, references) if references else document
    if plan.aliases and references and draw(_booleans):
        placed = _with_alias(plan, placed)
    return {**draw(plan.extra_fields), **placed}


def _with_alias(plan: _DocumentPlan, document: dict[str, Any]) -> dict[str, Any]:
    """Move a reference to its alias, if it has one."""
    for alias in plan.aliases:
        reference = plan.contract.request.layout.find({alias: ["https://example.com/a"]})[0].reference
        (field,) = plan.reference_fields[reference.kind, reference.role]
        if document.get(field) is not None:
            document[alias] = [document.pop(field)]
    return document


@st.composite
def _references(draw: st.DrawFn, plan: _DocumentPlan) -> list[Reference]:
    """References of one of the upstream's modes: frames, or a number of each kind that is allowed together."""
    roles = draw(plan.modes)
    if not roles:
        return []
    index = draw(_indices)
    if Role.REFERENCE not in roles:
        return [plan.reference(MediaKind.IMAGE, index + at, role) for at, role in enumerate(roles)]
    counts = {kind: draw(plan.counts(kind)) for kind in MediaKind}
    for rule in plan.rules:
        is_alone = isinstance(rule, RequiresOtherMedia) and not any(counts[kind] for kind in rule.anchors)
        if isinstance(rule, RequiresOtherMedia) and is_alone and counts[rule.media]:
            counts[rule.anchors[0]] = 1
    return [plan.reference(kind, index + at) for kind, count in counts.items() for at in range(count)]
