"""Make a video of opeai with OpenAI's SDK, sync or async: one order, a deadline, and a whole file.

OPENAI_BASE_URL=https://api-platform.ope.ai/v1 OPENAI_API_KEY=sk_... python videos.py "A paper boat" boat.mp4
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import openai
from openai import AsyncOpenAI, OpenAI
from openai.types import Video

# The SDK warns that OpenAI ends its own service; the dialect lives on at others.
warnings.filterwarnings("ignore", "The Sora API is", DeprecationWarning)

SUCCEEDED = frozenset({"success", "completed"})
FAILED = frozenset({"failure", "failed"})
"""Statuses in lower case: opeai says SUCCESS where OpenAI says completed, which is all that the SDK's `poll` knows."""
DOWNLOADS = 5
"""Attempts at a download: content can follow a success by some seconds."""


class OrderUnknown(Exception):
    """An order was sent and its response was lost: it may be charged. Look before you order again."""


class VideoFailed(Exception):
    """The task has ended without a video."""


class StillRunning(Exception):
    """The time is up; the task goes on, and `task` can be waited for again."""

    def __init__(self, task: str, status: str | None) -> None:
        super().__init__(f"{task} is still {status}")
        self.task = task


def order(client: OpenAI, **fields: Any) -> str:
    """Send an order; the id of its task. Raises OrderUnknown, or the SDK's error for one that was refused."""
    try:
        # The SDK sends a POST up to three times by default. A response that is lost would be paid for three times.
        return client.with_options(max_retries=0).videos.create(**fields).id
    except (openai.APIConnectionError, openai.InternalServerError) as error:
        raise OrderUnknown(f"no task is known of this order: {error!r}") from error


def wait(
    client: OpenAI,
    task: str,
    seconds: float = 1800,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Video:
    """Poll a task until it succeeds. Raises VideoFailed or StillRunning."""
    until = now() + seconds
    for pause in _pauses():
        video = client.videos.retrieve(task)
        if _is_done(video):
            return video
        if now() + pause > until:
            raise StillRunning(task, video.status)
        sleep(pause)
    raise AssertionError("pauses do not end")


def download(client: OpenAI, task: str, path: Path, sleep: Callable[[float], None] = time.sleep) -> Path:
    """Download the video of a task. The file appears when it is complete."""
    for attempt, pause in enumerate(_pauses(), 1):
        try:
            return _write(path, client.videos.download_content(task).content)
        except openai.APIError:
            if attempt == DOWNLOADS:
                raise
        sleep(pause)
    raise AssertionError("pauses do not end")


async def order_async(client: AsyncOpenAI, **fields: Any) -> str:
    try:
        return (await client.with_options(max_retries=0).videos.create(**fields)).id
    except (openai.APIConnectionError, openai.InternalServerError) as error:
        raise OrderUnknown(f"no task is known of this order: {error!r}") from error


async def wait_async(
    client: AsyncOpenAI,
    task: str,
    seconds: float = 1800,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Video:
    until = now() + seconds
    for pause in _pauses():
        video = await client.videos.retrieve(task)
        if _is_done(video):
            return video
        if now() + pause > until:
            raise StillRunning(task, video.status)
        await sleep(pause)
    raise AssertionError("pauses do not end")


async def download_async(
    client: AsyncOpenAI, task: str, path: Path, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Path:
    for attempt, pause in enumerate(_pauses(), 1):
        try:
            return _write(path, (await client.videos.download_content(task)).content)
        except openai.APIError:
            if attempt == DOWNLOADS:
                raise
        await sleep(pause)
    raise AssertionError("pauses do not end")


def _is_done(video: Video) -> bool:
    status = str(video.status).lower()
    if status in FAILED:
        raise VideoFailed(f"{video.id} has failed: {video.error.message if video.error else 'no reason'}")
    return status in SUCCEEDED


def _write(path: Path, content: bytes) -> Path:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)
    return path


def _pauses() -> Iterator[float]:
    """Seconds between attempts: 2, 4, 8, then 15."""
    number = 1
    while True:
        yield min(2.0**number, 15.0)
        number += 1


def main() -> None:
    prompt, path = sys.argv[1:]
    client = OpenAI()
    task = order(client, model="seedance-2-0-fast", prompt=prompt, size="1280x720", seconds="4")
    print(task)  # before the wait: whoever has the id has the video
    wait(client, task)
    print(download(client, task, Path(path)))


if __name__ == "__main__":
    main()
