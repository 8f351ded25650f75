"""The links that need no key: A's results and A's posted files. An unknown, wrong or dead link is a refusal of A's."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from seedmock_contracts.terms import ErrorKind, TaskStatus

from .answer import FileAnswer, Upstream
from .doorway import Receive, Scope, Send, hand_over, log, send_answer
from .library import DAY
from .refusal import Refusal
from .rooms import FILES, RESULTS, Rooms

Finder = Callable[[str], Awaitable[FileAnswer]]


class Downloads:
    """Plain ASGI for the paths below `/_mock/results/` and `/_mock/files/`."""

    def __init__(self, rooms: Rooms, speaker: Upstream) -> None:
        self._rooms = rooms
        self._speaker = speaker
        self._finders: dict[str, Finder] = {RESULTS: self._result, FILES: self._file}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        try:
            if method not in ("GET", "HEAD"):
                said = f"{method[:20]} is not allowed here; allowed: GET, HEAD"
                raise Refusal(ErrorKind.METHOD_NOT_ALLOWED, said, headers=((b"allow", b"GET, HEAD"),))
            prefix = next(prefix for prefix in self._finders if path.startswith(prefix + "/"))
            answer = await self._finders[prefix](path.removeprefix(prefix + "/"))
            await hand_over(answer, scope, receive, send)
        except Refusal as refusal:
            await self._refuse(refusal, method, send)
        except Exception:
            log.exception("seedmock failed to deliver %s; this is a bug of ours", path)
            await self._refuse(Refusal(ErrorKind.UPSTREAM_FAILED, "seedmock itself failed"), method, send)

    async def _refuse(self, refusal: Refusal, method: str, send: Send) -> None:
        answer = self._speaker.refuse(refusal)
        # Files lie on another host than the API: whatever the API does, a link's errors are HTTP statuses.
        await send_answer(replace(answer, status=answer.body["code"]), method, send)

    async def _result(self, rest: str) -> FileAnswer:
        task_id, _, name = rest.partition("/")
        engine, task = self._rooms.engine, self._rooms.engine.store.task(task_id)
        token = name.removesuffix(".mp4").encode()
        if task is None or not hmac.compare_digest(token, self._rooms.result_token(task_id).encode()):
            raise Refusal(ErrorKind.CONTENT_NOT_FOUND)
        state = engine.state(task)
        days = float(self._speaker.said.amount(f"{self._speaker.said.name}.result.days").value)
        if state.status is not TaskStatus.SUCCESS:
            raise Refusal(ErrorKind.CONTENT_NOT_FOUND)
        try:
            clip = await engine.clip(task, days * DAY)
        except Refusal as refusal:
            if refusal.kind is ErrorKind.NOT_READY:  # a file host does not know of tasks: what is late is not there
                raise Refusal(ErrorKind.CONTENT_NOT_FOUND) from refusal
            raise
        return FileAnswer(clip.path, clip.etag, "video/mp4")

    async def _file(self, rest: str) -> FileAnswer:
        token = rest.partition("/")[0]
        found = self._rooms.sources.published(token, self._rooms.engine.clocks.world.now())
        if found is None:
            raise Refusal(ErrorKind.CONTENT_NOT_FOUND)
        source: Any = found.readable.source
        return FileAnswer(source.path, f'"{source.digest}"', media_type(found.readable.facts.format))


MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}


def media_type(format_: str) -> str:
    """The content type of a measured format."""
    return MEDIA_TYPES.get(format_.lower(), "application/octet-stream")
