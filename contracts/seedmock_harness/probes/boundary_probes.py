"""Questions about one rule that cost nothing: what is just inside it and just outside, beside a second, certain fault.

Knows no upstream, and asks nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import values_at
from seedmock_contracts.enums import ORDERS, MediaKind, Operation
from seedmock_contracts.facts import MISSING, Document
from seedmock_contracts.generation import Reference, first_frame, last_frame
from seedmock_contracts.rules.boundaries import BoundaryCase, sample_reference
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import get_contract
from seedmock_contracts.validation import condition, violations

from ..driver.sample_media import image_uri, sound_uri

UNKNOWN_ID, UNKNOWN_NUMBER = "seedmock-no-such-id", 999_999_999
"""Ids that no upstream ever gave to anything."""
UNREADABLE = ("asset:", "data:")
"""Samples of these schemes name nothing, which is a fault of its own to those who read them."""
ADDED = ("a sound too short", "a picture too small", "a first frame too small", "a last frame too small")
NO_CLIP = "asset://asset-20200101000000-zzzzz"
LATER = 2
"""How many faults of rules are tried before those of media."""
SHORT, SMALL = sound_uri(0.1), image_uri(1, 1)
SPOILT = {SHORT: (MediaKind.AUDIO, "seconds"), SMALL: (MediaKind.IMAGE, "side")}
"""Media that break a limit, where the upstream has it: what kind they are, and the quantity that is too little."""


@dataclass(frozen=True, slots=True)
class BoundaryProbe:
    """A rule's edges, each together with one and the same second fault; the gross break stands first in `broken`.

    `after` is the place of the second fault among the operation's rules, the number of rules if it is none of them.
    """

    operation: Operation
    rule: Rule
    second_violation: str
    after: int
    conforming: tuple[BoundaryCase, ...]
    violating: tuple[BoundaryCase, ...]


@dataclass(frozen=True, slots=True)
class SecondViolation:
    """A second fault: what it makes of each base, by the base's place; or how it spoils references that are there."""

    name: str
    after: int
    documents: tuple[Document | None, ...] = ()
    ending: str = ""
    spoilt: str = ""

    @property
    def of_media(self) -> bool:
        """Whether it is seen only by those who read references."""
        return bool(self.ending) or self.name in ADDED

    def variety(self, rule: Rule) -> int:
        """How many values it has itself where a rule looks at each item of a list: they mask what is tried."""
        if "[]" not in rule.field:
            return 0
        document = next((document for document in self.documents if document is not None), {})
        return len({repr(value) for _, value in values_at(document, rule.field)})

    def added(self, document: Document, base: Document, place: int) -> dict[str, Any] | None:
        """The document with this fault too; None where it cannot have it."""
        if self.ending:
            found = replace_sample_urls(document, self.ending, self.spoilt)
            return None if found == document else found
        other = self.documents[place]
        return None if other is None else merge_changes(document, other, base)


@cache
def base_documents(upstream: str, operation: Operation) -> tuple[Document, ...]:
    """Documents that keep every rule, under each model; of ids they name only such as nobody has."""
    contract = get_contract(upstream)
    found: list[Document] = []
    for example in contract.request.examples.get(operation, ()):
        models = [model.name for model in contract.models if not model.upscales]
        every = (
            [contract.request.write(example, {"model": name}) for name in models]
            if operation is Operation.CREATE
            else [example]
        )
        every = [{**one, **_optional_ids(contract, operation)} for one in every]
        found += [document for one in every if not violations(upstream, operation, document := _strange(one))]
    return tuple(found)


def probes_for(
    contract: Contract, operation: Operation, rule: Rule, edges: Sequence[BoundaryCase] = ()
) -> Iterator[BoundaryProbe]:
    """The ways of asking about a rule, the likeliest to tell it from the second fault first; `edges` instead of its."""
    if edges or rule not in contract.rules[operation]:
        yield from _trials(contract, operation, rule, _pure_edges(contract, operation, rule, edges))
    else:
        yield from _remembered(contract.name, operation, contract.rules[operation].index(rule))


class _Remembered:
    """What an iterator gave so far, and what it will give: each item is made once, when it is first asked for."""

    def __init__(self, source: Iterator[BoundaryProbe]) -> None:
        self._source, self._made = source, list[BoundaryProbe]()

    def __iter__(self) -> Iterator[BoundaryProbe]:
        for place in count():
            if place == len(self._made):
                found = next(self._source, None)
                if found is None:
                    return
                self._made.append(found)
            yield self._made[place]


