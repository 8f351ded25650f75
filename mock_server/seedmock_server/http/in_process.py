"""Calling an ASGI application without a socket: the control API from any thread, and a whole application on a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

import httpx
from msgspec import Struct

from .asgi import Message
from .coroutines import run_now

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
Result = TypeVar("Result")

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
SAFE_CHARS = "/:?&=%,;@!$'()*+~-._"


class InProcessTransport(httpx.BaseTransport):
    """httpx transport for an ASGI application that never suspends, as the control API does not.

    It needs no event loop, so it also works in a thread where one is running.
    """

    def __init__(self, app: Asgi) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _AsgiExchange(request.read())
        run_now(self._app(_scope_of(request), exchange.receive, exchange.send))
        return httpx.Response(exchange.start["status"], headers=exchange.start["headers"], content=exchange.body)


class _AsgiExchange:
    """The `receive` and `send` of one request, and the messages that were sent."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._messages: list[Message] = []

    async def receive(self) -> Message:
        return {"type": "http.request", "body": self._content, "more_body": False}

    async def send(self, message: Message) -> None:
        self._messages.append(message)

    @property
    def start(self) -> Message:
        return self._messages[0]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self._messages)


def _scope_of(request: httpx.Request) -> dict[str, Any]:
    raw_path = request.url.raw_path.partition(b"?")[0]
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    server = request.url.host, request.url.port or 80
    return _scope(request.method, request.url.path, raw_path, request.url.query, headers, server)


def _scope(
    method: str,
    path: str,
    raw_path: bytes,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    server: tuple[str, int],
) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        # The control API is open to loopback alone, unless there is a token.
        "client": ("127.0.0.1", 0),
        "server": server,
    }


class BufferedResponse(Struct, frozen=True):
    """Complete response, with the attributes of `httpx.Response`; header names are in lower case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class InProcessClient:
    """Client for an ASGI application on an event loop of its own, for threads in which no loop runs.

    Responses are complete when they are returned: streaming and broken connections need a socket.
    """

    def __init__(self, app: Asgi, *, host: str = "emulator.test") -> None:
        self._app = app
        self._host = host
        self._runner = asyncio.Runner()
        self._run = self._runner.get_loop().run_until_complete

    def __enter__(self) -> InProcessClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the loop. Close an application with background work first, by `run(app.aclose())`."""
        self._runner.close()

    def run(self, awaitable: Awaitable[Result]) -> Result:
        """Await anything that belongs to the application, on the client's loop."""
        return self._run(awaitable)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] = NO_HEADERS, content: bytes = b""
    ) -> BufferedResponse:
        """Send a request; `url` is a path, or a full URL whose host is ignored."""
        exchange = _AsgiExchange(content)
        self._run(self._app(self._scope_for(method, url, headers, content), exchange.receive, exchange.send))
        names = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in exchange.start["headers"])
        return BufferedResponse(exchange.start["status"], dict(names), exchange.body)

    def _scope_for(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
        parts = urlsplit(url)
        raw_path = quote(parts.path or "/", safe=SAFE_CHARS)
        query = quote(parts.query, safe=SAFE_CHARS).encode("ascii")
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        pairs += [(b"host", self._host.encode()), (b"content-length", b"%d" % len(content))]
        return _scope(method, unquote(raw_path), raw_path.encode("ascii"), query, pairs, (self._host, 80))
