"""Responses that are sent before the request's body was read: the client gets them, and nothing follows by mistake."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from seedmock_server.http.guarded_protocol import ConnectionLimits
from seedmock_server.http.request_body import read_body
from seedmock_server.http.server import RunningServer, serve_in_thread

MEBIBYTE = 1 << 20
REFUSAL = b"refused"


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Refuse without reading the body; `/read` reads it first, and `/closing` says that it closes."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/read":
        await read_body(receive, limit=10**9, seconds=5)
    headers = [(b"content-length", b"%d" % len(REFUSAL))]
    headers += [(b"connection", b"close")] if scope["path"] == "/closing" else []
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSAL})


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve_in_thread(refuse) as server:
        yield server


@pytest.fixture(scope="module")
def impatient_server() -> Iterator[RunningServer]:
    with serve_in_thread(refuse, limits=ConnectionLimits(linger_seconds=0.3, linger_idle_seconds=0.1)) as server:
        yield server


def head(*lines: str, path: str = "/", version: str = "1.1") -> bytes:
    return "\r\n".join([f"POST {path} HTTP/{version}", "Host: x", *lines, "", ""]).encode()


def read_to_end(connection: socket.socket) -> bytes:
    content = b""
    while chunk := connection.recv(65536):
        content += chunk
    return content


@pytest.fixture
def connect(server: RunningServer) -> Iterator[Callable[[], socket.socket]]:
    connections: list[socket.socket] = []

    def connect() -> socket.socket:
        connections.append(socket.create_connection(("127.0.0.1", server.port), 5))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("megabytes", [1, 10, 50])
def test_a_client_that_closes_gets_the_refusal_of_a_large_body(start_server: Any, megabytes: int) -> None:
    """Python's urllib sends Connection: close with each request, and reads only after the whole body is sent."""
    server = start_server("on a socket", max_body_bytes=MEBIBYTE // 2)
    body = bytes(megabytes * MEBIBYTE)
    for key, status in [("none of ours", 413), ("", 401)] * 4:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        request = urllib.request.Request(f"{server.origin}/v1/videos", data=body, headers=headers)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=20)
        with caught.value as error:
            assert error.status == status
            assert json.load(error)["error"]["message"]


CHUNKED_MEGABYTE = b"100000\r\n" + bytes(MEBIBYTE) + b"\r\n"


@pytest.mark.parametrize(
    ("lines", "path", "body"),
    [
        (("Connection: close", f"Content-Length: {20 * MEBIBYTE}"), "/", bytes(20 * MEBIBYTE)),
        (("Connection: close", "Transfer-Encoding: chunked"), "/", CHUNKED_MEGABYTE * 20 + b"0\r\n\r\n"),
        ((f"Content-Length: {20 * MEBIBYTE}",), "/closing", bytes(20 * MEBIBYTE)),
        (("Transfer-Encoding: chunked",), "/read", b"zz\r\n" + bytes(20 * MEBIBYTE)),
    ],
    ids=["length", "chunked", "closed by the response", "malformed"],
)
def test_a_refusal_reaches_a_client_that_reads_after_it_has_sent(
    connect: Callable[[], socket.socket], lines: tuple[str, ...], path: str, body: bytes
) -> None:
    connection = connect()
    connection.sendall(head(*lines, path=path) + body)
    content = read_to_end(connection)
    assert content.startswith(b"HTTP/1.1 40")
    assert b"connection: close" in content


def test_a_refusal_of_an_http_1_0_upload_arrives(connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    connection.sendall(head(f"Content-Length: {20 * MEBIBYTE}", version="1.0") + bytes(20 * MEBIBYTE))
    assert read_to_end(connection).endswith(REFUSAL)


def test_a_client_that_never_stops_sending_is_cut_off(impatient_server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", impatient_server.port), 5) as connection:
        connection.sendall(head("Connection: close", "Transfer-Encoding: chunked"))
        assert 0.2 < seconds_until_reset(connection) < 5


def seconds_until_reset(connection: socket.socket) -> float:
    before = time.monotonic()
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while time.monotonic() < before + 5:
            connection.sendall(b"1\r\nx\r\n")
    return time.monotonic() - before


class WatchedSet(set[Any]):
    """A set that tells when it becomes empty."""

    def __init__(self) -> None:
        super().__init__()
        self.emptied = threading.Event()

    def discard(self, item: Any) -> None:
        super().discard(item)
        if not self:
            self.emptied.set()


def test_a_client_that_stops_in_its_body_is_closed_after_the_idle_time(
    impatient_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = WatchedSet()
    monkeypatch.setattr(impatient_server._server.server_state, "connections", connections)
    with socket.create_connection(("127.0.0.1", impatient_server.port), 5) as connection:
        connection.sendall(head("Connection: close", "Content-Length: 9", path="/") + b"abc")
        assert read_to_end(connection).endswith(REFUSAL)
        assert connections.emptied.wait(2)


def test_nothing_is_answered_after_a_response_that_closes(connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    first = head("Connection: close", "Content-Length: 9") + b"123456789"
    connection.sendall(first + head("Content-Length: 0"))
    assert read_to_end(connection).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("length", ["Content-Length: 9", "Transfer-Encoding: chunked"])
def test_a_refusal_instead_of_100_closes_the_connection(connect: Callable[[], socket.socket], length: str) -> None:
    """A client that was refused does not send its body, and its next request would be read as one."""
    connection = connect()
    connection.sendall(head("Expect: 100-continue", length))
    content = read_to_end(connection)
    assert content.startswith(b"HTTP/1.1 401")
    assert b"connection: close\r\n" in content


def test_a_refusal_after_a_body_that_did_not_wait_for_100_keeps_the_connection(
    connect: Callable[[], socket.socket],
) -> None:
    connection = connect()
    request = head("Expect: 100-continue", "Content-Length: 2") + b"hi"
    connection.sendall(request + request)
    content = b""
    while content.count(REFUSAL) < 2:
        content += connection.recv(65536)
    assert b"connection: close" not in content


def test_a_body_that_is_read_is_asked_for_and_keeps_the_connection(connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    for _ in range(2):
        connection.sendall(head("Expect: 100-continue", "Content-Length: 2", path="/read"))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hi")
        assert b"connection: close" not in connection.recv(65536)


def test_an_http_1_0_client_is_sent_no_100_continue(connect: Callable[[], socket.socket]) -> None:
    connection = connect()
    connection.sendall(head("Expect: 100-continue", "Content-Length: 2", path="/read", version="1.0"))
    connection.sendall(b"hi")
    assert read_to_end(connection).startswith(b"HTTP/1.1 401")
