"""What a person sees of a comparison: the recordings, what they bear out, and what they say otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..recordings.model import Recording
from ..results.verification import FactStatus
from ..verify import console
from .comparison import Comparison

NEVER = 12
"""Facts that were never verified are named up to so many, and all of them by --facts."""


def conclude(compared: Comparison, of_one: Sequence[Recording], every: bool) -> None:
    """All of it. `every` lists each fact with the moment when it was last verified."""
    found = compared.verification
    click.echo(f"{found.contract.display_name}: {found.target}")
    for one in of_one:
        _announce(one)
    _verified(compared, every)
    console.conclude(found)


def _announce(one: Recording) -> None:
    notes = [f"{len(one.exchanges)} exchanges"]
    notes += ["of an emulator, which confirms itself only"] if one.is_ours else []
    notes += ["its last line was cut off"] if one.cut else []
    click.echo(f"  {one.about.recorded_at}  {one.name}  ({', '.join(notes)})")


def _verified(compared: Comparison, every: bool) -> None:
    facts = compared.verification.facts
    never = [seen for seen in facts if seen.fact.id not in compared.last_verified]
    if every:
        for seen in facts:
            at = compared.last_verified.get(seen.fact.id, ("never", ""))[0]
            word = "" if seen.status is not FactStatus.CONTRADICTED else "  contradicted"
            click.echo(f"{at:25}  {seen.fact.basis:10}  {seen.fact.id}{word}")
        return
    named = ", ".join(seen.fact.id for seen in never[:NEVER])
    more = f", and {len(never) - NEVER} more (--facts)" if len(never) > NEVER else ""
    click.echo(f"last verified: {len(facts) - len(never)} facts of {len(facts)}; never: {named or 'none'}{more}")
