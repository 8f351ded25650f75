"""The server against raw sockets: whole requests, broken ones and hostile ones."""

import json
import logging
import socket
import struct
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from seedmock_server.http.file_response import stream_file
from seedmock_server.http.guarded_protocol import ConnectionLimits
from seedmock_server.http.request_body import BodyTooSlow, ClientDisconnected, read_body
from seedmock_server.http.server import RunningServer, serve_in_thread

GONE = threading.Event()
LATE = b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def answer(clip: Path, scope: Any, receive: Any, send: Any) -> None:
    """Respond with the body that was sent.

    `/clip` is a file, `/late` waits for the client to go, `/deaf` and `/begun` do not read their bodies, and the
    second only begins its response.
    """
    assert scope["type"] == "http"
    body = b"deaf"
    try:
        if scope["path"] == "/clip":
            await stream_file(scope, receive, send, clip, etag='"a"', media_type="text/plain")
            return
        if scope["path"] not in ("/deaf", "/begun"):
            body = scope["method"].encode() + await read_body(receive, limit=10**9, seconds=0.3)
        if scope["path"] == "/begun":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await receive()
            return
        if scope["path"] == "/late":
            assert (await receive())["type"] == "http.disconnect"
            GONE.set()
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
    app = partial(answer, clip)
    with serve_in_thread(
        app, limits=ConnectionLimits(head_seconds=0.2, head_bytes=8192, head_count=50, grace_seconds=0.2)
    ) as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert [record for record in caplog.records if record.name.startswith(("uvicorn", "asyncio"))] == []


