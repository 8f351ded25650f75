"""The guarded protocol against raw sockets: complete, malformed and hostile requests."""

import json
import logging
import socket
import struct
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seedmock_server.http.file_response import stream_file
from seedmock_server.http.guarded_protocol import ConnectionLimits, GuardedProtocol
from seedmock_server.http.request_body import BodyTooSlow, ClientDisconnected, read_body
from seedmock_server.http.server import RunningServer, serve_in_thread

DISCONNECTED = threading.Event()
LATE = b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def serve(clip: Path, scope: Any, receive: Any, send: Any) -> None:
    """Respond with the body that was sent.

    `/clip` is a file, `/late` waits for the disconnect, `/unread` and `/started` do not read their bodies, and the
    second only begins its response.
    """
    assert scope["type"] == "http"
    body = b"unread"
    try:
        if scope["path"] == "/clip":
            await stream_file(scope, receive, send, clip, etag='"a"', media_type="text/plain")
            return
        if scope["path"] not in ("/unread", "/started"):
            body = scope["method"].encode() + await read_body(receive, limit=10**9, seconds=0.3)
        if scope["path"] == "/started":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await receive()
            return
        if scope["path"] == "/late":
            assert (await receive())["type"] == "http.disconnect"
            DISCONNECTED.set()
            return
    except ClientDisconnected:
        return
    except BodyTooSlow:
        body = b"slow"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    clip = tmp_path_factory.mktemp("clips") / "clip.mp4"
    clip.write_bytes(bytes(16 << 20))
    app = partial(serve, clip)
    with serve_in_thread(
        app, limits=ConnectionLimits(head_seconds=0.2, head_bytes=8192, head_count=50, grace_seconds=0.2)
    ) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert [record for record in caplog.records if record.name.startswith(("uvicorn", "asyncio"))] == []


