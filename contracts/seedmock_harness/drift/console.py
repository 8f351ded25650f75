"""Terminal output of a comparison: the recordings, when facts were last verified, and the result."""

from __future__ import annotations

from collections.abc import Sequence

from seedmock_server.cli.connection import echo

from ..recordings.model import Recording
from ..recordings.source import Source
from ..results.verification import FactStatus
from ..verify.console import print_result
from .comparison import Comparison

SOURCE_NOTES = {
    Source.EMULATOR: "of an emulator, which confirms only itself",
    Source.UNKNOWN: "of a private address, which makes no fact observed",
}
MAX_UNVERIFIED = 12
"""Number of facts never verified that are listed without --facts."""


def print_comparison(comparison: Comparison, recordings: Sequence[Recording], all_facts: bool) -> None:
    """Print the comparison; with `all_facts`, each fact with the time when it was last verified."""
    verification = comparison.verification
    echo(f"{verification.contract.display_name}: {verification.target}")
    for recording in recordings:
        _print_recording(recording)
    if all_facts:
        _print_facts(comparison)
    else:
        _print_unverified(comparison)
    print_result(verification)


def _print_recording(recording: Recording) -> None:
    notes = [f"{len(recording.exchanges)} exchanges"]
    notes += [SOURCE_NOTES[recording.source]] if recording.source in SOURCE_NOTES else []
    notes += ["its last line is incomplete"] if recording.truncated else []
    echo(f"  {recording.header.recorded_at}  {recording.name}  ({', '.join(notes)})")


def _print_facts(comparison: Comparison) -> None:
    for fact in comparison.verification.facts:
        at = comparison.last_verified.get(fact.fact.id, ("never", ""))[0]
        note = "" if fact.status is not FactStatus.CONTRADICTED else "  contradicted"
        echo(f"{at:25}  {fact.fact.basis:10}  {fact.fact.id}{note}")


def _print_unverified(comparison: Comparison) -> None:
    facts = comparison.verification.facts
    never = [fact.fact.id for fact in facts if fact.fact.id not in comparison.last_verified]
    listed = ", ".join(never[:MAX_UNVERIFIED]) or "none"
    more = f", and {len(never) - MAX_UNVERIFIED} more (--facts)" if len(never) > MAX_UNVERIFIED else ""
    echo(f"last verified: {len(facts) - len(never)} facts of {len(facts)}; never: {listed}{more}")
