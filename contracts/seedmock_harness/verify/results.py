"""What the looks of a verification add up to: a verdict on each fact, and findings. Pure bookkeeping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import Fact, Variants

from ..results.checks import CheckFailure, CheckResult, Severity
from ..results.verification import FactResult, FactStatus, Finding

Key = tuple[str, str]
"""A check's name and a fact's id: of each pair there is one finding at most."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A look, the check and the step that it was made by, and the exchange that it was made at."""

    step: str
    check: str
    look: CheckResult
    exchange: Exchange

    @property
    def key(self) -> Key:
        return self.check, self.look.fact.id

    @property
    def failure(self) -> CheckFailure:
        return CheckFailure(self.check, self.look, self.exchange)

    @property
    def is_red(self) -> bool:
        """Whether it contradicts what was promised, and so is worth a second look."""
        return not self.look.passed and self.failure.severity is not Severity.INFO


@dataclass
class ResultSet:
    """Every look so far, by what it was at."""

    held: dict[Key, Observation] = field(default_factory=dict)
    broken: dict[Key, Observation] = field(default_factory=dict)
    again: dict[Key, bool] = field(default_factory=dict)
    """Of findings that were looked at twice: whether they were seen again."""

    def add(self, sight: Observation) -> None:
        """Remember a look; of the same finding the first."""
        if sight.look.passed:
            self.held.setdefault(sight.key, sight)
        else:
            self.broken.setdefault(sight.key, sight)

    def red(self, step: str) -> list[Key]:
        """The findings of a step that are worth a second look."""
        return [key for key, sight in self.broken.items() if sight.step == step and sight.is_red]

    def label(self, key: Key) -> str:
        """Drift, or flake where a second look found nothing."""
        return "drift" if self.again.get(key, True) else "flake"

    def confirm(self, second: ResultSet, red: Iterable[Key]) -> None:
        """Take note of what a second look saw of findings; what it did not look at stays as it was."""
        for key in red:
            if key in second.broken or key in second.held:
                self.again[key] = key in second.broken

    def drifts(self) -> bool:
        """Whether anything that was promised is contradicted, for good."""
        return any(sight.is_red and self.label(key) == "drift" for key, sight in self.broken.items())


def facts_seen(contract: Contract, gathered: ResultSet, why_not: str) -> Iterator[FactResult]:
    """A verdict on every fact of the contract; `why_not` says why the others were not looked at."""
    broken = _by_fact({key: sight for key, sight in gathered.broken.items() if gathered.label(key) == "drift"})
    held = _by_fact(gathered.held)
    for fact in contract.facts():
        if fact.id in broken:
            look = broken[fact.id].look
            yield FactResult(
                fact, FactStatus.CONTRADICTED, f"{look.title}: expected {look.expected}, observed {look.observed}"
            )
        elif fact.id in held:
            sight = held[fact.id]
            yield FactResult(
                fact, FactStatus.CONFIRMED, sight.look.observed or f"seen by {sight.check} in {sight.step}"
            )
        else:
            yield FactResult(fact, FactStatus.NOT_LOOKED, why_not)


def _by_fact(sights: Mapping[Key, Observation]) -> dict[str, Observation]:
    """The first sight of each fact."""
    found: dict[str, Observation] = {}
    for (_, fact), sight in sights.items():
        found.setdefault(fact, sight)
    return found


def findings(gathered: ResultSet, emulated: Mapping[Key, str], where: Callable[[str], str]) -> Iterator[Finding]:
    """Every contradiction, the worst first; a flake is a warning at most. `where` makes an address whole."""
    order = list(Severity)
    found = [_finding(key, sight, gathered, emulated, where) for key, sight in gathered.broken.items()]
    yield from sorted(found, key=lambda one: (one.label != "drift", order.index(one.severity)))


def _finding(
    key: Key, sight: Observation, gathered: ResultSet, emulated: Mapping[Key, str], where: Callable[[str], str]
) -> Finding:
    failure, label = sight.failure, gathered.label(key)
    request = failure.exchange.request
    severity = Severity.WARNING if label == "flake" and failure.severity is Severity.BREAKING else failure.severity
    return Finding(
        fact=failure.fact,
        check=failure.check,
        severity=severity,
        title=failure.title,
        expected=failure.expected,
        emulated=emulated.get(key, ""),
        observed=failure.observed,
        exchange=replace(failure.exchange, request=replace(request, url=where(request.url))),
        label=label,
        patch=patch(failure.fact, sight.look) if failure.severity is Severity.INFO else "",
    )


def patch(fact: Fact, look: CheckResult, at: float | None = None) -> str:
    """What follows for the contract from a look that settles an assumption, in one line."""
    if look.passed:
        day = "" if at is None else f" (verified {datetime.fromtimestamp(at, UTC):%Y-%m-%d})"
        return f"{fact.id}: evidence: {fact.basis} -> {Basis.OBSERVED}{day}"
    if isinstance(fact, Variants) and look.observed in fact.options:
        return f'{fact.id}: default "{fact.default}" -> "{look.observed}"'
    return f"{fact.id}: {look.expected} -> {look.observed}"


def settled(gathered: ResultSet, at: float) -> Iterator[tuple[Fact, str]]:
    """The assumptions that were confirmed, each with the line that follows for the contract."""
    contradicted = {key[1] for key in gathered.broken}
    for sight in _by_fact(gathered.held).values():
        fact = sight.look.fact
        if fact.basis is Basis.ASSUMED and fact.id not in contradicted:
            yield fact, patch(fact, sight.look, at)


def observed(sights: Iterable[Observation]) -> dict[Key, str]:
    """What was seen in each place: what the emulator says where a finding has something else."""
    return {sight.key: sight.look.observed or sight.look.expected or "as the contract says" for sight in sights}
