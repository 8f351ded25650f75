"""Certification as SARIF: each invariant is a rule, each scenario that violates it a result."""

from __future__ import annotations

from ...results.certification import (
    INVARIANT_DESCRIPTIONS,
    Certification,
    CertificationVerdict,
    Invariant,
    InvariantViolation,
    invariant_severity,
)
from ..exit_codes import CERTIFICATION_EXITS
from ..sarif import LEVELS, Object, invocation_object, render_sarif, result_object, rule_object


def certification_sarif(certification: Certification) -> str:
    """Return the log."""
    indices = {invariant: index for index, invariant in enumerate(INVARIANT_DESCRIPTIONS)}
    verdict = certification.verdict
    successful = verdict is not CertificationVerdict.COULD_NOT_RUN
    return render_sarif(
        [_rule(invariant, description) for invariant, description in INVARIANT_DESCRIPTIONS.items()],
        [_result(violation, indices, certification.upstream) for violation in certification.violations],
        invocation_object(successful, CERTIFICATION_EXITS[verdict], certification.problem, None, certification.seconds),
        {
            "upstream": certification.upstream,
            "adapter": certification.adapter,
            "verdict": verdict.value,
            "scenarios": list(certification.trials),
        },
    )


def _rule(invariant: Invariant, description: str) -> Object:
    level = LEVELS[invariant_severity(invariant)]
    rule = f"{description[0].upper()}{description[1:]}."
    help_text = f"{rule} Repeat a scenario with `seedmock certify --only NAME`; each result has its transcript."
    return rule_object(invariant.value, description, description, help_text, level, ("invariant",))


def _result(violation: InvariantViolation, indices: dict[Invariant, int], upstream: str) -> Object:
    message = f"{violation.scenario}: {violation.detail}"
    address, name = f"{upstream}/{violation.scenario}", f"{violation.invariant}/{violation.scenario}"
    index = indices[violation.invariant]
    result = result_object(violation.invariant.value, index, violation.severity, message, address, name, name)
    return {**result, "properties": {"scenario": violation.scenario, "transcript": list(violation.transcript)}}
