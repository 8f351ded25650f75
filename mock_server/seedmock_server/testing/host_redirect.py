"""Redirection of requests for the real hosts to the emulator, for code with hard-wired hosts and any HTTP library.

Names resolve to addresses of this machine that nothing listens on; a connection to one goes to the emulator, and TLS
there trusts this process's own authority alone. So a request that goes around this, through a proxy, meets a real host
with a handshake that fails, and its key is not sent.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .authority import client_context, server_context
from .interception import HOSTS, Interception, live_host
from .network_guard import LiveHostReached

if TYPE_CHECKING:
    import respx

    from ..http.server import RunningServer
    from .emulators import Emulator

LOOPBACK = "127.0.0.1"
# One a host, since a library may keep the address and forget the port: anyio does. In 127.0.0.0/8, so that a
# connection that is attempted after the test is refused at once, and never leaves this machine.
ADDRESSES = {host: f"127.83.77.{number}" for number, host in enumerate(sorted(HOSTS), 1)}
HTTP_PORTS = (80, "80", "http")


@contextmanager
def redirect_hosts(emulator: Emulator, api_key: str) -> Iterator[None]:
    """Redirect the connections of this process to a real host while the block lasts.

    An API key that is not a mock key is replaced by `api_key`. Other hosts are left alone.
    """
    try:
        with emulator.requests.accepted(emulator.url, api_key), Interception(HostRedirect(emulator)):
            _use(emulator.server)
            yield
    finally:
        outer = [around.policy.server for around in Interception.active if isinstance(around.policy, HostRedirect)]
        if outer:
            _use(outer[-1])


_in_use: list[RunningServer] = []


def _use(server: RunningServer) -> None:
    """End the connections of clients that live longer than a redirection, if the next one is to another emulator."""
    # Those to the same emulator stay: an async client sees their end only later, and would lose its next request.
    for other in [other for other in _in_use if other is not server]:
        other.abort_tls()
    _in_use[:] = [server]


class HostRedirect:
    """Policy that connects to the emulator instead of a real host."""

    def __init__(self, emulator: Emulator) -> None:
        self.server = emulator.server
        self._http, self._https = emulator.server.port, emulator.tls_port(server_context())

    def resolve(self, host: Any) -> Any:
        """Return the address that stands for a real host."""
        name = live_host(host)
        return host if name is None else ADDRESSES[name]

    def destination(self, address: Any) -> Any:
        """Return the emulator's address instead of a real host's."""
        if not isinstance(address, tuple) or self.resolve(address[0]) not in ADDRESSES.values():
            return address
        return LOOPBACK, self._http if address[1] in HTTP_PORTS else self._https

    def tls_context(self, context: ssl.SSLContext, host: Any, connection: socket.socket | None) -> ssl.SSLContext:
        """Return a context that trusts the emulator alone. Raises LiveHostReached for a connection elsewhere."""
        if live_host(host or "") is None:
            return context
        if connection is not None and connection.getpeername()[:2] != (LOOPBACK, self._https):
            self.forward(host)
        return client_context()

    def forward(self, host: str) -> None:
        """Raise LiveHostReached for a connection that is not to the emulator."""
        raise LiveHostReached(
            f"a connection to {host} goes around the redirection of hosts, through a proxy or an address of the code's "
            "own; nothing was sent. Remove the proxy for this test, or give the code the base URL of mock_upstreams."
        )


@contextmanager
def route_hosts() -> Iterator[respx.MockRouter]:
    """Enter a router of httpx's requests: its routes answer first, and a request that matches none is sent."""
    import respx

    class HostRouter(respx.MockRouter):
        """Router that sends a request that no route matches; `calls` has it, too."""

        @contextmanager
        def resolver(self, request: Any) -> Iterator[Any]:
            with super().resolver(request) as resolved:
                yield resolved
                if resolved.route is None:
                    resolved.route, resolved.response = sent, request

    sent = respx.Route().pass_through()
    # On the level of httpx: in httpcore a request passes two functions that respx replaces, and would count twice.
    with HostRouter(assert_all_called=False, using="httpx") as router:
        yield router
