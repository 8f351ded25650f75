"""Emulated API of the loom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seedmock_contracts.enums import ErrorKind, Operation, StatusContext, TaskStatus
from seedmock_contracts.upstreams import get_contract
from seedmock_server.errors import ApiError
from seedmock_server.generation.drafts import GenerationOrder
from seedmock_server.http.multipart import Form
from seedmock_server.tasks.models import Task
from seedmock_server.upstreams.context import UpstreamContext
from seedmock_server.upstreams.protocol import (
    ApiRequest,
    FileResponse,
    Handler,
    JsonResponse,
    error_basis,
    error_message,
)


class LoomApi:
    def __init__(self, context: UpstreamContext) -> None:
        self.contract = get_contract("loom")
        self.form_operations: frozenset[Operation] = frozenset()
        self.unserved: Sequence[tuple[str, str]] = ()
        self.handlers: Mapping[Operation, Handler] = {
            Operation.CREATE: self.create,
            Operation.QUERY: self.query,
            Operation.CONTENT: self.content,
            Operation.CANCEL: self.cancel,
        }
        self._engine, self._random = context.engine, context.random

    async def create(self, request: ApiRequest) -> JsonResponse:
        document = request.document
        model = self.contract.model(document["thread"])
        assert model is not None
        order = GenerationOrder(
            prompt=document["words"],
            model=model.name,
            resolution=model.resolutions[0],
            ratio=document["shape"],
            seconds=int(document["length"]),
            audio=True,
            seed=None,
            references=(),
            callback_url="",
        )
        task = await self._engine.generate(self.contract, request.caller, order, (), self._task_id)
        return self._rendered(task, StatusContext.CREATE)

    async def query(self, request: ApiRequest) -> JsonResponse:
        task = await self._engine.task(request.account, self.contract.name, request.params["number"], query=True)
        return self.render_task(task, request.origin)

    async def content(self, request: ApiRequest) -> FileResponse:
        try:
            task = await self._engine.task(request.account, self.contract.name, request.params["weave"])
        except ApiError as error:
            error.kind = ErrorKind.CONTENT_NOT_FOUND
            raise
        clip = await self._engine.clip(task)
        return FileResponse(clip.path, clip.etag, "video/mp4")

    async def cancel(self, request: ApiRequest) -> JsonResponse:
        return self._rendered(await self._engine.cancel(request.account, self.contract.name, request.params["weave"]))

    def render_task(self, task: Task, origin: str) -> JsonResponse:
        return self._rendered(task)

    def decode_form(self, form: Form) -> dict[str, Any]:
        return dict(form.document)

    def render_error(self, error: ApiError) -> JsonResponse:
        case = self.contract.error_case(error.kind)
        knot = {"number": case.code, "why": error_message(case, error), "at": error.field}
        return JsonResponse(case.status, {"ok": False, "knot": knot}, error_basis(case, error), error.headers)

    def _rendered(self, task: Task, context: StatusContext = StatusContext.QUERY) -> JsonResponse:
        state = self._engine.state(task)
        status = TaskStatus.QUEUED if context is StatusContext.CREATE else state.status
        weave: dict[str, Any] = {
            "number": int(task.id),
            "state": state.raw_status or self.contract.spelling(status, context),
            "thread": task.model,
            "shape": task.ratio,
            "length": task.seconds,
        }
        if status is TaskStatus.FAILURE and task.failure is not None:
            weave["tear"] = {"sign": task.failure.code, "why": task.failure.message}
        return JsonResponse(200, {"ok": True, "weave": weave})

    def _task_id(self, account: str, now: float, attempt: int, number: int) -> str:
        return str(5_000_000 + self._random.integer(1_000_000, "loom", account, number, attempt))


API = LoomApi
