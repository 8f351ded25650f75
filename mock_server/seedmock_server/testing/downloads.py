"""Which clips were fetched, and whether whole: counts bytes around the app, for a link of A's needs no key."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..http.asgi import Message, Receive, Send
from ..upstreams.context import RESULTS

App = Callable[[Message, Receive, Send], Awaitable[None]]

CLIP = re.compile(rf"{RESULTS}/([^/]+)/[^/]+|/v1/videos/([^/]+)/content")
WHOLE = re.compile(rb"bytes \d+-\d+/(\d+)")


@dataclass(slots=True)
class Delivery:
    """A clip's way out: `sent` of `size` bytes, in answer to one request."""

    task_id: str
    status: int = 0
    sent: int = 0
    size: int = 0

    def __str__(self) -> str:
        return f"{self.task_id}: {self.status}, {self.sent} of {self.size} bytes"


class Deliveries:
    """An ASGI app around an app."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.all: list[Delivery] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, and record it if it downloads a clip."""
        found = CLIP.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        delivery = Delivery(found[1] or found[2])
        self.all.append(delivery)

        async def counted(message: Message) -> None:
            await send(message)
            _count(delivery, message)

        await self._app(scope, receive, counted)

    def of(self, task_id: str) -> list[Delivery]:
        """What went out of a task's clip, refusals included."""
        return [delivery for delivery in tuple(self.all) if delivery.task_id == task_id]

    def is_whole(self, task_id: str) -> bool:
        """Whether all bytes of a task's clip went out, at once or in parts."""
        good = [delivery for delivery in self.of(task_id) if delivery.status in (200, 206)]
        return any(delivery.size for delivery in good) and sum(one.sent for one in good) >= max(
            one.size for one in good
        )

    def forget(self, task_ids: set[str]) -> None:
        """Forget what went out of these tasks' clips."""
        self.all[:] = [delivery for delivery in self.all if delivery.task_id not in task_ids]


def _count(delivery: Delivery, message: Message) -> None:
    if message["type"] == "http.response.start":
        headers = {name.lower(): value for name, value in message["headers"]}
        part = WHOLE.fullmatch(headers.get(b"content-range", b""))
        delivery.status = message["status"]
        delivery.size = int(part[1] if part else headers.get(b"content-length", b"0"))
    else:
        delivery.sent += len(message.get("body", b""))
