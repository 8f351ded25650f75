"""Failures of real sockets that a mock transport cannot produce: refuse, close, reset, hang, end early."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seedmock_client import (
    AsyncClient,
    Client,
    ConnectionFailedError,
    DownloadError,
    GenerationRequest,
    RetryPolicy,
    SubmissionUnknownError,
    Video,
)
from seedmock_contracts.enums import TaskStatus

from ..mp4_files import mp4_bytes

ORDER = GenerationRequest(prompt="p", size="1280x720", seconds=4)
FINISHED = Video(task_id="cgt-1", upstream="opeai", status=TaskStatus.SUCCESS, raw_status="SUCCESS")
SHORT_TIMEOUTS = RetryPolicy(request_seconds=0.3, download_tries=3)

Responder = Callable[[socket.socket, bytes], None]
StartServer = Callable[..., tuple[str, list[bytes]]]
Call = Callable[..., Any]


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """Start a server with one responder for each connection; the list receives the requests."""
    with contextlib.ExitStack() as stack:

        def start(*responders: Responder) -> tuple[str, list[bytes]]:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listener.settimeout(10)
            requests: list[bytes] = []
            thread = threading.Thread(target=_serve, args=(listener, responders, requests), daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            return f"http://127.0.0.1:{listener.getsockname()[1]}", requests

        yield start


def _serve(listener: socket.socket, responders: tuple[Responder, ...], requests: list[bytes]) -> None:
    for respond in responders:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                requests.append(data)
                respond(connection, data)


@pytest.fixture(params=["blocking", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    def blocking(url: str, name: str, *arguments: Any) -> Any:
        with Client("opeai", api_key="k", base_url=url, retry_policy=SHORT_TIMEOUTS, sleep=lambda _: None) as client:
            return getattr(client, name)(*arguments)

    def asynchronous(url: str, name: str, *arguments: Any) -> Any:
        async def run() -> Any:
            async with AsyncClient(
                "opeai", api_key="k", base_url=url, retry_policy=SHORT_TIMEOUTS, sleep=asyncio.sleep
            ) as client:
                client._transport.sleep = lambda _: asyncio.sleep(0)
                return await getattr(client, name)(*arguments)

        return asyncio.run(run())

    return blocking if request.param == "blocking" else asynchronous


def close(connection: socket.socket, _: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(connection: socket.socket, _: bytes) -> None:
    connection.settimeout(5)
    while connection.recv(65536):
        pass


def send(*chunks: bytes) -> Responder:
    def respond(connection: socket.socket, _: bytes) -> None:
        for chunk in chunks:
            connection.sendall(chunk)

    return respond


GARBAGE = send(b"\x16\x03\x01 not http at all\r\n\r\n")
HALF_BODY = send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b'{"id":')
CUT_CHUNKS = send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\n{'id'\r\n")


@pytest.mark.parametrize(
    "responder",
    [close, reset, hang, GARBAGE, HALF_BODY, CUT_CHUNKS],
    ids=["close", "reset", "hang", "garbage", "half", "chunks"],
)
def test_an_order_without_a_complete_response_is_sent_once(
    start_server: StartServer, call: Call, responder: Responder
) -> None:
    url, requests = start_server(responder)
    with pytest.raises(SubmissionUnknownError):
        call(url, "create", ORDER)
    assert len(requests) == 1


def test_a_refused_connection_sends_nothing(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(ConnectionFailedError, match="nothing was sent"):
        call(url, "create", ORDER)


def test_a_download_is_resumed_over_a_new_connection(start_server: StartServer, call: Call, tmp_path: Path) -> None:
    content = mp4_bytes()
    head = b'HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nETag: "v"\r\nContent-Length: %d\r\n\r\n' % len(content)
    rest = (
        b"HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nContent-Range: bytes 1000-%d/%d\r\n"
        b"Content-Length: %d\r\n\r\n" % (len(content) - 1, len(content), len(content) - 1000)
    )
    url, requests = start_server(send(head, content[:1000]), send(rest, content[1000:]))
    assert call(url, "download", FINISHED, tmp_path / "a.mp4").path.read_bytes() == content
    assert b"range: bytes=1000-" in requests[1].lower()


def test_a_truncated_download_without_content_length_is_detected(
    start_server: StartServer, call: Call, tmp_path: Path
) -> None:
    half = send(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\n\r\n", mp4_bytes()[:3000])
    url, _ = start_server(half, half)
    with pytest.raises(DownloadError, match="not a whole MP4"):
        call(url, "download", FINISHED, tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_of_the_environment_is_not_used_for_loopback(
    start_server: StartServer, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    body = b'{"id":"cgt-1","status":"QUEUED"}'
    url, _ = start_server(send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body))
    assert call(url, "query", "cgt-1").status == "QUEUED"
