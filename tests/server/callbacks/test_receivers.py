"""Receivers that refuse connections, hang, or respond with too much or too little."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import httpx
import pytest

from seedmock_server.callbacks.delivery import RetrySchedule
from seedmock_server.http.outbound import PostResponse, post
from seedmock_server.http.url_policy import FetchError, FetchFailure, FetchPolicy, FetchTimeout


def test_a_refused_connection_is_retried_to_the_end(run: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"

        async def play(emulator: Any) -> None:
            await emulator.order(url)
            assert await emulator.pass_time(7200) == 33
            assert all(entry["notes"][1].startswith("the callback can't be posted: ") for entry in emulator.posts())

        run(play)


def test_a_receiver_that_hangs_is_given_up_and_its_time_counts(run: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)

        async def play(emulator: Any) -> None:
            emulator.app.callbacks._schedules = {"apimodels": RetrySchedule(attempt_seconds=0.05)}
            began = time.monotonic()
            await emulator.order(f"http://127.0.0.1:{silent.getsockname()[1]}/")
            assert await emulator.pass_time(2 + 0.05 + 1) == 2
            assert time.monotonic() - began < 0.5
            first, second = emulator.posts()
            assert first["notes"][1:] == ("the callback took more than 0.05 seconds", "next attempt in 1.05 s")
            assert second["at"] - first["at"] == pytest.approx(1.05)

        run(play)


def test_an_endless_body_is_read_up_to_the_journal_limit(run: Any, receiver: Any) -> None:
    receiver.body = b"x" * 3_000_000

    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        assert await emulator.pass_time(2) == 1
        assert emulator.posts()[0]["response_body"] == b"x" * 4096

    run(play)


@pytest.mark.parametrize("headers", [{"Content-Length": "900"}, {"Content-Length": "1000", "Connection": "close"}])
def test_a_body_that_never_comes_changes_nothing(
    run: Any, receiver: Any, headers: dict[str, str], monkeypatch: Any
) -> None:
    receiver.headers = headers
    monkeypatch.setattr("seedmock_server.http.outbound.CALLBACK_BODY_SECONDS", 0.05)

    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        assert await emulator.pass_time(600) == 1
        assert (emulator.posts()[0]["status"], emulator.posts()[0]["response_body"]) == (200, b"thank you")

    run(play)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (FetchError(FetchFailure.UNREACHABLE, "no"), 33),
        (FetchError(FetchFailure.BROKEN, "no"), 1),
        (FetchTimeout(FetchFailure.UNREACHABLE, ""), 29),
    ],
)
def test_only_temporary_failures_are_retried(run: Any, error: Exception, tries: int) -> None:
    async def way(*_: Any, **__: Any) -> PostResponse:
        raise error

    async def play(emulator: Any) -> None:
        emulator.app.callbacks.sender.post = way
        await emulator.order("http://127.0.0.1:9/")
        assert await emulator.pass_time(7200) == tries

    run(play)


def test_a_response_is_read_up_to_the_journal_limit() -> None:
    read = []

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            for number in range(1000):
                read.append(number)
                yield b"x" * 1000

    transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=Endless()))
    sending = post(
        "http://127.0.0.1/",
        b"{}",
        (),
        policy=FetchPolicy.LOOPBACK,
        seconds=5,
        keep_bytes=2500,
        transport=lambda: transport,
    )
    assert asyncio.run(sending) == PostResponse(200, b"x" * 2500)
    assert read == [0, 1, 2]
