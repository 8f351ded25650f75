"""Emulated API of the toy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from seedmock_contracts.enums import AssetStatus, Operation, StatusContext, TaskStatus
from seedmock_contracts.upstreams import get_contract
from seedmock_server.errors import ApiError
from seedmock_server.generation.drafts import GenerationOrder
from seedmock_server.http.multipart import Form
from seedmock_server.tasks.models import AssetRecord, Task
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
            Operation.GROUP_CREATE: self.rack_create,
            Operation.GROUP_LIST: self.rack_list,
            Operation.GROUP_DELETE: self.rack_delete,
            Operation.ASSET_CREATE: self.prop_create,
            Operation.ASSET_GET: self.prop_get,
            Operation.ASSET_LIST: self.prop_list,
            Operation.ASSET_UPDATE: self.prop_update,
            Operation.ASSET_DELETE: self.prop_delete,
        }
        self._context, self._engine, self._library = context, context.engine, context.library

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
        task = await self._engine.task(request.account, self.contract.name, request.params["task_id"], query=True)
        return self.render_task(task, request.origin)

    async def cancel(self, request: ApiRequest) -> JsonResponse:
        task = await self._engine.cancel(request.account, self.contract.name, request.params["task_id"])
        return self.render_task(task, request.origin)

    async def task_list(self, request: ApiRequest) -> JsonResponse:
        tasks = await self._engine.tasks(request.account, self.contract.name)
        return JsonResponse(200, {"job": {"all": [self._job(task, request.origin) for task in tasks]}})

    async def rack_create(self, request: ApiRequest) -> JsonResponse:
        tag = "tag " + self._digits(6, "rack", request.account, await self._engine.next_number(request.account))
        rack = await self._library.create_group(self.contract.name, request.account, request.document["title"], tag)
        return JsonResponse(200, {"job": {"ref": f"RK{rack.id}", "tag": tag}})

    async def rack_list(self, request: ApiRequest) -> JsonResponse:
        racks = [
            {"ref": f"RK{rack.id}", "tag": rack.group_name, "title": rack.name}
            for rack in await self._library.store.groups(request.account)
        ]
        return JsonResponse(200, {"job": {"racks": racks}})

    async def rack_delete(self, request: ApiRequest) -> JsonResponse:
        await self._library.delete_group(request.account, _rack_number(request.params["rack"]))
        return JsonResponse(200, {"job": {}})

    async def prop_create(self, request: ApiRequest) -> JsonResponse:
        document, terms = request.document, self.contract.assets
        kind = terms.parse_kind(document["form"]) if terms is not None else None
        assert kind is not None
        prop = await self._library.create_asset(
            self.contract,
            request.account,
            "PR" + self._digits(8, "prop", request.account, await self._engine.next_number(request.account)),
            group_id=_rack_number(document["rack"]),
            kind=kind,
            url=document["source"],
            name=document.get("label") or "",
            origin=request.origin,
            fate=request.caller.fate,
        )
        return JsonResponse(200, {"job": self._prop(prop)})

    async def prop_get(self, request: ApiRequest) -> JsonResponse:
        return JsonResponse(
            200, {"job": self._prop(await self._library.asset(request.account, request.params["prop"]))}
        )

    async def prop_list(self, request: ApiRequest) -> JsonResponse:
        query = request.params
        rack = _rack_number(query["rack"]) if "rack" in query else None
        page = await self._library.assets(
            request.account, rack, int(float(query.get("sheet") or 1)), int(float(query.get("per_sheet") or 10))
        )
        props = [self._prop(prop) for prop in page.items]
        sheet = {"props": props, "count": page.total, "sheet": page.page, "per_sheet": page.page_size}
        return JsonResponse(200, {"job": sheet})

    async def prop_update(self, request: ApiRequest) -> JsonResponse:
        prop = await self._library.rename(request.account, request.params["prop"], request.document["label"])
        return JsonResponse(200, {"job": {"ref": prop.id, "label": prop.name}})

    async def prop_delete(self, request: ApiRequest) -> JsonResponse:
        await self._library.delete_asset(request.account, request.params["prop"])
        return JsonResponse(200, {"job": {}})

    def _prop(self, prop: AssetRecord) -> dict[str, Any]:
        status, terms = self._library.status(prop), self.contract.assets
        assert terms is not None
        body: dict[str, Any] = {
            "ref": prop.id,
            "phase": terms.statuses[status],
            "label": prop.name,
            "form": terms.kinds[prop.kind],
            "uri": f"asset://{prop.id}",
            "source": prop.url,
            "rack": f"RK{prop.group_id}",
            "made": int(prop.created_at),
        }
        if status is AssetStatus.FAILED and prop.failure is not None:
            body["trouble"] = {"reason": prop.failure.code, "text": prop.failure.message}
        return body

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

    def _task_id(self, account: str, now: float, attempt: int, number: int) -> str:
        return "KJ" + self._digits(12, "toy", account, number, attempt)

    def _digits(self, count: int, *labels: str | int) -> str:
        return "".join("0123456789ABCDEF"[self._context.random.integer(16, *labels, place)] for place in range(count))


def _rack_number(ref: str) -> int:
    """Number of a rack by its ref, which is RK and the number; 0, which no rack has, for any other text."""
    return int(ref[2:]) if re.fullmatch(r"RK[0-9]{1,15}", ref) else 0


API = ToyApi
