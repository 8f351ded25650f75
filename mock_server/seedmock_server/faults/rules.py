"""What goes wrong on the wire, lies included: the kinds, how they are written, and which of them a call meets.

A fault is written as `status code=502 body=html`, or as a table with the same names; several in a header are parted
by `;`. Knows no upstream's words, and nothing of how a fault is carried out.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seedmock_contracts.enums import Operation

from ..matching.rules import Counter, InvalidRule, Match, RequestFacts, RuleSet, match_from, match_row
from ..matching.syntax import spoken
from ..randomness import SeededRandom
from ..tasks.timeline import LogNormal
from .kinds import BEFORE_ROUTING, ERROR_MUTATIONS, GROUPS, MUTATIONS, OPERATIONS, FaultKind
from .parameters import ABOUT, DEFAULTS, PARAMETERS, READERS, parameter_problem

NONE = "none"


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind with its parameters, read: durations in seconds, counts as whole numbers, the rest as text."""

    kind: FaultKind
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.kind, *(f"{name}={_shown(value)}" for name, value in self.values.items())])

    def get(self, name: str) -> Any:
        """A parameter, or its default, or None."""
        return self.values.get(name, DEFAULTS.get(self.kind, {}).get(name))

    @property
    def group(self) -> str:
        """Of each group a call meets one fault at most: one status, one end, one pace, one lie about a field."""
        about = "" if self.kind in GROUPS and GROUPS[self.kind] != "field" else self._about
        return f"{GROUPS.get(self.kind, self.kind)} {about}".strip()

    @property
    def _about(self) -> str:
        return next((str(self.values[name]) for name in ABOUT if name in self.values), "")

    def fits(self, operation: str) -> bool:
        """Whether the fault makes sense for an operation; empty is none that the upstream has."""
        return (
            self.kind not in OPERATIONS
            or operation in OPERATIONS[self.kind]
            or (not operation and self.kind in ERROR_MUTATIONS)
        )

    def drawn(self, random: SeededRandom, account: str, number: int) -> Fault:
        """The same fault with its latency drawn."""
        if "p50" not in self.values:
            return self
        fraction = random.uniform("latency", account, number)
        seconds = LogNormal(self.values["p50"], self.values["p90"]).quantile(fraction)
        return Fault(self.kind, {"seconds": round(seconds, 6)})


def fault_from(said: str | Mapping[str, Any]) -> Fault:
    """A fault from its text or its table. Raises InvalidRule, naming what is allowed."""
    head, values = spoken(said, "fault")
    if head not in tuple(FaultKind):
        raise InvalidRule(f"fault is {head!r}; allowed: {', '.join(FaultKind)}")
    kind = FaultKind(head)
    known = PARAMETERS[kind]
    for name in values:
        if name not in known:
            raise InvalidRule(f"{kind} has no parameter {name!r}; there are: {', '.join(known) or 'none'}")
    read = {name: READERS[name](value, name) for name, value in values.items()}
    problem = parameter_problem(kind, read)
    if problem:
        raise InvalidRule(f"{kind}: {problem}")
    return Fault(kind, read)


def fault_row(fault: Fault) -> dict[str, Any]:
    """A fault as the table that it can be read from again."""
    return {"fault": fault.kind.value, **fault.values}


def faults_from(header: str) -> tuple[Fault, ...]:
    """The faults of a header; `none` is none. Raises InvalidRule, also for two that can't be met together."""
    if header.strip() == NONE:
        return ()
    faults: dict[str, Fault] = {}
    for text in header.split(";"):
        fault = fault_from(text)
        if fault.group in faults:
            raise InvalidRule(f"{faults[fault.group]} and {fault} contradict each other; allowed: one of them")
        faults[fault.group] = fault
    return tuple(faults.values())


@dataclass(frozen=True, slots=True)
class FaultRule:
    """Calls that match meet this fault."""

    match: Match
    fault: Fault


def fault_rule_from(values: Mapping[str, Any]) -> FaultRule:
    """A rule from `{"match": {...}, "fault": ...}`. Raises InvalidRule."""
    unknown = [name for name in values if name not in ("match", "fault")]
    if unknown or "fault" not in values:
        raise InvalidRule(f"a fault rule has {', '.join(values) or 'nothing'}; allowed: match, fault")
    match, said = values.get("match", {}), values["fault"]
    if not isinstance(match, Mapping):
        raise InvalidRule(f"match is {match!r}; allowed: a table")
    if not isinstance(said, str | Mapping):
        raise InvalidRule(f"fault is {said!r}; allowed: a text or a table")
    rule = FaultRule(match_from(match), fault_from(said))
    operation = rule.match.operation
    if operation is not None:
        require(rule.fault, operation)
    return rule


