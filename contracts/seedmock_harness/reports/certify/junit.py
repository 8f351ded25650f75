"""Certification as JUnit XML: a suite for each invariant, with a case for each scenario."""

from __future__ import annotations

from collections.abc import Iterator

from ...results.certification import Certification, CertificationVerdict, Invariant, InvariantViolation
from ..junit import CaseStatus, JUnitCase, JUnitSuite, render_junit
from ..summary import summarize_certification


def certification_junit(certification: Certification) -> str:
    """Return the XML document."""
    name = f"seedmock certify {certification.upstream}: {certification.adapter}"
    return render_junit(name, _suites(certification), certification.seconds)


def _suites(certification: Certification) -> Iterator[JUnitSuite]:
    headline = summarize_certification(certification).headline
    if certification.problem or certification.verdict is CertificationVerdict.COULD_NOT_RUN:
        message = certification.problem or headline
        case = JUnitCase("run", CaseStatus.ERROR, message, headline, CertificationVerdict.COULD_NOT_RUN.value)
        yield JUnitSuite("certification", (case,))
        return
    violations = {(violation.invariant, violation.scenario): violation for violation in certification.violations}
    for invariant in Invariant:
        cases = (_case(name, violations.get((invariant, name))) for name in certification.trials)
        yield JUnitSuite(invariant.value, tuple(cases))


def _case(scenario: str, violation: InvariantViolation | None) -> JUnitCase:
    if violation is None:
        return JUnitCase(scenario)
    transcript = "\n".join(violation.transcript)
    return JUnitCase(scenario, CaseStatus.FAILURE, violation.detail, transcript, violation.severity.value)
