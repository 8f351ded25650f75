"""Verification as an HTML page: verdict, actions, findings, timelines of the tasks, and every fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from seedmock_contracts import __version__
from seedmock_contracts.enums import Basis

from ...results.verification import FactStatus, Verification, VerificationVerdict
from ..html import render_page
from ..summary import count_facts, format_time, pluralize, summarize_verification, unchecked_by_reason
from ..timeline import task_timelines
from ..timeline_layout import format_duration, lay_out

VERDICT_CLASSES = {
    VerificationVerdict.CONFORMS: "good",
    VerificationVerdict.DRIFTED: "bad",
    VerificationVerdict.INCONCLUSIVE: "warn",
}
BASIS_LABELS = {Basis.DOCUMENTED: "Documented", Basis.OBSERVED: "Observed before", Basis.ASSUMED: "Assumed"}


def verification_html(verification: Verification) -> str:
    """Return the page."""
    statuses = Counter(fact.status for fact in verification.facts)
    bases = Counter(fact.fact.basis for fact in verification.facts)
    return render_page(
        "verification.html",
        result=verification,
        version=__version__,
        verdict_class=VERDICT_CLASSES[verification.verdict],
        subject=verification.target,
        summary=summarize_verification(verification),
        figures=tuple(_figures(verification)),
        sections=tuple(_sections(verification)),
        basis_labels=BASIS_LABELS,
        layouts=[lay_out(timeline) for timeline in task_timelines(verification.history)],
        statuses=tuple(FactStatus),
        bases=tuple(Basis),
        counts=count_facts(verification.facts),
        unchecked=unchecked_by_reason(verification.facts),
        filters=[*FactStatus, *Basis],
        filter_groups=(
            ("Status", "status", [(status.value, statuses[status]) for status in FactStatus]),
            ("Basis", "basis", [(basis.value, bases[basis]) for basis in Basis]),
        ),
    )


def _figures(verification: Verification) -> Iterator[tuple[str, str]]:
    yield "Started", format_time(verification.started_at)
    yield "Duration", format_duration(verification.seconds)
    yield "Spent", f"{verification.spent:f} {verification.currency}"
    yield "Tasks that may be charged", str(len(verification.tasks))
    yield "Facts", str(len(verification.facts))


def _sections(verification: Verification) -> Iterator[tuple[str, str]]:
    yield "findings", pluralize(len(verification.findings), "finding")
    if verification.confirmed_assumptions:
        yield "assumptions", pluralize(len(verification.confirmed_assumptions), "confirmed assumption")
    yield "timelines", "Timelines"
    yield "facts", pluralize(len(verification.facts), "fact")
