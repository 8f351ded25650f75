"""Command `seedmock doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..connection import as_json, echo, print_json

if TYPE_CHECKING:
    from .diagnoses import Diagnosis

COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}
EXIT_CODES = """\b
Exit codes:
  0 no problem; there may be warnings
  1 at least one problem
  2 invalid options"""


@click.command(epilog=EXIT_CODES)
@click.option(
    "--url",
    envvar=["SEEDMOCK_URL", "SEEDMOCK_BASE_URL"],
    help="Emulator to look at, if it runs on this machine.  [default: none]",
)
@as_json
@click.pass_context
def doctor(ctx: click.Context, url: str | None, as_json: bool) -> None:
    """Check this machine: Python, versions, plugins, ffmpeg, fonts, cache, port, proxies, server. Says what to do.

    Contacts nothing but this machine.
    """
    from seedmock_contracts import __version__

    from .diagnoses import DiagnosisLevel, diagnose
    from .machine import gather_facts

    diagnoses = diagnose(gather_facts(url))
    if as_json:
        print_json({"version": __version__, "checks": diagnoses})
    else:
        _print_lines(diagnoses)
    ctx.exit(1 if any(row.level is DiagnosisLevel.PROBLEM for row in diagnoses) else 0)


def _print_lines(diagnoses: list[Diagnosis]) -> None:
    width = max(len(row.check) for row in diagnoses)
    for row in diagnoses:
        echo(f"{row.level:<8} {row.check:<{width}}  {row.message}", fg=COLOURS[row.level])
        if row.advice:
            echo(f"{'':<8} {'':<{width}}  to do: {row.advice}")
