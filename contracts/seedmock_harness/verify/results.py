"""Aggregate the check results of a verification into fact verdicts and findings. Sends and prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import Fact, Variants

from ..results.checks import CheckFailure, CheckResult, Severity
from ..results.verification import FactResult, FactStatus, Finding

Key = tuple[str, str]
"""Name of a check and id of a fact: for each pair there is at most one finding."""


class Observation(Struct, frozen=True):
    """A check result with the step and the check that produced it, and the exchange that it is about."""

    step: str
    check: str
    result: CheckResult
    exchange: Exchange

    @property
    def key(self) -> Key:
        return self.check, self.result.fact.id

    @property
    def failure(self) -> CheckFailure:
        return CheckFailure(self.check, self.result, self.exchange)

    @property
    def is_failure(self) -> bool:
        """True if it contradicts a documented or observed fact: such a step is repeated before it counts."""
        return not self.result.passed and self.failure.severity is not Severity.INFO


@dataclass
class ResultSet:
    """The first observation of each key, passed and failed apart."""

    passed: dict[Key, Observation] = field(default_factory=dict)
    failed: dict[Key, Observation] = field(default_factory=dict)
    reproduced: dict[Key, bool] = field(default_factory=dict)
    """For findings whose step was repeated: True if the finding appeared again."""

    def add(self, observation: Observation) -> None:
        """Add an observation. A failure replaces one of the same key that turned out to be a flake."""
        key, target = observation.key, self.passed if observation.result.passed else self.failed
        if observation.is_failure and self.reproduced.get(key) is False:
            del self.failed[key], self.reproduced[key]
        target.setdefault(key, observation)

    def failures_of(self, step: str) -> list[Key]:
        """Return the findings of a step that justify repeating it."""
        return [key for key, observation in self.failed.items() if observation.step == step and observation.is_failure]

    def label(self, key: Key) -> str:
        """Return "drift", or "flake" if the finding did not appear when its step was repeated."""
        return "drift" if self.reproduced.get(key, True) else "flake"

    def confirm(self, repetition: ResultSet, keys: Iterable[Key]) -> None:
        """Record which findings appeared again; one that the repetition did not check keeps its label."""
        for key in keys:
            if key in repetition.failed or key in repetition.passed:
                self.reproduced[key] = key in repetition.failed

    def add_missing(self, repetition: ResultSet) -> None:
        """Add what only the repetition of a step has looked at."""
        keys = {*self.passed, *self.failed}
        for observation in (*repetition.failed.values(), *repetition.passed.values()):
            if observation.key not in keys:
                self.add(observation)

    def has_seen(self, fact: Fact) -> bool:
        """Return True if any response has shown the fact."""
        return any(fact.id == id_ for _, id_ in (*self.passed, *self.failed))

    def has_drift(self) -> bool:
        """Return True if a documented or observed fact is contradicted reproducibly."""
        return any(observation.is_failure and self.label(key) == "drift" for key, observation in self.failed.items())


def fact_results(
    contract: Contract, results: ResultSet, unchecked_reason: str, reasons: Mapping[str, str] | None = None
) -> Iterator[FactResult]:
    """Yield the status of every fact of the contract.

    `unchecked_reason` is the detail of facts without a result, but for those in `reasons`, by id.
    """
    failed = _first_by_fact(
        {key: observation for key, observation in results.failed.items() if results.label(key) == "drift"}
    )
    passed = _first_by_fact(results.passed)
    for fact in contract.facts():
        if fact.id in failed:
            result = failed[fact.id].result
            detail = f"{result.title}: expected {result.expected}, observed {result.observed}"
            yield FactResult(fact, FactStatus.CONTRADICTED, detail)
        elif fact.id in passed:
            observation = passed[fact.id]
            detail = observation.result.observed or f"confirmed by {observation.check} in {observation.step}"
            yield FactResult(fact, FactStatus.CONFIRMED, detail)
        else:
            yield FactResult(fact, FactStatus.NOT_CHECKED, (reasons or {}).get(fact.id, unchecked_reason))


def _first_by_fact(observations: Mapping[Key, Observation]) -> dict[str, Observation]:
    first: dict[str, Observation] = {}
    for (_, fact), observation in observations.items():
        first.setdefault(fact, observation)
    return first


def findings(results: ResultSet, emulated: Mapping[Key, str], absolute_url: Callable[[str], str]) -> Iterator[Finding]:
    """Yield every contradiction, drift before flakes and by severity; a flake is a warning at most."""
    order = list(Severity)
    unsorted = [
        _finding(key, observation, results, emulated, absolute_url) for key, observation in results.failed.items()
    ]
    yield from sorted(unsorted, key=lambda finding: (finding.label != "drift", order.index(finding.severity)))


def _finding(
    key: Key,
    observation: Observation,
    results: ResultSet,
    emulated: Mapping[Key, str],
    absolute_url: Callable[[str], str],
) -> Finding:
    failure, label = observation.failure, results.label(key)
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
        exchange=replace(failure.exchange, request=replace(request, url=absolute_url(request.url))),
        label=label,
        patch=contract_patch(failure.fact, observation.result) if failure.severity is Severity.INFO else "",
    )


def contract_patch(fact: Fact, result: CheckResult, at: float | None = None) -> str:
    """Return, in one line, the change to the contract that follows from a result about an assumption."""
    if result.passed:
        day = "" if at is None else f" (verified {datetime.fromtimestamp(at, UTC):%Y-%m-%d})"
        return f"{fact.id}: basis: {fact.basis} -> {Basis.OBSERVED}{day}"
    if isinstance(fact, Variants) and result.observed in fact.options:
        return f'{fact.id}: default "{fact.default}" -> "{result.observed}"'
    return f"{fact.id}: {result.expected} -> {result.observed}"


def confirmed_assumptions(results: ResultSet, at: float) -> Iterator[tuple[Fact, str]]:
    """Yield each assumption that was confirmed and never contradicted, with its contract patch."""
    contradicted = {fact for _, fact in results.failed}
    for observation in _first_by_fact(results.passed).values():
        fact = observation.result.fact
        if fact.basis is Basis.ASSUMED and fact.id not in contradicted:
            yield fact, contract_patch(fact, observation.result, at)


def observed_values(observations: Iterable[Observation]) -> dict[Key, str]:
    """Return the observed value of each key: the emulator's, to be compared with the target's."""
    return {
        observation.key: observation.result.observed or observation.result.expected or "as the contract says"
        for observation in observations
    }
