"""Emulated API of opeai (api-platform.ope.ai). Key orders are those of the guide's examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any

from seedmock_contracts.documents.references import LocatedReference
from seedmock_contracts.documents.values import to_number, value_of_text
from seedmock_contracts.enums import Basis, ErrorKind, Operation, StatusContext, TaskStatus
from seedmock_contracts.upstreams import get_contract

from ..errors import ApiError
from ..generation.drafts import GenerationOrder
from ..http.multipart import Form, FormFile
from ..references.local_urls import FileUri
from ..tasks.models import Task
from ..tasks.timeline import TaskState, progress_at
from .context import UpstreamContext
from .protocol import ApiRequest, FileResponse, Handler, JsonResponse, error_basis, error_message

# The guide's example id holds the time of UTC+8, one second before its created_at (opeai.task_id).
VENDOR_TIME = timezone(timedelta(hours=8))
NOT_STARTED, SUBMITTED, UNKNOWN = "NOT_START", "SUBMITTED", "UNKNOWN"
"""Words of the vendor's task table for tasks that are not queued yet, or that it does not know; the error for late
content names the first."""
FILE_PART = get_contract("opeai").request.file_parts[Operation.CREATE]
LISTED = {"created": 1626777600, "owned_by": "custom"}
"""Values of the gateway for every model that its own tables do not know."""
# OpenAI's clients list and delete there, and post to videos/edits, videos/extensions and videos/characters.
UNSERVED = (("GET", "/videos"), ("DELETE", "/videos/{task_id}"), ("POST", "/videos/{task_id}"))


class OpeaiApi:
    def __init__(self, context: UpstreamContext) -> None:
        self.contract = get_contract("opeai")
        self.unserved: Sequence[tuple[str, str]] = UNSERVED
        self.handlers: Mapping[Operation, Handler] = {
            Operation.CREATE: self.create,
            Operation.QUERY: self.query,
            Operation.CONTENT: self.content,
            Operation.MODELS: self.models,
        }
        self._engine, self._random = context.engine, context.random
        self._options = context.settings.variant_options
        self._reason = self._options["opeai.failure_reason"]
        self._percent = self._options["opeai.progress"] == "percent"
        self._openai = self._options["opeai.status"] == "openai"
        self._style = "newapi" if self._options["opeai.errors"] == "newapi" else ""
        variant = "openai" if self._openai else ""
        self._queued = self.contract.spelling(TaskStatus.QUEUED, StatusContext.CREATE)
        self._spellings = {
            status: self.contract.spelling(status, StatusContext.QUERY, variant) for status in self.contract.statuses
        }
        max_age = self.contract.amount("opeai.content.max_age").value
        self._cached = ((b"cache-control", b"public, max-age=%d" % int(max_age)),)

    async def create(self, call: ApiRequest) -> JsonResponse:
        references = self.contract.request.layout.find(call.document)
        request = self._request(call.document, references)
        task = await self._engine.generate(self.contract, call.caller, request, references, self._task_id)
        body: dict[str, Any] = {
            "id": task.id,
            "task_id": task.id,
            "object": "video",
            "model": task.model,
            "status": self._queued,
            "created_at": int(task.created_at),
        }
        if self._openai:
            body |= {"progress": 0, "seconds": str(task.seconds), "size": _size(task)}
        return JsonResponse(200, body)

    async def query(self, call: ApiRequest) -> JsonResponse:
        task = await self._engine.task(call.account, self.contract.name, call.params["task_id"], query=True)
        return self.render_task(task, call.origin)

    def render_task(self, task: Task, origin: str) -> JsonResponse:
        state = self._engine.state(task)
        return JsonResponse(200, self._openai_body(task, state) if self._openai else self._body(task, state))

    async def content(self, call: ApiRequest) -> FileResponse:
        try:
            task = await self._engine.task(call.account, self.contract.name, call.params["task_id"])
            clip = await self._engine.clip(task)
        except ApiError as error:
            if error.kind is ErrorKind.TASK_NOT_FOUND:
                error.kind = ErrorKind.CONTENT_NOT_FOUND
            elif error.kind is ErrorKind.CONTENT_NOT_FOUND:
                raise self._no_content() from error
            elif error.kind is ErrorKind.NOT_READY:
                late = error.value is TaskStatus.SUCCESS
                error.value = NOT_STARTED if late else self._spelling(self._engine.state(task))
            raise
        ranges = self._options["opeai.range"] == "on"
        return FileResponse(clip.path, clip.etag, "video/mp4", self._cached, ranges, clip.size_bytes)

    async def models(self, call: ApiRequest) -> JsonResponse:
        rows = [{"id": model.name, "object": "model", **LISTED} for model in self.contract.models]
        return JsonResponse(200, {"data": rows, "object": "list", "success": True}, Basis.OBSERVED)

    def _no_content(self) -> ApiError:
        if self._options["opeai.no_content"] == "400":
            return ApiError(ErrorKind.NOT_READY, value=NOT_STARTED)
        return ApiError(ErrorKind.UPSTREAM_FAILED, style=self._options["opeai.no_content"])

    def decode_form(self, form: Form) -> dict[str, Any]:
        """Decode a form, whose values are all text: read booleans and integers where the contract's field is one."""
        document = dict(form.document)
        for field in self.contract.fields:
            value = document.get(field.path)
            if isinstance(value, str):
                document[field.path] = value_of_text(value, field.types)
        for file in form.files:
            if file.name == FILE_PART:
                _add_first_frame(document, file)
        return document

    def render_error(self, error: ApiError) -> JsonResponse:
        case = self.contract.error_case(error.kind, error.style or self._style_of(error))
        message = error_message(case, error)
        body: dict[str, Any]
        if case.envelope == "task":
            body = {"code": case.code, "message": message, "data": None}
        elif case.envelope == "middleware":
            body = {"error": {"message": message, "type": case.type, "code": case.code}}
        elif case.envelope == "proxy":
            body = {"error": {"message": message, "type": case.type}}
        else:
            code = error.code or case.code
            body = {"error": {"message": message, "type": case.type, "param": error.field, "code": code}}
        return JsonResponse(case.status, body, error_basis(case, error), error.headers)

    def _style_of(self, error: ApiError) -> str:
        # The gateway has a message of its own for a balance that is not yet empty.
        some = error.kind is ErrorKind.BALANCE and Decimal(str(error.value)) > 0
        return f"{self._style}.some" if some and self._style else self._style

    # --- bodies ---

    def _body(self, task: Task, state: TaskState) -> dict[str, Any]:
        body: dict[str, Any] = {"created_at": int(task.created_at)}
        if state.status is TaskStatus.FAILURE and task.failure is not None:
            if self._reason == "error":
                body["error"] = {"code": task.failure.code, "message": task.failure.message}
            elif self._reason == "fail_reason":
                body["fail_reason"] = task.failure.message
        body["id"], body["model"], body["object"] = task.id, task.model, "video"
        if self._percent:
            body["progress"] = f"{progress_at(task, self._engine.now_for(task))}%"
        body["prompt"], body["size"], body["status"] = task.prompt, _size(task), self._spelling(state)
        return body

    def _openai_body(self, task: Task, state: TaskState) -> dict[str, Any]:
        failed = state.status is TaskStatus.FAILURE and task.failure is not None
        return {
            "id": task.id,
            "object": "video",
            "created_at": int(task.created_at),
            "status": self._spelling(state),
            "model": task.model,
            "progress": progress_at(task, self._engine.now_for(task)),
            "prompt": task.prompt,
            "seconds": str(task.seconds),
            "size": _size(task),
            "completed_at": int(state.ends_at) if state.status is TaskStatus.SUCCESS else None,
            "error": {"code": task.failure.code, "message": task.failure.message} if failed and task.failure else None,
        }

    def _spelling(self, state: TaskState) -> str:
        if self._openai and state.raw_status in (NOT_STARTED, SUBMITTED, UNKNOWN):
            # The gateway maps the words of its own table; a status that a fate names is shown as it is.
            return self._queued if state.raw_status == SUBMITTED else "unknown"
        return state.raw_status or self._spellings[state.status]

    def _request(self, document: Mapping[str, Any], references: Sequence[LocatedReference]) -> GenerationOrder:
        size = self.contract.parse_size(document.get("size"))
        seconds = to_number(document["seconds"])
        seed = document.get("seed") if self._options["opeai.seed"] == "accept" else None
        return GenerationOrder(
            prompt=document["prompt"],
            model=document["model"],
            resolution=size.resolution if size else document["resolution"],
            ratio=size.ratio if size else document["ratio"],
            seconds=int(seconds or 0),
            audio=document.get("generate_audio") is not False,
            seed=None if seed is None else int(seed),
            references=tuple([located.reference for located in references]),
            callback_url="",
        )

    def _task_id(self, account: str, now: float, attempt: int, number: int) -> str:
        suffix = self._random.token(5, "task", self.contract.name, account, number, attempt)
        return f"cgt-{_stamp(int(now))}-{suffix}"


@lru_cache(maxsize=8)
def _stamp(second: int) -> str:
    return datetime.fromtimestamp(second, VENDOR_TIME).strftime("%Y%m%d%H%M%S")


def _size(task: Task) -> str:
    return f"{task.width}x{task.height}"


def _add_first_frame(document: dict[str, Any], file: FormFile) -> None:
    """Append a file to the references of a form, whose other fields stay; one that is a text is left to its rule."""
    url = FileUri.of(file.content_type, file.content)
    item = {"type": "image_url", "role": "first_frame", "image_url": {"url": url}}
    outer = document.setdefault(FILE_PART, {})
    inner = outer.setdefault("content", []) if isinstance(outer, dict) else None
    if isinstance(inner, list):
        inner.append(item)


API = OpeaiApi
