"""Verification as SARIF: each fact is a rule, each finding a result."""

from __future__ import annotations

from seedmock_contracts.enums import Basis
from seedmock_contracts.facts import Fact

from ...results.checks import Severity
from ...results.verification import Finding, Verification, VerificationVerdict
from ..exit_codes import VERIFICATION_EXITS
from ..sarif import LEVELS, Object, exchange_properties, invocation_object, render_sarif, result_object, rule_object
from .json import repeat_command


def verification_sarif(verification: Verification) -> str:
    """Return the log. Facts that were not checked have no result; the run's properties have the status of all."""
    facts = {fact.fact.id: fact.fact for fact in verification.facts}
    facts |= {finding.fact.id: finding.fact for finding in verification.findings}
    indices = {id_: index for index, id_ in enumerate(facts)}
    verdict, started_at = verification.verdict, verification.started_at
    successful = verdict is not VerificationVerdict.INCONCLUSIVE
    return render_sarif(
        [_rule(fact) for fact in facts.values()],
        [_result(finding, indices, verification.contract.name) for finding in verification.findings],
        invocation_object(
            successful, VERIFICATION_EXITS[verdict], verification.problem, started_at, verification.seconds
        ),
        {
            "upstream": verification.contract.name,
            "target": verification.target,
            "verdict": verdict.value,
            "spent": float(verification.spent),
            "currency": verification.currency,
            "tasks": list(verification.tasks),
            "facts": {fact.fact.id: fact.status.value for fact in verification.facts},
        },
    )


def fact_family(fact: Fact) -> str:
    """Return the family of a fact: the upstream and the subject, the first two parts of its id."""
    return ".".join(fact.id.split(".")[:2])


def _rule(fact: Fact) -> Object:
    level = LEVELS[Severity.INFO if fact.basis is Basis.ASSUMED else Severity.BREAKING]
    tags = (fact.basis.value, fact_family(fact))
    return rule_object(fact.id, fact.id, f"{fact.basis}: {fact.source}", _help(fact), level, tags)


def _help(fact: Fact) -> str:
    """Return what a finding about a fact means, and what to do about it."""
    upstream = fact.id.partition(".")[0]
    meaning = {
        Basis.DOCUMENTED: "the service contradicts its documentation",
        Basis.OBSERVED: "the service differs from what was recorded of it",
        Basis.ASSUMED: "the documentation is silent, and the emulator assumes otherwise",
    }[fact.basis]
    repeat = (
        f"Repeat the check with `seedmock verify --upstream {upstream}`; the command of each finding repeats its call."
    )
    return f"The fact `{fact.id}` is {fact.basis} ({fact.source}). In a finding about it, {meaning}. {repeat}"


def _result(finding: Finding, indices: dict[str, int], upstream: str) -> Object:
    fact = finding.fact
    emulated = f" Emulated: {finding.emulated}." if finding.emulated else ""
    message = f"{finding.title}. Expected: {finding.expected}.{emulated} Observed: {finding.observed}."
    address, fingerprint = f"{upstream}/{finding.exchange.operation or 'other'}", f"{finding.check}:{fact.id}"
    result = result_object(fact.id, indices[fact.id], finding.severity, message, address, fact.id, fingerprint)
    properties = {"check": finding.check, "label": finding.label, "basis": fact.basis.value}
    properties |= {"curl": repeat_command(finding.exchange)} | ({"patch": finding.patch} if finding.patch else {})
    return {**result, **exchange_properties(finding.exchange), "properties": properties}
