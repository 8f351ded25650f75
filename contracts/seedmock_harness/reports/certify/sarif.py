"""A certification in SARIF: every invariant is a rule, every scenario in which one broke a result."""

from __future__ import annotations

from ...results.certification import (
    INVARIANT_DESCRIPTIONS,
    Certification,
    CertificationVerdict,
    Invariant,
    InvariantViolation,
    invariant_severity,
)
from ..exit_codes import CERTIFICATION
from ..sarif import LEVELS, Object, invocation, result, rule, sarif


def certification_sarif(found: Certification) -> str:
    """The log."""
    places = {invariant: number for number, invariant in enumerate(INVARIANT_DESCRIPTIONS)}
    ran = found.verdict is not CertificationVerdict.COULD_NOT_RUN
    return sarif(
        [_rule(invariant, meaning) for invariant, meaning in INVARIANT_DESCRIPTIONS.items()],
        [_result(one, places, found.upstream) for one in found.violations],
        invocation(ran, CERTIFICATION[found.verdict], found.problem, None, found.seconds),
        {
            "upstream": found.upstream,
            "adapter": found.adapter,
            "verdict": found.verdict.value,
            "scenarios": list(found.trials),
        },
    )


def _rule(invariant: Invariant, meaning: str) -> Object:
    return rule(invariant.value, meaning, meaning, LEVELS[invariant_severity(invariant)], ("invariant",))


def _result(one: InvariantViolation, places: dict[Invariant, int], upstream: str) -> Object:
    says = f"{one.scenario}: {one.detail}"
    at, name = f"{upstream}/{one.scenario}", f"{one.invariant}/{one.scenario}"
    found = result(one.invariant.value, places[one.invariant], one.severity, says, at, name, name)
    return {**found, "properties": {"scenario": one.scenario, "conversation": list(one.transcript)}}
