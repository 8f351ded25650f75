"""What a report says first: the verdict in one sentence, then what to do about it. The same in every kind of file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from seedmock_contracts.enums import Basis

from ..results.certification import (
    INVARIANT_DESCRIPTIONS,
    Certification,
    CertificationVerdict,
    Invariant,
    InvariantViolation,
)
from ..results.checks import Severity
from ..results.verification import FactResult, FactStatus, Finding, Verification, VerificationVerdict

NAMED = 3
"""Ids that are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The verdict in one sentence, and what to do, most pressing first."""

    headline: str
    steps: tuple[str, ...]


def of_verification(found: Verification) -> Summary:
    """What a verification comes to."""
    return Summary(_headline(found), tuple(_steps(found)))


def of_certification(found: Certification) -> Summary:
    """What a certification comes to."""
    return Summary(_certified(found), tuple(_advice(found)))


# --- verifications ---


def contradicts(finding: Finding) -> bool:
    """Whether a finding is drift: of something that was promised, and seen again if it was looked at again."""
    return finding.label == "drift" and finding.severity is not Severity.INFO


def tally(facts: Sequence[FactResult]) -> Mapping[tuple[Basis, FactStatus], int]:
    """How many facts of each basis have each verdict."""
    return Counter((seen.fact.basis, seen.status) for seen in facts)


def why_not_looked(facts: Sequence[FactResult]) -> Mapping[str, tuple[FactResult, ...]]:
    """The facts that were not looked at, by why."""
    found: dict[str, list[FactResult]] = {}
    for seen in facts:
        if seen.status is FactStatus.NOT_LOOKED:
            found.setdefault(seen.detail.removeprefix("not looked at: ") or "nobody says why", []).append(seen)
    return {why: tuple(of) for why, of in found.items()}


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 fact`, `2 facts`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def moment(at: float) -> str:
    """A moment as people read it, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _headline(found: Verification) -> str:
    whom = found.contract.display_name
    seen = Counter(fact.status for fact in found.facts)
    against = len({finding.fact.id for finding in found.findings if contradicts(finding)})
    if found.verdict is VerificationVerdict.DRIFTED:
        return f"{whom} has drifted: {count(against, 'promised fact is', 'promised facts are')} contradicted."
    if (
        found.verdict is VerificationVerdict.COULD_NOT_LOOK
        and not seen[FactStatus.CONFIRMED] + seen[FactStatus.CONTRADICTED]
    ):
        return f"{whom} could not be looked at."
    if found.verdict is VerificationVerdict.COULD_NOT_LOOK:
        return f"{whom} could not be looked at in full; nothing that was seen contradicts a promise."
    left = (
        f", and {seen[FactStatus.NOT_LOOKED]} of {len(found.facts)} were not looked at"
        if seen[FactStatus.NOT_LOOKED]
        else ""
    )
    confirmed = count(seen[FactStatus.CONFIRMED], "fact is", "facts are")
    return f"{whom} conforms: {confirmed} confirmed, no promise is contradicted{left}."


def _steps(found: Verification) -> Iterator[str]:
    yield from _about_drift(found)
    if found.problem:
        yield f"See to what was in the way: {found.problem.rstrip('.')}."
    if found.resumable:
        yield "Give the same command again: it goes on with what was ordered, and orders none of it anew."
    for doubt in found.unresolved_orders:
        yield f"Ask the vendor about an order of which nobody knows: {doubt}."
    if found.tasks and (found.problem or found.unresolved_orders):
        more = f" and {len(found.tasks) - NAMED} more, listed below" if len(found.tasks) > NAMED else ""
        yield f"Keep the ids of what is paid for: {', '.join(found.tasks[:NAMED])}{more}."
    patches = sum(bool(finding.patch) for finding in found.findings)
    if patches:
        yield f"Change {count(patches, 'assumption')} in the contract that the upstream has answered otherwise."
    if found.confirmed_assumptions:
        assumptions = count(len(found.confirmed_assumptions), "assumption")
        yield f"Take over what was confirmed: {assumptions} can be marked as observed."
    for why, facts in why_not_looked(found.facts).items():
        if why != found.problem:
            yield f"Mind what was not looked at: {count(len(facts), 'fact')}, since {why}."


def _about_drift(found: Verification) -> Iterator[str]:
    drift = [finding for finding in found.findings if contradicts(finding)]
    if drift:
        yield (
            f"Begin with “{drift[0].title}” ({drift[0].fact.id}), and repeat it by its curl command. "
            "If the vendor's page has changed, the contract follows it; if not, the upstream breaks its word."
        )
    flakes = sum(finding.label != "drift" for finding in found.findings)
    if flakes:
        yield f"Run once more before you act on {count(flakes, 'finding')} that a second look did not see (flake)."


# --- certifications ---


def by_invariant(found: Certification) -> Mapping[Invariant, tuple[InvariantViolation, ...]]:
    """What broke, in the order of the invariants."""
    every = {invariant: tuple(one for one in found.violations if one.invariant is invariant) for invariant in Invariant}
    return {invariant: of for invariant, of in every.items() if of}


def _certified(found: Certification) -> str:
    invariants = count(len(by_invariant(found)), "invariant breaks,", "invariants break,")
    guilty = len({one.scenario for one in found.violations})
    if found.verdict is CertificationVerdict.COULD_NOT_RUN:
        return f"The client could not be put on trial with {found.upstream}."
    if found.verdict is CertificationVerdict.CERTIFIED:
        trials = count(len(found.trials), "scenario")
        return f"The client is certified for {found.upstream}: all invariants hold in {trials}."
    return (
        f"The client is not certified for {found.upstream}: {invariants} in {guilty} of {len(found.trials)} scenarios."
    )


def _advice(found: Certification) -> Iterator[str]:
    if found.problem:
        yield f"See to what was in the way: {found.problem.rstrip('.')}."
    broken = by_invariant(found)
    ranked = sorted(broken.items(), key=lambda pair: list(Severity).index(pair[1][0].severity))
    for invariant, of in ranked:
        more = f" and {count(len(of) - 1, 'more scenario')}" if len(of) > 1 else ""
        yield f"Mend {invariant}: {INVARIANT_DESCRIPTIONS[invariant]}. It breaks in {of[0].scenario}{more}."
    if broken:
        names = " ".join(f"--only {name}" for name in dict.fromkeys(of[0].scenario for _, of in ranked))
        yield f"Then run just these again, and everything once they hold: {names}"
