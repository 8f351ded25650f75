"""Certification as an HTML page: verdict, actions, violations with timelines, and every trial."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts import __version__

from ...results.certification import INVARIANT_DESCRIPTIONS, Certification, CertificationVerdict
from ..html import render_page
from ..summary import summarize_certification, violations_by_invariant
from ..timeline import trial_timeline
from ..timeline_layout import format_duration, lay_out

VERDICT_CLASSES = {
    CertificationVerdict.CERTIFIED: "good",
    CertificationVerdict.NOT_CERTIFIED: "bad",
    CertificationVerdict.COULD_NOT_RUN: "warn",
}


def certification_html(certification: Certification) -> str:
    """Return the page."""
    violations = certification.violations
    records = {*certification.trial_records, *(violation.trial for violation in violations)}
    return render_page(
        "certification.html",
        result=certification,
        version=__version__,
        verdict_class=VERDICT_CLASSES[certification.verdict],
        subject=certification.adapter,
        summary=summarize_certification(certification),
        figures=tuple(_figures(certification)),
        sections=(("invariants", "Invariants"), ("violations", "Violations"), ("trials", "Trials")),
        descriptions=INVARIANT_DESCRIPTIONS,
        violations=violations_by_invariant(certification),
        failed_scenarios={violation.scenario for violation in violations},
        layouts={record: lay_out(trial_timeline(record)) for record in records if record is not None},
        filters=(),
    )


def _figures(certification: Certification) -> Iterator[tuple[str, str]]:
    yield "Upstream", certification.upstream
    yield "Duration", format_duration(certification.seconds)
    yield "Scenarios", str(len(certification.trials))
    yield "Satisfied invariants", _satisfied(certification)


def _satisfied(certification: Certification) -> str:
    if certification.problem or not certification.trials:
        return "not checked"
    total = len(INVARIANT_DESCRIPTIONS)
    return f"{total - len(violations_by_invariant(certification))} of {total}"
