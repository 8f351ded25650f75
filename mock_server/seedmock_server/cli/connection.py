"""Shared parts of the commands: finding the emulator, common options, and printing."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from seedmock_contracts.printable import printable

DEFAULT_URL = "http://127.0.0.1:8000"
# Rich takes 80 where it sees no terminal, and would cut URLs that `grep` is to find.
WIDTH_WITHOUT_TERMINAL = 240
Command = Callable[..., Any]


def connected(command: Command) -> Command:
    """Give a command the emulator's client, by the options --url and --token; its errors become one line."""

    @click.option(
        "--url",
        envvar=["SEEDMOCK_URL", "SEEDMOCK_BASE_URL"],
        default=DEFAULT_URL,
        show_default=True,
        help="Control the emulator at this address. Variables: SEEDMOCK_URL, SEEDMOCK_BASE_URL.",
    )
    @click.option("--token", envvar="SEEDMOCK_CONTROL_TOKEN", help="Send the token of `serve --control-token`.")
    @functools.wraps(command)
    def run(url: str, token: str | None, **values: Any) -> None:
        from ..control_client import ControlClient, ControlClientError

        try:
            with ControlClient(url, token) as control:
                command(control, **values)
        except ControlClientError as error:
            raise click.ClickException(printable(str(error))) from error

    return run


def of_key(command: Command) -> Command:
    """Add the option --key."""
    return click.option("--key", help="Only the account of this API key, which is neither stored nor shown.")(command)


def as_json(command: Command) -> Command:
    """Add the option --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def format_time(at: float) -> str:
    """Format a time in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def echo(text: str, *, err: bool = False, **style: Any) -> None:
    """Print one line, which may contain text from outside; `style` as in `click.style`."""
    click.echo(click.style(printable(text), **style), err=err)


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    import msgspec

    document = msgspec.json.format(msgspec.json.encode(value), indent=2)
    click.echo(printable(document.decode(), keep="\n"))


def print_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], caption: str) -> None:
    """Print a table; into a file or a pipe without cutting cells."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)
    table = Table(*columns, box=None, caption=caption, caption_justify="left", pad_edge=False)
    for row in rows:
        table.add_row(*(printable(cell).replace("[", "\\[") for cell in row))
    console.print(table)


@contextlib.contextmanager
def progress(total: int | None = None, style: str = "") -> Iterator[Callable[..., None]]:
    """Show a progress bar on stderr, if that is a terminal, while the block lasts.

    Yields a function to update it with `completed`, `name`, `message` and, once known, `total`.
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
        TextColumn("{task.fields[message]}", style=style),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield functools.partial(bar.update, bar.add_task("", total=total, name="", message=""))
