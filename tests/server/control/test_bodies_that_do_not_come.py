"""Orders that stop on their way, and applications that wait: what the control API and its direct door make of them."""

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


def told(clips: Path, *messages: dict[str, Any]) -> list[Any]:
    """What is said to a caller who sends these messages and then nothing."""
    left, said = list(messages), []

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    async def call() -> None:
        async with create_app(cache_dir=clips, body_timeout=0.01) as app:
            await app(dict(SCOPE), receive, send)

    asyncio.run(call())
    return said


def test_an_order_that_does_not_come_whole_in_time_is_a_408(clips: Path) -> None:
    start, body = told(clips, {"type": "http.request", "body": b'{"adv', "more_body": True})
    assert start["status"] == 408
    assert b"message" in body["body"]


def test_a_caller_who_has_gone_is_told_nothing(clips: Path) -> None:
    assert told(clips, {"type": "http.disconnect"}) == []


def test_the_direct_door_is_for_what_answers_at_once() -> None:
    async def waiting(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="only paths under /_mock/"):
        httpx.Client(transport=InProcessTransport(waiting)).get("http://x/")
