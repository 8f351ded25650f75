"""AsyncClient on each event loop that httpx supports: whole orders, with files that are read and written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
import uvloop
from PIL import Image

from seedmock_client import AsyncClient, GenerationRequest, RetryPolicy, first_frame

RUN: dict[str, Callable[[Callable[[], Awaitable[Any]]], Any]] = {
    "asyncio": lambda function: asyncio.run(function()),  # type: ignore[arg-type]
    "uvloop": lambda function: uvloop.run(function()),  # type: ignore[arg-type]
    "trio": trio.run,
}


@pytest.mark.parametrize("loop", RUN)
def test_an_order_is_followed_to_its_clip(
    loop: str, mock_upstreams: Any, mock_clock: Any, mock_journal: Any, tmp_path: Path
) -> None:
    Image.new("RGB", (640, 640)).save(tmp_path / "first.png")
    frame = first_frame((tmp_path / "first.png").as_uri())
    order = GenerationRequest(prompt="A boat", size="960x960", seconds=4, references=(frame,))

    async def generate() -> None:
        async with mock_upstreams.async_client("apimodels", local_files=True) as client:
            await client.generate(order, tmp_path / "boat.mp4")

    RUN[loop](generate)
    assert (tmp_path / "boat.mp4").read_bytes()[4:8] == b"ftyp"
    mock_journal.assert_downloaded()


@pytest.mark.parametrize("loop", RUN)
def test_the_standard_sleep_is_that_of_the_loop(loop: str) -> None:
    states = iter(["QUEUED", "SUCCESS"])

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "cgt-1", "status": next(states)})

    async def wait() -> str:
        transport, policy = httpx.MockTransport(answer), RetryPolicy(pacing=(1e-6,))
        url = "http://emulator.test"
        async with AsyncClient("opeai", api_key="k", base_url=url, transport=transport, retry_policy=policy) as client:
            return (await client.wait("cgt-1")).raw_status

    assert RUN[loop](wait) == "SUCCESS"
