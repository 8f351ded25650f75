"""A verification to read in a terminal, a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from seedmock_contracts.enums import Basis

from ...results.verification import FactStatus, Finding, Verification
from ..http_text import answered, asked, shortened
from ..markdown import SHOWN, block, code, table, text
from ..summary import count, moment, of_verification, tally, why_not_looked
from ..timeline import Drawn, lives
from ..timeline_layout import span
from .json import repeat

NAMED = 8
"""Facts that are named as not looked at; the other formats have all."""


def verification_markdown(found: Verification) -> str:
    """The document."""
    parts = (_head, _findings, _settled, _tasks, _facts, _not_looked)
    return "\n".join(line for part in parts for line in part(found)) + "\n"


def _head(found: Verification) -> Iterator[str]:
    summary = of_verification(found)
    yield from (f"# {found.verdict}: {text(found.contract.display_name)}", "", f"**{text(summary.headline)}**", "")
    yield from (f"Target: {code(found.target)}", "")
    yield from ("## What to do", "")
    yield from [f"{number}. {text(step)}" for number, step in enumerate(summary.steps, 1)] or ["Nothing."]
    yield ""
    spent = f"spent {found.spent:f} {found.currency} on {count(len(found.tasks), 'order')}"
    yield f"{moment(found.started_at)}, {span(found.seconds)}; {spent}."
    yield ""


def _findings(found: Verification) -> Iterator[str]:
    yield from ("## Findings", "")
    for finding in found.findings:
        yield from _finding(finding)
    if not found.findings:
        yield from ("None.", "")


def _finding(finding: Finding) -> Iterator[str]:
    fact, flake = finding.fact, "" if finding.label == "drift" else f" ({finding.label})"
    yield from (f"### {finding.severity}{flake}: {text(finding.title)}", "")
    yield f"{code(fact.id)}, {fact.basis}: {text(fact.source)}. Check {code(finding.check)}."
    yield ""
    told = (code(finding.expected), code(finding.emulated) or "was not asked", code(finding.observed))
    yield from table((fact.basis.value, "emulated", "observed now"), [told])
    if finding.patch:
        yield from ("", f"In the contract: {code(finding.patch)}")
    yield from ("", *block(repeat(finding.exchange), "sh"), "")
    yield from ("<details><summary>What was asked and answered</summary>", "")
    yield from block(shortened(asked(finding.exchange), SHOWN))
    yield from ("", *block(shortened(answered(finding.exchange), SHOWN)), "", "</details>", "")


def _settled(found: Verification) -> Iterator[str]:
    patches = [finding.patch for finding in found.findings if finding.patch]
    lines = [*patches, *(patch for _, patch in found.confirmed_assumptions)]
    if lines:
        yield from ("## Settled assumptions", "", "What follows for the contract:", "", *block("\n".join(lines)), "")


def _tasks(found: Verification) -> Iterator[str]:
    drawn = lives(found.history)
    if found.tasks or drawn or found.unresolved_orders:
        yield from ("## Tasks", "")
    known = {life.title for life in drawn}
    for life in drawn:
        yield f"- {code(life.title)}: {text(life.about)}; {_path(life)}; {text(life.end)}"
    yield from (f"- {code(task)}: may be charged" for task in found.tasks if task not in known)
    yield from (f"- in doubt: {text(doubt)}" for doubt in found.unresolved_orders)
    if found.tasks or drawn or found.unresolved_orders:
        yield ""


def _path(life: Drawn) -> str:
    """The statuses as they were spoken, each with the time when it was first told."""
    told = groupby((event for event in life.events if event.word), key=lambda event: event.word)
    steps = [f"{code(word)} at {span(next(same).at)}" for word, same in told]
    return ", ".join(steps) or "no status was told"


def _facts(found: Verification) -> Iterator[str]:
    counts = tally(found.facts)
    yield from ("## Facts", "")
    rows = [[basis.value, *(str(counts.get((basis, seen), 0)) for seen in FactStatus)] for basis in Basis]
    yield from table(("basis", *(seen.value for seen in FactStatus)), rows)
    yield ""


def _not_looked(found: Verification) -> Iterator[str]:
    whys = why_not_looked(found.facts)
    if whys:
        yield from ("## Not looked at", "")
    for why, facts in whys.items():
        more = f", and {len(facts) - NAMED} more" if len(facts) > NAMED else ""
        named = ", ".join(code(seen.fact.id) for seen in facts[:NAMED])
        yield f"- {count(len(facts), 'fact')}: {text(why)}: {named}{more}"
