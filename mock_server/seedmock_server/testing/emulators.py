"""Emulators of a test session: one for each combination of settings, each in a thread on a free port."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from ..app import App
from ..http.server import RunningServer, serve_in_thread
from ..settings import parse_settings
from .accounts import URL_VARIABLE, LocalAccount
from .redirected_requests import RedirectedRequests

if TYPE_CHECKING:
    from ..control_client import ControlTransport
    from .shared_server import SharedServer

SEED = 20260601
MAX_JOURNAL_ENTRIES = 100_000


class Emulator:
    """Running emulator."""

    job, host = "", "127.0.0.1"

    def __init__(self, server: RunningServer, app: App, requests: RedirectedRequests) -> None:
        self.server, self.app, self.requests = server, app, requests
        self._tls_port: int | None = None

    @property
    def url(self) -> str:
        """Origin of all upstreams."""
        return self.server.url

    @cached_property
    def control(self) -> ControlTransport:
        """A transport to its control API, without a socket."""
        from ..control_client import ControlTransport

        return ControlTransport.in_process(self.app, self.app.settings.control_token)

    def account(self, api_key: str) -> LocalAccount:
        """Return a key's account."""
        return LocalAccount(self.app.context, self.server.settle, self.app.context.account(api_key))

    def tls_port(self, context: ssl.SSLContext) -> int:
        """Return the port that speaks TLS, which is opened at the first call."""
        if self._tls_port is None:
            self._tls_port = self.server.listen_tls(context)
        return self._tls_port


class EmulatorPool:
    """Starts emulators on first use, and stops them all at the end; none where SEEDMOCK_URL names a shared server."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: dict[str, Emulator] = {}
        self._shared: SharedServer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.clear()
        self._stack.close()

    @property
    def shared(self) -> SharedServer | None:
        """The server that SEEDMOCK_URL names, or None. Raises SharedServerError."""
        if self._shared is None and os.environ.get(URL_VARIABLE):
            from .shared_server import SharedServer

            self._shared = SharedServer.from_environment()
            if self._shared is not None:
                self._stack.callback(self._shared.close)
        return self._shared

    def get(self, **settings: Any) -> Emulator | SharedServer:
        """Return the emulator with these settings. Raises InvalidSetting, SharedServerError."""
        if self.shared is not None:
            self.shared.require(settings)
            return self.shared
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
