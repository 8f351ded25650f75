"""Requests that were sent to a real host, as the emulator receives them: ASGI middleware."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from ..http.asgi import SENT_TO, Message, Receive, Send
from .interception import Interception, live_host
from .network_guard import LiveHostReached

AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]

MOCK_KEY = b"sk_mock_"
# A client that outlives a test keeps its connection here, though nothing redirects any more (decision 11).
MISDIRECTED = 421


class RedirectedRequests:
    """ASGI middleware that makes of a request to a real host one to this emulator, with the key of a test."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._origin, self._key = b"", b""

    @contextmanager
    def accepted(self, url: str, api_key: str) -> Iterator[None]:
        """Accept such requests while the block lasts, as if sent to `url`; `api_key` replaces any but a mock key."""
        previous = self._origin, self._key
        self._origin, self._key = url.partition("://")[2].encode(), api_key.encode()
        try:
            yield
        finally:
            self._origin, self._key = previous

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, rewritten if it was sent to a real host."""
        host = live_host(dict(scope["headers"]).get(b"host", b"").partition(b":")[0]) if "headers" in scope else None
        if host is not None and not self._key and scope["scheme"] == "https":
            await _refuse(host, send)
            return
        if host is not None and self._key:
            headers = [(name, self._rewritten(name, value)) for name, value in scope["headers"]]
            scope = {**scope, "scheme": "http", "headers": headers, SENT_TO: host}
        await self._app(scope, receive, send)

    def _rewritten(self, name: bytes, value: bytes) -> bytes:
        if name == b"host":
            # Result links are made from it: with the emulator's they work in any library and in other processes.
            return self._origin
        scheme, _, key = value.partition(b" ")
        if name == b"authorization" and scheme.lower() == b"bearer" and not key.strip().startswith(MOCK_KEY):
            return scheme + b" " + self._key
        return value


async def _refuse(host: str, send: Send) -> None:
    """Refuse a request on a connection that was redirected for an earlier test, and tell the guard of this one."""
    message = f"nothing redirects {host} now; this connection was redirected for an earlier test"
    if Interception.active:
        try:
            Interception.active[-1].policy.resolve(host)
        except LiveHostReached as error:
            message = str(error)
    body = json.dumps({"error": {"message": message}}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": MISDIRECTED, "headers": headers})
    await send({"type": "http.response.body", "body": body})
