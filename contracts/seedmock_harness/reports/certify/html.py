"""A certification as one page: the verdict, what to mend, what broke where with its picture, every trial's life."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts import __version__

from ...results.certification import INVARIANT_DESCRIPTIONS, Certification, CertificationVerdict
from ..html import page
from ..summary import by_invariant, of_certification
from ..timeline import trial
from ..timeline_layout import picture, span

LOOKS = {
    CertificationVerdict.CERTIFIED: "good",
    CertificationVerdict.NOT_CERTIFIED: "bad",
    CertificationVerdict.COULD_NOT_RUN: "warn",
}


def certification_html(found: Certification) -> str:
    """The page."""
    every = {life for life in (*found.trial_records, *(one.trial for one in found.violations)) if life is not None}
    return page(
        "certification.html",
        found=found,
        version=__version__,
        look=LOOKS[found.verdict],
        subject=found.adapter,
        summary=of_certification(found),
        figures=tuple(_figures(found)),
        parts=(("invariants", "Invariants"), ("broken", "What broke"), ("trials", "Trials")),
        meanings=INVARIANT_DESCRIPTIONS,
        broken=by_invariant(found),
        guilty={one.scenario for one in found.violations},
        pictures={life: picture(trial(life)) for life in every},
        filters=(),
    )


def _figures(found: Certification) -> Iterator[tuple[str, str]]:
    yield "Upstream", found.upstream
    yield "Took", span(found.seconds)
    yield "Scenarios", str(len(found.trials))
    yield "Invariants that hold", _held(found)


def _held(found: Certification) -> str:
    if found.problem or not found.trials:
        return "not looked at"
    return f"{len(INVARIANT_DESCRIPTIONS) - len(by_invariant(found))} of {len(INVARIANT_DESCRIPTIONS)}"
