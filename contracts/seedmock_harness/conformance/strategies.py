"""Documents to say to an upstream, drawn from its contract alone: right ones, ones with one fault, and hostile ones.

Boundary values come first. Knows no upstream by name: fields, figures, layouts and schemes are the contract's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import with_value
from seedmock_contracts.enums import MediaKind, Operation, Role
from seedmock_contracts.facts import Document, Field, Model
from seedmock_contracts.generation import Reference
from seedmock_contracts.rules.boundaries import sample_reference
from seedmock_contracts.rules.cross_field import AtLeastOneOf, MaxReferences, ModelResolutions, RequiresOtherMedia
from seedmock_contracts.rules.fields import (
    JsonType,
    MaxLength,
    NumberRange,
    OneOf,
    RequiredField,
    UnsupportedField,
    UrlScheme,
    WholeNumber,
)
from seedmock_contracts.rules.rule import Rule, ValueRule
from seedmock_contracts.validation import condition, violations

from ..driver.sample_media import picture
from .hostile_bodies import TITLES, HostileBody, hostile_body

PROMPTS = (
    "A kite over a field.",
    "-",
    "风筝在田野上空，镜头缓慢推进。",
    "She says: \"Turn left!\" \\ and 'right'\n\tthen waves 👋🏽.",
    "Ünïcødé ﬁ \u202eright to left\u202c e\u0301 \u200b\ufeff \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "word " * 1001,
)
NAMES = ("lead", "名", "a/b?c=d&e", " padded ")
EXTRA: tuple[Document, ...] = ({"watermark": False}, {"x_unknown": [1, {"deep": None}]}, {"": ""}, {"n": 3, "user": 0})
FAR, FEW = 1000, 12
SIDE = 320
WRONG: tuple[Any, ...] = (7, "seven", {"unexpected": True}, [7], True, 7.5, [], {}, -(2**63))
BLANK = (None, "", " ", "\t\n", "\u3000")
STRANGE = ("ftp://example.com/x", "javascript:alert(1)", "//example.com/x", "example.com/x", "file:///etc/passwd", "")
FRACTIONS = (4.5, "4.5", "four", "4s", "0x4", "\u0664", "4.0000001", " ")
ReferenceUrls = Mapping[MediaKind, Sequence[str]]


def reference_urls(contract: Contract) -> ReferenceUrls:
    """What references may be without anything having been made before: under each open scheme, a picture as data."""
    schemes = next((rule.schemes for rule in contract.rules[Operation.CREATE] if isinstance(rule, UrlScheme)), ())
    found = {kind: [sample_reference(kind).url] for kind in MediaKind}
    for kind, plain in found.items():
        plain += [plain[0].replace("https://", scheme) for scheme in schemes if scheme == "http://"]
        plain += [picture(SIDE, SIDE)] if "data:" in schemes and kind is MediaKind.IMAGE else []
    return found


def documents(
    contract: Contract,
    operation: Operation,
    *,
    media: ReferenceUrls | None = None,
    variants: Mapping[str, str] | None = None,
) -> st.SearchStrategy[dict[str, Any]]:
    """Documents that keep every rule of an operation, at the defaults of its variants or under others.

    `media` are the URLs that references may have, by kind: at least one each.
    """
    return _drawn(_Plan(contract, operation, media or reference_urls(contract), variants or {}))


class _Plan:
    """How the documents of one operation are put together: the contract, read once."""

    def __init__(
        self, contract: Contract, operation: Operation, media: ReferenceUrls, variants: Mapping[str, str]
    ) -> None:
        self.contract, self.operation, self.media = contract, operation, media
        self.rules = rules_in_force(contract, operation, variants)
        self.places = _places(contract) if operation is Operation.CREATE else {}
        self.written = {name for places in self.places.values() for name in places}
        self.models = st.sampled_from([m for m in contract.models if m.upscales == (operation is Operation.UPSCALE)])
        ways = next((rule.groups for rule in self.rules if isinstance(rule, AtLeastOneOf)), ())
        self.ways = st.sampled_from(ways) if ways else None
        self.fields = {field.path: field for field in contract.fields if self._stands_alone(field)}
        self.aliases = {name: field for name, field in self.fields.items() if self._found(name)}
        present = [rule for rule in self.rules if isinstance(rule, RequiredField) and rule.field in self.fields]
        self.needed = {rule.field: rule.unless for rule in present}
        grouped = {name for way in ways for name in way}
        self.free = [name for name in self.fields if name not in {*grouped, *self.needed, *self.aliases}]
        known = {field.path.partition(".")[0] for field in contract.fields if field.operation is operation}
        nulls = dict.fromkeys((*self.fields, *self.written))  # null means left out
        self.besides = st.sampled_from([*[{}] * 6, *(extra for extra in EXTRA if not known & set(extra)), nulls])
        self.chosen = st.integers(0, 2 ** len(self.free) - 1)
        self.modes = st.sampled_from([(), *dict.fromkeys(mode.roles for mode in contract.modes)])
        self.nested_prompt = "[" in contract.request.path("prompt")
        self.values, self.count = cache(self._values), cache(self._counts)

    def _stands_alone(self, field: Field) -> bool:
        """Whether a field is at the top, accepted, and not one that the layout of references writes."""
        barred = any(isinstance(rule, UnsupportedField) and rule.field == field.path for rule in self.rules)
        at_top = not {".", "["} & set(field.path)
        return field.operation is self.operation and at_top and not barred and field.path not in self.written

    def _found(self, name: str) -> bool:
        """Whether a field is another place for references."""
        return self.operation is Operation.CREATE and bool(
            self.contract.request.layout.find({name: ["https://example.com/a"]})
        )

    def _values(self, name: str, model: Model | None) -> st.SearchStrategy[Any]:
        """What a field may hold beside a model."""
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
        """How many references of a kind: up to its limit, which is the likeliest, as are none and one."""
        rules = (rule for rule in self.rules if isinstance(rule, MaxReferences) and rule.role is Role.REFERENCE)
        limit = next((rule.limit for rule in rules if rule.media is kind), 1)
        return st.sampled_from([0, 1, limit, 0, 1, limit, *range(limit)])

    def reference(self, kind: MediaKind, turn: int, role: Role = Role.REFERENCE) -> Reference:
        """One of the references that there are, by turns."""
        return Reference(kind, self.media[kind][turn % len(self.media[kind])], role)

    def _renders(self, model: Model | None, value: str) -> bool:
        refusing = [rule for rule in self.rules if isinstance(rule, ModelResolutions) and rule.model is model]
        return all(rule.resolution_by_name.get(value) in (None, *rule.model.resolutions) for rule in refusing)


_texts = st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: f"A kite {text}")
_prompts = st.sampled_from(PROMPTS) | _texts
_either, _turn = st.booleans(), st.sampled_from(range(4))


def rules_in_force(contract: Contract, operation: Operation, variants: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules of an operation under the options of variants; those left out are at their defaults."""
    chosen = {**contract.defaults, **variants}
    conditions = [(rule, condition(rule)) for rule in contract.rules.get(operation, ())]
    return tuple(rule for rule, only in conditions if only is None or chosen[only[0]] == only[1])


