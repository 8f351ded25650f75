"""Conflicts between the rules of a scenario: rules that can never apply. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from seedmock_contracts.enums import READS, Operation

from ..fates.models import OPERATIONS, FateKind
from ..fates.rules import FateRule
from ..faults.kinds import FaultKind
from ..faults.rules import FaultRule
from ..matching.rules import Match

COUNTS = ("nth", "times", "probability")
CRITERIA = tuple(name for name in Match.__struct_fields__ if name not in COUNTS)


class Conflict(NamedTuple):
    """A rule that can never apply: its section, its number there, and the reason."""

    section: str
    number: int
    message: str


def first_conflict(fates: Sequence[FateRule], faults: Sequence[FaultRule]) -> Conflict | None:
    """Return the first conflict, or None."""
    conflicts = (
        *_never_drawn(fates, faults),
        *_shadowed_fates(fates),
        *_shadowed_faults(faults),
        *_unreachable(fates, faults),
    )
    return next(iter(conflicts), None)


def _never_drawn(fates: Sequence[FateRule], faults: Sequence[FaultRule]) -> Iterable[Conflict]:
    matches = {"fates": [rule.match for rule in fates], "faults": [rule.match for rule in faults]}
    message = "probability is 0, so the rule never applies; allowed: more than 0, or no rule"
    for section, section_matches in matches.items():
        for number, match in enumerate(section_matches):
            if match.probability == 0:
                yield Conflict(section, number, message)


def _shadowed_fates(fates: Sequence[FateRule]) -> Iterable[Conflict]:
    for number, later in enumerate(fates):
        for earlier in fates[:number]:
            same_operations = _fate_operations(later.match) <= _fate_operations(earlier.match)
            if is_unconditional(earlier.match) and same_operations and _covers(earlier.match, later.match):
                message = (
                    f"an earlier rule ({_first_fate(earlier)}) matches every call of this one ({_first_fate(later)})"
                )
                allowed = "allowed: another order, or a narrower match"
                yield Conflict("fates", number, f"{message}, which never applies; {allowed}")


def _shadowed_faults(faults: Sequence[FaultRule]) -> Iterable[Conflict]:
    for number, later in enumerate(faults):
        for earlier in faults[:number]:
            same = earlier.fault.group == later.fault.group
            same_operations = _fault_operations(later) <= _fault_operations(earlier)
            if same and is_unconditional(earlier.match) and same_operations and _covers(earlier.match, later.match):
                message = f"an earlier rule ({earlier.fault}) excludes this one ({later.fault}) at every call"
                yield Conflict("faults", number, f"{message}; allowed: one of them, or narrower matches")


def _unreachable(fates: Sequence[FateRule], faults: Sequence[FaultRule]) -> Iterable[Conflict]:
    """Yield fates of tasks that a fault keeps from being created, and faults of tasks that a fate refuses."""
    for fault, (number, fate) in product(filter(_replaces_response, faults), enumerate(fates)):
        operation = fate.match.operation or Operation.CREATE
        if _covers(fault.match, fate.match) and operation in _fault_operations(fault):
            message = f"the fault {fault.fault} answers every call of this rule, so no task gets its fate"
            yield Conflict("fates", number, f"{message}; allowed: one of them, or narrower matches")
    for fate, (number, fault) in product(filter(_refuses_all, fates), enumerate(faults)):
        if _covers(fate.match, fault.match) and _fault_operations(fault).issubset(READS):
            message = f"the fate {_first_fate(fate)} refuses every order, so the fault {fault.fault} never applies"
            yield Conflict("faults", number, f"{message}; allowed: one of them, or narrower matches")


def is_unconditional(match: Match) -> bool:
    """Tell whether a rule applies to each call that matches, whatever the counts."""
    return match.nth is None and match.times is None and match.probability in (None, 1)


def _covers(wide: Match, narrow: Match) -> bool:
    """Tell whether every call that matches `narrow` matches `wide`, operations left out."""
    pairs = ((getattr(wide, name), getattr(narrow, name)) for name in CRITERIA if name != "operation")
    return all(wide_value is None or wide_value == narrow_value for wide_value, narrow_value in pairs)


def _fate_operations(match: Match) -> frozenset[str]:
    """Return the operations of a fate rule: without one, those that create tasks."""
    return frozenset({match.operation} if match.operation else set(OPERATIONS) - {Operation.ASSET_CREATE})


def _fault_operations(rule: FaultRule) -> frozenset[str]:
    operations = (rule.match.operation,) if rule.match.operation else tuple(Operation)
    return frozenset(operation for operation in operations if rule.fault.applies_to(operation))


def _replaces_response(rule: FaultRule) -> bool:
    """Tell whether a rule keeps every call that matches from being handled."""
    fault = rule.fault
    replaces = fault.kind in (FaultKind.STATUS, FaultKind.HANG, FaultKind.NOT_FOUND)
    resets_early = fault.kind is FaultKind.RESET and fault.get("when") == "before"
    return is_unconditional(rule.match) and (replaces or resets_early)


def _refuses_all(rule: FateRule) -> bool:
    """Tell whether a rule refuses every order that matches."""
    kinds = {fate.kind for _, fate in rule.outcomes.weighted}
    return is_unconditional(rule.match) and rule.match.operation is None and kinds == {FateKind.REFUSED}


def _first_fate(rule: FateRule) -> str:
    return str(rule.outcomes.weighted[0][1])
