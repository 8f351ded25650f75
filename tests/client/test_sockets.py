"""What real sockets do that a scripted wire cannot: refuse, close, reset, hang, and end too soon."""

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

ORDER = GenerationRequest(prompt="p", size="1280x720", seconds=4)
DONE = Video(task_id="cgt-1", upstream="opeai", status=TaskStatus.SUCCESS, raw_status="SUCCESS")
QUICK = RetryPolicy(request_seconds=0.3, download_tries=3)

Answers = Callable[[socket.socket, bytes], None]


@pytest.fixture
def listen() -> Iterator[Callable[..., tuple[str, list[bytes]]]]:
    """A server that treats each connection as it is told, and keeps what was sent."""
    with contextlib.ExitStack() as stack:

        def start(*answers: Answers) -> tuple[str, list[bytes]]:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listener.settimeout(10)
            heard: list[bytes] = []
            thread = threading.Thread(target=_serve, args=(listener, answers, heard), daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            return f"http://127.0.0.1:{listener.getsockname()[1]}", heard

        yield start


def _serve(listener: socket.socket, answers: tuple[Answers, ...], heard: list[bytes]) -> None:
    for answer in answers:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                heard.append(data)
                answer(connection, data)


@pytest.fixture(params=["blocking", "awaited"])
def operation(request: pytest.FixtureRequest) -> Callable[..., Any]:
    def blocking(url: str, name: str, *arguments: Any) -> Any:
        with Client("opeai", api_key="k", base_url=url, retry_policy=QUICK, sleep=lambda _: None) as client:
            return getattr(client, name)(*arguments)

    def awaited(url: str, name: str, *arguments: Any) -> Any:
        async def run() -> Any:
            async with AsyncClient(
                "opeai", api_key="k", base_url=url, retry_policy=QUICK, sleep=asyncio.sleep
            ) as client:
                client._transport.sleep = lambda _: asyncio.sleep(0)
                return await getattr(client, name)(*arguments)

        return asyncio.run(run())

    return blocking if request.param == "blocking" else awaited


def close(connection: socket.socket, _: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(connection: socket.socket, _: bytes) -> None:
    connection.settimeout(5)
    while connection.recv(65536):
        pass


def say(*pieces: bytes) -> Answers:
    def answer(connection: socket.socket, _: bytes) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return answer


GARBAGE = say(b"\x16\x03\x01 not http at all\r\n\r\n")
HALF = say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b'{"id":')
CUT_CHUNKS = say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\n{'id'\r\n")


@pytest.mark.parametrize(
    "answer",
    [close, reset, hang, GARBAGE, HALF, CUT_CHUNKS],
    ids=["close", "reset", "hang", "garbage", "half", "chunks"],
)
def test_an_order_that_went_out_and_got_no_answer_is_sent_once(listen: Any, operation: Any, answer: Answers) -> None:
    url, heard = listen(answer)
    with pytest.raises(SubmissionUnknownError):
        operation(url, "create", ORDER)
    assert len(heard) == 1


def test_an_order_to_a_port_where_nobody_listens_is_not_sent(operation: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(ConnectionFailedError, match="nothing was sent"):
        operation(url, "create", ORDER)


def test_a_download_goes_on_after_the_connection_has_broken(
    listen: Any, operation: Any, make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    whole = make_movie()
    head = b'HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nETag: "v"\r\nContent-Length: %d\r\n\r\n' % len(whole)
    rest = (
        b"HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nContent-Range: bytes 1000-%d/%d\r\n"
        b"Content-Length: %d\r\n\r\n" % (len(whole) - 1, len(whole), len(whole) - 1000)
    )
    url, heard = listen(say(head, whole[:1000]), say(rest, whole[1000:]))
    assert operation(url, "download", DONE, tmp_path / "a.mp4").path.read_bytes() == whole
    assert b"range: bytes=1000-" in heard[1].lower()


def test_a_download_without_a_length_that_was_cut_is_noticed(
    listen: Any, operation: Any, make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    half = say(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\n\r\n", make_movie()[:3000])
    url, _ = listen(half, half)
    with pytest.raises(DownloadError, match="not a whole MP4"):
        operation(url, "download", DONE, tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_of_the_environment_is_no_way_to_this_machine(
    listen: Any, operation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    body = b'{"id":"cgt-1","status":"QUEUED"}'
    url, _ = listen(say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body))
    assert operation(url, "query", "cgt-1").status == "QUEUED"
