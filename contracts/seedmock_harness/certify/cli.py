"""`seedmock certify`: its options, and what they mean together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedmock_contracts.upstreams import NAMES

from ..cli_options import report_option

if TYPE_CHECKING:
    from .adapters import Program

COULD_NOT_RUN = 3
EPILOG = """\b
The adapter is started once for each scenario, without a shell, with these variables:
  SEEDMOCK_UPSTREAM      {names}
  SEEDMOCK_BASE_URL      the origin, without a path
  SEEDMOCK_API_KEY       the key
  SEEDMOCK_OUT           where the whole clip goes
  SEEDMOCK_POLL_SECONDS  how long to pause between two polls, so that a run is short
It reads one JSON order from standard input, and prints one JSON outcome as its last line:
  {"ok": true, "task_id": "..."}
  {"ok": false, "kind": "timeout", "task_id": "..."}
kind is one of validation, authentication, moderation, balance, rate_limit, not_found,
upstream, timeout, submission_unknown, unknown.

\b
Exit codes:
  0 certified
  1 an invariant broke
  2 the options are not valid; nothing was run
  3 the adapter could not be run""".replace("{names}", " or ".join(NAMES))


@click.command(epilog=EPILOG)
@click.option("--upstream", type=click.Choice(NAMES), required=True, help="Whose client it is.")
@click.option("--adapter", "command", metavar="CMD", help='What is run: --adapter "node adapter.mjs".')
@report_option
@click.option("--only", multiple=True, metavar="SCENARIO", help="One of --list; repeatable.")
@click.option("--list", "listing", is_flag=True, help="Show the scenarios, and run nothing.")
@click.option("--seed", type=int, default=20260601, show_default=True, help="What scenarios are drawn from.")
@click.option("--deep", is_flag=True, help="Draw ten times as many.")
@click.pass_context
def certify(
    ctx: click.Context,
    upstream: str,
    command: str | None,
    reports: tuple[Path, ...],
    only: tuple[str, ...],
    listing: bool,
    seed: int,
    deep: bool,
) -> None:
    """Certify a client: run it through what goes wrong with an upstream, and judge what it did.

    Nothing is paid for: the upstream is an emulator that is started for the purpose.
    """
    from ..reports.exit_codes import CERTIFICATION
    from ..reports.writers import CERTIFICATIONS, InvalidReport, require, write
    from .console import Progress, conclude, listed
    from .runner import chosen
    from .runner import run_certification as certified

    try:
        wanted = chosen(upstream, only, seed, deep)
        if listing:
            listed(wanted)
            return
        adapter = _program(command)
        require(reports, CERTIFICATIONS)
    except (LookupError, InvalidReport) as error:
        raise click.UsageError(str(error.args[0])) from error
    progress = Progress(len(wanted))
    try:
        with progress.shown():
            found = certified(adapter, upstream=upstream, only=only, seed=seed, deep=deep, progress=progress.tried)
        conclude(found)
        write(found, reports, CERTIFICATIONS)
    except OSError as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(COULD_NOT_RUN)
    ctx.exit(CERTIFICATION[found.verdict])


def _program(command: str | None) -> Program:
    from .adapters import Program

    if command is None:
        raise click.UsageError('Missing option "--adapter".')
    try:
        return Program(command)
    except ValueError as error:
        raise click.UsageError(f"--adapter {command!r} cannot be read: {error}") from error
