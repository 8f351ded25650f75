"""A: how orders are written for apimodels.app, and how its answers are read. Knows no wire and no clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from seedmock_contracts.enums import AssetStatus, ErrorKind, MediaKind, Operation, Role, TaskStatus
from seedmock_contracts.facts import Document
from seedmock_contracts.generation import GenerationRequest, Reference, UpscaleRequest
from seedmock_contracts.upstreams import get_contract

from ..effects import HttpRequest, HttpResponse, Upload
from ..error_envelopes import ErrorBody, complaint, document, kind_of_status, text
from ..models import Asset, Charge, Failure, Group, ModelEntry, Page, Video
from .protocol import Account, Unreadable, UpstreamCodec, kind_by_pattern, model_name, refuse, request, seconds_of

CONTRACT = get_contract("apimodels")

GOOD = ("200", "0", "success", "")
CODES: Mapping[str, ErrorKind] = {
    "CONTENT_MODERATION": ErrorKind.MODERATION_INPUT,
    "SensitiveContent": ErrorKind.MODERATION_INPUT,
    "审核": ErrorKind.MODERATION_INPUT,
    "may contain real person": ErrorKind.MODERATION_INPUT,
    "INSUFFICIENT_BALANCE": ErrorKind.BALANCE,
    "INVALID_INPUT": ErrorKind.INVALID_INPUT,
    "Invalid model": ErrorKind.UNKNOWN_MODEL,
    "UPSTREAM_BUSY": ErrorKind.OVERLOADED,
    "UPSTREAM_FAILED": ErrorKind.UPSTREAM_FAILED,
    "INTERNAL_ERROR": ErrorKind.UPSTREAM_FAILED,
}
RETRYABLE = ("UPSTREAM_BUSY", "UPSTREAM_FAILED", "TIMEOUT", "INTERNAL_ERROR", "OTHER")
FRAMES = {Role.FIRST_FRAME: "first_frame_url", Role.LAST_FRAME: "last_frame_url"}
FIRST_KEYS = ("taskId", "task_id")


class Apimodels:
    """A's words and shapes."""

    contract = CONTRACT
    takes_data_uris = False

    def __init__(self) -> None:
        self.account: Account | None = Library()

    def create(self, order: GenerationRequest) -> HttpRequest:
        resolution, ratio = _form(order)
        body: dict[str, Any] = {
            "model": model_name(CONTRACT, order.model),
            "prompt": order.prompt or None,
            "resolution": resolution,
            "aspect_ratio": ratio,
            "duration": order.seconds,
            "generate_audio": order.generate_audio,
            "seed": order.seed,
            "web_search": order.web_search,
            "callback_url": order.callback_url,
        }
        for reference in order.references:
            _place(body, reference)
        return request(CONTRACT, Operation.CREATE, _sent(body))

    def upscale(self, order: UpscaleRequest) -> HttpRequest:
        body = {
            "model": model_name(CONTRACT, order.model, upscales=True),
            "videoUrl": order.url,
            "targetResolution": order.resolution,
            "callback_url": order.callback_url,
        }
        return request(CONTRACT, Operation.UPSCALE, _sent(body))

    def query(self, task_id: str) -> HttpRequest:
        return request(CONTRACT, Operation.QUERY, query={"task_id": task_id})

    def content(self, video: Video) -> HttpRequest | None:
        """The result link: on another host, which must not see the key."""
        if not video.urls:
            return None
        return HttpRequest(operation=Operation.CONTENT, method="GET", url=video.urls[0], keyed=False)

    def complaint(self, answer: HttpResponse) -> ErrorBody | None:
        """A refusal can come under HTTP 200: then the envelope's `code` is what counts."""
        if not 200 <= answer.status < 300:
            return complaint(answer)
        body = document(answer)
        if body is None or text(body.get("code")).lower() in GOOD:
            return complaint(answer, 500) if body and body.get("error") and not body.get("data") else None
        code = text(body.get("code"))
        return complaint(answer, int(code) if code.isascii() and code.isdigit() and len(code) == 3 else 500)

    def kind(self, complaint: ErrorBody, operation: Operation) -> ErrorKind:
        if complaint.status in (401, 402, 404, 429):
            return kind_of_status(complaint.status)
        found = kind_by_pattern(complaint, CODES)
        if found is None and operation is Operation.ASSET_CREATE and complaint.status == 422:
            return ErrorKind.ASSET_REFUSED
        return found or kind_of_status(complaint.status)

    def kind_of_failure(self, failure: Failure) -> ErrorKind:
        found = kind_by_pattern(ErrorBody(status=0, code=failure.code, message=failure.message), CODES)
        if found is ErrorKind.MODERATION_INPUT:
            return ErrorKind.MODERATION_INPUT if _speaks_of_input(failure) else ErrorKind.MODERATION_OUTPUT
        return ErrorKind.BALANCE if found is ErrorKind.BALANCE else ErrorKind.TASK_FAILED

    def read_video(self, document: Document) -> Video:
        """A task, in today's keys or in those of early 2026 (task_id, status, videos)."""
        data = _data(document)
        task_id = next((found for key in FIRST_KEYS if (found := text(data.get(key)))), "")
        if not task_id:
            raise Unreadable("no task id in the answer")
        word = text(data.get("state")) or text(data.get("status"))
        status = CONTRACT.parse_status(word)
        return Video(
            task_id=task_id,
            upstream=CONTRACT.name,
            status=status,
            word=word,
            model=text(data.get("model")) or None,
            urls=tuple(dict.fromkeys(_urls(data))),
            progress=text(data.get("progress")),
            failure=_failure(data) if status is TaskStatus.FAILURE else None,
            created_at=seconds_of(data.get("createTime"), 1000),
            completed_at=seconds_of(data.get("completeTime"), 1000),
            raw=dict(document),
        )


