"""`seedmock certify`: its options, and what they mean together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from seedmock_contracts.certificate import Certification, Verdict
from seedmock_contracts.upstreams import NAMES

from ..reports.formats import UnknownFormat, certification_writer_for
from .adapters import Program
from .console import Progress, conclude, listed
from .running import certify as certified
from .running import chosen

EXITS: Mapping[Verdict, int] = {Verdict.CERTIFIED: 0, Verdict.NOT_CERTIFIED: 1, Verdict.COULD_NOT_RUN: 3}
COULD_NOT_RUN = 3
EPILOG = """\b
The adapter is started once for each scenario, without a shell, with these variables:
  SEEDMOCK_UPSTREAM      apimodels or opeai
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
  3 the adapter could not be run"""


@click.command(epilog=EPILOG)
@click.option("--upstream", type=click.Choice(NAMES), required=True, help="Whose client it is.")
@click.option("--adapter", "command", metavar="CMD", help='What is run: --adapter "node adapter.mjs".')
@click.option(
    "--report", "reports", multiple=True, type=click.Path(dir_okay=False, path_type=Path), help="Write one; repeatable."
)
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
    try:
        wanted = chosen(upstream, only, seed, deep)
        if listing:
            listed(wanted)
            return
        adapter = _program(command)
        for path in reports:
            _require_writable(path)
    except (LookupError, UnknownFormat) as error:
        raise click.UsageError(str(error.args[0])) from error
    progress = Progress(len(wanted))
    try:
        with progress.shown():
            found = certified(adapter, upstream=upstream, only=only, seed=seed, deep=deep, progress=progress.tried)
        _report(found, reports)
    except OSError as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(COULD_NOT_RUN)
    ctx.exit(EXITS[found.verdict])


def _program(command: str | None) -> Program:
    if command is None:
        raise click.UsageError('Missing option "--adapter".')
    try:
        return Program(command)
    except ValueError as error:
        raise click.UsageError(f"--adapter {command!r} cannot be read: {error}") from error


def _require_writable(path: Path) -> None:
    """Raises UnknownFormat, and UsageError: better before the run than after it."""
    certification_writer_for(path)
    if not (path.parent.is_dir() and os.access(path if path.exists() else path.parent, os.W_OK)):
        raise click.UsageError(f"--report {path} cannot be written there")


def _report(found: Certification, reports: tuple[Path, ...]) -> None:
    conclude(found)
    for path in reports:
        path.write_text(certification_writer_for(path)(found), encoding="utf-8")