def _places(contract: Contract) -> dict[tuple[MediaKind, Role], tuple[str, ...]]:
    """For each kind and role that a reference can have, the fields that it is written into."""
    places = {}
    for kind in MediaKind:
        for role in Role:
            try:
                places[kind, role] = tuple(contract.request.layout.place({}, [sample_reference(kind, role)]))
            except ValueError:
                continue
    return places


def _numbers(low: int, high: int | None, types: Sequence[str]) -> st.SearchStrategy[Any]:
    """A whole number between two bounds, as each JSON type that may say it; the bounds are the likeliest."""
    most = low + FAR if high is None else high
    near = [
        low,
        most,
        most,
        low,
        (low + most) // 2,
        *range(low, min(low + FEW, most)),
        *range(max(low, most - FEW), most),
    ]
    forms: list[Callable[[int], Any]] = [int] if {"integer", "number"} & set(types) else []
    forms += [str] if "string" in types else []
    forms += [float] if "number" in types else []
    return st.sampled_from([form(number) for number in near for form in forms])


@st.composite
def _drawn(draw: st.DrawFn, plan: _Plan) -> dict[str, Any]:
    references = draw(_references(plan)) if plan.places else []
    request, create = plan.contract.request, plan.operation is Operation.CREATE
    model = draw(plan.models) if request.path("model", plan.operation) in plan.fields else None
    document: dict[str, Any] = {} if model is None else {request.path("model", plan.operation): model.name}
    if create and plan.nested_prompt:
        document = request.write({**request.skeleton, **document}, {"prompt": draw(_prompts)})
    chosen = draw(plan.chosen)
    kinds = {reference.kind for reference in references}
    names = [name for name, unless in plan.needed.items() if not kinds & set(unless) or chosen & 1]
    names += draw(plan.ways) if plan.ways is not None else ()
    names += [name for bit, name in enumerate(plan.free) if chosen >> bit & 1]
    for name in names:
        if name not in document:
            document[name] = draw(plan.values(name, model))
    placed = plan.contract.request.layout.place(document, references) if references else document
    if plan.aliases and references and draw(_either):
        placed = _elsewhere(plan, placed)
    return {**draw(plan.besides), **placed}