class Library:
    """A's asset library, files, money and models."""

    def group_create(self, name: str) -> HttpRequest:
        return request(CONTRACT, Operation.GROUP_CREATE, {"name": name})

    def group_list(self) -> HttpRequest:
        return request(CONTRACT, Operation.GROUP_LIST)

    def group_delete(self, group_id: str) -> HttpRequest:
        return request(CONTRACT, Operation.GROUP_DELETE, {"id": _number(group_id)})

    def asset_create(self, url: str, group_id: str, name: str, kind: str) -> HttpRequest:
        body = {"url": url, "asset_type": kind.capitalize(), "name": name or None, "group_id": _number(group_id)}
        return request(CONTRACT, Operation.ASSET_CREATE, _sent(body))

    def asset_get(self, asset_id: str) -> HttpRequest:
        return request(CONTRACT, Operation.ASSET_GET, {"id": _bare(asset_id)})

    def asset_list(self, page: int, page_size: int, group_id: str | None) -> HttpRequest:
        group = None if group_id is None else _number(group_id)
        return request(CONTRACT, Operation.ASSET_LIST, _sent({"page": page, "page_size": page_size, "group_id": group}))

    def asset_rename(self, asset_id: str, name: str) -> HttpRequest:
        return request(CONTRACT, Operation.ASSET_UPDATE, {"id": _bare(asset_id), "name": name})

    def asset_delete(self, asset_id: str) -> HttpRequest:
        return request(CONTRACT, Operation.ASSET_DELETE, {"id": _bare(asset_id)})

    def upload(self, upload: Upload) -> HttpRequest:
        return request(CONTRACT, Operation.FILE_CREATE, upload=upload)

    def balance(self) -> HttpRequest:
        return request(CONTRACT, Operation.BALANCE)

    def models(self) -> HttpRequest:
        return request(CONTRACT, Operation.MODELS)

    def record(self, task_id: str) -> HttpRequest:
        return request(CONTRACT, Operation.RECORD, path={"task_id": task_id})

    def read_group(self, document: Document, name: str) -> Group:
        return _group(_data(document), name)

    def read_groups(self, document: Document) -> tuple[Group, ...]:
        return tuple(_group(row) for row in _rows(document, "items", "groups", "data"))

    def read_asset(self, document: Document) -> Asset:
        return _asset(_data(document))

    def read_page(self, document: Document, page: int, page_size: int) -> Page:
        data = _data(document)
        items = tuple(_asset(row) for row in _rows(document, "items", "assets", "data"))
        total = data.get("total")
        return Page(items=items, page=page, page_size=page_size, total=total if isinstance(total, int) else None)

    def read_upload(self, document: Document) -> str:
        data = _data(document)
        url = next((found for key in ("publicUrl", "url") if (found := text(data.get(key)))), "")
        if not url:
            raise Unreadable("no publicUrl in the answer")
        return url

    def read_balance(self, document: Document) -> Decimal:
        data = _data(document)
        return _decimal(data.get("balance", data.get("credits")), "balance")

    def read_models(self, document: Document) -> tuple[ModelEntry, ...]:
        return tuple(
            ModelEntry(id=text(row.get("id")), modality=text(row.get("modality")), endpoint=text(row.get("endpoint")))
            for row in _rows(document, "models", "items")
        )

    def read_record(self, document: Document, task_id: str) -> Charge:
        data = _data(document)
        amount = _decimal(data.get("credits"), "credits")
        currency = text(data.get("currency")) or "USD"
        return Charge(task_id=task_id, settled=data.get("settled") is True, amount=amount, currency=currency)


