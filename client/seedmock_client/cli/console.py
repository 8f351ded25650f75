"""What a person sees while a task runs: a live line on a terminal, plain lines elsewhere, all on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..models import Progress
from .exit_codes import printable

if TYPE_CHECKING:
    from ..clients import Client


class Display:
    """Shows progress and remembers the task's id, for whoever is interrupted."""

    def __init__(self, quiet: bool, cost: str = "") -> None:
        self.quiet = quiet
        self.cost = cost
        self.task_id = ""
        self._shown: tuple[str, str] | None = None
        self._live: Any = None

    def __call__(self, progress: Progress) -> None:
        first = not self.task_id
        self.task_id = progress.task_id
        if self.quiet:
            return
        word = progress.status.value if progress.status else printable(progress.word) or "no answer yet"
        note = printable(progress.note)
        if self._live is not None:
            self._live(word, note or printable(progress.task_id), progress.percent)
            return
        if first:
            click.echo(f"task {printable(progress.task_id)}", err=True)
        if self._shown != (word, note):
            self._shown = (word, note)
            click.echo(f"{progress.elapsed:7.1f} s  {word}{f'  ({note})' if note else ''}", err=True)

    @contextlib.contextmanager
    def shown(self, client: Client) -> Iterator[Display]:
        """Say where the order goes; show its progress live while this lasts, if stderr is a terminal."""
        if not self.quiet:
            cost = f", about {self.cost}" if self.cost else ""
            click.echo(f"{client.upstream} at {client.base_url}{cost}", err=True)
        if self.quiet or not _terminal():
            yield self
            return
        with _bar(self.cost) as self._live:
            yield self
        self._live = None


def _terminal() -> bool:
    return sys.stderr.isatty()


@contextlib.contextmanager
def _bar(cost: str) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[word]}", markup=False),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[cost]}"),
        TextColumn("{task.fields[where]}", style="dim", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task("", total=None, word="ordering", cost=cost, where="")

        def show(word: str, where: str, percent: str) -> None:
            percent = percent.removesuffix("%")
            if percent.isdigit() and percent.isascii() and len(percent) <= 3:
                bar.update(row, total=100, completed=int(percent))
            bar.update(row, word=word, where=where)

        yield show
