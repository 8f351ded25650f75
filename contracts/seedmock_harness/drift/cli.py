"""Command `seedmock drift`: options and exit codes. The implementation is imported when the command runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from seedmock_contracts.printable import printable
from seedmock_contracts.upstreams import NAMES

from ..cli_options import EXIT_INCONCLUSIVE, VERIFICATION_EXIT_CODES, report_option

if TYPE_CHECKING:
    from ..recordings.model import Recording
    from ..results.verification import VerificationVerdict


@click.command(epilog=VERIFICATION_EXIT_CODES)
@click.argument("paths", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--upstream", type=click.Choice(NAMES), help="Read recordings of this upstream only.  [default: all]")
@report_option
@click.option("--facts", "all_facts", is_flag=True, help="List every fact with the time when it was last verified.")
@click.pass_context
def drift(
    ctx: click.Context, paths: tuple[Path, ...], upstream: str | None, reports: tuple[Path, ...], all_facts: bool
) -> None:
    """Compare recordings with the documented contract and with each other, without a network.

    Where recordings differ, the newest decides, and the difference is a finding. Each upstream gets its own report:
    with several, FILE.json becomes FILE-UPSTREAM.json.
    """
    from ..recordings.files import NoRecordingsFound, load_recordings
    from ..recordings.model import InvalidRecording
    from ..reports.exit_codes import VERIFICATION_EXITS
    from ..reports.writers import VERIFICATION_WRITERS, InvalidReportPath, check_report_paths
    from .comparison import worst_verdict

    try:
        check_report_paths(reports, VERIFICATION_WRITERS)
        recordings = load_recordings(paths, upstream or "")
    except InvalidReportPath as error:
        raise click.UsageError(printable(str(error))) from error
    except (InvalidRecording, NoRecordingsFound) as error:
        click.echo(printable(f"error: {error}"), err=True)
        ctx.exit(EXIT_INCONCLUSIVE)
    verdicts = []
    names = sorted({recording.header.upstream for recording in recordings})
    for name in names:
        of_upstream = [recording for recording in recordings if recording.header.upstream == name]
        paths_of_reports = [path.with_stem(f"{path.stem}-{name}") for path in reports] if len(names) > 1 else reports
        verdicts.append(_compare(of_upstream, paths_of_reports, all_facts))
    ctx.exit(VERIFICATION_EXITS[worst_verdict(verdicts)])


def _compare(recordings: Sequence[Recording], reports: Sequence[Path], all_facts: bool) -> VerificationVerdict:
    """Compare the recordings of one upstream, print the result and write its reports."""
    from seedmock_server.clock import Clock

    from ..reports.writers import VERIFICATION_WRITERS, write_reports
    from ..results.verification import VerificationVerdict
    from .comparison import compare_recordings, worst_verdict
    from .console import print_comparison

    clock = Clock()
    started_at = clock.now()
    comparison = compare_recordings(recordings, started_at)
    verification = replace(comparison.verification, seconds=clock.now() - started_at)
    print_comparison(replace(comparison, verification=verification), recordings, all_facts)
    try:
        write_reports(verification, reports, VERIFICATION_WRITERS)
    except OSError as error:
        click.echo(printable(f"error: {error}"), err=True)
        return worst_verdict((verification.verdict, VerificationVerdict.INCONCLUSIVE))
    return verification.verdict