@cache
def _remembered(upstream: str, operation: Operation, place: int) -> _Remembered:
    contract = get_contract(upstream)
    return _Remembered(
        _trials(contract, operation, contract.rules[operation][place], _edges_of(upstream, operation, place))
    )


def _trials(
    contract: Contract, operation: Operation, rule: Rule, pure: Sequence[tuple[int, BoundaryCase]]
) -> Iterator[BoundaryProbe]:
    for alternatives in _faults(contract, operation, rule):
        plainest = sorted(alternatives, key=lambda fault: fault.variety(rule))
        made = (_trial(contract, operation, rule, fault, pure) for fault in plainest)
        probe = next((probe for probe in made if probe is not None), None)
        if probe is not None:
            yield probe


def _pure_edges(
    contract: Contract, operation: Operation, rule: Rule, edges: Sequence[BoundaryCase] = ()
) -> list[tuple[int, BoundaryCase]]:
    """A rule's edges on each form of base that there is, under the first model with which they break nothing else."""
    pure, seen = [], set()
    for at, base in enumerate(base_documents(contract.name, operation)):
        for edge in edges or rule.boundary_cases(base, contract.request.layout):
            key = edge.valid, repr(edge.value), tuple(base)
            if key not in seen and _is_pure(contract, operation, rule, edge):
                seen.add(key)
                pure.append((at, edge))
    return pure


@cache
def _edges_of(upstream: str, operation: Operation, place: int) -> tuple[tuple[int, BoundaryCase], ...]:
    contract = get_contract(upstream)
    return tuple(_pure_edges(contract, operation, contract.rules[operation][place]))


@cache
def _askable(upstream: str, operation: Operation, place: int) -> frozenset[tuple[bool, str]]:
    return frozenset((edge.valid, repr(edge.value)) for _, edge in _edges_of(upstream, operation, place))


def probed_edges(contract: Contract, operation: Operation, rule: Rule) -> frozenset[tuple[bool, str]]:
    """Every edge of a rule that can be asked about, by whether it keeps the rule and by what it tries."""
    return _askable(contract.name, operation, contract.rules[operation].index(rule))


def probe_with_last_violation(contract: Contract, operation: Operation, rule: Rule) -> BoundaryProbe | None:
    """The way of asking about a rule beside what is seen last of all: media that can't be used, ids of nobody's."""
    return _trial_beside(contract.name, operation, contract.rules[operation].index(rule), None)


def probe_with_violation(contract: Contract, operation: Operation, rule: Rule, fault: str) -> BoundaryProbe | None:
    """The way of asking about a rule beside a certain second fault, if there is one."""
    return _trial_beside(contract.name, operation, contract.rules[operation].index(rule), fault)


@cache
def _trial_beside(upstream: str, operation: Operation, place: int, fault: str | None) -> BoundaryProbe | None:
    """The first trial beside the second faults of this name; of no name, beside those that are seen last of all."""
    contract, pure = get_contract(upstream), _edges_of(upstream, operation, place)
    rules = contract.rules[operation]
    faults = (one for every in _faults(contract, operation, rules[place]) for one in every)
    due = (one for one in faults if (one.after == len(rules) if fault is None else one.name == fault))
    made = (_trial(contract, operation, rules[place], one, pure) for one in due)
    return next((probe for probe in made if probe is not None), None)


def _trial(
    contract: Contract,
    operation: Operation,
    rule: Rule,
    fault: SecondViolation,
    pure: Sequence[tuple[int, BoundaryCase]],
) -> BoundaryProbe | None:
    found = base_documents(contract.name, operation)
    usable: dict[tuple[bool, str], BoundaryCase] = {}
    due = {contract.rules[operation][fault.after].fact.id} if fault.after < len(contract.rules[operation]) else set()
    for at, edge in pure:
        key = edge.valid, repr(edge.value)
        if fault.of_media and str(edge.value).startswith(UNREADABLE):
            continue
        both = fault.added(edge.document, found[at], at) if key not in usable else None
        if both is None or (fault.of_media and not _is_read(contract, operation, fault, both)):
            continue
        right = _breaks(contract, operation, both, rule) == due | _due(rule, edge)
        if right and _count(contract, rule, both) == _count(contract, rule, edge.document):
            usable[key] = replace(edge, document=both)
    if fault.ending:
        usable = _alike(usable, fault)
    kept = tuple(edge for edge in usable.values() if edge.valid)
    broken = sorted((edge for edge in usable.values() if not edge.valid), key=lambda edge: not edge.gross)
    if not kept or not broken or not broken[0].gross:
        return None
    return BoundaryProbe(operation, rule, fault.name, fault.after, kept, tuple(broken))