def talk(server: RunningServer, *pieces: bytes, hang_up: bool = False, answers: int = 0) -> bytes:
    """Send the pieces one by one, then read until the server closes, or until so many answers have come."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            line.sendall(piece)
        if hang_up:
            line.shutdown(socket.SHUT_WR)
        heard = b""
        while not answers or heard.count(b"HTTP/1.1 ") < answers:
            piece = line.recv(65536)
            if not piece:
                break
            heard += piece
        return heard


def refused(heard: bytes) -> tuple[int, str]:
    """Status and message of an answer that must be the last one, in JSON."""
    head, _, body = heard.partition(b"\r\n\r\n")
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
def test_what_is_no_request_is_refused_in_json(server: RunningServer, request_bytes: bytes) -> None:
    status, message = refused(talk(server, request_bytes))
    assert (status, bool(message)) == (400, True)


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([b"GET / HTTP/1.1\r\nX: ", b"a" * 20_000, b"\r\n\r\n"], "larger than 8192 bytes"),
        ([b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000], "larger than 8192 bytes"),
        ([b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n"], "larger than 8192 bytes"),
        ([b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"], "larger than 8192 bytes"),
        ([b"GET / HTTP/1.1\r\nX: ", *[b"a" * 8000] * 40], "larger than 8192 bytes"),
        ([b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 1000 + b"\r\n"], "more than 50 headers"),
    ],
)
def test_a_head_that_is_too_large_is_refused(server: RunningServer, pieces: list[bytes], message: str) -> None:
    status, found = refused(talk(server, *pieces))
    assert status == 431
    assert message in found


def test_a_large_body_behind_a_small_head_is_no_large_head(server: RunningServer) -> None:
    body = b"x" * 50_000
    assert talk(server, post(b"Content-Length: 50000", body), answers=1).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("pieces", [[b"G"], [b"\r\n", b"\r\n"], [b"GET / HTTP/1.1\r\nHo", b"st: x\r\n"]])
def test_a_head_that_does_not_end_in_time_is_refused(server: RunningServer, pieces: list[bytes]) -> None:
    assert refused(talk(server, *pieces)) == (408, "the head of the request did not arrive within 0.2 seconds")


def test_a_dribbling_head_gets_no_more_time_than_a_silent_one(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.settimeout(0.02)
        heard, sent = b"", 0
        while not heard and sent < 200:
            line.sendall(
                b"G" if sent == 0 else b"E" if sent == 1 else b"T" if sent == 2 else b" " if sent == 3 else b"/"
            )
            sent += 1
            try:
                heard = line.recv(65536)
            except TimeoutError:
                continue
    assert refused(heard)[0] == 408
    assert sent < 50


def test_a_connection_that_says_nothing_is_closed_without_a_word(server: RunningServer) -> None:
    assert talk(server) == b""


def test_the_next_head_on_a_kept_connection_has_a_deadline_too(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        line.sendall(GET)
        assert line.recv(65536).endswith(b"GET")
        line.sendall(b"GET / HT")
        assert refused(line.recv(65536))[0] == 408


def test_a_body_that_is_never_sent_ends_with_its_connection(server: RunningServer) -> None:
    heard = talk(server, post(b"Content-Length: 99999999", b"abc", path=b"/deaf"))
    assert heard.endswith(b"deaf")


def test_after_an_unread_body_the_connection_goes_on(server: RunningServer) -> None:
    heard = talk(server, post(b"Content-Length: 100000", path=b"/deaf"), b"x" * 100_000, GET, answers=2)
    assert heard.count(b"HTTP/1.1 200 OK") == 2


def test_a_slow_body_is_the_apps_to_judge(server: RunningServer) -> None:
    assert talk(server, post(b"Content-Length: 5", b"a"), answers=1).endswith(b"slow")


def test_pipelined_requests_are_answered_in_their_order(server: RunningServer) -> None:
    heard = talk(server, GET + post(b"Content-Length: 2", b"hi") + GET, answers=3)
    assert [part.partition(b"\r\n\r\n")[2] for part in heard.split(b"HTTP/1.1 200 OK")[1:]] == [
        b"GET",
        b"POSThi",
        b"GET",
    ]


@pytest.mark.parametrize(
    "broken", [b"\x00garbage\r\n\r\n", post(CHUNKED, b"zz\r\n"), b"GET / HTTP/1.1\r\nX: " + b"a" * 9000]
)
def test_a_broken_request_waits_for_the_answers_before_it(server: RunningServer, broken: bytes) -> None:
    first, answered, second = talk(server, GET + broken).partition(b"\r\n\r\nGET")
    assert (first[:12], bool(answered)) == (b"HTTP/1.1 200", True)
    assert refused(second)[0] in (400, 408)


def test_a_broken_body_that_waits_to_be_asked_for_is_refused_once(server: RunningServer) -> None:
    heard = talk(server, post(b"Expect: 100-continue\r\n" + CHUNKED, b"zz\r\n"))
    assert (refused(heard)[0], heard.count(b"HTTP/1.1 ")) == (400, 1 + heard.count(b"an HTTP/1.1 request"))


def test_a_broken_body_ends_an_answer_that_has_begun(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        line.sendall(post(CHUNKED, path=b"/begun"))
        assert line.recv(65536).startswith(b"HTTP/1.1 200 OK")
        line.sendall(b"zz\r\n")
        assert line.recv(65536) == b""


@pytest.mark.parametrize("at", [0, 20, 60, 95, -1, 10_000])
def test_an_upgrade_with_a_body_is_answered_as_a_plain_request(server: RunningServer, at: int) -> None:
    request = post(
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nContent-Length: 2", b"hi"
    )
    heard = talk(server, request[:at], request[at:] + GET, answers=2)
    assert heard.count(b"POSThi") == 1
    assert heard.endswith(b"\r\n\r\nGET")


@pytest.mark.parametrize("pieces", [[], [b"GET / HT"], [post(b"Content-Length: 5", b"a")], [LATE]])
def test_a_client_that_hangs_up_gets_no_answer_and_makes_no_noise(server: RunningServer, pieces: list[bytes]) -> None:
    assert talk(server, *pieces, hang_up=True) == b""


@pytest.mark.parametrize("next_in_line", [b"", GET, GET + GET])
def test_the_request_being_answered_hears_that_its_client_has_gone(server: RunningServer, next_in_line: bytes) -> None:
    GONE.clear()
    talk(server, LATE + next_in_line, hang_up=True)
    assert GONE.wait(2)


def test_a_client_that_leaves_a_download_makes_no_noise(server: RunningServer) -> None:
    for requests in (1, 2, 5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leave with a reset
            line.sendall(b"GET /clip HTTP/1.1\r\nHost: x\r\n\r\n" * requests)
            assert line.recv(20)
    assert talk(server, GET, answers=1)


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
def test_an_upgrade_is_answered_as_a_plain_request(server: RunningServer, upgrade: bytes) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n"
    heard = talk(server, request, answers=1)
    assert heard.startswith(b"HTTP/1.1 200 OK")
    assert heard.endswith(b"GET")


def test_continue_is_sent_when_the_client_waits_for_it(server: RunningServer) -> None:
    heard = talk(server, post(b"Content-Length: 2\r\nExpect: 100-continue"), b"hi", answers=2)
    assert heard.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_answers_do_not_name_the_server(server: RunningServer) -> None:
    head = talk(server, GET, answers=1).partition(b"\r\n\r\n")[0].lower()
    assert b"\r\nserver:" not in head
    assert b"\r\ndate:" in head
