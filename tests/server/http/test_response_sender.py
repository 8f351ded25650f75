"""Responses sent in one write: the bytes of the two ASGI messages, which a wrapper of `send` still receives."""

import asyncio
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from seedmock_contracts.enums import Basis
from seedmock_server.api.responses import ByteMeter, send_response
from seedmock_server.http.connection import ResponseSender
from seedmock_server.http.server import RunningServer, serve_in_thread
from seedmock_server.upstreams.protocol import JsonResponse

RESPONSES = {
    "/plain": JsonResponse(200, {"id": "cgt-1", "status": "queued"}),
    "/assumed": JsonResponse(404, {"error": "none"}, Basis.ASSUMED),
    "/closing": JsonResponse(408, {"error": "slow"}, headers=((b"connection", b"close"),)),
}
messages: list[str] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer a path; below `/wrapped`, through a `send` that records the messages."""
    if scope["type"] != "http":
        return
    assert isinstance(send, ResponseSender)

    async def recording_send(message: Any) -> None:
        messages.append(message["type"])
        await send(message)

    wrapped, path = scope["path"].startswith("/wrapped"), scope["path"].removeprefix("/wrapped")
    await send_response(RESPONSES[path], scope["method"], recording_send if wrapped else send)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve_in_thread(app) as server:
        yield server


def exchange(server: RunningServer, *requests: str) -> bytes:
    """Send requests at once, the last of which closes; return the responses without their dates."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall("".join(requests).encode())
        content = b""
        while chunk := connection.recv(65536):
            content += chunk
    return re.sub(rb"date: [^\r]+", b"date: now", content)


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


@pytest.mark.parametrize("path", RESPONSES)
@pytest.mark.parametrize("requests", REQUESTS.values(), ids=REQUESTS)
def test_a_response_in_one_write_has_the_bytes_of_two_messages(server: RunningServer, path: str, requests: Any) -> None:
    messages.clear()
    content = exchange(server, *requests(path))
    assert messages == []
    assert content == exchange(server, *requests("/wrapped" + path))
    assert messages == ["http.response.start", "http.response.body"] * content.count(b"HTTP/1.1 ")


def test_an_unwrapped_send_uses_one_write(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    results: list[bool] = []
    send_complete = ResponseSender.send_complete

    def recording(*arguments: Any) -> bool:
        results.append(send_complete(*arguments))
        return results[-1]

    monkeypatch.setattr(ResponseSender, "send_complete", recording)
    assert b"queued" in exchange(server, request("/plain", CLOSE))
    assert results == [True]


async def parting_app(scope: Any, receive: Any, send: Any) -> None:
    """Send a chunk, wait until the client has gone, and send another."""
    if scope["type"] != "http":
        return
    meter = ByteMeter(send)
    await meter({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2000")]})
    await meter({"type": "http.response.body", "body": bytes(1000), "more_body": True})
    while (await asyncio.wait_for(receive(), 5))["type"] != "http.disconnect":
        pass
    await meter({"type": "http.response.body", "body": bytes(1000)})
    messages.append(f"{meter.sent} bytes")


def test_bytes_for_a_client_that_has_gone_are_not_metered() -> None:
    messages.clear()
    with (
        serve_in_thread(parting_app) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection,
    ):
        connection.sendall(request("/").encode())
        connection.recv(65536)
    assert messages == ["1000 bytes"]
