"""A verification in JUnit's XML: a suite for each family of facts, a case for each fact.

Red is what makes the verdict red: an assumption that is answered otherwise passes, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...results.verification import FactResult, FactStatus, Finding, Verification, VerificationVerdict
from ..junit import Case, Outcome, Suite, junit
from ..summary import contradicts, of_verification
from .json import repeat
from .sarif import family


def verification_junit(found: Verification) -> str:
    """The document."""
    return junit(f"seedmock verify {found.contract.name} at {found.target}", _suites(found), found.seconds)


def _suites(found: Verification) -> Iterator[Suite]:
    says = of_verification(found).headline
    if found.problem or found.verdict is VerificationVerdict.COULD_NOT_LOOK:
        yield Suite("verification", (Case("looking", Outcome.ERROR, found.problem or says, says, "could-not-look"),))
    about: dict[str, list[Finding]] = {}
    for finding in found.findings:
        about.setdefault(finding.fact.id, []).append(finding)
    families: dict[str, list[Case]] = {}
    for seen in found.facts:
        families.setdefault(family(seen.fact), []).append(_case(seen, about))
    for name, cases in families.items():
        yield Suite(name, tuple(cases))


def _case(seen: FactResult, about: Mapping[str, list[Finding]]) -> Case:
    findings = about.get(seen.fact.id, [])
    red = [finding for finding in findings if contradicts(finding)]
    if red:
        says = f"{red[0].title}: expected {red[0].expected}, observed {red[0].observed}"
        return Case(seen.fact.id, Outcome.FAILURE, says, "\n\n".join(map(_told, red)), red[0].severity.value)
    if seen.status is FactStatus.NOT_LOOKED:
        return Case(seen.fact.id, Outcome.SKIPPED, seen.detail)
    return Case(seen.fact.id, says="\n\n".join(map(_told, findings)) or seen.detail)


def _told(finding: Finding) -> str:
    fact = finding.fact
    lines = (
        f"{finding.title} ({finding.severity}, {finding.label})",
        f"{fact.basis}: {fact.source}",
        f"expected  {finding.expected}",
        f"emulated  {finding.emulated or 'was not asked'}",
        f"observed  {finding.observed}",
        *([f"settled   {finding.patch}"] if finding.patch else []),
        f"repeat    {repeat(finding.exchange)}",
    )
    return "\n".join(lines)
