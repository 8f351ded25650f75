"""A certification in JUnit's XML: a suite for each invariant, in it a case for each scenario."""

from __future__ import annotations

from collections.abc import Iterator

from ...results.certification import Certification, Invariant, InvariantViolation, Verdict
from ..junit import Case, Outcome, Suite, junit
from ..summary import of_certification


def certification_junit(found: Certification) -> str:
    """The document."""
    return junit(f"seedmock certify {found.upstream}: {found.adapter}", _suites(found), found.seconds)


def _suites(found: Certification) -> Iterator[Suite]:
    says = of_certification(found).headline
    if found.trouble or found.verdict is Verdict.COULD_NOT_RUN:
        yield Suite("certification", (Case("running", Outcome.ERROR, found.trouble or says, says, "could-not-run"),))
        return
    broken = {(one.invariant, one.scenario): one for one in found.broken}
    for invariant in Invariant:
        yield Suite(invariant.value, tuple(_case(name, broken.get((invariant, name))) for name in found.trials))


def _case(scenario: str, one: InvariantViolation | None) -> Case:
    if one is None:
        return Case(scenario)
    return Case(scenario, Outcome.FAILURE, one.detail, "\n".join(one.conversation), one.severity.value)