def _elsewhere(plan: _Plan, document: dict[str, Any]) -> dict[str, Any]:
    """The document with references in their other place, if they have one."""
    for alias in plan.aliases:
        found = plan.contract.request.layout.find({alias: ["https://example.com/a"]})[0].reference
        (usual,) = plan.places[found.kind, found.role]
        if document.get(usual) is not None:
            document[alias] = [document.pop(usual)]
    return document


@st.composite
def _references(draw: st.DrawFn, plan: _Plan) -> list[Reference]:
    """What one of the upstream's modes takes: frames, or some of each kind up to its limit, anchored."""
    roles = draw(plan.modes)
    if not roles:
        return []
    turn = draw(_turn)
    if Role.REFERENCE not in roles:
        return [plan.reference(MediaKind.IMAGE, turn + at, role) for at, role in enumerate(roles)]
    counts = {kind: draw(plan.count(kind)) for kind in MediaKind}
    for rule in plan.rules:
        if (
            isinstance(rule, RequiresOtherMedia)
            and counts[rule.media]
            and not any(counts[kind] for kind in rule.anchors)
        ):
            counts[rule.anchors[0]] = 1
    return [plan.reference(kind, turn + at) for kind, count in counts.items() for at in range(count)]


@st.composite
def violating_documents(
    draw: st.DrawFn,
    contract: Contract,
    operation: Operation,
    rule: Rule,
    *,
    media: ReferenceUrls | None = None,
    variants: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Documents that break this rule of an operation and no other, in one of the ways in which it can be broken.

    A rule that holds only under an option of a variant is broken under that option.
    """
    only = condition(rule)
    under = {**(variants or {}), **(dict([only]) if only else {})}
    ground = draw(documents(contract, operation, media=media, variants=under))

    def exactly(document: Document) -> bool:
        return [found.fact.id for found in violations(contract.name, operation, document, under)] == [rule.fact.id]

    own = rule.violating_document(ground, contract.request.layout)
    if spoilt := draw(st.sampled_from([*_spoilers(rule), ()])):
        spoiled = with_value(own, rule.field, spoilt[0])
        if exactly(spoiled):
            return spoiled
    if exactly(own):
        return own
    kept = rule.violating_document(contract.example(operation, rule), contract.request.layout)
    for name, value in ground.items():
        if name not in kept and exactly({**kept, name: value}):
            kept[name] = value
    return kept


def _spoilers(rule: Rule) -> list[tuple[Any, ...]]:
    """Values that break a rule on values, each in a tuple of its own: None is a value, too."""
    if isinstance(rule, RequiredField):
        return [(value,) for value in BLANK]
    if not isinstance(rule, ValueRule):
        return []
    return [(value,) for value in _wrong(rule) if rule.check_value(rule.field, value) is not None]


def _wrong(rule: ValueRule) -> Sequence[Any]:
    if isinstance(rule, JsonType):
        return WRONG
    if isinstance(rule, OneOf):
        first = rule.allowed[0]
        return (first.swapcase(), f" {first}", f"{first}\n", f"{first}0", "", "null")
    if isinstance(rule, NumberRange):
        high = rule.low - FAR if rule.high is None else rule.high + 1
        return (rule.low - 1, high, str(rule.low - 1), str(high), 2**63 - 1, -(2**63), float(high))
    if isinstance(rule, MaxLength):
        return ("n" * (rule.limit + 1), "名" * (rule.limit + 1), "👩" * 10 * rule.limit)
    return {WholeNumber: FRACTIONS, UrlScheme: STRANGE}.get(type(rule), ())


def hostile_body_strategy(contract: Contract, operation: Operation) -> st.SearchStrategy[HostileBody]:
    """Bodies that nobody should send to an operation, and any bytes at all."""
    ground = documents(contract, operation) if operation in contract.request.examples else st.just({})
    known = st.builds(hostile_body, ground, st.sampled_from(TITLES))
    return known | st.binary(max_size=60).map(lambda body: HostileBody("any bytes", body))
