"""Whether the rules of a scenario can all come to pass. Pure.

Two rules contradict each other when the second never can apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from itertools import product

from seedmock_contracts.enums import READS, Operation

from ..fates.rules import OPERATIONS, FateKind, FateRule
from ..faults.kinds import FaultKind
from ..faults.rules import FaultRule
from ..matching.rules import Match

Clash = tuple[str, int, str]
"""The section and the number of the rule that can never apply, and why."""

COUNTS = ("nth", "times", "probability")
KEYS = tuple(one.name for one in fields(Match) if one.name not in COUNTS)


def contradiction(fates: Sequence[FateRule], faults: Sequence[FaultRule]) -> Clash | None:
    """The first rule that can never apply, or None."""
    clashes = (*_of_itself(fates, faults), *_fates_behind(fates), *_faults_behind(faults), *_apart(fates, faults))
    return next(iter(clashes), None)


def _of_itself(fates: Sequence[FateRule], faults: Sequence[FaultRule]) -> Iterable[Clash]:
    matches = {"fates": [rule.match for rule in fates], "faults": [rule.match for rule in faults]}
    for section, told in matches.items():
        for number, match in enumerate(told):
            if match.probability == 0:
                yield section, number, "probability is 0, so the rule never applies; allowed: more than 0, or no rule"


def _fates_behind(fates: Sequence[FateRule]) -> Iterable[Clash]:
    for number, later in enumerate(fates):
        for earlier in fates[:number]:
            wanted = _made(later.match)
            if always(earlier.match) and wanted <= _made(earlier.match) and _covers(earlier.match, later.match):
                said = f"an earlier rule ({_first(earlier)}) takes every call of this one ({_first(later)})"
                yield "fates", number, f"{said}, which never applies; allowed: another order, or a narrower match"


def _faults_behind(faults: Sequence[FaultRule]) -> Iterable[Clash]:
    for number, later in enumerate(faults):
        for earlier in faults[:number]:
            same = earlier.fault.group == later.fault.group
            if same and always(earlier.match) and _met(later) <= _met(earlier) and _covers(earlier.match, later.match):
                said = f"an earlier rule ({earlier.fault}) excludes this one ({later.fault}) at every call"
                yield "faults", number, f"{said}; allowed: one of them, or narrower matches"


def _apart(fates: Sequence[FateRule], faults: Sequence[FaultRule]) -> Iterable[Clash]:
    """A fault that lets no task be made excludes fates; a fate that lets none be made excludes faults of tasks."""
    for fault, (number, fate) in product(filter(_blocks, faults), enumerate(fates)):
        if _covers(fault.match, fate.match) and (fate.match.operation or Operation.CREATE) in _met(fault):
            said = f"the fault {fault.fault} answers every call of this rule, so no task gets its fate"
            yield "fates", number, f"{said}; allowed: one of them, or narrower matches"
    for fate, (number, fault) in product(filter(_refuses, fates), enumerate(faults)):
        if _covers(fate.match, fault.match) and _met(fault).issubset(READS):
            said = f"the fate {_first(fate)} lets no task be made, so the fault {fault.fault} is never met"
            yield "faults", number, f"{said}; allowed: one of them, or narrower matches"


def always(match: Match) -> bool:
    """Whether a rule takes each call that fits, whatever the counts."""
    return match.nth is None and match.times is None and match.probability in (None, 1)


def _covers(wide: Match, narrow: Match) -> bool:
    """Whether every call that fits the one fits the other, operations left out."""
    pairs = ((getattr(wide, name), getattr(narrow, name)) for name in KEYS if name != "operation")
    return all(one is None or one == other for one, other in pairs)


def _made(match: Match) -> frozenset[str]:
    """The operations of a rule of fates: without one, those that make tasks."""
    return frozenset({match.operation} if match.operation else set(OPERATIONS) - {Operation.ASSET_CREATE})


def _met(rule: FaultRule) -> frozenset[str]:
    """The operations whose calls can meet a rule of faults."""
    asked = (rule.match.operation,) if rule.match.operation else tuple(Operation)
    return frozenset(operation for operation in asked if rule.fault.fits(operation))


def _blocks(rule: FaultRule) -> bool:
    """Whether a rule keeps every call that fits from being acted upon."""
    fault = rule.fault
    instead = fault.kind in (FaultKind.STATUS, FaultKind.HANG, FaultKind.NOT_FOUND)
    return always(rule.match) and (instead or (fault.kind is FaultKind.RESET and fault.get("when") == "before"))


def _refuses(rule: FateRule) -> bool:
    """Whether a rule lets none of the tasks be made that fit."""
    kinds = {fate.kind for _, fate in rule.outcomes.weighted}
    return always(rule.match) and rule.match.operation is None and kinds == {FateKind.REFUSED}


def _first(rule: FateRule) -> str:
    return str(rule.outcomes.weighted[0][1])
