"""Recorder of clip downloads, in bytes: middleware around the app, because a result link needs no API key."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..http.asgi import Message, Receive, Send
from ..upstreams.context import RESULTS

AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]

CLIP_PATH = re.compile(rf"{RESULTS}/([^/]+)/[^/]+|/v1/videos/([^/]+)/content")
CONTENT_RANGE = re.compile(rb"bytes \d+-\d+/(\d+)")


@dataclass(slots=True)
class ClipDownload:
    """One response with a clip: `sent` of `size` bytes."""

    task_id: str
    status: int = 0
    sent: int = 0
    size: int = 0

    def __str__(self) -> str:
        return f"{self.task_id}: {self.status}, {self.sent} of {self.size} bytes"


class DownloadRecorder:
    """ASGI middleware that records clip downloads."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._downloads: list[ClipDownload] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, and record it if it downloads a clip."""
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        path = CLIP_PATH.fullmatch(scope["path"]) if is_get else None
        if path is None:
            await self._app(scope, receive, send)
            return
        download = ClipDownload(path[1] or path[2])
        self._downloads.append(download)

        async def record(message: Message) -> None:
            await send(message)
            _record(download, message)

        await self._app(scope, receive, record)

    def for_task(self, task_id: str) -> list[ClipDownload]:
        """Return the responses for a task's clip, errors included."""
        return [download for download in tuple(self._downloads) if download.task_id == task_id]

    def is_complete(self, task_id: str) -> bool:
        """Tell whether all bytes of a task's clip were sent, in one response or in parts."""
        successes = [download for download in self.for_task(task_id) if download.status in (200, 206)]
        size = max((download.size for download in successes), default=0)
        return size > 0 and sum(download.sent for download in successes) >= size

    def forget(self, task_ids: set[str]) -> None:
        """Delete the records of these tasks."""
        self._downloads[:] = [download for download in self._downloads if download.task_id not in task_ids]


def _record(download: ClipDownload, message: Message) -> None:
    if message["type"] == "http.response.start":
        headers = {name.lower(): value for name, value in message["headers"]}
        part = CONTENT_RANGE.fullmatch(headers.get(b"content-range", b""))
        download.status = message["status"]
        download.size = int(part[1] if part else headers.get(b"content-length", b"0"))
    else:
        download.sent += len(message.get("body", b""))
