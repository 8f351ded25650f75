"""A verification in SARIF: every fact is a rule, every finding a result."""

from __future__ import annotations

from seedmock_contracts.enums import Basis
from seedmock_contracts.facts import Fact

from ...results.checks import Severity
from ...results.verification import Finding, Verification, VerificationVerdict
from ..exit_codes import VERIFICATION
from ..sarif import LEVELS, Object, exchanged, invocation, result, rule, sarif
from .json import repeat


def verification_sarif(found: Verification) -> str:
    """The log. What was not looked at is no result: it stands in the run's properties, by fact."""
    facts = {seen.fact.id: seen.fact for seen in found.facts} | {one.fact.id: one.fact for one in found.findings}
    places = {id_: number for number, id_ in enumerate(facts)}
    looked = found.verdict is not VerificationVerdict.COULD_NOT_LOOK
    return sarif(
        [_rule(fact) for fact in facts.values()],
        [_result(finding, places, found.contract.name) for finding in found.findings],
        invocation(looked, VERIFICATION[found.verdict], found.problem, found.started_at, found.seconds),
        {
            "upstream": found.contract.name,
            "target": found.target,
            "verdict": found.verdict.value,
            "spentUsd": float(found.spent),
            "money": found.currency,
            "tasks": list(found.tasks),
            "facts": {seen.fact.id: seen.status.value for seen in found.facts},
        },
    )


def family(fact: Fact) -> str:
    """The group of facts that one belongs to: the first two parts of its id."""
    return ".".join(fact.id.split(".")[:2])


def _rule(fact: Fact) -> Object:
    level = LEVELS[Severity.INFO if fact.basis is Basis.ASSUMED else Severity.BREAKING]
    return rule(fact.id, fact.id, f"{fact.basis}: {fact.source}", level, (fact.basis.value, family(fact)))


def _result(finding: Finding, places: dict[str, int], upstream: str) -> Object:
    fact = finding.fact
    emulated = f" Emulated: {finding.emulated}." if finding.emulated else ""
    says = f"{finding.title}. Expected: {finding.expected}.{emulated} Observed: {finding.observed}."
    at = f"{upstream}/{finding.exchange.operation or 'elsewhere'}"
    found = result(fact.id, places[fact.id], finding.severity, says, at, fact.id, f"{finding.check}:{fact.id}")
    told = {"check": finding.check, "label": finding.label, "basis": fact.basis.value}
    told |= {"curl": repeat(finding.exchange)} | ({"patch": finding.patch} if finding.patch else {})
    return {**found, **exchanged(finding.exchange), "properties": told}
