"""Boundary probes: values just inside and just outside a rule, each in a request that is rejected for something else.

Free of charge: whatever the upstream thinks of the rule, the second violation keeps it from accepting the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import cache
from itertools import count, groupby
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import BILLABLE, Operation
from seedmock_contracts.facts import Document
from seedmock_contracts.rules.boundaries import BoundaryCase
from seedmock_contracts.rules.rule import Rule, ValueRule
from seedmock_contracts.upstreams import get_contract

from .base_documents import base_documents
from .second_violations import SHORT_SOUND, SMALL_IMAGE, SecondViolation, broken_facts, second_violations

UNREADABLE_SCHEMES = ("asset:", "data:")
"""Samples with these schemes do not exist, which is a violation of its own for an upstream that reads references."""
VALUES_OF_EACH_TYPE = (
    None,
    {"unexpected": True},
    7,
    "seven",
    "https://example.com/a.png",
    ["https://example.com/a.png"],
    True,
)
CaseKey = tuple[bool, str]
"""Validity and value of a boundary case."""
IndexedCase = tuple[int, BoundaryCase]
"""A boundary case with the index of the base document that it is made from."""


class BoundaryProbe(Struct, frozen=True):
    """Boundary cases of a rule, each with the same second violation. The gross violation is the first violating one.

    `position`: that of the second violation among the rules of the operation. `reason`: a document with the second
    violation alone; None for one that is not documented.
    """

    operation: Operation
    rule: Rule
    second_violation: str
    position: int
    conforming: tuple[BoundaryCase, ...]
    violating: tuple[BoundaryCase, ...]
    reason: Document | None = None


def probes_for(
    contract: Contract,
    operation: Operation,
    rule: Rule,
    cases: Sequence[BoundaryCase] = (),
    *,
    documented: bool = True,
) -> Iterator[BoundaryProbe]:
    """Probes of a rule with different second violations, the most useful first. `cases` replace the rule's own.

    `documented`: with documented second violations only, so that the probes are free.
    """
    if cases or rule not in contract.rules[operation]:
        isolated = _isolated_cases(contract, operation, rule, cases)
        yield from _build_probes(contract, operation, rule, isolated, documented)
    else:
        yield from _cached_probes(contract.name, operation, contract.rules[operation].index(rule), documented)


class _CachedIterable:
    """Iterates over a source any number of times, and takes each item from it only once."""

    def __init__(self, source: Iterator[BoundaryProbe]) -> None:
        self._source, self._items = source, list[BoundaryProbe]()

    def __iter__(self) -> Iterator[BoundaryProbe]:
        for index in count():
            if index == len(self._items):
                item = next(self._source, None)
                if item is None:
                    return
                self._items.append(item)
            yield self._items[index]


@cache
def _cached_probes(upstream: str, operation: Operation, index: int, documented: bool) -> _CachedIterable:
    contract, cases = get_contract(upstream), _cached_cases(upstream, operation, index)
    return _CachedIterable(_build_probes(contract, operation, contract.rules[operation][index], cases, documented))


def _build_probes(
    contract: Contract, operation: Operation, rule: Rule, cases: Sequence[IndexedCase], documented: bool
) -> Iterator[BoundaryProbe]:
    for alternatives in second_violations(contract, operation, rule, documented=documented):
        simplest = sorted(alternatives, key=lambda violation: violation.value_count(rule))
        probes = (_build_probe(contract, operation, rule, violation, cases) for violation in simplest)
        probe = next((probe for probe in probes if probe is not None), None)
        if probe is not None:
            yield probe


def _isolated_cases(
    contract: Contract, operation: Operation, rule: Rule, cases: Sequence[BoundaryCase] = ()
) -> list[IndexedCase]:
    """Boundary cases that break no other rule: each for every kind of base document, and for the first model."""
    isolated, keys = [], set()
    for index, base in enumerate(base_documents(contract.name, operation)):
        for case in cases or rule.boundary_cases(base, contract.request.layout):
            key = case.valid, repr(case.value), tuple(base)
            if key not in keys and _is_isolated(contract, operation, rule, case):
                keys.add(key)
                isolated.append((index, case))
    return isolated


@cache
def _cached_cases(upstream: str, operation: Operation, index: int) -> tuple[IndexedCase, ...]:
    contract = get_contract(upstream)
    return tuple(_isolated_cases(contract, operation, contract.rules[operation][index]))


@cache
def _cached_keys(upstream: str, operation: Operation, index: int) -> frozenset[CaseKey]:
    return frozenset(case_key(case) for _, case in _cached_cases(upstream, operation, index))


def case_key(case: BoundaryCase) -> CaseKey:
    return case.valid, repr(case.value)


def probed_cases(contract: Contract, operation: Operation, rule: Rule) -> frozenset[CaseKey]:
    """All boundary cases of a rule that a probe can have."""
    return _cached_keys(contract.name, operation, contract.rules[operation].index(rule))


def probe_with_last_violation(contract: Contract, operation: Operation, rule: Rule) -> BoundaryProbe | None:
    """The probe of a rule with a second violation that is found last: unusable media, or unknown ids. Not free."""
    return _cached_probe(contract.name, operation, contract.rules[operation].index(rule), None)


@cache
def is_covered(upstream: str, operation: Operation, index: int) -> bool:
    """True if the free probes of a rule show all of its cases at an upstream that checks rules in the contract's order.

    Such an upstream reports the violation of the rule only beside one of a later rule.
    """
    contract, missing = get_contract(upstream), set(_cached_keys(upstream, operation, index))
    # Second violations of later rules come first, and mostly cover a rule early; building all probes takes seconds.
    for probe in probes_for(contract, operation, contract.rules[operation][index]):
        if not missing or probe.position <= index:
            break
        missing -= {case_key(case) for case in (*probe.conforming, *probe.violating)}
    return not missing


def probe_with_violation(contract: Contract, operation: Operation, rule: Rule, violation: str) -> BoundaryProbe | None:
    """The probe of a rule with the second violation of this name."""
    return _cached_probe(contract.name, operation, contract.rules[operation].index(rule), violation)


@cache
def _cached_probe(upstream: str, operation: Operation, index: int, name: str | None) -> BoundaryProbe | None:
    """The first probe with a second violation of this name; of no name, with one that is not documented."""
    contract, cases = get_contract(upstream), _cached_cases(upstream, operation, index)
    rules = contract.rules[operation]
    alternatives = second_violations(contract, operation, rules[index], documented=name is not None)
    violations = (violation for several in alternatives for violation in several)
    matching = (violation for violation in violations if name in (None, violation.name))
    probes = (_build_probe(contract, operation, rules[index], violation, cases) for violation in matching)
    return next((probe for probe in probes if probe is not None), None)


def _build_probe(
    contract: Contract, operation: Operation, rule: Rule, violation: SecondViolation, cases: Sequence[IndexedCase]
) -> BoundaryProbe | None:
    """Add a second violation to the cases of a rule; None if a valid case or the gross violation gets lost."""
    bases, combined = base_documents(contract.name, operation), dict[CaseKey, BoundaryCase]()
    for kind, of_kind in groupby(sorted(cases, key=_kind), key=_kind):
        is_lost = True
        for index, case in of_kind:
            if case_key(case) in combined:
                continue
            document = violation.apply(case.document, bases[index], index)
            if document is not None and _breaks_both(contract, operation, rule, violation, case, document):
                combined[case_key(case)] = replace(case, document=document)
                is_lost = False
        if is_lost and kind is not CaseKind.OTHER:
            return None  # half of all attempts end here, before most of their cases are tried
    if violation.url_suffix:
        combined = _with_same_replacements(combined, violation)
    conforming = tuple(case for case in combined.values() if case.valid)
    violating = sorted((case for case in combined.values() if not case.valid), key=lambda case: not case.gross)
    if not conforming or not violating or not violating[0].gross:
        return None
    is_documented = _second_rule(contract, operation, violation) is not None
    reason = _reason(violation, conforming[0], cases) if is_documented and operation in BILLABLE else None
    return BoundaryProbe(operation, rule, violation.name, violation.position, conforming, tuple(violating), reason)


class CaseKind(IntEnum):
    """Kinds of cases, in the order in which they are tried: a probe needs a gross violation and a valid case."""

    GROSS = 0
    VALID = 1
    OTHER = 2


def _kind(indexed: IndexedCase) -> CaseKind:
    _, case = indexed
    return CaseKind.GROSS if case.gross else CaseKind.VALID if case.valid else CaseKind.OTHER


def _second_rule(contract: Contract, operation: Operation, violation: SecondViolation) -> Rule | None:
    """The rule that the second violation breaks; None for one that is not documented."""
    rules = contract.rules[operation]
    return rules[violation.position] if violation.position < len(rules) else None


def _breaks_both(
    contract: Contract,
    operation: Operation,
    rule: Rule,
    violation: SecondViolation,
    case: BoundaryCase,
    document: Document,
) -> bool:
    """True if a case with the second violation breaks that rule, its own as before, and no other."""
    if violation.is_about_media:
        is_unreadable = str(case.value).startswith(UNREADABLE_SCHEMES)
        if is_unreadable or not _is_read(contract, operation, violation, document):
            return False
    second = _second_rule(contract, operation, violation)
    if second is not None and not _is_independent(contract, second, rule, document):
        return False
    expected = _expected_facts(rule, case) | ({second.fact.id} if second is not None else set())
    is_same_count = _count(contract, rule, document) == _count(contract, rule, case.document)
    return is_same_count and broken_facts(contract, operation, document, rule) == expected


def _is_independent(contract: Contract, second: Rule, rule: Rule, document: Document) -> bool:
    """True if the second violation stays one whatever an upstream makes of the probed field.

    Otherwise it may be no reason for refusal at an upstream that reads a value of another type in its own way.
    """
    if rule.top_field == second.top_field or rule.top_field not in document:
        return True
    if isinstance(second, ValueRule):  # it reads its own field alone
        return second.check(document, ()) is not None
    others = ({**document, rule.top_field: value} for value in VALUES_OF_EACH_TYPE)
    without = {name: value for name, value in document.items() if name != rule.top_field}
    layout = contract.request.layout
    return all(second.check(changed, layout.find(changed)) is not None for changed in (without, *others))


def _reason(violation: SecondViolation, case: BoundaryCase, cases: Sequence[IndexedCase]) -> Document:
    """The second violation alone, in the base document of a case; else that case, which has no other one."""
    index = next((index for index, other in cases if case_key(other) == case_key(case)), 0)
    return violation.documents[index] or case.document


def _is_read(contract: Contract, operation: Operation, violation: SecondViolation, document: Document) -> bool:
    """False if the invalid medium is in a malformed item, which an upstream may not read."""
    if operation is not Operation.CREATE:
        return True
    invalid = (violation.replacement,) if violation.url_suffix else (SHORT_SOUND, SMALL_IMAGE)
    return any(located.reference.url in invalid for located in contract.request.layout.find(document))


def _with_same_replacements(
    cases: dict[CaseKey, BoundaryCase], violation: SecondViolation
) -> dict[CaseKey, BoundaryCase]:
    """The cases with replaced URLs in the same fields as in the gross violation, so that they get the same error."""
    paths = {key: frozenset(_paths_of(case.document, violation.replacement)) for key, case in cases.items()}
    gross = next((paths[key] for key, case in cases.items() if case.gross), None)
    return {key: case for key, case in cases.items() if paths[key] == gross}


def _paths_of(value: Any, text: str, path: str = "") -> Iterator[str]:
    """Paths of a text in a JSON value, without list indices."""
    if value == text:
        yield path
    elif isinstance(value, list):
        for item in value:
            yield from _paths_of(item, text, f"{path}[]")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _paths_of(item, text, f"{path}.{name}")


def _count(contract: Contract, rule: Rule, document: Document) -> int | None:
    """The count in a violation of a maximum number: a second violation that adds an item shifts the boundary."""
    violation = rule.check(document, contract.request.layout.find(document))
    return violation.value if violation is not None and type(violation.value) is int else None


def _is_isolated(contract: Contract, operation: Operation, rule: Rule, case: BoundaryCase) -> bool:
    """True if a case breaks no other rule, and is a request for this operation."""
    model = contract.model(str(contract.request.read(case.document, "model")))
    if operation is Operation.CREATE and model is not None and model.upscales:
        return False
    return broken_facts(contract, operation, case.document, rule) == _expected_facts(rule, case)


def _expected_facts(rule: Rule, case: BoundaryCase) -> set[str]:
    return set() if case.valid else {rule.fact.id}
