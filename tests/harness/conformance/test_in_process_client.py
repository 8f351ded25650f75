"""The client in process gets the responses that httpx gets from the same application."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.app import App
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import InProcessClient

AUTH = {"authorization": "Bearer sk_in_process"}
JSON = {**AUTH, "content-type": "application/json"}
ORDER = {"model": "seedance-2-0-fast", "prompt": "风筝 👋", "size": "640x640", "seconds": "4", "seed": 3}
REQUESTS: list[tuple[str, str, dict[str, str], bytes]] = [
    ("GET", "/v1/videos/cgt-none", AUTH, b""),
    ("GET", "/v1/videos/cgt-none", {}, b""),
    ("GET", "/v1/videos/%E9%A3%8E%2F%2e", AUTH, b""),
    ("GET", "/v1/videos/风筝", AUTH, b""),
    ("GET", "/api/v1/video/generations?task_id=a%20b&x=%26", AUTH, b""),
    ("GET", "/api/v1/video/generations?task_id=风", AUTH, b""),
    ("GET", "/", {}, b""),
    ("PUT", "/v1/videos", AUTH, b""),
    ("POST", "/v1/videos", JSON, json.dumps({**ORDER, "seconds": "99"}).encode()),
    ("POST", "/v1/videos", {**AUTH, "Content-Type": "text/xml"}, b"<a/>"),
    ("POST", "/v1/videos", AUTH, b"\xff\x00"),
    ("POST", "/v1/videos", JSON, json.dumps(ORDER).encode()),
    ("GET", "http://emulator.test/v1/videos/cgt-none/content", AUTH, b""),
]


@pytest.mark.parametrize(("method", "url", "headers", "content"), REQUESTS, ids=lambda value: str(value)[:30])
def test_the_responses_are_those_of_httpx(
    clips: Path, method: str, url: str, headers: dict[str, str], content: bytes
) -> None:
    def new_app() -> App:
        return create_app(clock=ManualClock(), seed=1, pace="instant", cache_dir=clips)

    async def send_with_httpx() -> httpx.Response:
        transport = httpx.ASGITransport(new_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://emulator.test") as client:
            return await client.request(method, url, headers=headers, content=content)

    expected = asyncio.run(send_with_httpx())
    with InProcessClient(new_app()) as client:
        response = client.request(method, url, headers=headers, content=content)
    assert (response.status_code, response.content) == (expected.status_code, expected.content)
    assert dict(response.headers) == dict(expected.headers)


def test_a_clip_is_downloaded_in_full_and_in_part(clips: Path) -> None:
    with InProcessClient(create_app(clock=ManualClock(), seed=1, pace="instant", cache_dir=clips)) as client:
        created = client.request("POST", "/v1/videos", headers=JSON, content=json.dumps(ORDER).encode())
        path = f"/v1/videos/{json.loads(created.content)['id']}/content"
        full = client.request("GET", path, headers=AUTH)
        part = client.request("GET", path, headers={**AUTH, "range": "bytes=4-7"})
        assert (full.status_code, len(full.content)) == (200, int(full.headers["content-length"]))
        assert (part.status_code, part.content) == (206, b"ftyp")