def require(fault: Fault, operation: str) -> None:
    """Raises InvalidRule for a fault that makes no sense for an operation."""
    if not fault.fits(operation):
        allowed = ", ".join(name for name in Operation if name in OPERATIONS[fault.kind])
        raise InvalidRule(f"{fault.kind} makes no sense for the operation {operation}; allowed: {allowed}")


class Faults(RuleSet[FaultRule]):
    """Which faults a call meets: those of its header, then rules, then the scenario's, one of each group.

    A rule behind another of its group is not asked, and does not count, when that one was taken.
    """

    def __init__(self, random: SeededRandom) -> None:
        super().__init__(random, "fault")
        self.calls: collections.Counter[str] = collections.Counter()

    def __bool__(self) -> bool:
        return bool(self.rules or self.scenario)

    def clear(self, account: str | None = None) -> None:
        """Take away all rules, or those of an account."""
        if account is not None:
            self.forget(account)
            self.calls.pop(account, None)
            return
        self.restore(0, [], [])
        self.calls.clear()

    def restore(
        self, number: int, rules: list[tuple[Counter, FaultRule]], scenario: list[tuple[Counter, FaultRule]]
    ) -> None:
        """Have these rules with their counts; the next rule is named by the next number."""
        self.number = number
        self.rules[:], self.scenario[:] = rules, scenario

    def rows(self) -> list[dict[str, Any]]:
        """Every rule as JSON: its name, what it matches, its fault, how often it fitted and was used."""
        return [
            {
                "id": counter.label,
                "scenario": rules is self.scenario,
                "match": match_row(rule.match),
                "fault": fault_row(rule.fault),
                "text": str(rule.fault),
                "breaks_contract": rule.fault.kind in MUTATIONS,
                "matched": counter.matched,
                "applied": counter.applied,
            }
            for rules in (self.rules, self.scenario)
            for counter, rule in rules
        ]

    def choose(self, subject: RequestFacts, header: str = "") -> tuple[Fault, ...]:
        """The faults of a call. Raises InvalidRule for a header that cannot be read or makes no sense here."""
        met = {fault.group: fault for fault in faults_from(header)} if header else {}
        for fault in met.values():
            require(fault, subject.operation)
        if header.strip() != NONE:
            self._add_of_rules(met, subject, [*self.rules, *self.scenario])
        return self._drawn(met, subject)

    def choose_for_callback(self, subject: RequestFacts) -> tuple[Fault, ...]:
        """The faults of a callback: those of rules that name the operation, for a rule on calls means calls to us."""
        met: dict[str, Fault] = {}
        named = [pair for pair in (*self.rules, *self.scenario) if pair[1].match.operation == subject.operation]
        self._add_of_rules(met, subject, named)
        return self._drawn(met, subject)

    def choose_for_refusal(self, subject: RequestFacts) -> tuple[Fault, ...]:
        """The lies about a refusal of a call that was refused before anything else was asked about it."""
        met: dict[str, Fault] = {}
        early = [pair for pair in (*self.rules, *self.scenario) if pair[1].fault.kind in BEFORE_ROUTING]
        self._add_of_rules(met, subject, early)
        return self._drawn(met, subject)

    def bypasses_auth(self, subject: RequestFacts) -> bool:
        """Whether a lie lets anyone in, whatever the counts say."""
        rules = (rule for _, rule in (*self.rules, *self.scenario))
        return any(rule.fault.kind is FaultKind.AUTH_BYPASS and rule.match.fits(subject) for rule in rules)

    def _add_of_rules(
        self, met: dict[str, Fault], subject: RequestFacts, rules: list[tuple[Counter, FaultRule]]
    ) -> None:
        for counter, rule in rules:
            fault = rule.fault
            if fault.group not in met and fault.fits(subject.operation) and counter.claim(subject, self._random):
                met[fault.group] = fault

    def _drawn(self, met: dict[str, Fault], subject: RequestFacts) -> tuple[Fault, ...]:
        if not met:
            return ()
        self.calls[subject.account] += 1
        number = self.calls[subject.account]
        return tuple(fault.drawn(self._random, subject.account, number) for fault in met.values())


def _shown(value: object) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".") + "s" if isinstance(value, float) else str(value)
    return repr(text) if " " in text else text
