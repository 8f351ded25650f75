"""The option `--report`, the same for every command that has one."""

from __future__ import annotations

from pathlib import Path

import click

from .formats import SUFFIXES

report_option = click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"Write one; its suffix says which: {SUFFIXES}. Repeatable.",
)
