"""ASGI types, and the lifespan protocol as every application of ours answers it. Knows no application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

SENT_TO = "seedmock.sent_to"
"""Key of a scope: the host that a request was sent to, where a redirection has replaced it in the headers."""


async def lifespan(
    receive: Receive,
    send: Send,
    close: Callable[[], Awaitable[None]],
    start: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Answer the lifespan protocol; await `start` at startup and `close` at shutdown."""
    while True:
        message = await receive()
        is_shutdown = message["type"] == "lifespan.shutdown"
        if is_shutdown:
            await close()
        elif start is not None:
            await start()
        await send({"type": message["type"] + ".complete"})
        if is_shutdown:
            return
