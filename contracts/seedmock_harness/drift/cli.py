"""`seedmock drift`: what recordings say of the contract, and of each other. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedmock_contracts.upstreams import NAMES

from ..cli_options import EXIT_INCONCLUSIVE, VERIFICATION_EXIT_CODES, report_option

if TYPE_CHECKING:
    from ..recordings.model import Recording
    from ..results.verification import VerificationVerdict


@click.command(epilog=VERIFICATION_EXIT_CODES)
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
    A report is written for each upstream: of both, into FILE-NAME.json.
    """
    from ..recordings.files import NoRecordings, load_recordings
    from ..recordings.model import InvalidRecording
    from ..reports.exit_codes import VERIFICATION
    from ..reports.writers import VERIFICATIONS, InvalidReport, require
    from .comparison import worst

    try:
        require(reports, VERIFICATIONS)
        found = load_recordings(places, upstream or "")
    except InvalidReport as error:
        raise click.UsageError(str(error)) from error
    except (InvalidRecording, NoRecordings) as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(EXIT_INCONCLUSIVE)
    names = sorted({one.about.upstream for one in found})
    verdicts = [_drifted([one for one in found if one.about.upstream == name], reports, every, names) for name in names]
    ctx.exit(VERIFICATION[worst(verdicts)])


def _drifted(
    of_one: Sequence[Recording], reports: Sequence[Path], every: bool, names: Sequence[str]
) -> VerificationVerdict:
    from seedmock_server.clock import Clock

    from ..reports.writers import VERIFICATIONS, write
    from ..results.verification import VerificationVerdict
    from .comparison import compare, worst
    from .console import conclude

    clock = Clock()
    since = clock.now()
    compared = compare(of_one, since)
    found = replace(compared.verification, seconds=clock.now() - since)
    conclude(replace(compared, verification=found), of_one, every)
    several = len(names) > 1
    named = [path.with_stem(f"{path.stem}-{found.contract.name}") if several else path for path in reports]
    try:
        write(found, named, VERIFICATIONS)
    except OSError as error:
        click.echo(f"error: {error}", err=True)
        return worst((found.verdict, VerificationVerdict.COULD_NOT_LOOK))
    return found.verdict
