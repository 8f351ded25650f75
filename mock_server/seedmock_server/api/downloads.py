"""Links to results and to uploaded files, which need no key.

Errors come in the envelope of the task's upstream; where no task is known, of the first upstream that has links.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from seedmock_contracts.enums import Capability, ErrorKind, Operation, TaskStatus
from seedmock_contracts.mp4 import CONTENT_TYPES
from seedmock_contracts.response_format import first_value

from ..clock import stopwatch
from ..errors import ApiError
from ..faults.execution import FaultExecution
from ..faults.selection import HEADER, FaultSelector
from ..generation.assets import DAY_SECONDS
from ..http.asgi import Receive, Scope
from ..http.url_policy import FetchError, FetchFailure
from ..journal import Journal, JournalEntry, redacted_headers
from ..storage.steering import Steering
from ..tasks.models import Task
from ..tasks.timeline import NEVER
from ..upstreams.context import FILES, RESULTS, UpstreamContext
from ..upstreams.protocol import AnyResponse, FileResponse, JsonResponse, Upstream
from .pipeline import RequestChain
from .request_context import RequestContext, server_address
from .responses import SentResponse

MEDIA_TYPES = {
    **CONTENT_TYPES,
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}


class Downloads(RequestChain):
    """Paths below `/_mock/results/` and `/_mock/files/`. Results count as content of their task's upstream.

    Only requests with the right link of a result meet faults and are journaled.
    """

    def __init__(
        self,
        context: UpstreamContext,
        upstreams: Mapping[str, Upstream],
        journal: Journal,
        selector: FaultSelector,
        faults: FaultExecution,
        steering: Steering,
    ) -> None:
        super().__init__(selector, faults, context.engine.clocks, steering)
        self._context, self._upstreams, self._journal = context, upstreams, journal
        with_links = (upstream for upstream in upstreams.values() if Capability.LINKS in upstream.contract.capabilities)
        self._fallback = next(with_links, next(iter(upstreams.values())))
        context.sources.find_result = self.result_file

    async def result_file(self, rest: str) -> Path:
        """Return the clip of a result's link without its prefix, for an order that refers to it. Raises FetchError."""
        try:
            return (await self._find_result(await self._task(f"{RESULTS}/{rest}"))).path
        except ApiError as error:
            message = f"the result is not available: {error.detail or error.kind}"
            raise FetchError(FetchFailure.UNREACHABLE, message) from error

    # --- links of the chain ---

    def _route(self, scope: Scope, receive: Receive) -> RequestContext:
        headers = dict(scope["headers"])
        return RequestContext(scope, receive, scope["method"], self._fallback, None, headers, Operation.CONTENT)

    async def _handle(self, context: RequestContext) -> AnyResponse:
        scope = context.scope
        task = await self._find_task(context)
        if task is not None and (HEADER in context.headers or not self._selector.is_idle):
            header = context.headers.get(HEADER, b"").decode("latin-1")
            upstream = self._upstreams[task.upstream]
            context.plan = await self._selector.select_for_download(upstream, task, scope, header)
            replacement = await self._before_handler(context)
            if replacement is not None:
                return replacement
        if context.method not in ("GET", "HEAD"):
            message = f"{context.method[:20]} is not allowed here; allowed: GET, HEAD"
            raise ApiError(ErrorKind.METHOD_NOT_ALLOWED, message, headers=((b"allow", b"GET, HEAD"),))
        if scope["path"].startswith(RESULTS + "/"):
            return await self._find_result(task)
        return await self._find_upload(scope["path"].removeprefix(FILES + "/").partition("/")[0])

    def _render_error(self, context: RequestContext, error: ApiError) -> JsonResponse:
        response = super()._render_error(context, error)
        code_path = context.upstream.contract.response.code_path
        # Files lie on another host than the API: whatever the API does, a link's errors are HTTP statuses.
        return replace(response, status=first_value(response.body, (code_path,))) if code_path else response

    def _log(self, context: RequestContext, sent: SentResponse) -> None:
        task = context.task
        if task is None:
            return
        self._journal.append(
            JournalEntry(
                self._context.engine.clocks.now(task.account),
                task.upstream,
                Operation.CONTENT,
                task.account,
                context.method[:20],
                f"{RESULTS}/{task.id}/***.mp4",
                sent.status,
                b"",
                b"",
                tuple(context.log_notes),
                request_headers=redacted_headers(context.scope["headers"]),
                response_headers=sent.headers,
                server=server_address(context.scope),
                seconds=stopwatch() - context.started_at,
                faults=() if context.plan is None else context.plan.log(),
                download=sent.download_of(task.id),
            )
        )

    # --- files ---

    async def _find_task(self, context: RequestContext) -> Task | None:
        """Return the task of a right link, and note whose it is; errors are those of the task that a link names."""
        path = context.scope["path"]
        named = await self._context.engine.store.task(path.removeprefix(f"{RESULTS}/").partition("/")[0])
        upstream = self._fallback if named is None else self._upstreams[named.upstream]
        context.upstream = upstream if Capability.LINKS in upstream.contract.capabilities else self._fallback
        task = context.task = await self._task(path)
        if task is not None:
            context.account = task.account
        return task

    async def _task(self, path: str) -> Task | None:
        """Return the task of a result's link; None for a link whose token is wrong."""
        if not path.startswith(RESULTS + "/"):
            return None
        task_id, _, name = path.removeprefix(RESULTS + "/").partition("/")
        task = await self._context.engine.store.task(task_id)
        token = self._context.result_token(task_id).encode()
        return task if hmac.compare_digest(name.removesuffix(".mp4").encode(), token) else None

    async def _find_result(self, task: Task | None) -> FileResponse:
        """Raises ApiError CONTENT_NOT_FOUND, TASK_FAILED or LINK_EXPIRED."""
        engine = self._context.engine
        if task is None or engine.state(task).status is not TaskStatus.SUCCESS:
            raise ApiError(ErrorKind.CONTENT_NOT_FOUND)
        days = self._upstreams[task.upstream].contract.result_days
        try:
            clip = await engine.clip(task, float(days.value) * DAY_SECONDS if days is not None else NEVER)
        except ApiError as error:
            if error.kind is ErrorKind.NOT_READY:  # a file host does not know of tasks: a late clip is not there
                raise ApiError(ErrorKind.CONTENT_NOT_FOUND) from error
            raise
        return FileResponse(clip.path, clip.etag, "video/mp4", size=clip.size_bytes)

    async def _find_upload(self, token: str) -> FileResponse:
        """Raises ApiError CONTENT_NOT_FOUND."""
        files, clocks = self._context.sources, self._context.engine.clocks
        upload = await files.fetch_published(token, clocks.now(files.owner(token)))
        if upload is None:
            raise ApiError(ErrorKind.CONTENT_NOT_FOUND)
        source: Any = upload.file.source
        return FileResponse(source.path, f'"{source.digest}"', media_type(upload.file.facts.format))


def media_type(format_: str) -> str:
    """Return the content type of a media format."""
    return MEDIA_TYPES.get(format_.lower(), "application/octet-stream")
