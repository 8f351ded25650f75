"""An answer that is sent whole: byte for byte what its two messages would be, and two messages to who wraps `send`."""

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from seedmock_contracts.enums import Basis
from seedmock_server.api.responses import send_response
from seedmock_server.http.connection import ResponseSender
from seedmock_server.http.server import RunningServer, serve_in_thread
from seedmock_server.upstreams.protocol import JsonResponse

ANSWERS = {
    "/plain": JsonResponse(200, {"id": "cgt-1", "status": "queued"}),
    "/assumed": JsonResponse(404, {"error": "none"}, Basis.ASSUMED),
    "/closing": JsonResponse(408, {"error": "slow"}, headers=((b"connection", b"close"),)),
}
messages: list[str] = []


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answers a path; under `/wrapped`, through a `send` that notes what it is told."""
    if scope["type"] != "http":
        return
    assert isinstance(send, ResponseSender)

    async def noting(message: Any) -> None:
        messages.append(message["type"])
        await send(message)

    wrapped, path = scope["path"].startswith("/wrapped"), scope["path"].removeprefix("/wrapped")
    await send_response(ANSWERS[path], scope["method"], noting if wrapped else send)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve_in_thread(answer) as server:
        yield server


def heard(server: RunningServer, *asked: str) -> bytes:
    """What is answered to requests that are sent at once, the last of which closes, at no date."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        line.sendall("".join(asked).encode())
        answered = b""
        while piece := line.recv(65536):
            answered += piece
    return re.sub(rb"date: [^\r]+", b"date: now", answered)


def request(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> str:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: x", *headers, "", ""])


CLOSE = "Connection: close"
REQUESTS = {
    "one": lambda path: [request(path, CLOSE)],
    "pipelined": lambda path: [request(path), request(path), request(path, CLOSE)],
    "head": lambda path: [request(path, method="HEAD"), request(path, CLOSE)],
    "old": lambda path: [request(path, version="1.0")],
    "expecting": lambda path: [request(path, CLOSE, "Expect: 100-continue", "Content-Length: 0", method="POST")],
}


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("requests", REQUESTS.values(), ids=REQUESTS)
def test_an_answer_sent_whole_is_the_one_that_two_messages_make(
    server: RunningServer, path: str, requests: Any
) -> None:
    messages.clear()
    whole = heard(server, *requests(path))
    assert messages == []
    assert whole == heard(server, *requests("/wrapped" + path))
    assert messages == ["http.response.start", "http.response.body"] * whole.count(b"HTTP/1.1 ")


def test_it_is_written_at_once(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    whole = ResponseSender.send_complete

    def noted(*told: Any) -> bool:
        taken.append(whole(*told))
        return taken[-1]

    monkeypatch.setattr(ResponseSender, "send_complete", noted)
    assert b"queued" in heard(server, request("/plain", CLOSE))
    assert taken == [True]
