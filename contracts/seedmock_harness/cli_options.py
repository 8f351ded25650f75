"""Options, exit codes and help texts that several commands of the harness share.

Loads click and the upstreams' names only: `--help` must stay fast.
"""

from __future__ import annotations

from pathlib import Path

import click

EXIT_INCONCLUSIVE = 3
"""Exit code of a command that could not check anything, or not everything that was requested."""
VERIFICATION_EXIT_CODES = """\b
Exit codes:
  0 every check that ran confirms the contract
  1 the upstream has drifted from the contract
  2 invalid options; no request was sent
  3 inconclusive: nothing, or not everything requested, could be checked"""
REPORT_SUFFIXES = (".json", ".md", ".html", ".sarif", ".xml")
"""The suffixes in `reports.writers`, repeated because importing the writers would slow down `--help`."""

report_option = click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"Write a report; the suffix chooses the format: {', '.join(REPORT_SUFFIXES)}. Repeatable.",
)
