"""ASGI's types, and the one message that every application of ours answers alike. Knows no application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def lifespan(receive: Receive, send: Send, close: Callable[[], Awaitable[None]]) -> None:
    """Start when the server starts, and `close` when it stops."""
    while True:
        message = await receive()
        ends = message["type"] == "lifespan.shutdown"
        if ends:
            await close()
        await send({"type": message["type"] + ".complete"})
        if ends:
            return
