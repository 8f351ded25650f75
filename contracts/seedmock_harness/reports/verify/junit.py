"""Verification as JUnit XML: a suite for each family of facts, with a case for each fact.

Only drift fails a case: a contradicted assumption passes, with the finding as its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...results.verification import FactResult, FactStatus, Finding, Verification, VerificationVerdict
from ..junit import CaseStatus, JUnitCase, JUnitSuite, render_junit
from ..summary import is_drift, summarize_verification
from .json import repeat_command
from .sarif import fact_family


def verification_junit(verification: Verification) -> str:
    """Return the XML document."""
    name = f"seedmock verify {verification.contract.name} at {verification.target}"
    return render_junit(name, _suites(verification), verification.seconds)


def _suites(verification: Verification) -> Iterator[JUnitSuite]:
    headline = summarize_verification(verification).headline
    if verification.problem or verification.verdict is VerificationVerdict.INCONCLUSIVE:
        message = verification.problem or headline
        case = JUnitCase("run", CaseStatus.ERROR, message, headline, VerificationVerdict.INCONCLUSIVE.value)
        yield JUnitSuite("verification", (case,))
    findings: dict[str, list[Finding]] = {}
    for finding in verification.findings:
        findings.setdefault(finding.fact.id, []).append(finding)
    families: dict[str, list[JUnitCase]] = {}
    for fact in verification.facts:
        families.setdefault(fact_family(fact.fact), []).append(_case(fact, findings))
    for name, cases in families.items():
        yield JUnitSuite(name, tuple(cases))


def _case(fact: FactResult, findings_by_fact: Mapping[str, list[Finding]]) -> JUnitCase:
    findings = findings_by_fact.get(fact.fact.id, [])
    drift = [finding for finding in findings if is_drift(finding)]
    if drift:
        message = f"{drift[0].title}: expected {drift[0].expected}, observed {drift[0].observed}"
        text = "\n\n".join(map(_describe, drift))
        return JUnitCase(fact.fact.id, CaseStatus.FAILURE, message, text, drift[0].severity.value)
    if fact.status is FactStatus.NOT_CHECKED:
        return JUnitCase(fact.fact.id, CaseStatus.SKIPPED, fact.detail)
    return JUnitCase(fact.fact.id, message="\n\n".join(map(_describe, findings)) or fact.detail)


def _describe(finding: Finding) -> str:
    fact = finding.fact
    lines = (
        f"{finding.title} ({finding.severity}, {finding.label})",
        f"{fact.basis}: {fact.source}",
        f"expected  {finding.expected}",
        f"emulated  {finding.emulated or 'not available'}",
        f"observed  {finding.observed}",
        *([f"patch     {finding.patch}"] if finding.patch else []),
        f"repeat    {repeat_command(finding.exchange)}",
    )
    return "\n".join(lines)
