"""Request bodies that arrive late or not at all, and applications that do not answer at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.http.in_process import InProcessTransport

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/_mock/clock",
    "query_string": b"",
    "headers": [(b"host", b"127.0.0.1")],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
    "http_version": "1.1",
    "scheme": "http",
}


def responses_to(clips: Path, *messages: dict[str, Any]) -> list[Any]:
    """Return the messages of the control API to a client that sends these and then nothing."""
    remaining, responses = list(messages), []

    async def receive() -> dict[str, Any]:
        if not remaining:
            await asyncio.Event().wait()
        return remaining.pop(0)

    async def send(message: Any) -> None:
        responses.append(message)

    async def call() -> None:
        async with create_app(cache_dir=clips, body_timeout=0.01) as app:
            await app(dict(SCOPE), receive, send)

    asyncio.run(call())
    return responses


def test_a_slow_body_gets_a_408(clips: Path) -> None:
    start, body = responses_to(clips, {"type": "http.request", "body": b'{"adv', "more_body": True})
    assert start["status"] == 408
    assert b"message" in body["body"]


def test_a_disconnected_client_gets_no_response(clips: Path) -> None:
    assert responses_to(clips, {"type": "http.disconnect"}) == []


def test_the_in_process_transport_rejects_an_application_that_waits() -> None:
    async def waiting(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="only paths under /_mock/"):
        httpx.Client(transport=InProcessTransport(waiting)).get("http://x/")