def exchange(server: RunningServer, *chunks: bytes, half_close: bool = False, responses: int = 0) -> bytes:
    """Send chunks one by one; read until the server closes, or until that many responses have come."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for chunk in chunks:
            client.sendall(chunk)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        content = b""
        while not responses or content.count(b"HTTP/1.1 ") < responses:
            chunk = client.recv(65536)
            if not chunk:
                break
            content += chunk
        return content


def rejection(content: bytes) -> tuple[int, str]:
    """Status and message of a response in JSON that closes the connection."""
    head, _, body = content.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert "connection: close" in lines
    assert "content-type: application/json" in lines
    assert f"content-length: {len(body)}" in lines
    return int(lines[0].split()[1]), json.loads(body)["error"]["message"]


def post(header: bytes, body: bytes = b"", path: bytes = b"/") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x00\x01\x02 hello\r\n\r\n",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX : a\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        post(b"Content-Length: -1"),
        post(b"Content-Length: 1e3"),
        post(b"Content-Length: " + b"9" * 40),
        post(b"Content-Length: 2\r\nContent-Length: 3", b"abc"),
        post(b"Content-Length: 3\r\n" + CHUNKED, b"1\r\na\r\n0\r\n\r\n"),
        post(CHUNKED, b"zz\r\na\r\n"),
        post(CHUNKED, b"1\r\na\r\nzz\r\n"),
        post(CHUNKED, b"-1\r\na\r\n"),
    ],
)
def test_a_malformed_request_is_rejected_in_json(server: RunningServer, request_bytes: bytes) -> None:
    status, message = rejection(exchange(server, request_bytes))
    assert (status, bool(message)) == (400, True)


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([b"GET / HTTP/1.1\r\nX: ", b"a" * 20_000, b"\r\n\r\n"], "larger than 8192 bytes"),
        ([b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000], "larger than 8192 bytes"),
        ([b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n"], "larger than 8192 bytes"),
        ([b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"], "larger than 8192 bytes"),
        ([b"GET / HTTP/1.1\r\nX: ", *[b"a" * 8000] * 40], "larger than 8192 bytes"),
        ([b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 1000 + b"\r\n"], "more than 50 headers"),
    ],
)
def test_an_oversized_head_is_rejected(server: RunningServer, chunks: list[bytes], message: str) -> None:
    status, text = rejection(exchange(server, *chunks))
    assert status == 431
    assert message in text


def test_a_large_body_does_not_count_as_head(server: RunningServer) -> None:
    body = b"x" * 50_000
    assert exchange(server, post(b"Content-Length: 50000", body), responses=1).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("chunks", [[b"G"], [b"\r\n", b"\r\n"], [b"GET / HTTP/1.1\r\nHo", b"st: x\r\n"]])
def test_a_slow_head_is_rejected(server: RunningServer, chunks: list[bytes]) -> None:
    assert rejection(exchange(server, *chunks)) == (408, "the head of the request did not arrive within 0.2 seconds")


def test_the_deadline_of_a_head_is_not_extended_by_each_byte(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(0.02)
        response, sent = b"", 0
        while not response and sent < 200:
            client.sendall(
                b"G" if sent == 0 else b"E" if sent == 1 else b"T" if sent == 2 else b" " if sent == 3 else b"/"
            )
            sent += 1
            try:
                response = client.recv(65536)
            except TimeoutError:
                continue
    assert rejection(response)[0] == 408
    assert sent < 50


def test_a_silent_connection_is_closed_without_a_response(server: RunningServer) -> None:
    assert exchange(server) == b""


def test_the_next_head_on_a_kept_alive_connection_has_a_deadline(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(GET)
        assert client.recv(65536).endswith(b"GET")
        client.sendall(b"GET / HT")
        assert rejection(client.recv(65536))[0] == 408


def test_a_connection_with_an_incomplete_body_is_closed(server: RunningServer) -> None:
    content = exchange(server, post(b"Content-Length: 99999999", b"abc", path=b"/unread"))
    assert content.endswith(b"unread")


def test_an_unread_body_does_not_end_the_connection(server: RunningServer) -> None:
    content = exchange(server, post(b"Content-Length: 100000", path=b"/unread"), b"x" * 100_000, GET, responses=2)
    assert content.count(b"HTTP/1.1 200 OK") == 2


def test_a_slow_body_is_left_to_the_app(server: RunningServer) -> None:
    assert exchange(server, post(b"Content-Length: 5", b"a"), responses=1).endswith(b"slow")


def test_pipelined_requests_are_answered_in_order(server: RunningServer) -> None:
    content = exchange(server, GET + post(b"Content-Length: 2", b"hi") + GET, responses=3)
    assert [part.partition(b"\r\n\r\n")[2] for part in content.split(b"HTTP/1.1 200 OK")[1:]] == [
        b"GET",
        b"POSThi",
        b"GET",
    ]


@pytest.mark.parametrize(
    "malformed", [b"\x00garbage\r\n\r\n", post(CHUNKED, b"zz\r\n"), b"GET / HTTP/1.1\r\nX: " + b"a" * 9000]
)
def test_a_malformed_request_is_rejected_after_the_responses_before_it(server: RunningServer, malformed: bytes) -> None:
    first, separator, second = exchange(server, GET + malformed).partition(b"\r\n\r\nGET")
    assert (first[:12], bool(separator)) == (b"HTTP/1.1 200", True)
    assert rejection(second)[0] in (400, 408)


def test_a_malformed_body_after_expect_100_is_rejected_once(server: RunningServer) -> None:
    content = exchange(server, post(b"Expect: 100-continue\r\n" + CHUNKED, b"zz\r\n"))
    assert (rejection(content)[0], content.count(b"HTTP/1.1 ")) == (400, 1 + content.count(b"an HTTP/1.1 request"))


def test_a_malformed_body_closes_a_started_response(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(post(CHUNKED, path=b"/started"))
        assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
        client.sendall(b"zz\r\n")
        assert client.recv(65536) == b""


@pytest.mark.parametrize("at", [0, 20, 60, 95, -1, 10_000])
def test_an_upgrade_with_a_body_is_answered_as_a_plain_request(server: RunningServer, at: int) -> None:
    request = post(
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nContent-Length: 2", b"hi"
    )
    content = exchange(server, request[:at], request[at:] + GET, responses=2)
    assert content.count(b"POSThi") == 1
    assert content.endswith(b"\r\n\r\nGET")


@pytest.mark.parametrize("chunks", [[], [b"GET / HT"], [post(b"Content-Length: 5", b"a")], [LATE]])
def test_a_half_closed_connection_gets_no_response_and_logs_nothing(server: RunningServer, chunks: list[bytes]) -> None:
    assert exchange(server, *chunks, half_close=True) == b""


@pytest.mark.parametrize("pipelined", [b"", GET, GET + GET])
def test_the_request_being_answered_receives_the_disconnect(server: RunningServer, pipelined: bytes) -> None:
    DISCONNECTED.clear()
    exchange(server, LATE + pipelined, half_close=True)
    assert DISCONNECTED.wait(2)


def test_a_reset_during_a_download_logs_nothing(server: RunningServer) -> None:
    for requests in (1, 2, 5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
            client.sendall(b"GET /clip HTTP/1.1\r\nHost: x\r\n\r\n" * requests)
            assert client.recv(20)
    assert exchange(server, GET, responses=1)


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
def test_an_upgrade_is_answered_as_a_plain_request(server: RunningServer, upgrade: bytes) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n"
    content = exchange(server, request, responses=1)
    assert content.startswith(b"HTTP/1.1 200 OK")
    assert content.endswith(b"GET")


def test_continue_is_sent_when_the_client_expects_it(server: RunningServer) -> None:
    content = exchange(server, post(b"Content-Length: 2\r\nExpect: 100-continue"), b"hi", responses=2)
    assert content.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_responses_do_not_name_the_server(server: RunningServer) -> None:
    head = exchange(server, GET, responses=1).partition(b"\r\n\r\n")[0].lower()
    assert b"\r\nserver:" not in head
    assert b"\r\ndate:" in head


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://x", "/"), (b"HTTP://x", "/"), (b"http://x:80?a=/b", "/"), (b"http://x/", "/"),
        (b"https://x/v1", "/v1"), (b"http://x/v1?to=http://y", "/v1"),
    ],
)  # fmt: skip
def test_the_absolute_form_without_a_path_means_the_root(target: bytes, path: str) -> None:
    paths = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        paths.append((scope["path"], scope["query_string"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with serve_in_thread(app) as server:
        request = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert exchange(server, request).startswith(b"HTTP/1.1 204")
    assert paths == [(path, target.partition(b"?")[2])]


def test_a_request_that_cannot_be_answered_stops_no_other_of_its_turn() -> None:
    errors: list[Any] = []
    started: list[str] = []

    def fail(cycle: Any, app: Any) -> None:
        raise OSError("no connection")

    protocols = (SimpleNamespace(_start=fail), SimpleNamespace(_start=lambda cycle, app: started.append(cycle)))
    waiting = [(protocol, f"cycle {number}", None) for number, protocol in enumerate(protocols)]
    protocol: Any = SimpleNamespace(waiting=waiting, loop=SimpleNamespace(call_exception_handler=errors.append))
    GuardedProtocol._start_waiting(protocol)
    assert (started, waiting) == (["cycle 1"], [])
    assert [str(error["exception"]) for error in errors] == ["no connection"]
