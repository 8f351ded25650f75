"""What a person sees while a task runs: a live line on a terminal, plain lines elsewhere, all on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import click

from .video import Progress


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
        word = progress.status.value if progress.status else progress.word or "no answer yet"
        if self._live is not None:
            self._live(word, progress)
            return
        if first:
            click.echo(f"task {progress.task_id}", err=True)
        if self._shown != (word, progress.note):
            self._shown = (word, progress.note)
            click.echo(f"{progress.elapsed:7.1f} s  {word}{f'  ({progress.note})' if progress.note else ''}", err=True)

    @contextlib.contextmanager
    def shown(self) -> Iterator[Display]:
        """Show progress live while this lasts, if stderr is a terminal."""
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
        TextColumn("{task.fields[word]}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[cost]}"),
        TextColumn("{task.fields[where]}", style="dim", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task("", total=None, word="ordering", cost=cost, where="")

        def show(word: str, progress: Progress) -> None:
            percent = progress.percent.removesuffix("%")
            if percent.isdigit() and percent.isascii():
                bar.update(row, total=100, completed=int(percent))
            bar.update(row, word=word, where=progress.note or progress.task_id)

        yield show
