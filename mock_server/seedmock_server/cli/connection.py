"""What the commands that command an emulator share: how they find it, what they are narrowed by, how they print."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click

URL = "http://127.0.0.1:8000"
WIDE = 240
Command = Callable[..., Any]


class _Failed(click.ClickException):
    """One clear line, and exit code 1."""


def connected(command: Command) -> Command:
    """A command that is given the emulator to command, by options or by the variables that clients use too."""

    @click.option(
        "--url",
        envvar="SEEDMOCK_BASE_URL",
        default=URL,
        show_default=True,
        help="Where the emulator is. Variable: SEEDMOCK_BASE_URL.",
    )
    @click.option("--token", envvar="SEEDMOCK_CONTROL_TOKEN", help="What `serve --control-token` was given.")
    @functools.wraps(command)
    def run(url: str, token: str | None, **values: Any) -> None:
        from ..control_client import Control, ControlCallError

        try:
            with Control(url, token) as control:
                command(control, **values)
        except ControlCallError as error:
            raise _Failed(str(error)) from error

    return run


def of_key(command: Command) -> Command:
    """A command that can be narrowed to an API key."""
    return click.option("--key", help="An API key: only what belongs to it. It is not kept and not shown.")(command)


def as_json(command: Command) -> Command:
    """A command that can print what it was told as it is."""
    return click.option("--json", "plain", is_flag=True, help="Print JSON.")(command)


def moment(at: float) -> str:
    """A moment as people read it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def print_json(value: Any) -> None:
    """A value as JSON, indented."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], caption: str) -> None:
    """A table; whole where it is not for a terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else WIDE)
    table = Table(*columns, box=None, caption=caption, caption_justify="left", pad_edge=False)
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    console.print(table)


@contextlib.contextmanager
def progress(of: int | None = None, style: str = "") -> Iterator[Callable[..., None]]:
    """A bar on stderr while this lasts: call what it gives with `completed`, `name`, `said` and, once known, `total`.

    Where stderr is no terminal nothing is shown.
    """
    if not sys.stderr.isatty():
        yield lambda **_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}", style=style),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield functools.partial(bar.update, bar.add_task("", total=of, name="", said=""))
