"""Requests are answered as soon as they are read: only one that has to wait becomes a task."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from seedmock_server.http.request_body import read_body
from seedmock_server.http.server import RunningServer, serve_in_thread


def in_task() -> bytes:
    return b"no task " if asyncio.current_task() is None else b"task "


async def serve(scope: Any, receive: Any, send: Any) -> None:
    """Say for each step of the response if it ran in a task. `/wait` waits in between, with a time limit."""
    steps = in_task()
    await read_body(receive, limit=100, seconds=5)
    steps += in_task()
    if scope["path"] == "/wait":
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await asyncio.sleep(0.001)
        steps += in_task()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(steps))]})
    await send({"type": "http.response.body", "body": steps})


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve_in_thread(serve) as running:
        yield running


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


EXPECTING = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize(
    ("chunks", "steps"),
    [
        ([get("/")], [b"no task no task "]),
        ([POST + b"body"], [b"no task no task "]),
        ([get("/wait")], [b"no task no task task "]),
        ([EXPECTING, b"body"], [b"task task "]),
        ([get("/") + get("/wait") + get("/")], [b"no task no task ", b"task task task ", b"task task "]),
        ([POST + b"body" + POST, b"body"], [b"no task no task ", b"task task "]),
    ],
    ids=["get", "post", "waits", "body later", "pipelined", "pipelined, body later"],
)
def test_only_a_request_that_waits_becomes_a_task(
    server: RunningServer, chunks: list[bytes], steps: list[bytes]
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(chunks[0])
        content = b""
        for chunk in chunks[1:]:
            content += client.recv(65536)  # something is answered, so that the server has read all but this chunk
            client.sendall(chunk)
        while not content.endswith(steps[-1]) or content.count(b"HTTP/1.1 200") < len(steps):
            chunk = client.recv(65536)
            assert chunk, content
            content += chunk
    bodies = [part.partition(b"\r\n\r\n")[2] for part in content.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == steps
