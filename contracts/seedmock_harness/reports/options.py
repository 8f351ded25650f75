"""The option `--report`, the same for every command that has one."""

from __future__ import annotations

from pathlib import Path

import click

SUFFIXES = (".json", ".md", ".html", ".sarif", ".xml")
"""Those that `formats` has writers for, said apart from them: help is shown without loading any."""

report_option = click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"Write one; its suffix says which: {', '.join(SUFFIXES)}. Repeatable.",
)
