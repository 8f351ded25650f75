"""Sending files: status, headers and bytes, in process and within the kernel."""

import asyncio
import hashlib
import http.client
import os
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_server.http import sendfile
from seedmock_server.http.file_response import (
    CHUNK_BYTES,
    SHORT_BYTES,
    RangeNotSatisfiable,
    precondition_fails,
    stream_file,
)
from seedmock_server.http.server import RunningServer, serve_in_thread

TAG = '"clip-1"'
CONTENT = bytes(range(256)) * 8


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    path.write_bytes(CONTENT)
    return path


async def receive() -> Any:
    pytest.fail("a file is sent without reading the request")


def request(path: Path, method: str = "GET", *lines: tuple[str, str], **options: Any) -> httpx.Response:
    """Send a request through httpx's in-process transport; RangeNotSatisfiable becomes a 416."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            status = await stream_file(scope, receive, send, path, etag=TAG, media_type="video/mp4", **options)
        except RangeNotSatisfiable as error:
            await send({"type": "http.response.start", "status": 416, "headers": error.headers})
            await send({"type": "http.response.body", "body": b"%d" % error.size})
        else:
            statuses.append(status)

    async def main() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock") as client:
            return await client.request(method, "/", headers=[(name.encode(), value.encode()) for name, value in lines])

    statuses: list[int] = []
    response = asyncio.run(main())
    assert statuses in ([], [response.status_code])
    return response


def test_a_whole_file_has_its_length_and_its_etag(clip: Path) -> None:
    response = request(clip, headers=[(b"cache-control", b"no-store")])
    assert (response.status_code, response.content) == (200, CONTENT)
    assert response.headers.multi_items() == [
        ("content-type", "video/mp4"),
        ("content-length", "2048"),
        ("etag", TAG),
        ("accept-ranges", "bytes"),
        ("cache-control", "no-store"),
    ]


def test_head_has_the_headers_of_the_whole_file_and_no_bytes(clip: Path) -> None:
    response = request(clip, "HEAD", ("Range", "bytes=0-9"))
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == "2048"


@pytest.mark.parametrize("lines", [[], [(b"range", b"bytes=0-9")], [(b"if-none-match", TAG.encode())]])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_head_with_a_known_size_is_the_same_without_the_file(
    clip: Path, lines: list[tuple[bytes, bytes]], ranges: bool
) -> None:
    scope = {"type": "http", "method": "HEAD", "headers": lines}

    def head_of(path: Path, size: int | None) -> tuple[int, list[Any]]:
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        facts: Any = {"etag": TAG, "media_type": "video/mp4", "headers": [(b"a", b"b")], "ranges": ranges}
        return asyncio.run(stream_file(scope, receive, send, path, size=size, **facts)), messages

    without_file = head_of(clip.with_name("not there"), len(CONTENT))
    assert without_file == head_of(clip, None)
    assert without_file[0] == without_file[1][0]["status"]


def test_a_file_of_many_chunks_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    path.write_bytes(os.urandom(2 * CHUNK_BYTES + 1))
    assert request(path).content == path.read_bytes()
    part = request(path, "GET", ("Range", f"bytes=1-{CHUNK_BYTES + 1}"))
    assert part.content == path.read_bytes()[1 : CHUNK_BYTES + 2]


def test_an_empty_file_is_an_empty_response(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert (request(path).status_code, request(path).headers["content-length"]) == (200, "0")
    assert request(path, "GET", ("Range", "bytes=0-")).headers["content-range"] == "bytes */0"
    assert request(path, "GET", ("Range", "bytes=-5")).status_code == 416


edges = st.one_of(st.none(), st.integers(0, 2100), st.sampled_from([0, 2047, 2048, 10**30]))


@given(edges, edges)
def test_a_range_is_the_slice_of_rfc_9110(clip: Path, first: int | None, last: int | None) -> None:
    line = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    response = request(clip, "GET", ("Range", line))
    if (first is None and last is None) or (first is not None and last is not None and last < first):
        assert (response.status_code, response.content) == (200, CONTENT), "a broken range is ignored"
        return
    if first is None:
        positions = range(2048)[2048 - min(last or 0, 2048) :]
    else:
        positions = range(2048)[first : None if last is None else last + 1]
    if not positions:
        assert (response.status_code, response.headers["content-range"]) == (416, "bytes */2048")
        return
    assert (response.status_code, response.content) == (206, CONTENT[positions.start : positions.stop])
    assert response.headers["content-range"] == f"bytes {positions.start}-{positions.stop - 1}/2048"
    assert response.headers["content-length"] == str(len(positions))


@pytest.mark.parametrize(
    "line",
    [
        *["bytes", "bytes=", "bytes=a-b", "bytes=1", "bytes=--1", "bytes=1-2-3", "bytes=٣-", "items=0-1", "bytes 0-1"],
        *["", "bytes=0x1-2", "bytes=" + "9" * 5000 + "-", "bytes=+1-2", "bytes=0-1, 4-5", "bytes=9999-,99999-"],
    ],
)
def test_a_malformed_or_multiple_range_gets_the_whole_file(clip: Path, line: str) -> None:
    response = request(clip, "GET", ("Range", line))
    assert (response.status_code, len(response.content)) == (200, 2048)


def test_a_range_may_have_blanks_and_capitals(clip: Path) -> None:
    assert request(clip, "GET", ("Range", "Bytes= 0-1 ")).content == CONTENT[:2]


def test_two_range_headers_get_the_whole_file(clip: Path) -> None:
    assert request(clip, "GET", ("Range", "bytes=0-1"), ("Range", "bytes=0-1")).status_code == 200


def test_ranges_can_be_switched_off(clip: Path) -> None:
    response = request(clip, "GET", ("Range", "bytes=0-1"), ranges=False)
    assert (response.status_code, response.headers["accept-ranges"]) == (200, "none")


@pytest.mark.parametrize(
    ("condition", "status"),
    [(TAG, 206), ('"other"', 200), (f"W/{TAG}", 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200), ("", 200)],
)
def test_if_range_allows_a_range_for_the_exact_etag(clip: Path, condition: str, status: int) -> None:
    assert request(clip, "GET", ("Range", "bytes=0-1"), ("If-Range", condition)).status_code == status


def test_if_range_without_a_range_changes_nothing(clip: Path) -> None:
    assert request(clip, "GET", ("If-Range", '"other"')).status_code == 200


@pytest.mark.parametrize(
    ("condition", "status"),
    [(TAG, 304), (f"W/{TAG}", 304), ("*", 304), (f'"a", W/{TAG}', 304), ('"a,b"', 200), ("clip-1", 200), ("", 200)],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_answers_304_for_a_matching_etag(clip: Path, condition: str, status: int, method: str) -> None:
    response = request(clip, method, ("If-None-Match", condition))
    assert response.status_code == status
    assert response.headers["etag"] == TAG
    if status == 304:
        assert (response.content, "content-length" in response.headers) == (b"", False)


def test_if_none_match_takes_precedence_over_range(clip: Path) -> None:
    assert request(clip, "GET", ("If-None-Match", TAG), ("Range", "bytes=5000-")).status_code == 304


def test_a_missing_file_raises_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        request(tmp_path / "none.mp4")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("bug"), asyncio.CancelledError()])
def test_a_send_that_fails_leaks_no_file(clip: Path, error: BaseException) -> None:
    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise error

    scope = {"type": "http", "method": "GET", "headers": []}
    # A client that hangs up is no error; whatever else goes wrong is.
    expected = nullcontext() if isinstance(error, OSError) else pytest.raises(type(error))

    async def main() -> None:
        before = open_files()
        with expected:
            await stream_file(scope, receive, send, clip, etag=TAG, media_type="video/mp4")
        assert open_files() == before

    asyncio.run(main())


def test_a_file_that_shrinks_while_it_is_sent_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "shrinking.mp4"
    path.write_bytes(b"x" * (CHUNK_BYTES + 1))

    async def send(message: Any) -> None:
        os.truncate(path, 10)

    scope = {"type": "http", "method": "GET", "headers": []}
    with pytest.raises(RuntimeError, match="truncated"):
        asyncio.run(stream_file(scope, receive, send, path, etag=TAG, media_type="video/mp4"))


def test_several_lines_of_if_none_match_are_one_list(clip: Path) -> None:
    lines = ("If-None-Match", TAG), ("If-None-Match", '"other"')
    assert request(clip, "GET", *lines).status_code == 304


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since"])
@pytest.mark.parametrize("date", ["Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "soon"])
def test_dates_are_ignored_where_nothing_has_a_date(clip: Path, name: str, date: str) -> None:
    response = request(clip, "GET", (name, date))
    assert (response.status_code, response.content, response.headers.get("last-modified")) == (200, CONTENT, None)


@pytest.mark.parametrize(
    ("conditions", "fails"),
    [
        ([], False),
        *[([condition], False) for condition in (TAG, "*", " * ", "", '"a", ' + TAG, '"a,b" , ' + TAG)],
        *[([condition], True) for condition in ('"other"', f"W/{TAG}", "clip-1", '""', '"clip-1', "2015")],
        (['"other"', TAG], False),
        (['"other"', '"third"'], True),
    ],
)
def test_if_match_is_a_list_of_strong_tags(conditions: list[str], fails: bool) -> None:
    headers = [(b"if-match", condition.encode()) for condition in conditions]
    assert precondition_fails([(b"host", b"x"), *headers], TAG) is fails


# --- within the kernel ---

SIZE = 6 * 1024 * 1024 + 17
LARGE = hashlib.shake_128(b"clip").digest(SIZE)
OFFSETS = [(0, 0), (1, SHORT_BYTES), (1, SHORT_BYTES + 1), (SIZE - 1, SIZE - 1), (100, SIZE - 1)]
by_kernel = pytest.mark.skipif(not sendfile.IS_AVAILABLE, reason="the system has no sendfile")


@pytest.fixture
def large_clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(LARGE)
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
def clip_server(large_clip: Path) -> Iterator[RunningServer]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await stream_file(scope, receive, send, large_clip, etag='"a"', media_type="video/mp4")

    with serve_in_thread(app) as running:
        yield running


@by_kernel
def test_whole_files_and_ranges_arrive_on_one_connection(clip_server: RunningServer, sent_by_kernel: list[int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", clip_server.port, timeout=20)
    for first, last in OFFSETS:
        connection.request("GET", "/", headers={"Range": f"bytes={first}-{last}"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (206, LARGE[first : last + 1])
    for method, body in (("HEAD", b""), ("GET", LARGE), ("HEAD", b"")):
        connection.request(method, "/")
        response = connection.getresponse()
        assert (response.status, response.headers["Content-Length"], response.read()) == (200, str(SIZE), body)
    connection.close()
    long = [last + 1 - first for first, last in OFFSETS if last + 1 - first > SHORT_BYTES]
    assert sum(sent_by_kernel) == sum(long) + SIZE


@by_kernel
def test_a_client_that_does_not_read_holds_up_no_other(clip_server: RunningServer, sent_by_kernel: list[int]) -> None:
    with socket.create_connection(("127.0.0.1", clip_server.port), timeout=20) as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
        other = http.client.HTTPConnection("127.0.0.1", clip_server.port, timeout=20)
        other.request("GET", "/")
        assert other.getresponse().read() == LARGE
        other.close()
        received = bytearray()
        while chunk := idle.recv(1 << 20):
            received += chunk
        assert received.endswith(LARGE)


@by_kernel
def test_a_client_that_leaves_frees_the_file_and_the_socket(clip_server: RunningServer) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", clip_server.port), timeout=20) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(15) == b"HTTP/1.1 200 OK"
    connection = http.client.HTTPConnection("127.0.0.1", clip_server.port, timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().read() == LARGE
    connection.close()
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 5


@by_kernel
def test_a_file_that_shrinks_while_it_is_sent_ends_the_connection(
    clip_server: RunningServer, large_clip: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original = os.sendfile

    def shrinking(out: int, source: int, offset: int, count: int) -> int:
        os.truncate(large_clip, 100_000)
        return original(out, source, offset, count)

    monkeypatch.setattr(os, "sendfile", shrinking)
    connection = http.client.HTTPConnection("127.0.0.1", clip_server.port, timeout=20)
    connection.request("GET", "/")
    with pytest.raises(http.client.IncompleteRead) as error:
        connection.getresponse().read()
    assert error.value.partial == LARGE[:100_000]
    connection.close()
