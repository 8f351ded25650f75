"""`seedmock drift`: what recordings say of the contract, and of each other. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from seedmock_contracts.drift import Seen, Verdict
from seedmock_contracts.recordings import InvalidRecording, Recording
from seedmock_contracts.upstreams import NAMES

from ..clock import Clock
from ..reports.formats import VERIFICATIONS, InvalidReport, require, write
from ..reports.options import report_option
from ..verification.cli import COULD_NOT_LOOK, EPILOG, EXITS
from ..verification.console import conclude
from .comparing import Comparison, compare
from .files import NoRecordings, recordings

NEVER = 12
"""Facts that were never verified are named up to so many, and all of them by --facts."""
WORST = (Verdict.DRIFTED, Verdict.COULD_NOT_LOOK, Verdict.CONFORMS)


@click.command(epilog=EPILOG)
@click.argument("places", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--upstream", type=click.Choice(NAMES), help="Whose recordings are read.  [default: of both]")
@report_option
@click.option("--facts", "every", is_flag=True, help="List every fact with the moment when it was last verified.")
@click.pass_context
def drift(
    ctx: click.Context, places: tuple[Path, ...], upstream: str | None, reports: tuple[Path, ...], every: bool
) -> None:
    """Compare recordings with what the page says and with each other, without a network.

    Where recordings differ the newest decides, and what it says otherwise than the older ones is a finding.
    A report is written for each upstream: of both, into FILE-opeai.json and FILE-apimodels.json.
    """
    try:
        require(reports, VERIFICATIONS)
        found = recordings(places, upstream or "")
    except InvalidReport as error:
        raise click.UsageError(str(error)) from error
    except (InvalidRecording, NoRecordings) as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(COULD_NOT_LOOK)
    names = sorted({one.about.upstream for one in found})
    verdicts = [_drifted([one for one in found if one.about.upstream == name], reports, every, names) for name in names]
    ctx.exit(EXITS[next(verdict for verdict in WORST if verdict in verdicts)])


def _drifted(of_one: Sequence[Recording], reports: Sequence[Path], every: bool, names: Sequence[str]) -> Verdict:
    clock = Clock()
    since = clock.now()
    compared = compare(of_one, since)
    found = replace(compared.verification, seconds=clock.now() - since)
    click.echo(f"{found.said.title}: {found.target}")
    for one in of_one:
        _announce(one)
    _verified(compared, every)
    conclude(found)
    several = len(names) > 1
    named = [path.with_stem(f"{path.stem}-{found.said.name}") if several else path for path in reports]
    write(found, named, VERIFICATIONS)
    return found.verdict


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
            word = "" if seen.seen is not Seen.CONTRADICTED else "  contradicted"
            click.echo(f"{at:25}  {seen.fact.basis:10}  {seen.fact.id}{word}")
        return
    named = ", ".join(seen.fact.id for seen in never[:NEVER])
    more = f", and {len(never) - NEVER} more (--facts)" if len(never) > NEVER else ""
    click.echo(f"last verified: {len(facts) - len(never)} facts of {len(facts)}; never: {named or 'none'}{more}")
