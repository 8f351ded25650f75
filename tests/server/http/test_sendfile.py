"""Downloads that the kernel sends from the file to the socket: whole, in parts, to slow clients and to none."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seedmock_server.http import sendfile
from seedmock_server.http.file_response import SHORT_BYTES, stream_file
from seedmock_server.http.server import RunningServer, serve_in_thread

SIZE = 6 * 1024 * 1024 + 17
CONTENT = hashlib.shake_128(b"clip").digest(SIZE)
OFFSETS = [(0, 0), (1, SHORT_BYTES), (1, SHORT_BYTES + 1), (SIZE - 1, SIZE - 1), (100, SIZE - 1)]

pytestmark = pytest.mark.skipif(not sendfile.IS_AVAILABLE, reason="the system has no sendfile")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def sent_by_kernel(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the pieces that the kernel has sent."""
    original, sizes = os.sendfile, list[int]()

    def counting(out: int, source: int, offset: int, count: int) -> int:
        sizes.append(original(out, source, offset, count))
        return sizes[-1]

    monkeypatch.setattr(os, "sendfile", counting)
    return sizes


@pytest.fixture
def server(clip: Path) -> Iterator[RunningServer]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await stream_file(scope, receive, send, clip, etag='"a"', media_type="video/mp4")

    with serve_in_thread(app) as running:
        yield running


def test_whole_files_and_ranges_arrive_on_one_connection(server: RunningServer, sent_by_kernel: list[int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for first, last in OFFSETS:
        connection.request("GET", "/", headers={"Range": f"bytes={first}-{last}"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (206, CONTENT[first : last + 1])
    for method, body in (("HEAD", b""), ("GET", CONTENT), ("HEAD", b"")):
        connection.request(method, "/")
        response = connection.getresponse()
        assert (response.status, response.headers["Content-Length"], response.read()) == (200, str(SIZE), body)
    connection.close()
    long = [last + 1 - first for first, last in OFFSETS if last + 1 - first > SHORT_BYTES]
    assert sum(sent_by_kernel) == sum(long) + SIZE


def test_a_client_that_does_not_read_holds_up_no_other(server: RunningServer, sent_by_kernel: list[int]) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
        other = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        other.request("GET", "/")
        assert other.getresponse().read() == CONTENT
        other.close()
        received = bytearray()
        while chunk := idle.recv(1 << 20):
            received += chunk
        assert received.endswith(CONTENT)


def test_a_client_that_leaves_frees_the_file_and_the_socket(server: RunningServer) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(15) == b"HTTP/1.1 200 OK"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().read() == CONTENT
    connection.close()
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 5


def test_a_file_that_shrinks_while_it_is_sent_ends_the_connection(
    server: RunningServer, clip: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original = os.sendfile

    def shrinking(out: int, source: int, offset: int, count: int) -> int:
        os.truncate(clip, 100_000)
        return original(out, source, offset, count)

    monkeypatch.setattr(os, "sendfile", shrinking)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/")
    with pytest.raises(http.client.IncompleteRead) as error:
        connection.getresponse().read()
    assert error.value.partial == CONTENT[:100_000]
    connection.close()
