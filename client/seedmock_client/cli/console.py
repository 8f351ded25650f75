"""Progress of a task on stderr: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from seedmock_contracts.printable import printable

from ..models import Progress

if TYPE_CHECKING:
    from ..clients import Client


class Display:
    """Progress callback that shows each change, and stores the id of the task for a message after Ctrl-C."""

    def __init__(self, quiet: bool, cost: str = "") -> None:
        self.quiet = quiet
        self.cost = cost
        self.task_id = ""
        self._last: tuple[str, str] | None = None
        self._live: Any = None

    def __call__(self, progress: Progress) -> None:
        first = not self.task_id
        self.task_id = progress.task_id
        if self.quiet:
            return
        status = progress.status.value if progress.status else printable(progress.raw_status) or "no response yet"
        note = printable(progress.note)
        if self._live is not None:
            self._live(status, note or printable(progress.task_id), progress.percent)
            return
        if first:
            click.echo(f"task {printable(progress.task_id)}", err=True)
        if self._last != (status, note):
            self._last = (status, note)
            click.echo(f"{progress.elapsed:7.1f} s  {status}{f'  ({note})' if note else ''}", err=True)

    @contextlib.contextmanager
    def attached(self, client: Client) -> Iterator[Display]:
        """Print the upstream of the order, and show its progress live inside the context if stderr is a terminal."""
        if not self.quiet:
            cost = f", about {self.cost}" if self.cost else ""
            click.echo(f"{client.upstream} at {client.base_url}{cost}", err=True)
        if self.quiet or not _is_terminal():
            yield self
            return
        with _live_line(self.cost) as self._live:
            yield self
        self._live = None


def _is_terminal() -> bool:
    return sys.stderr.isatty()


@contextlib.contextmanager
def _live_line(cost: str) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[status]}", markup=False),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[cost]}"),
        TextColumn("{task.fields[detail]}", style="dim", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task("", total=None, status="ordering", cost=cost, detail="")

        def show(status: str, detail: str, percent: str) -> None:
            percent = percent.removesuffix("%")
            if percent.isdigit() and percent.isascii() and len(percent) <= 3:
                bar.update(row, total=100, completed=int(percent))
            bar.update(row, status=status, detail=detail)

        yield show
