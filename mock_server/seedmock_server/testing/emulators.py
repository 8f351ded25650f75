"""The emulators of a test session: one for each way of being set up, each in a thread, on a free port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Self

from ..app import App
from ..http.server import serve_in_thread
from ..settings import parse_settings
from .downloads import Deliveries

SEED = 20260601
ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Emulator:
    """An emulator that runs."""

    url: str
    app: App
    deliveries: Deliveries


class Emulators:
    """Starts emulators when they are first asked for, and stops them all at the end."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: dict[str, Emulator] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.clear()
        self._stack.close()

    def of(self, **settings: Any) -> Emulator:
        """The emulator with these settings; the seed is always the same unless it is among them.

        Raises InvalidSetting.
        """
        name = repr(sorted(settings.items()))
        if name not in self._running:
            self._running[name] = self._stack.enter_context(started(**settings))
        return self._running[name]


@contextmanager
def started(**settings: Any) -> Iterator[Emulator]:
    """An emulator that nobody else uses, while the block lasts. Raises InvalidSetting."""
    app = App(parse_settings({"seed": SEED, "max_journal_entries": ENTRIES, **settings}))
    deliveries = Deliveries(app)
    with serve_in_thread(deliveries) as server:
        yield Emulator(server.url, app, deliveries)
