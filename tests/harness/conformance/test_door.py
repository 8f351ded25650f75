"""The door in process: the same answers as through httpx's own way to the application, without its cost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import InProcessClient

KEY = {"authorization": "Bearer sk_door"}
ORDER = {"model": "seedance-2-0-fast", "prompt": "风筝 👋", "size": "640x640", "seconds": "4", "seed": 3}
ASKED: list[tuple[str, str, dict[str, str], bytes]] = [
    ("GET", "/v1/videos/cgt-none", KEY, b""),
    ("GET", "/v1/videos/cgt-none", {}, b""),
    ("GET", "/v1/videos/%E9%A3%8E%2F%2e", KEY, b""),
    ("GET", "/v1/videos/风筝", KEY, b""),
    ("GET", "/api/v1/video/generations?task_id=a%20b&x=%26", KEY, b""),
    ("GET", "/api/v1/video/generations?task_id=风", KEY, b""),
    ("GET", "/", {}, b""),
    ("PUT", "/v1/videos", KEY, b""),
    (
        "POST",
        "/v1/videos",
        {**KEY, "content-type": "application/json"},
        json.dumps({**ORDER, "seconds": "99"}).encode(),
    ),
    ("POST", "/v1/videos", {**KEY, "Content-Type": "text/xml"}, b"<a/>"),
    ("POST", "/v1/videos", KEY, b"\xff\x00"),
    ("POST", "/v1/videos", {**KEY, "content-type": "application/json"}, json.dumps(ORDER).encode()),
    ("GET", "http://emulator.test/v1/videos/cgt-none/content", KEY, b""),
]


@pytest.mark.parametrize(("method", "url", "headers", "content"), ASKED, ids=lambda value: str(value)[:30])
def test_the_door_answers_as_httpx_does(
    clips: Path, method: str, url: str, headers: dict[str, str], content: bytes
) -> None:
    def app() -> Any:
        return create_app(clock=ManualClock(), seed=1, pace="instant", cache_dir=clips)

    async def by_httpx() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://emulator.test") as client:
            return await client.request(method, url, headers=headers, content=content)

    expected = asyncio.run(by_httpx())
    with InProcessClient(app()) as door:
        answer = door.request(method, url, headers=headers, content=content)
    assert (answer.status_code, answer.content) == (expected.status_code, expected.content)
    assert dict(answer.headers) == dict(expected.headers)


def test_a_clip_comes_whole_and_in_parts(clips: Path) -> None:
    with InProcessClient(create_app(clock=ManualClock(), seed=1, pace="instant", cache_dir=clips)) as door:
        sent = {**KEY, "content-type": "application/json"}
        made = door.request("POST", "/v1/videos", headers=sent, content=json.dumps(ORDER).encode())
        path = f"/v1/videos/{json.loads(made.content)['id']}/content"
        whole = door.request("GET", path, headers=KEY)
        part = door.request("GET", path, headers={**KEY, "range": "bytes=4-7"})
        assert (whole.status_code, len(whole.content)) == (200, int(whole.headers["content-length"]))
        assert (part.status_code, part.content) == (206, b"ftyp")
