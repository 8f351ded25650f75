"""A certification to read in a terminal, a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterator

from ...results.certification import INVARIANT_DESCRIPTIONS, Certification, InvariantViolation
from ..http_text import shortened
from ..markdown import SHOWN, block, code, table, text
from ..summary import by_invariant, count, of_certification
from ..timeline_layout import span


def certification_markdown(found: Certification) -> str:
    """The document."""
    return "\n".join(line for part in (_head, _invariants, _what_broke) for line in part(found)) + "\n"


def _head(found: Certification) -> Iterator[str]:
    summary = of_certification(found)
    yield from (f"# {found.verdict}: {found.upstream}", "", f"**{text(summary.headline)}**", "")
    yield from (f"Adapter: {code(found.adapter)}", "")
    yield from ("## What to do", "")
    yield from [f"{number}. {text(step)}" for number, step in enumerate(summary.steps, 1)] or ["Nothing."]
    yield from ("", f"{count(len(found.trials), 'scenario')} of {found.upstream} in {span(found.seconds)}.", "")


def _invariants(found: Certification) -> Iterator[str]:
    broken = by_invariant(found)
    looked = bool(found.trials) and not found.problem
    yield from ("## Invariants", "")
    rows = []
    for invariant, meaning in INVARIANT_DESCRIPTIONS.items():
        of = broken.get(invariant, ())
        verdict = f"**breaks in {count(len(of), 'scenario')}**" if of else "holds" if looked else "not looked at"
        rows.append((code(invariant), verdict, text(meaning)))
    yield from table(("invariant", "verdict", "what it says"), rows)
    yield ""


def _what_broke(found: Certification) -> Iterator[str]:
    for invariant, of in by_invariant(found).items():
        yield from (f"## {invariant}", "", text(INVARIANT_DESCRIPTIONS[invariant]), "")
        for one in of:
            yield from _broken(one)


def _broken(one: InvariantViolation) -> Iterator[str]:
    yield from (f"### {text(one.scenario)} ({one.severity})", "", text(one.detail), "")
    yield from ("<details><summary>The conversation</summary>", "")
    yield from (*block(shortened("\n".join(one.transcript), SHOWN)), "", "</details>", "")
