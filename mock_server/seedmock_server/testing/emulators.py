"""Emulators of a test session: one for each combination of settings, each in a thread on a free port."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

from ..app import App
from ..http.server import RunningServer, serve_in_thread
from ..settings import parse_settings
from .redirected_requests import RedirectedRequests

SEED = 20260601
MAX_JOURNAL_ENTRIES = 100_000


class Emulator:
    """Running emulator."""

    def __init__(self, server: RunningServer, app: App, requests: RedirectedRequests) -> None:
        self.server, self.app, self.requests = server, app, requests
        self._tls_port: int | None = None

    @property
    def url(self) -> str:
        """Origin of all upstreams."""
        return self.server.url

    def tls_port(self, context: ssl.SSLContext) -> int:
        """Return the port that speaks TLS, which is opened at the first call."""
        if self._tls_port is None:
            self._tls_port = self.server.listen_tls(context)
        return self._tls_port


class EmulatorPool:
    """Starts emulators on first use, and stops them all at the end."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: dict[str, Emulator] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.clear()
        self._stack.close()

    def get(self, **settings: Any) -> Emulator:
        """Return the shared emulator with these settings. Raises InvalidSetting."""
        name = repr(sorted(settings.items()))
        if name not in self._running:
            self._running[name] = self._stack.enter_context(run_emulator(**settings))
        return self._running[name]


@contextmanager
def run_emulator(**settings: Any) -> Iterator[Emulator]:
    """Run an emulator of one's own while the block lasts; the seed is fixed by default. Raises InvalidSetting."""
    app = App(parse_settings({"seed": SEED, "max_journal_entries": MAX_JOURNAL_ENTRIES, **settings}))
    requests = RedirectedRequests(app)
    with serve_in_thread(requests) as server:
        yield Emulator(server, app, requests)
