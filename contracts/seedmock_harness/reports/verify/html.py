"""A verification as one page: the verdict, what to do, findings, the lives of tasks as pictures, every fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from seedmock_contracts import __version__
from seedmock_contracts.enums import Basis

from ...results.verification import FactStatus, Verification, VerificationVerdict
from ..html import page
from ..summary import count, moment, of_verification, tally, why_not_looked
from ..timeline import lives
from ..timeline_layout import picture, span

LOOKS = {
    VerificationVerdict.CONFORMS: "good",
    VerificationVerdict.DRIFTED: "bad",
    VerificationVerdict.COULD_NOT_LOOK: "warn",
}
WAYS = {Basis.DOCUMENTED: "Documented", Basis.OBSERVED: "Observed before", Basis.ASSUMED: "Assumed"}


def verification_html(found: Verification) -> str:
    """The page."""
    seen = Counter(fact.status for fact in found.facts)
    bases = Counter(fact.fact.basis for fact in found.facts)
    return page(
        "verification.html",
        found=found,
        version=__version__,
        look=LOOKS[found.verdict],
        subject=found.target,
        summary=of_verification(found),
        figures=tuple(_figures(found)),
        parts=tuple(_parts(found)),
        ways=WAYS,
        pictures=[picture(life) for life in lives(found.history)],
        seens=tuple(FactStatus),
        bases=tuple(Basis),
        tally=tally(found.facts),
        whys=why_not_looked(found.facts),
        filters=[*FactStatus, *Basis],
        filters_by=(
            ("Verdict", "verdict", [(word.value, seen[word]) for word in FactStatus]),
            ("Basis", "basis", [(word.value, bases[word]) for word in Basis]),
        ),
    )


def _figures(found: Verification) -> Iterator[tuple[str, str]]:
    yield "Began", moment(found.started_at)
    yield "Took", span(found.seconds)
    yield "Spent", f"{found.spent:f} {found.currency}"
    yield "Made, and may be charged", str(len(found.tasks))
    yield "Facts", str(len(found.facts))


def _parts(found: Verification) -> Iterator[tuple[str, str]]:
    yield "findings", count(len(found.findings), "finding")
    if found.confirmed_assumptions:
        yield "settled", f"{len(found.confirmed_assumptions)} settled"
    yield "lives", "Lives of tasks"
    yield "facts", count(len(found.facts), "fact")
