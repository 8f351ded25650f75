"""Reading bodies: limits, timeouts, disconnects, and content types."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_server.http.request_body import BodyTooLarge, BodyTooSlow, ClientDisconnected, content_kind, read_body

Receive = Callable[[], Awaitable[dict[str, Any]]]


def receiver(*chunks: bytes, ends: bool = True, pause: bool = False) -> Receive:
    """A `receive` that returns the chunks one by one and then, unless it `ends`, waits for ever."""
    remaining = list(chunks)

    async def receive() -> dict[str, Any]:
        if pause:
            await asyncio.sleep(0)
        if not remaining:
            await asyncio.Event().wait()
        chunk = remaining.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(remaining) or not ends}

    return receive


def read(receive: Receive, *, limit: int = 100, seconds: float = 5.0, **options: Any) -> bytes:
    return asyncio.run(read_body(receive, limit=limit, seconds=seconds, **options))


@given(st.lists(st.binary(max_size=10), min_size=1, max_size=8), st.booleans())
def test_chunks_are_joined_in_their_order(chunks: list[bytes], pause: bool) -> None:
    assert read(receiver(*chunks, pause=pause)) == b"".join(chunks)


def test_a_message_without_a_body_is_empty() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    assert read(receive) == b""


@pytest.mark.parametrize("chunks", [[b"x" * 101], [b"x" * 60, b"x" * 41], [b"", b"x" * 101]])
@pytest.mark.parametrize("pause", [True, False])
def test_a_body_over_the_limit_is_rejected(chunks: list[bytes], pause: bool) -> None:
    with pytest.raises(BodyTooLarge, match="at most 100 bytes") as caught:
        read(receiver(*chunks, pause=pause))
    assert caught.value.limit == 100


def test_a_body_of_the_limit_is_read() -> None:
    assert read(receiver(b"x" * 60, b"x" * 40)) == b"x" * 100


@pytest.mark.parametrize("content_length", [b"101", b"9" * 5000])
def test_a_content_length_over_the_limit_is_rejected_before_reading(content_length: bytes) -> None:
    with pytest.raises(BodyTooLarge):
        read(receiver(ends=False), content_length=content_length)


@pytest.mark.parametrize("chunks", [[], [b"some"], [b"some", b"more"]])
def test_a_slow_body_is_rejected(chunks: list[bytes]) -> None:
    with pytest.raises(BodyTooSlow, match=r"within 0\.05 seconds"):
        read(receiver(*chunks, ends=False), seconds=0.05)


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("pause", [True, False])
def test_a_disconnected_client_is_an_error(before: int, pause: bool) -> None:
    messages = [{"type": "http.request", "body": b"a", "more_body": True}] * before + [{"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        if pause:
            await asyncio.sleep(0)
        return messages.pop(0)

    with pytest.raises(ClientDisconnected):
        read(receive)


def test_an_error_of_the_server_passes_through() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        raise RuntimeError("broken transport")

    with pytest.raises(RuntimeError, match="broken transport"):
        read(receive)


def test_cancelling_the_reader_cancels_the_wait() -> None:
    finished: list[str] = []

    async def receive() -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            finished.append("receive")
        raise AssertionError

    async def main() -> None:
        task = asyncio.create_task(read_body(receive, limit=1, seconds=5))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert finished == ["receive"]


@pytest.mark.parametrize("content_length", [b"", b"0", b"-1", b"1e3", b"\xb9"])
def test_a_content_length_that_is_no_number_is_ignored(content_length: bytes) -> None:
    assert read(receiver(b"some"), content_length=content_length) == b"some"


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (None, "json"),
        (b"", "json"),
        (b"application/json", "json"),
        (b"Application/JSON ; charset=utf-8", "json"),
        (b"application/merge-patch+json", "json"),
        (b"multipart/form-data; boundary=x", "form"),
        (b"MULTIPART/Form-Data", "form"),
        (b"application/x-www-form-urlencoded", "other"),
        (b"text/json", "other"),
        (b"\xff", "other"),
        (b";", "json"),
    ],
)
def test_content_type_is_classified_without_case_and_parameters(header: bytes | None, kind: str) -> None:
    assert content_kind(header) == kind