def _form(order: GenerationRequest) -> tuple[str | None, str | None]:
    """Resolution and ratio, only as far as they were asked for: without a ratio a first frame decides it."""
    if order.size is None:
        return order.resolution, order.ratio
    if order.resolution is not None or order.ratio is not None:
        raise refuse(CONTRACT, "size", order.size, "either size or resolution + ratio")
    row = CONTRACT.parse_size(order.size)
    if row is None:
        raise refuse(CONTRACT, "size", order.size, ", ".join(size.text for size in CONTRACT.sizes))
    return row.resolution, row.ratio


def _place(body: dict[str, Any], reference: Reference) -> None:
    field = FRAMES.get(reference.role)
    if field is None:
        body.setdefault(f"reference_{reference.kind}_urls", []).append(reference.url)
        return
    if reference.kind is not MediaKind.IMAGE:
        raise refuse(CONTRACT, field, str(reference.kind), "an image")
    if field in body:
        raise refuse(CONTRACT, field, reference.url, f"one {reference.role.replace('_', ' ')}")
    body[field] = reference.url


def _sent(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _data(document: Document) -> Document:
    data = document.get("data")
    return data if isinstance(data, Mapping) else document if "data" not in document else {}


def _rows(document: Document, *keys: str) -> list[Document]:
    """The rows of a list: `data` itself, or one of these keys in it. The page shows no list."""
    data = document.get("data")
    if isinstance(data, Mapping):
        data = next((data[key] for key in keys if isinstance(data.get(key), list)), None)
    if not isinstance(data, list):
        raise Unreadable("no list in the answer")
    return [row for row in data if isinstance(row, Mapping)]


def _urls(data: Document) -> Iterator[str]:
    for key in ("resultUrls", "videos", "video_url", "url"):
        value = data.get(key)
        for url in value if isinstance(value, list) else [value]:
            if isinstance(url, str) and url.strip():
                yield url.strip()
    nested = data.get("resultJson")
    if isinstance(nested, str):
        try:
            nested = json.loads(nested)
        except (ValueError, RecursionError):
            nested = None
    if isinstance(nested, Mapping) and "resultJson" not in nested:
        yield from _urls(nested)


def _failure(data: Document) -> Failure:
    code = text(data.get("failCode")) or text(data.get("failureCode"))
    error = data.get("error")
    said = text(error.get("message")) if isinstance(error, Mapping) else text(error)
    retryable = data.get("retryable")
    known = retryable if isinstance(retryable, bool) else (code in RETRYABLE if code else None)
    return Failure(code, text(data.get("failMsg")) or said, known)


def _speaks_of_input(failure: Failure) -> bool:
    said = f"{failure.code} {failure.message}".lower()
    return "input" in said or "real person" in said


def _group(row: Document, name: str = "") -> Group:
    id_ = text(row.get("id"))
    if not id_:
        raise Unreadable("no group id in the answer")
    named = text(row.get("name")) or text(row.get("title")) or name
    return Group(id=id_, group_name=text(row.get("group_name")), name=named, raw=dict(row))


def _asset(row: Document) -> Asset:
    id_ = text(row.get("id"))
    if not id_:
        raise Unreadable("no asset id in the answer")
    word = text(row.get("status"))
    error = row.get("error")
    failure = Failure(text(error.get("code")), text(error.get("message"))) if isinstance(error, Mapping) else None
    return Asset(
        id=id_,
        url=text(row.get("asset_url")) or f"asset://{id_}",
        status=next((status for status in AssetStatus if status.lower() == word.lower()), None),
        word=word,
        name=text(row.get("name")),
        type=text(row.get("asset_type")),
        group_id=text(row.get("group_id")),
        failure=failure or (Failure("", text(error)) if text(error) else None),
        raw=dict(row),
    )


def _number(id_: str) -> int | str:
    """The page shows group ids as numbers; what is none is left for the rules to refuse."""
    return int(id_) if id_.isascii() and id_.isdigit() and len(id_) < 19 else id_


def _bare(asset_id: str) -> str:
    return asset_id.removeprefix("asset://")


def _decimal(value: Any, name: str) -> Decimal:
    try:
        if isinstance(value, bool) or value is None:
            raise InvalidOperation
        number = Decimal(str(value))
        if not number.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise Unreadable(f"no {name} in the answer") from None
    return number


CODEC: UpstreamCodec = Apimodels()
