"""Links to results and to uploaded files, which need no key.

Errors come in the envelope of the task's upstream; where no task is known, of the first upstream that has links.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from seedmock_contracts.enums import Capability, ErrorKind, Operation, TaskStatus
from seedmock_contracts.response_format import first_value

from ..errors import ApiError
from ..faults.execution import ConnectionDropped, FaultExecution
from ..faults.selection import HEADER, FaultSelector
from ..generation.assets import DAY_SECONDS
from ..http.asgi import Receive, Scope, Send
from ..http.url_policy import FetchError, FetchFailure
from ..journal import Journal, JournalEntry, redacted_headers
from ..matching.rules import InvalidRule
from ..tasks.models import Task
from ..tasks.timeline import NEVER
from ..upstreams.context import FILES, RESULTS, UpstreamContext
from ..upstreams.protocol import AnyResponse, FileResponse, JsonResponse, Upstream
from .pipeline import hand_over, log, send_answer

Finder = Callable[[str], Awaitable[FileResponse]]


class Downloads:
    """Plain ASGI for the paths below `/_mock/results/` and `/_mock/files/`."""

    def __init__(
        self, rooms: UpstreamContext, upstreams: Mapping[str, Upstream], gate: FaultSelector, journal: Journal
    ) -> None:
        self._rooms = rooms
        self._upstreams = upstreams
        with_links = [one for one in upstreams.values() if Capability.LINKS in one.contract.capabilities]
        self._fallback = next(iter((*with_links, *upstreams.values())))
        self._gate = gate
        self._journal = journal
        self._finders: dict[str, Finder] = {RESULTS: self._result, FILES: self._file}
        rooms.sources.find_result = self.clip_behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire: FaultExecution | None = None
        status, task = 0, self._task(scope["path"])
        try:
            try:
                wire = self._meet(task, scope)
                answer = await self._spoken(wire, scope, receive)
            except InvalidRule as error:
                refusal = ApiError(ErrorKind.MALFORMED, f"what the mock was told: {error}")
                wire, answer = None, self._refused(refusal, scope)
            status = await self._deliver(answer, scope, receive, send if wire is None else wire.sender(send))
        except ConnectionDropped:
            pass
        except Exception:
            log.exception("seedmock failed to deliver %s; this is a bug of ours", scope["path"])
            failed = self._refused(ApiError(ErrorKind.UPSTREAM_FAILED, "seedmock itself failed"), scope)
            status = await self._deliver(failed, scope, receive, send)
        if task is not None:
            self._note(task, scope, status, () if wire is None else wire.applied)

    async def clip_behind(self, rest: str) -> Path:
        """The clip behind what follows in a result link, for an order that refers to it. Raises FetchError."""
        try:
            return (await self._result(rest)).path
        except ApiError as refusal:
            raise FetchError(
                FetchFailure.UNREACHABLE, f"the result is not there: {refusal.detail or refusal.kind}"
            ) from refusal

    def _meet(self, task: Task | None, scope: Scope) -> FaultExecution | None:
        """The faults of a download. Raises InvalidRule for a header that cannot be followed."""
        header = next((value for name, value in scope["headers"] if name == HEADER), b"")
        if task is None or not (header or self._gate.faults):
            return None
        return self._gate.meet_download(self._upstreams[task.upstream], task, scope, header.decode("latin-1"))

    async def _spoken(self, wire: FaultExecution | None, scope: Scope, receive: Receive) -> AnyResponse:
        answer: AnyResponse | None = None
        try:
            answer = await wire.before(receive) if wire is not None else None
            answer = await self._found(scope) if answer is None else answer
        except ApiError as refusal:
            answer = self._refused(refusal, scope)
            if wire is not None:
                wire.refusal = refusal
        return answer if wire is None else await wire.after(answer)

    async def _found(self, scope: Scope) -> FileResponse:
        method, path = scope["method"], scope["path"]
        if method not in ("GET", "HEAD"):
            said = f"{method[:20]} is not allowed here; allowed: GET, HEAD"
            raise ApiError(ErrorKind.METHOD_NOT_ALLOWED, said, headers=((b"allow", b"GET, HEAD"),))
        prefix = next(prefix for prefix in self._finders if path.startswith(prefix + "/"))
        return await self._finders[prefix](path.removeprefix(prefix + "/"))

    async def _deliver(self, answer: AnyResponse, scope: Scope, receive: Receive, send: Send) -> int:
        if isinstance(answer, FileResponse):
            try:
                return await hand_over(answer, scope, receive, send)
            except ApiError as refusal:
                answer = self._refused(refusal, scope)
        await send_answer(answer, scope["method"], send)
        return answer.status

    def _refused(self, refusal: ApiError, scope: Scope) -> JsonResponse:
        upstream = self._owner(scope["path"])
        answer = upstream.render_error(refusal)
        code_path = upstream.contract.response.code_path
        # Files lie on another host than the API: whatever the API does, a link's errors are HTTP statuses.
        return replace(answer, status=first_value(answer.body, (code_path,))) if code_path else answer

    def _owner(self, path: str) -> Upstream:
        """The upstream of the task that a link names, rightly or not."""
        task = self._rooms.engine.store.task(path.removeprefix(f"{RESULTS}/").partition("/")[0])
        upstream = self._fallback if task is None else self._upstreams[task.upstream]
        return upstream if Capability.LINKS in upstream.contract.capabilities else self._fallback

    def _note(self, task: Task, scope: Scope, status: int, faults: tuple[str, ...]) -> None:
        self._journal.append(
            JournalEntry(
                self._rooms.engine.clocks.now(task.account),
                task.upstream,
                Operation.CONTENT,
                task.account,
                scope["method"][:20],
                f"{RESULTS}/{task.id}/***.mp4",
                status,
                b"",
                b"",
                (),
                request_headers=redacted_headers(scope["headers"]),
                faults=faults,
            )
        )

    def _task(self, path: str) -> Task | None:
        """The task of a result's link, if the link is a right one."""
        task_id, _, name = path.removeprefix(RESULTS + "/").partition("/")
        task = self._rooms.engine.store.task(task_id) if path.startswith(RESULTS + "/") else None
        token = name.removesuffix(".mp4").encode()
        right = task is not None and hmac.compare_digest(token, self._rooms.result_token(task_id).encode())
        return task if right else None

    async def _result(self, rest: str) -> FileResponse:
        engine, task = self._rooms.engine, self._task(f"{RESULTS}/{rest}")
        if task is None:
            raise ApiError(ErrorKind.CONTENT_NOT_FOUND)
        state = engine.state(task)
        days = self._upstreams[task.upstream].contract.result_days
        if state.status is not TaskStatus.SUCCESS:
            raise ApiError(ErrorKind.CONTENT_NOT_FOUND)
        try:
            clip = await engine.clip(task, float(days.value) * DAY_SECONDS if days is not None else NEVER)
        except ApiError as refusal:
            if refusal.kind is ErrorKind.NOT_READY:  # a file host does not know of tasks: what is late is not there
                raise ApiError(ErrorKind.CONTENT_NOT_FOUND) from refusal
            raise
        return FileResponse(clip.path, clip.etag, "video/mp4")

    async def _file(self, rest: str) -> FileResponse:
        token = rest.partition("/")[0]
        sources, clocks = self._rooms.sources, self._rooms.engine.clocks
        found = sources.find_published(token, clocks.now(sources.owner(token)))
        if found is None:
            raise ApiError(ErrorKind.CONTENT_NOT_FOUND)
        source: Any = found.file.source
        return FileResponse(source.path, f'"{source.digest}"', media_type(found.file.facts.format))


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
