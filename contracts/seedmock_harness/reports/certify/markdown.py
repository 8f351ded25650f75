"""Certification as Markdown, for a terminal, a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterator

from ...results.certification import INVARIANT_DESCRIPTIONS, Certification, InvariantViolation
from ..http_text import truncate
from ..markdown import MAX_BODY, block, code, table, text
from ..summary import pluralize, summarize_certification, violations_by_invariant
from ..timeline_layout import format_duration


def certification_markdown(certification: Certification) -> str:
    """Return the document."""
    parts = (_head, _invariants, _violations)
    return "\n".join(line for part in parts for line in part(certification)) + "\n"


def _head(certification: Certification) -> Iterator[str]:
    summary, upstream = summarize_certification(certification), certification.upstream
    yield from (f"# {certification.verdict}: {upstream}", "", f"**{text(summary.headline)}**", "")
    yield from (f"Adapter: {code(certification.adapter)}", "")
    yield from ("## What to do", "")
    yield from [f"{number}. {text(action)}" for number, action in enumerate(summary.actions, 1)] or ["Nothing."]
    scenarios, duration = pluralize(len(certification.trials), "scenario"), format_duration(certification.seconds)
    yield from ("", f"{scenarios} of {upstream} in {duration}.", "")


def _invariants(certification: Certification) -> Iterator[str]:
    groups = violations_by_invariant(certification)
    checked = bool(certification.trials) and not certification.problem
    yield from ("## Invariants", "")
    rows = []
    for invariant, description in INVARIANT_DESCRIPTIONS.items():
        violations = groups.get(invariant, ())
        violated = f"**violated in {pluralize(len(violations), 'scenario')}**"
        verdict = violated if violations else "satisfied" if checked else "not checked"
        rows.append((code(invariant), verdict, text(description)))
    yield from table(("invariant", "verdict", "meaning"), rows)
    yield ""


def _violations(certification: Certification) -> Iterator[str]:
    for invariant, violations in violations_by_invariant(certification).items():
        yield from (f"## {invariant}", "", text(INVARIANT_DESCRIPTIONS[invariant]), "")
        for violation in violations:
            yield from _violation(violation)


def _violation(violation: InvariantViolation) -> Iterator[str]:
    yield from (f"### {text(violation.scenario)} ({violation.severity})", "", text(violation.detail), "")
    yield from ("<details><summary>Transcript</summary>", "")
    yield from (*block(truncate("\n".join(violation.transcript), MAX_BODY)), "", "</details>", "")
