"""A certification in JUnit's XML: a suite for each invariant, in it a case for each scenario."""

from __future__ import annotations

from collections.abc import Iterator

from ...results.certification import Certification, CertificationVerdict, Invariant, InvariantViolation
from ..junit import Case, Outcome, Suite, junit
from ..summary import of_certification


def certification_junit(found: Certification) -> str:
    """The document."""
    return junit(f"seedmock certify {found.upstream}: {found.adapter}", _suites(found), found.seconds)


def _suites(found: Certification) -> Iterator[Suite]:
    says = of_certification(found).headline
    if found.problem or found.verdict is CertificationVerdict.COULD_NOT_RUN:
        yield Suite("certification", (Case("running", Outcome.ERROR, found.problem or says, says, "could-not-run"),))
        return
    broken = {(one.invariant, one.scenario): one for one in found.violations}
    for invariant in Invariant:
        yield Suite(invariant.value, tuple(_case(name, broken.get((invariant, name))) for name in found.trials))


def _case(scenario: str, one: InvariantViolation | None) -> Case:
    if one is None:
        return Case(scenario)
    return Case(scenario, Outcome.FAILURE, one.detail, "\n".join(one.transcript), one.severity.value)
