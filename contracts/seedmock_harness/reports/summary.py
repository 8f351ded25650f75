"""Summary of a report: the verdict in one sentence, then what to do. The same in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

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

MAX_IDS = 3
"""Task ids that a sentence lists."""


class Summary(Struct, frozen=True):
    """The verdict in one sentence, and recommended actions, the most urgent first."""

    headline: str
    actions: tuple[str, ...]


def summarize_verification(verification: Verification) -> Summary:
    """Return the summary of a verification."""
    return Summary(_verification_headline(verification), tuple(_verification_actions(verification)))


def summarize_certification(certification: Certification) -> Summary:
    """Return the summary of a certification."""
    return Summary(_certification_headline(certification), tuple(_certification_actions(certification)))


# --- verifications ---


def is_drift(finding: Finding) -> bool:
    """Return True if a documented or observed fact is contradicted reproducibly."""
    return finding.label == "drift" and finding.severity is not Severity.INFO


def count_facts(facts: Sequence[FactResult]) -> Mapping[tuple[Basis, FactStatus], int]:
    """Count the facts by basis and status."""
    return Counter((fact.fact.basis, fact.status) for fact in facts)


def unchecked_by_reason(facts: Sequence[FactResult]) -> Mapping[str, tuple[FactResult, ...]]:
    """Group the facts that were not checked by the reason."""
    groups: dict[str, list[FactResult]] = {}
    for fact in facts:
        if fact.status is FactStatus.NOT_CHECKED:
            groups.setdefault(fact.detail.removeprefix("not checked: ") or "no reason is given", []).append(fact)
    return {reason: tuple(group) for reason, group in groups.items()}


def pluralize(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun: `1 fact`, `2 facts`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def format_time(at: float) -> str:
    """Return a time in seconds since the epoch as a date and time in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _verification_headline(verification: Verification) -> str:
    upstream, verdict = verification.contract.display_name, verification.verdict
    counts = Counter(fact.status for fact in verification.facts)
    confirmed, contradicted = counts[FactStatus.CONFIRMED], counts[FactStatus.CONTRADICTED]
    if verdict is VerificationVerdict.DRIFTED:
        drifted = len({finding.fact.id for finding in verification.findings if is_drift(finding)})
        return f"{upstream} has drifted: {pluralize(drifted, 'fact is', 'facts are')} contradicted."
    if verdict is VerificationVerdict.INCONCLUSIVE and not confirmed + contradicted:
        return f"{upstream} could not be checked."
    if verdict is VerificationVerdict.INCONCLUSIVE:
        return f"{upstream} could not be checked completely; no drift in what was checked."
    unchecked = counts[FactStatus.NOT_CHECKED]
    rest = f"; {unchecked} of {len(verification.facts)} were not checked" if unchecked else ""
    return f"{upstream} conforms: {pluralize(confirmed, 'fact is', 'facts are')} confirmed, none has drifted{rest}."


def _verification_actions(verification: Verification) -> Iterator[str]:
    yield from _drift_actions(verification)
    if verification.problem:
        yield f"Fix the problem: {verification.problem.rstrip('.')}."
    if verification.resumable:
        yield "Run the same command again: it resumes with the tasks that were ordered, and repeats no order."
    for order in verification.unresolved_orders:
        yield f"Ask the vendor about an unresolved order: {order}."
    tasks = verification.tasks
    if tasks and (verification.problem or verification.unresolved_orders):
        more = f" and {len(tasks) - MAX_IDS} more, listed below" if len(tasks) > MAX_IDS else ""
        yield f"Keep the ids of the paid tasks: {', '.join(tasks[:MAX_IDS])}{more}."
    patches = sum(bool(finding.patch) for finding in verification.findings)
    if patches:
        yield f"Change {pluralize(patches, 'assumption')} in the contract that the upstream contradicts."
    if verification.confirmed_assumptions:
        confirmed = pluralize(len(verification.confirmed_assumptions), "confirmed assumption")
        yield f"Mark {confirmed} in the contract as observed."
    for reason, facts in unchecked_by_reason(verification.facts).items():
        if reason != verification.problem:
            yield f"Note that {pluralize(len(facts), 'fact was', 'facts were')} not checked: {reason}."


def _drift_actions(verification: Verification) -> Iterator[str]:
    drift = [finding for finding in verification.findings if is_drift(finding)]
    if drift:
        yield (
            f"Start with “{drift[0].title}” ({drift[0].fact.id}), and repeat it with its curl command. "
            "If the vendor's documentation has changed, update the contract; if not, report it to the vendor."
        )
    flakes = sum(finding.label != "drift" for finding in verification.findings)
    if flakes:
        yield f"Run again before you act on {pluralize(flakes, 'finding')} that did not reappear (flake)."


# --- certifications ---


def violations_by_invariant(certification: Certification) -> Mapping[Invariant, tuple[InvariantViolation, ...]]:
    """Group the violations by invariant, in the order of the invariants."""
    groups: dict[Invariant, tuple[InvariantViolation, ...]] = {}
    for invariant in Invariant:
        violations = tuple(entry for entry in certification.violations if entry.invariant is invariant)
        if violations:
            groups[invariant] = violations
    return groups


def _certification_headline(certification: Certification) -> str:
    upstream, trials = certification.upstream, len(certification.trials)
    if certification.verdict is CertificationVerdict.COULD_NOT_RUN:
        return f"The client could not be run against {upstream}."
    if certification.verdict is CertificationVerdict.CERTIFIED:
        scenarios = pluralize(trials, "scenario")
        return f"The client is certified for {upstream}: all invariants are satisfied in {scenarios}."
    violated = len(violations_by_invariant(certification))
    invariants = pluralize(violated, "invariant is violated", "invariants are violated")
    failed = len({violation.scenario for violation in certification.violations})
    return f"The client is not certified for {upstream}: {invariants} in {failed} of {trials} scenarios."


def _certification_actions(certification: Certification) -> Iterator[str]:
    if certification.problem:
        yield f"Fix the problem: {certification.problem.rstrip('.')}."
    groups = violations_by_invariant(certification)
    severities = list(Severity)
    ranked = sorted(groups.items(), key=lambda group: severities.index(group[1][0].severity))
    for invariant, violations in ranked:
        more = f" and {pluralize(len(violations) - 1, 'more scenario')}" if len(violations) > 1 else ""
        description = INVARIANT_DESCRIPTIONS[invariant]
        yield f"Fix {invariant}: {description}. It is violated in {violations[0].scenario}{more}."
    if groups:
        names = dict.fromkeys(violations[0].scenario for _, violations in ranked)
        options = " ".join(f"--only {name}" for name in names)
        yield f"Then run only these again, and everything once they pass: {options}"
