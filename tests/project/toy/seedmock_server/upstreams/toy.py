"""Emulated API of the toy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seedmock_contracts.enums import Operation, StatusContext, TaskStatus
from seedmock_contracts.upstreams import get_contract
from seedmock_server.errors import ApiError
from seedmock_server.generation.drafts import GenerationOrder
from seedmock_server.http.multipart import Form
from seedmock_server.tasks.models import Task
from seedmock_server.upstreams.context import RESULTS, UpstreamContext
from seedmock_server.upstreams.protocol import (
    ApiRequest,
    Handler,
    JsonResponse,
    error_basis,
    error_message,
)

FAILED = (TaskStatus.FAILURE, TaskStatus.EXPIRED)


class ToyApi:
    def __init__(self, context: UpstreamContext) -> None:
        self.contract = get_contract("toy")
        self.unserved: Sequence[tuple[str, str]] = ()
        self.handlers: Mapping[Operation, Handler] = {
            Operation.CREATE: self.create,
            Operation.QUERY: self.query,
            Operation.CANCEL: self.cancel,
            Operation.TASK_LIST: self.task_list,
        }
        self._context, self._engine = context, context.engine

    async def create(self, request: ApiRequest) -> JsonResponse:
        document, read = request.document, self.contract.request.read
        located = self.contract.request.layout.find(document)
        size = self.contract.parse_size(read(document, "size"))
        assert size is not None
        order = GenerationOrder(
            prompt=read(document, "prompt"),
            model=read(document, "model"),
            resolution=size.resolution,
            ratio=size.ratio,
            seconds=int(document.get("length") or 5),
            audio=document.get("sound") is not False,
            seed=document.get("seed"),
            references=tuple(item.reference for item in located),
            callback_url="",
        )
        task = await self._engine.generate(self.contract, request.caller, order, located, self._task_id)
        return JsonResponse(200, {"job": self._job(task, request.origin, StatusContext.CREATE)})

    async def query(self, request: ApiRequest) -> JsonResponse:
        task = self._engine.task(request.account, self.contract.name, request.params["task_id"], query=True)
        return self.render_task(task, request.origin)

    async def cancel(self, request: ApiRequest) -> JsonResponse:
        task = self._engine.cancel(request.account, self.contract.name, request.params["task_id"])
        return self.render_task(task, request.origin)

    async def task_list(self, request: ApiRequest) -> JsonResponse:
        tasks = self._engine.tasks(request.account, self.contract.name)
        return JsonResponse(200, {"job": {"all": [self._job(task, request.origin) for task in tasks]}})

    def render_task(self, task: Task, origin: str) -> JsonResponse:
        return JsonResponse(200, {"job": self._job(task, origin)})

    def decode_form(self, form: Form) -> dict[str, Any]:
        return dict(form.document)

    def render_error(self, error: ApiError) -> JsonResponse:
        case = self.contract.error_case(error.kind)
        problem = {"reason": error.code or case.code, "text": error_message(case, error), "where": error.field}
        return JsonResponse(case.status, {"problem": problem}, error_basis(case, error), error.headers)

    def _job(self, task: Task, origin: str, context: StatusContext = StatusContext.QUERY) -> dict[str, Any]:
        state = self._engine.state(task)
        status = TaskStatus.QUEUED if context is StatusContext.CREATE else state.status
        job: dict[str, Any] = {
            "ref": task.id,
            "phase": state.raw_status or self.contract.spelling(status, context),
            "engine": task.model,
            "made": int(task.created_at),
        }
        if status is TaskStatus.SUCCESS and task.with_url:
            job["clip"] = {"href": f"{origin}{RESULTS}/{task.id}/{self._context.result_token(task.id)}.mp4"}
        if status in FAILED and task.failure is not None:
            job["trouble"] = {"reason": task.failure.code, "text": task.failure.message}
        return job

    def _task_id(self, account: str, now: float, attempt: int) -> str:
        labels = "toy", account, self._engine.next_number(account), attempt
        return "KJ" + "".join(
            "0123456789ABCDEF"[self._context.random.integer(16, *labels, place)] for place in range(12)
        )


API = ToyApi