def _faults(contract: Contract, operation: Operation, rule: Rule) -> Iterator[tuple[SecondViolation, ...]]:
    """Second faults: none where nothing can be made; else of rules that stand last, of media, of the other rules.

    The order in which an upstream looks is not known. What is most likely seen last tells most, and is tried first.
    """
    rules = contract.rules[operation]
    if operation not in ORDERS:
        yield (SecondViolation("", len(rules), base_documents(contract.name, operation)),)
        return
    place = rules.index(rule) if rule in rules else -1
    later = list(reversed(range(place + 1, len(rules))))
    yield from (_of_rule(contract.name, operation, index) for index in later[:LATER])
    yield from ((fault,) for fault in _of_media(contract.name, operation))
    yield from (_of_rule(contract.name, operation, index) for index in (*later[LATER:], *range(max(place, 0))))


@cache
def _of_rule(upstream: str, operation: Operation, index: int) -> tuple[SecondViolation, ...]:
    """A rule's gross break, first doubled by media that can't be used, so that nothing is made if the rule is gone."""
    contract, found = get_contract(upstream), base_documents(upstream, operation)
    rule = contract.rules[operation][index]
    if condition(rule) is not None or (operation is Operation.UPSCALE and rule.field == contract.request.path("model")):
        return ()  # without its model, an upscale is none
    plain: list[Document | None] = []
    for base in found:
        edge = next((edge for edge in rule.boundary_cases(base, contract.request.layout) if edge.gross), None)
        pure = edge is not None and _breaks(contract, operation, edge.document) == {rule.fact.id}
        plain.append(edge.document if edge is not None and pure else None)
    every: list[list[Document | None]] = [plain]
    for fault in _of_media(upstream, operation):
        doubled = [_pure(contract, operation, rule, fault, one, at) for at, one in enumerate(plain)]
        every.insert(-1, doubled)
    return tuple(SecondViolation(rule.fact.id, index, tuple(documents)) for documents in every if any(documents))


def _pure(
    contract: Contract, operation: Operation, rule: Rule, fault: SecondViolation, document: Document | None, at: int
) -> Document | None:
    """A document with another fault, that breaks no other rule for it."""
    both = None if document is None else fault.added(document, base_documents(contract.name, operation)[at], at)
    return both if both is not None and _breaks(contract, operation, both) == {rule.fact.id} else None


@cache
def _of_media(upstream: str, operation: Operation) -> tuple[SecondViolation, ...]:
    """Media that break the limits on what references may be: those of the document, or such as come in addition."""
    contract, end = get_contract(upstream), len(get_contract(upstream).rules[operation])
    broken = SecondViolation("clips that nobody has", end, ending=".mp4", spoilt=NO_CLIP)
    if operation is not Operation.CREATE:
        return (broken,)
    short, small = Reference(MediaKind.AUDIO, SHORT), Reference(MediaKind.IMAGE, SMALL)
    added = dict(
        zip(
            ADDED,
            ((sample_reference(MediaKind.IMAGE), short), (small,), (first_frame(SMALL),), (last_frame(SMALL),)),
            strict=True,
        )
    )
    limited = [spoilt for spoilt, (kind, quantity) in SPOILT.items() if _has_lower_limit(contract, kind, quantity)]
    every = (
        SecondViolation("sounds too short", end, ending=".mp3", spoilt=SHORT),
        SecondViolation("last frames too small", end, ending="last_frame.png", spoilt=SMALL),
        SecondViolation("pictures too small", end, ending=".png", spoilt=SMALL),
        *(
            SecondViolation(
                name, end, tuple(_placed(contract, base, references) for base in base_documents(upstream, operation))
            )
            for name, references in added.items()
            if references[-1].url in limited
        ),
        broken,
    )
    return tuple(fault for fault in every if not fault.spoilt or fault.spoilt in (NO_CLIP, *limited))


def _has_lower_limit(contract: Contract, kind: MediaKind, quantity: str) -> bool:
    return any((limit.kind, limit.quantity) == (kind, quantity) and limit.low for limit in contract.limits)


def _placed(contract: Contract, base: Document, references: Iterable[Reference]) -> dict[str, Any] | None:
    try:
        return contract.request.layout.place(base, references)
    except ValueError:
        return None


