"""Verification as Markdown, for a terminal, a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from seedmock_contracts.enums import Basis

from ...results.verification import FactStatus, Finding, Verification
from ..http_text import format_request, format_response, truncate
from ..markdown import MAX_BODY, block, code, table, text
from ..summary import count_facts, format_time, pluralize, summarize_verification, unchecked_by_reason
from ..timeline import Timeline, task_timelines
from ..timeline_layout import format_duration
from .json import repeat_command

MAX_UNCHECKED = 8
"""Unchecked facts listed for each reason; the other formats list all of them."""


def verification_markdown(verification: Verification) -> str:
    """Return the document."""
    parts = (_head, _findings, _assumptions, _tasks, _facts, _unchecked)
    return "\n".join(line for part in parts for line in part(verification)) + "\n"


def _head(verification: Verification) -> Iterator[str]:
    summary = summarize_verification(verification)
    title = f"# {verification.verdict}: {text(verification.contract.display_name)}"
    yield from (title, "", f"**{text(summary.headline)}**", "")
    yield from (f"Target: {code(verification.target)}", "")
    yield from ("## What to do", "")
    yield from [f"{number}. {text(action)}" for number, action in enumerate(summary.actions, 1)] or ["Nothing."]
    yield ""
    cost = f"{verification.spent:f} {verification.currency} for {pluralize(len(verification.tasks), 'order')}"
    yield f"{format_time(verification.started_at)}, {format_duration(verification.seconds)}; spent {cost}."
    yield ""


def _findings(verification: Verification) -> Iterator[str]:
    yield from ("## Findings", "")
    for finding in verification.findings:
        yield from _finding(finding)
    if not verification.findings:
        yield from ("None.", "")


def _finding(finding: Finding) -> Iterator[str]:
    fact, flake = finding.fact, "" if finding.label == "drift" else f" ({finding.label})"
    yield from (f"### {finding.severity}{flake}: {text(finding.title)}", "")
    yield f"{code(fact.id)}, {fact.basis}: {text(fact.source)}. Check {code(finding.check)}."
    yield ""
    values = (code(finding.expected), code(finding.emulated) or "not available", code(finding.observed))
    yield from table((fact.basis.value, "emulated", "observed now"), [values])
    if finding.patch:
        yield from ("", f"In the contract: {code(finding.patch)}")
    yield from ("", *block(repeat_command(finding.exchange), "sh"), "")
    yield from ("<details><summary>Request and response</summary>", "")
    yield from block(truncate(format_request(finding.exchange), MAX_BODY))
    yield from ("", *block(truncate(format_response(finding.exchange), MAX_BODY)), "", "</details>", "")


def _assumptions(verification: Verification) -> Iterator[str]:
    contradicted = [finding.patch for finding in verification.findings if finding.patch]
    patches = [*contradicted, *(patch for _, patch in verification.confirmed_assumptions)]
    if patches:
        yield from ("## Settled assumptions", "", "Changes to the contract:", "", *block("\n".join(patches)), "")


def _tasks(verification: Verification) -> Iterator[str]:
    timelines = task_timelines(verification.history)
    if not (verification.tasks or timelines or verification.unresolved_orders):
        return
    yield from ("## Tasks", "")
    for timeline in timelines:
        subject, result = text(timeline.subject), text(timeline.result)
        yield f"- {code(timeline.title)}: {subject}; {_statuses(timeline)}; {result}"
    with_timeline = {timeline.title for timeline in timelines}
    yield from (f"- {code(task)}: may be charged" for task in verification.tasks if task not in with_timeline)
    yield from (f"- unresolved: {text(order)}" for order in verification.unresolved_orders)
    yield ""


def _statuses(timeline: Timeline) -> str:
    """Return the statuses as they were spelt, each with the time of its first report."""
    with_status = (event for event in timeline.events if event.raw_status)
    groups = groupby(with_status, key=lambda event: event.raw_status)
    steps = [f"{code(raw_status)} at {format_duration(next(group).at)}" for raw_status, group in groups]
    return ", ".join(steps) or "no status was reported"


def _facts(verification: Verification) -> Iterator[str]:
    counts = count_facts(verification.facts)
    yield from ("## Facts", "")
    rows = [[basis.value, *(str(counts.get((basis, status), 0)) for status in FactStatus)] for basis in Basis]
    yield from table(("basis", *(status.value for status in FactStatus)), rows)
    yield ""


def _unchecked(verification: Verification) -> Iterator[str]:
    groups = unchecked_by_reason(verification.facts)
    if groups:
        yield from ("## Not checked", "")
    for reason, facts in groups.items():
        more = f", and {len(facts) - MAX_UNCHECKED} more" if len(facts) > MAX_UNCHECKED else ""
        names = ", ".join(code(fact.fact.id) for fact in facts[:MAX_UNCHECKED])
        yield f"- {pluralize(len(facts), 'fact')}: {text(reason)}: {names}{more}"
