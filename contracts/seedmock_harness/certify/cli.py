"""Command `seedmock certify`: options, adapter protocol and exit codes. Imports the implementation when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedmock_contracts.printable import printable
from seedmock_contracts.upstreams import NAMES

from ..cli_options import report_option

if TYPE_CHECKING:
    from .adapters import SubprocessAdapter

EXIT_COULD_NOT_RUN = 3
EPILOG = f"""\b
The adapter is started once for each scenario, without a shell, with these variables:
  SEEDMOCK_UPSTREAM      {" or ".join(NAMES)}
  SEEDMOCK_BASE_URL      the origin, without a path
  SEEDMOCK_API_KEY       the API key
  SEEDMOCK_OUT           the file to save the clip to
  SEEDMOCK_POLL_SECONDS  the pause between two polls, short to keep the run short
It reads one JSON order from standard input, and prints one JSON outcome as its last line:
  {{"ok": true, "task_id": "..."}}
  {{"ok": false, "kind": "timeout", "task_id": "..."}}
kind is one of validation, authentication, moderation, balance, rate_limit, not_found,
upstream, timeout, submission_unknown, unknown.

\b
Exit codes:
  0 certified
  1 not certified: an invariant is violated
  2 invalid options; nothing was run
  3 the adapter could not be run"""


@click.command(epilog=EPILOG)
@click.option("--upstream", type=click.Choice(NAMES), required=True, help="Upstream that the client is written for.")
@click.option("--adapter", "command", metavar="CMD", help='Command that runs the client: --adapter "node adapter.mjs".')
@report_option
@click.option("--only", multiple=True, metavar="SCENARIO", help="Run one scenario of --list; repeatable.")
@click.option("--list", "list_scenarios", is_flag=True, help="List the scenarios; run nothing.")
@click.option("--seed", type=int, default=20260601, show_default=True, help="Seed of the random scenarios.")
@click.option("--deep", is_flag=True, help="Run ten times as many random scenarios.")
@click.pass_context
def certify(
    ctx: click.Context,
    upstream: str,
    command: str | None,
    reports: tuple[Path, ...],
    only: tuple[str, ...],
    list_scenarios: bool,
    seed: int,
    deep: bool,
) -> None:
    """Certify that a client neither loses money nor clips when an upstream misbehaves.

    Runs the client through scenarios with faults and failing tasks, and checks its requests, its charges and the file
    it saves. Costs nothing: the upstream is an emulator started for the run.
    """
    from ..reports.exit_codes import CERTIFICATION_EXITS
    from ..reports.writers import CERTIFICATION_WRITERS, InvalidReportPath, check_report_paths, write_reports
    from .console import CertificationProgress, print_certification, print_scenarios
    from .runner import run_certification, select_scenarios

    try:
        scenarios = select_scenarios(upstream, only, seed, deep)
        if list_scenarios:
            print_scenarios(scenarios)
            return
        adapter = _parse_adapter(command)
        check_report_paths(reports, CERTIFICATION_WRITERS)
    except (LookupError, InvalidReportPath) as error:
        raise click.UsageError(str(error.args[0])) from error
    progress = CertificationProgress(len(scenarios))
    try:
        with progress.bar():
            certification = run_certification(
                adapter, upstream=upstream, only=only, seed=seed, deep=deep, progress=progress.trial
            )
        print_certification(certification)
        write_reports(certification, reports, CERTIFICATION_WRITERS)
    except OSError as error:
        click.echo(printable(f"error: {error}"), err=True)
        ctx.exit(EXIT_COULD_NOT_RUN)
    ctx.exit(CERTIFICATION_EXITS[certification.verdict])


def _parse_adapter(command: str | None) -> SubprocessAdapter:
    from .adapters import SubprocessAdapter

    if command is None:
        raise click.UsageError('Missing option "--adapter".')
    try:
        return SubprocessAdapter(command)
    except ValueError as error:
        raise click.UsageError(f"--adapter {command!r}: {error}") from error
