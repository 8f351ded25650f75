"""Command `seedmock init`."""

from __future__ import annotations

from pathlib import Path

import click

from seedmock_contracts.upstreams import NAMES

PROJECTS = ("pytest", "node", "github")
"""The keys of `writer.KINDS`, repeated because importing the writer would slow down `--help`."""


@click.command()
@click.argument("kind", type=click.Choice(PROJECTS))
@click.option("--upstream", type=click.Choice(NAMES), default=lambda: NAMES[0], help="API that your code calls.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder of the project.  [default: the current one]",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def init(kind: str, upstream: str, folder: Path, force: bool) -> None:
    """Write the first files of a project: tests with pytest, tests in Node, or a GitHub workflow.

    No file is overwritten without --force, and what was written is listed with the next commands.
    """
    from seedmock_contracts.upstreams import get_contract

    from .writer import KINDS, FilesExist, render_files, write_files

    try:
        written = write_files(folder, render_files(kind, get_contract(upstream)), force)
    except FilesExist as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"cannot write {error.filename}: {error.strerror}; choose a folder by --dir"
        ) from error
    for path in written:
        click.echo(f"wrote {path}")
    click.echo("next:")
    for command in KINDS[kind].commands:
        click.echo(f"  {command}")
