"""A way to the control API of an application that nobody serves: httpx calls it directly, from any thread or task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class InProcess(httpx.BaseTransport):
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
