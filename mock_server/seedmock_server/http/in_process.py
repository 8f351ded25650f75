"""Two ways into an application that nobody serves, without a socket: to its control API, and to all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class InProcessTransport(httpx.BaseTransport):
    """Answers requests by an ASGI application that never waits for anything, as the control API does.

    So no event loop is needed, and one that is running is no hindrance.
    """

    def __init__(self, app: Asgi) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        said: list[MutableMapping[str, Any]] = []
        body = request.read()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            said.append(message)

        _run(self._app(_scope(request), receive, send))
        content = b"".join(message.get("body", b"") for message in said)
        return httpx.Response(said[0]["status"], headers=said[0]["headers"], content=content)


def _run(waiting: Awaitable[None]) -> None:
    step = waiting.__await__()
    try:
        next(step)
    except StopIteration:
        return
    raise RuntimeError("the application waits for something: only paths under /_mock/ can be asked for in this way")


def _scope(request: httpx.Request) -> dict[str, Any]:
    host = request.url.host
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 0),
        "server": (host, request.url.port or 80),
    }


NO_HEADERS: Mapping[str, str] = MappingProxyType({})
SAFE = "/:?&=%,;@!$'()*+~-._"


@dataclass(frozen=True, slots=True)
class BufferedResponse:
    """What the application answered: the face that `httpx.Response` has, names of headers in lower case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class InProcessClient:
    """Asks an application as `httpx.Client(base_url=...).request` would, from a thread with no loop running.

    An answer's body is whole when it is returned: bytes on the way, and connections that break, need a socket.
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
        """End the loop; an application with background work is closed first, by `run(app.aclose())`."""
        self._runner.close()

    def run(self, waiting: Any) -> Any:
        """Wait for anything that belongs to the application, on the loop on which it is asked."""
        return self._run(waiting)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] = NO_HEADERS, content: bytes = b""
    ) -> BufferedResponse:
        """Ask; `url` is a path, or whole, whatever its host."""
        said: list[MutableMapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            said.append(message)

        self._run(self._app(self._scope_of(method, url, headers, content), receive, send))
        body = b"".join(message.get("body", b"") for message in said)
        heads = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in said[0]["headers"]}
        return BufferedResponse(said[0]["status"], heads, body)

    def _scope_of(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
        parts = urlsplit(url)
        raw = quote(parts.path or "/", safe=SAFE)
        given = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        given += [(b"host", self._host.encode()), (b"content-length", b"%d" % len(content))]
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(raw),
            "raw_path": raw.encode("ascii"),
            "query_string": quote(parts.query, safe=SAFE).encode("ascii"),
            "root_path": "",
            "headers": given,
            "client": ("127.0.0.1", 0),
            "server": (self._host, 80),
        }
