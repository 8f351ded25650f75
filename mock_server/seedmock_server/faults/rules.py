"""Faults as they are written, and the rules that select them for a request.

A fault is written as `status code=502 body=html`, or as a table with the same names; in a header, several are separated
by `;`. Knows no upstream, and nothing of what a fault does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from seedmock_contracts.enums import Operation

from ..matching.rules import Counter, InvalidRule, Match, RequestFacts, RuleSet, match_table, parse_rule
from ..matching.syntax import parse_kind, quote_value
from ..randomness import SeededRandom
from ..tasks.pace import LogNormal
from .kinds import BEFORE_ROUTING, ERROR_MUTATIONS, FIELD, GROUPS, MUTATIONS, NEED_BODY, OPERATIONS, FaultKind
from .parameter_parsing import READERS, parameter_problem
from .parameters import DEFAULTS, PARAMETERS, SUBJECTS

NONE = "none"
"""Header that keeps all rules of faults from a request."""


class Fault(Struct, frozen=True):
    """Kind and parameters of a fault, parsed: durations in seconds, counts as whole numbers, the rest as text."""

    kind: FaultKind
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.kind, *(f"{name}={_value_text(value)}" for name, value in self.values.items())])

    def get(self, name: str) -> Any:
        """Return a parameter, its default, or None."""
        return self.values.get(name, DEFAULTS.get(self.kind, {}).get(name))

    @property
    def group(self) -> str:
        """Name of the group of which a request meets one fault at most: one status, one end, one fault of a field."""
        group = GROUPS.get(self.kind, self.kind)
        subject = next((str(self.values[name]) for name in SUBJECTS if name in self.values), "")
        return f"{group} {subject}".strip() if self.kind not in GROUPS or group == FIELD else group

    @property
    def warning(self) -> str:
        """Sentence about what the fault does to calls that it does not match; empty if it leaves them alone."""
        if self.values.get("connection") != "keep":
            return ""
        return f"{self}: what is left on the connection can become the response to another call, of whatever key"

    def applies_to(self, operation: str) -> bool:
        """Tell whether the fault can be applied to an operation; the empty one is that of an unknown route."""
        if not operation and self.kind in ERROR_MUTATIONS:
            return True
        return self.kind not in OPERATIONS or operation in OPERATIONS[self.kind]

    @property
    def needs_body(self) -> bool:
        """True for a fault that does not show in a response without a body, as that to HEAD is."""
        return self.kind in NEED_BODY or (self.kind is FaultKind.RESET and self.get("when") == "during")

    def drawn(self, random: SeededRandom, account: str, number: int) -> Fault:
        """Return the fault with its latency drawn from the distribution that it names."""
        if "p50" not in self.values:
            return self
        fraction = random.uniform("latency", account, number)
        seconds = LogNormal(self.values["p50"], self.values["p90"]).quantile(fraction)
        return Fault(self.kind, {"seconds": round(seconds, 6)})


class FaultRule(Struct, frozen=True):
    """A fault, and the requests that it is applied to."""

    match: Match
    fault: Fault


def parse_fault(fault: str | Mapping[str, Any]) -> Fault:
    """Parse a fault from its text or its table. Raises InvalidRule, which says what is allowed."""
    kind, texts = parse_kind(fault, "fault", PARAMETERS)
    values = {name: READERS[name](value, name) for name, value in texts.items()}
    problem = parameter_problem(kind, values)
    if problem:
        raise InvalidRule(f"{kind}: {problem}")
    return Fault(kind, values)


def fault_table(fault: Fault) -> dict[str, Any]:
    """Return the table from which a fault can be parsed again."""
    return {"fault": fault.kind.value, **fault.values}


def parse_fault_header(header: str) -> tuple[Fault, ...]:
    """Parse the faults of a header. Raises InvalidRule, also for two that exclude each other."""
    if header.strip() == NONE:
        return ()
    faults: dict[str, Fault] = {}
    for text in header.split(";"):
        fault = parse_fault(text)
        if fault.group in faults:
            raise InvalidRule(f"{faults[fault.group]} and {fault} contradict each other; allowed: one of them")
        faults[fault.group] = fault
    return tuple(faults.values())


def parse_fault_rule(values: Mapping[str, Any]) -> FaultRule:
    """Parse a rule from `{"match": {...}, "fault": ...}`. Raises InvalidRule."""
    match, fault = parse_rule(values, "fault")
    if not isinstance(fault, str | Mapping):
        raise InvalidRule(f"fault is {fault!r}; allowed: a string or a table")
    rule = FaultRule(match, parse_fault(fault))
    if match.operation is not None:
        check_operation(rule.fault, match.operation)
    return rule


def check_operation(fault: Fault, operation: str) -> None:
    """Raise InvalidRule for a fault that cannot be applied to an operation."""
    if not fault.applies_to(operation):
        allowed = ", ".join(name for name in Operation if name in OPERATIONS[fault.kind])
        raise InvalidRule(f"{fault.kind} does not apply to the operation {operation}; allowed: {allowed}")


class FaultRules(RuleSet[FaultRule]):
    """Rules of faults. A request meets the faults of its header, then rules, then the scenario's, one of each group.

    A rule whose group is taken already does not count the request.
    """

    def __init__(self, random: SeededRandom) -> None:
        super().__init__(random, "fault")

    def __bool__(self) -> bool:
        return bool(self.rules or self.scenario)

    def clear(self, account: str | None = None) -> None:
        """Remove all rules, or those of an account."""
        if account is not None:
            self.remove_account(account)
            self.forget_draws(account)
            return
        self.restore(0, [], [])
        self.forget_draws()

    def restore(
        self, number: int, rules: list[tuple[Counter, FaultRule]], scenario: list[tuple[Counter, FaultRule]]
    ) -> None:
        """Replace the rules and their counts; the next label follows on `number`."""
        self._note_changes(everything=True)
        self.number = number
        self.rules[:], self.scenario[:] = rules, scenario

    def rows(self) -> list[dict[str, Any]]:
        """Return every rule as JSON, with its counts."""
        return [
            {
                "id": counter.label,
                "scenario": rules is self.scenario,
                "match": match_table(rule.match),
                "fault": fault_table(rule.fault),
                "text": str(rule.fault),
                "warning": rule.fault.warning,
                "breaks_contract": rule.fault.kind in MUTATIONS,
                "matched": counter.matched,
                "applied": counter.applied,
            }
            for rules in (self.rules, self.scenario)
            for counter, rule in rules
        ]

    async def choose(self, request: RequestFacts, header: str = "") -> tuple[Fault, ...]:
        """Choose the faults of a request. Raises InvalidRule for a header that is malformed or out of place."""
        faults = parse_fault_header(header) if header else ()
        for fault in faults:
            check_operation(fault, request.operation)
            if request.method == "HEAD" and fault.needs_body:
                raise InvalidRule(f"{fault} acts on a body, and the response to HEAD has none; allowed: GET")
        rules = () if header.strip() == NONE else (*self.rules, *self.scenario)
        return await self._chosen(request, rules, faults)

    async def choose_for_callback(self, request: RequestFacts) -> tuple[Fault, ...]:
        """Choose the faults of a callback: those of rules that name the operation, as others mean requests."""
        rules = [pair for pair in (*self.rules, *self.scenario) if pair[1].match.operation == request.operation]
        return await self._chosen(request, rules)

    async def choose_for_refusal(self, request: RequestFacts) -> tuple[Fault, ...]:
        """Choose the faults of a request that was refused before it was decoded."""
        rules = [pair for pair in (*self.rules, *self.scenario) if pair[1].fault.kind in BEFORE_ROUTING]
        return await self._chosen(request, rules)

    def bypasses_auth(self, request: RequestFacts) -> bool:
        """Tell whether a rule lets the request in without a valid key, whatever the rule's counts are."""
        rules = (rule for _, rule in (*self.rules, *self.scenario))
        return any(rule.fault.kind is FaultKind.AUTH_BYPASS and rule.match.matches(request) for rule in rules)

    async def _chosen(
        self, request: RequestFacts, rules: Sequence[tuple[Counter, FaultRule]], header: tuple[Fault, ...] = ()
    ) -> tuple[Fault, ...]:
        faults = {fault.group: fault for fault in header}
        for counter, rule in rules:
            fault, group = rule.fault, rule.fault.group
            if group in faults or not fault.applies_to(request.operation):
                continue
            if request.method == "HEAD" and fault.needs_body:  # left to the GET, where it can be seen
                continue
            if await self._claims(counter, request):
                faults[group] = fault
        if not faults:
            return ()
        number = await self._next_draw(request.account)
        return tuple(fault.drawn(self._random, request.account, number) for fault in faults.values())


def _value_text(value: object) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".") + "s" if isinstance(value, float) else str(value)
    return quote_value(text)
