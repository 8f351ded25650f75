"""Guard against requests to the real hosts of the upstreams, which cost money. Works for every HTTP library."""

from __future__ import annotations

import socket
import ssl
from typing import Any, NoReturn, Self

from ..errors import SeedmockServerError
from .interception import HOSTS, Interception, live_host

ADVICE = (
    "Give the code the base URL of mock_upstreams (.base_url(NAME), or SEEDMOCK_BASE_URL), or, "
    "if its hosts are hard-wired, redirect them: add the fixture mock_hosts, or enter upstreams.redirect_hosts()."
)


class LiveHostReached(SeedmockServerError, AssertionError):
    """A test tried to reach a real host."""


class NetworkGuard:
    """Context in which every attempt of this process to reach a real host raises LiveHostReached.

    `check` finds out code that swallows the exception.
    """

    def __init__(self, test: str) -> None:
        self._test = test
        self._attempts: list[LiveHostReached] = []
        self._interception = Interception(self)

    def __enter__(self) -> Self:
        self._interception.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._interception.__exit__()

    def check(self) -> None:
        """Raise the first LiveHostReached, if there was one."""
        __tracebackhide__ = True
        if self._attempts:
            raise self._attempts[0]

    # --- policy of the interception ---

    def resolve(self, host: Any) -> Any:
        """Raise LiveHostReached for a real host."""
        __tracebackhide__ = True
        if live_host(host) is not None:
            self._reject(host)
        return host

    def destination(self, address: Any) -> Any:
        """Raise LiveHostReached for an address that names a real host."""
        __tracebackhide__ = True
        if isinstance(address, tuple):
            self.resolve(address[0])
        return address

    def tls_context(self, context: ssl.SSLContext, host: Any, connection: socket.socket | None) -> ssl.SSLContext:
        """Raise LiveHostReached for TLS with a real host."""
        __tracebackhide__ = True
        # Behind a proxy, or a resolver of the code's own, only TLS shows the host; the request comes after it.
        self.resolve(host)
        return context

    def forward(self, host: str) -> None:
        """Raise LiveHostReached for a proxy's request for a real host."""
        __tracebackhide__ = True
        self.resolve(host)

    def _reject(self, host: Any) -> NoReturn:
        __tracebackhide__ = True
        name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
        upstream = HOSTS[live_host(host) or ""]
        message = f"{self._test} tried to reach {name}, a real host of {upstream}; nothing was sent."
        error = LiveHostReached(f"{message} {ADVICE}")
        self._attempts.append(error)
        raise error