def _breaks(contract: Contract, operation: Operation, document: Document, rule: Rule | None = None) -> set[str]:
    """The facts of the rules that a document breaks, under the variant in which the rule in question holds."""
    only = condition(rule) if rule is not None else None
    chosen = {**contract.defaults, **dict([only])} if only else contract.defaults
    return {violation.fact.id for violation in violations(contract.name, operation, document, chosen)}


def _is_read(contract: Contract, operation: Operation, fault: SecondViolation, document: Document) -> bool:
    """Whether a spoilt reference stands in an item that is whole: in one that is not, nobody might look at it."""
    if operation is not Operation.CREATE:
        return True
    spoilt = (fault.spoilt,) if fault.ending else (SHORT, SMALL)
    return any(found.reference.url in spoilt for found in contract.request.layout.find(document))


def _alike(
    usable: dict[tuple[bool, str], BoundaryCase], fault: SecondViolation
) -> dict[tuple[bool, str], BoundaryCase]:
    """Those of which the same fields are spoilt as in the gross break, so that the same is said of them."""
    places = {key: frozenset(_places(edge.document, fault.spoilt)) for key, edge in usable.items()}
    gross = next((places[key] for key, edge in usable.items() if edge.gross), None)
    return {key: edge for key, edge in usable.items() if places[key] == gross}


def _places(value: Any, sought: str, at: str = "") -> Iterator[str]:
    """Where a text stands in a JSON value, without the places in lists."""
    if value == sought:
        yield at
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, sought, f"{at}[]")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _places(item, sought, f"{at}.{name}")


def _count(contract: Contract, rule: Rule, document: Document) -> int | None:
    """How many there are of what there may be only so many: a second fault that adds one moves the edge."""
    violation = rule.check(document, contract.request.layout.find(document))
    return violation.value if violation is not None and type(violation.value) is int else None


def _is_pure(contract: Contract, operation: Operation, rule: Rule, edge: BoundaryCase) -> bool:
    """Whether a document at a rule's edge breaks no other rule, and is for the operation in question."""
    model = contract.model(str(contract.request.read(edge.document, "model")))
    if operation is Operation.CREATE and model is not None and model.upscales:
        return False
    return _breaks(contract, operation, edge.document, rule) == _due(rule, edge)


def _due(rule: Rule, edge: BoundaryCase) -> set[str]:
    return set() if edge.valid else {rule.fact.id}


def merge_changes(one: Document, other: Document, base: Document) -> dict[str, Any] | None:
    """What both made of the same base, lists one after the other; None where they are at odds."""
    both = dict(one)
    for name in dict.fromkeys((*base, *other)):
        was, now, mine = (document.get(name, MISSING) for document in (base, other, one))
        if now == was:
            continue
        value = now if mine == was else _together(mine, now, was)
        if value is None:
            return None
        both.pop(name, None)
        if value is not MISSING:
            both[name] = value
    return both


def _together(mine: Any, now: Any, was: Any) -> Any:
    if isinstance(mine, list) and isinstance(now, list):
        return [*mine, *now]
    if isinstance(mine, dict) and isinstance(now, dict):
        return merge_changes(mine, now, was if isinstance(was, dict) else {})
    return None


def replace_sample_urls(value: Any, ending: str, instead: str) -> Any:
    """A JSON value with another text in the place of each that is a sample's URL of this ending."""
    if isinstance(value, str):
        return instead if value.startswith("https://example.com/") and value.endswith(ending) else value
    if isinstance(value, list):
        return [replace_sample_urls(item, ending, instead) for item in value]
    if isinstance(value, dict):
        return {name: replace_sample_urls(item, ending, instead) for name, item in value.items()}
    return value


def _optional_ids(contract: Contract, operation: Operation) -> Document:
    """The ids that a call which orders nothing may name: with one of nobody's, it is refused once all else is right."""
    if operation in ORDERS:
        return {}
    fields = (field for field in contract.fields if field.operation is operation and field.path.endswith("_id"))
    return {field.path: UNKNOWN_NUMBER for field in fields if "integer" in field.types}


def _strange(document: Document) -> dict[str, Any]:
    """The document with ids of nobody's in the place of those that it names."""
    changed = dict(document)
    for name, value in document.items():
        if name == "id" or name.endswith("_id"):
            changed[name] = UNKNOWN_NUMBER if isinstance(value, int) else UNKNOWN_ID
    return changed
