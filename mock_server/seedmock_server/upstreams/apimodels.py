"""Emulated API of apimodels (apimodels.app, custom channel A): one envelope, camelCase, times in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote as percent

import msgspec

from seedmock_contracts.documents.references import LocatedReference
from seedmock_contracts.documents.values import to_number
from seedmock_contracts.enums import (
    AssetStatus,
    Basis,
    ErrorKind,
    MediaKind,
    Operation,
    StatusContext,
    TaskStatus,
)
from seedmock_contracts.generation import Reference, UpscaleRequest
from seedmock_contracts.upstreams import get_contract

from ..errors import ApiError
from ..generation.drafts import GenerationOrder
from ..http.multipart import Form
from ..tasks.models import AssetGroup, AssetRecord, Task, TaskFailure
from ..tasks.timeline import TaskState
from .context import FILES, UpstreamContext
from .protocol import ApiRequest, Handler, JsonResponse, error_basis, error_message

# Read off the ids of Ark's tasks, whose time is that of UTC+8 in live captures: ids of assets look alike.
VENDOR_TIME = timezone(timedelta(hours=8))
KINDS = {"Image": MediaKind.IMAGE, "Video": MediaKind.VIDEO, "Audio": MediaKind.AUDIO}
# apimodels.private_urls: the order is accepted, and its task fails with this text.
PRIVATE = TaskFailure(ErrorKind.INVALID_INPUT, "INVALID_INPUT", "private/reserved IP addresses not allowed")
GUESSED = Basis.ASSUMED


class ApimodelsApi:
    def __init__(self, context: UpstreamContext) -> None:
        self.contract = get_contract("apimodels")
        self.unserved: Sequence[tuple[str, str]] = ()
        self.handlers: Mapping[Operation, Handler] = {
            Operation.CREATE: self.create,
            Operation.UPSCALE: self.upscale,
            Operation.QUERY: self.query,
            Operation.GROUP_CREATE: self.group_create,
            Operation.GROUP_LIST: self.group_list,
            Operation.GROUP_DELETE: self.group_delete,
            Operation.ASSET_CREATE: self.asset_create,
            Operation.ASSET_GET: self.asset_get,
            Operation.ASSET_LIST: self.asset_list,
            Operation.ASSET_UPDATE: self.asset_update,
            Operation.ASSET_DELETE: self.asset_delete,
            Operation.BALANCE: self.balance,
            Operation.MODELS: self.models,
            Operation.RECORD: self.record,
            Operation.FILE_CREATE: self.file_create,
        }
        self._context = context
        self._engine, self._library, self._random = context.engine, context.library, context.random
        self._options = context.settings.variant_options
        self._defaults = {
            field.path: field.default for field in self.contract.fields if field.operation is Operation.CREATE
        }
        self._queued = self.contract.spelling(TaskStatus.QUEUED, StatusContext.CREATE)
        self._legacy = self._options["apimodels.keys"] == "legacy"

    # --- generations ---

    async def create(self, call: ApiRequest) -> JsonResponse:
        references = self.contract.request.layout.find(call.document)
        request = self._request(call.document, references)
        task = await self._engine.generate(
            self.contract, call.caller, request, references, self._task_id, private_failure=PRIVATE
        )
        return self._created(task)

    async def upscale(self, call: ApiRequest) -> JsonResponse:
        url, target = call.document["videoUrl"], call.document["targetResolution"]
        request = UpscaleRequest(url=url, resolution=target, callback_url=call.document.get("callback_url"))
        video = LocatedReference("videoUrl", Reference(MediaKind.VIDEO, url))
        task = await self._engine.upscale(
            self.contract, call.caller, request, video, self._task_id, private_failure=PRIVATE
        )
        return self._created(task)

    async def query(self, call: ApiRequest) -> JsonResponse:
        task = await self._engine.task(call.account, self.contract.name, call.params["task_id"], query=True)
        return self.render_task(task, call.origin)

    def render_task(self, task: Task, origin: str) -> JsonResponse:
        return _ok(self._task_body(task, self._engine.state(task), origin))

    def _created(self, task: Task) -> JsonResponse:
        raw_status = self._queued
        return _ok(
            {"task_id": task.id, "status": raw_status} if self._legacy else {"taskId": task.id, "state": raw_status}
        )

    def _task_body(self, task: Task, state: TaskState, origin: str) -> dict[str, Any]:
        raw_status = state.raw_status or self.contract.spelling(state.status, StatusContext.QUERY)
        body: dict[str, Any] = {
            "taskId": task.id,
            "state": raw_status,
            "model": task.model,
            "modelType": self.contract.response.modes[task.mode],
        }
        if self._legacy:
            body = {"task_id": task.id, "status": raw_status}
        if state.status is TaskStatus.SUCCESS:
            body |= self._results(task, origin)
        if state.status is TaskStatus.FAILURE and task.failure is not None:
            failure = task.failure
            body |= {"failCode": failure.code, "failMsg": failure.message, "retryable": failure.retryable}
        body["createTime"] = _milliseconds(task.created_at)
        if state.status in (TaskStatus.SUCCESS, TaskStatus.FAILURE):
            body["completeTime"] = _milliseconds(state.ends_at)
        return body

    def _results(self, task: Task, origin: str) -> dict[str, Any]:
        urls = [self._context.link(origin, self._context.result_path(task.id))] if task.with_url else []
        if self._legacy:
            return {"videos": urls}
        return {"resultUrls": urls, "resultJson": msgspec.json.encode({"resultUrls": urls}).decode()}

    def _request(self, document: Mapping[str, Any], references: Sequence[LocatedReference]) -> GenerationOrder:
        def value_of(name: str) -> Any:
            value = document.get(name)
            return self._defaults[name] if value is None else value

        return GenerationOrder(
            prompt=value_of("prompt") or "",
            model=document["model"],
            resolution=value_of("resolution"),
            ratio=value_of("aspect_ratio"),
            seconds=int(to_number(value_of("duration")) or 0),
            audio=value_of("generate_audio") is not False,
            seed=None if document.get("seed") is None else int(document["seed"]),
            references=tuple([located.reference for located in references]),
            callback_url=document.get("callback_url") or "",
        )

    def _task_id(self, account: str, now: float, attempt: int, number: int) -> str:
        return "cl" + self._random.token(23, "task", self.contract.name, account, number, attempt)

    # --- the asset library ---

    async def group_create(self, call: ApiRequest) -> JsonResponse:
        name = f"group-{self._stamp(call.account)}-{await self._suffix(call.account, 'group')}"
        group = await self._library.create_group(self.contract.name, call.account, call.document["name"], name)
        return _ok({"id": group.id, "group_name": group.group_name})

    async def group_list(self, call: ApiRequest) -> JsonResponse:
        groups = [_group(group) for group in await self._library.store.groups(call.account)]
        return _ok({"items": groups} if self._options["apimodels.group_list"] == "items" else groups, GUESSED)

    async def group_delete(self, call: ApiRequest) -> JsonResponse:
        await self._library.delete_group(call.account, _whole(call.document["id"]))
        return _ok({}, GUESSED)

    async def asset_create(self, call: ApiRequest) -> JsonResponse:
        document = call.document
        asset = await self._library.create_asset(
            self.contract,
            call.account,
            f"asset-{self._stamp(call.account)}-{await self._suffix(call.account, 'asset')}",
            group_id=_whole(document["group_id"]),
            kind=KINDS[document["asset_type"]],
            url=document["url"],
            name=document.get("name") or "",
            origin=call.origin,
            at_once=self._options["apimodels.asset_status"] == "Active",
            fate=call.caller.fate,
        )
        return _ok({"id": asset.id, "asset_url": _url(asset), "status": self._library.status(asset)})

    async def asset_get(self, call: ApiRequest) -> JsonResponse:
        return _ok(self._asset(await self._library.asset(call.account, call.document["id"])), GUESSED)

    async def asset_list(self, call: ApiRequest) -> JsonResponse:
        document = call.document
        group = None if document.get("group_id") is None else _whole(document["group_id"])
        number, size = (int(to_number(document.get(name)) or 0) for name in ("page", "page_size"))
        page = await self._library.assets(call.account, group, number or 1, size or 10)
        items = [self._asset(asset) for asset in page.items]
        return _ok({"items": items, "total": page.total, "page": page.page, "page_size": page.page_size}, GUESSED)

    async def asset_update(self, call: ApiRequest) -> JsonResponse:
        asset = await self._library.rename(call.account, call.document["id"], call.document["name"])
        return _ok({"id": asset.id, "name": asset.name}, GUESSED)

    async def asset_delete(self, call: ApiRequest) -> JsonResponse:
        await self._library.delete_asset(call.account, call.document["id"])
        return _ok({}, GUESSED)

    def _asset(self, asset: AssetRecord) -> dict[str, Any]:
        status = self._library.status(asset)
        body: dict[str, Any] = {
            "id": asset.id,
            "name": asset.name,
            "asset_type": asset.kind.capitalize(),
            "asset_url": _url(asset),
            "url": asset.url,
            "group_id": asset.group_id,
            "status": status,
            "created_at": int(asset.created_at),
        }
        if status is AssetStatus.FAILED and asset.failure is not None:
            body["error"] = {"code": asset.failure.code, "message": asset.failure.message}
        return body

    def _stamp(self, account: str) -> str:
        return datetime.fromtimestamp(self._engine.clocks.now(account), VENDOR_TIME).strftime("%Y%m%d%H%M%S")

    async def _suffix(self, account: str, what: str) -> str:
        return self._random.token(5, what, account, await self._engine.next_number(account))

    # --- the rest of what its own clients call ---

    async def balance(self, call: ApiRequest) -> JsonResponse:
        return _ok({"balance": await self._engine.ledger.balance(call.account, self.contract.name)})

    async def models(self, call: ApiRequest) -> JsonResponse:
        path = next(endpoint.path for endpoint in self.contract.endpoints if endpoint.operation is Operation.CREATE)
        endpoint = self.contract.bases[0].prefix + path
        return _ok([{"id": model.name, "modality": "video", "endpoint": endpoint} for model in self.contract.models])

    async def record(self, call: ApiRequest) -> JsonResponse:
        task = await self._engine.task(call.account, self.contract.name, call.params["task_id"])
        line = self._engine.ledger.line(task)
        return _ok({"settled": line.settled_at is not None, "credits": line.charged, "currency": "USD"})

    async def file_create(self, call: ApiRequest) -> JsonResponse:
        file = next((file for file in call.files if file.name == "file"), None)
        if file is None:
            is_text = " (a part without a filename is text)" if "file" in call.document else ""
            message = f"file is missing; expected a part named file with a filename{is_text}"
            raise ApiError(ErrorKind.MISSING_PARAMETER, message, field="file", allowed="a file part")
        token = self._random.token(32, "file", call.account, await self._engine.next_number(call.account))
        name = percent(file.filename.rsplit("/", 1)[-1][-100:] or "file", safe="")
        await self._library.upload(self.contract, call.account, token, file.content, name)
        return _ok({"publicUrl": self._context.link(call.origin, f"{FILES}/{token}/{name}")})

    def decode_form(self, form: Form) -> dict[str, Any]:
        return dict(form.document)

    def render_error(self, error: ApiError) -> JsonResponse:
        styles = {
            ErrorKind.MODERATION_INPUT: self._options["apimodels.moderation"],
            ErrorKind.LINK_EXPIRED: self._options["apimodels.expired_link"],
        }
        case = self.contract.error_case(error.kind, styles.get(error.kind, ""))
        message = error_message(case, error)
        data = None
        if case.fail_code:
            retryable = error.kind in (ErrorKind.UPSTREAM_FAILED, ErrorKind.OVERLOADED)
            detail = error.detail or message
            data = {"failCode": error.code or case.fail_code, "failMsg": detail, "retryable": retryable}
        status = self.contract.response.error_status(case, self._options)
        return JsonResponse(
            status, {"code": case.code, "msg": message, "data": data}, error_basis(case, error), error.headers
        )


def _ok(data: Any, basis: Basis = Basis.OBSERVED) -> JsonResponse:
    return JsonResponse(200, {"code": 200, "msg": "success", "data": data}, basis)


def _group(group: AssetGroup) -> dict[str, Any]:
    return {
        "id": group.id,
        "group_name": group.group_name,
        "name": group.name,
        "created_at": int(group.created_at),
    }


def _url(asset: AssetRecord) -> str:
    return f"asset://{asset.id}"


def _whole(value: Any) -> int:
    """Return the integer that a value is or spells: 1, 1.0, "1" and "1.0" name the same group."""
    return int(to_number(value) or 0)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


API = ApimodelsApi
