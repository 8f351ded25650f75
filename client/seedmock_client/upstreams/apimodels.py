"""Codec of apimodels (apimodels.app): tasks, assets, files, balance and models. Knows no transport and no clock."""

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
from ..error_envelopes import ErrorBody, json_object, kind_for_status, parse_error, scalar_text
from ..models import Asset, Charge, Failure, Group, ModelEntry, Page, Video
from .protocol import (
    AccountCodec,
    DecodeError,
    UpstreamCodec,
    build_request,
    epoch_seconds,
    kind_by_pattern,
    model_name,
    unsupported_value,
)

CONTRACT = get_contract("apimodels")

# Some errors of apimodels come as HTTP 200 with another code in the envelope.
SUCCESS_CODES = ("200", "0", "success", "")
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
# Fail codes that clients of the vendor repeat; `retryable` in the response has precedence.
RETRYABLE = ("UPSTREAM_BUSY", "UPSTREAM_FAILED", "TIMEOUT", "INTERNAL_ERROR", "OTHER")
FRAME_FIELDS = {Role.FIRST_FRAME: "first_frame_url", Role.LAST_FRAME: "last_frame_url"}
# taskId today, task_id until early 2026.
TASK_ID_KEYS = ("taskId", "task_id")


class ApimodelsCodec:
    """Codec of apimodels' tasks."""

    contract = CONTRACT
    takes_data_uris = False

    def __init__(self) -> None:
        self.account: AccountCodec | None = ApimodelsAccountCodec()

    def create(self, order: GenerationRequest) -> HttpRequest:
        resolution, ratio = _resolution_and_ratio(order)
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
        return build_request(CONTRACT, Operation.CREATE, _without_none(body))

    def upscale(self, order: UpscaleRequest) -> HttpRequest:
        body = {
            "model": model_name(CONTRACT, order.model, upscales=True),
            "videoUrl": order.url,
            "targetResolution": order.resolution,
            "callback_url": order.callback_url,
        }
        return build_request(CONTRACT, Operation.UPSCALE, _without_none(body))

    def query(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.QUERY, query={"task_id": task_id})

    def cancel(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.CANCEL)

    def list_tasks(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.TASK_LIST)

    def content(self, video: Video) -> HttpRequest | None:
        """Result link; it is on another host, which must not receive the key."""
        if not video.urls:
            return None
        return HttpRequest(operation=Operation.CONTENT, method="GET", url=video.urls[0], keyed=False)

    def parse_error(self, response: HttpResponse) -> ErrorBody | None:
        """Error of a response; under HTTP 200 the `code` of the envelope decides."""
        if not 200 <= response.status < 300:
            return parse_error(response)
        body = json_object(response)
        if body is None or scalar_text(body.get("code")).lower() in SUCCESS_CODES:
            return parse_error(response, 500) if body and body.get("error") and not body.get("data") else None
        code = scalar_text(body.get("code"))
        return parse_error(response, int(code) if code.isascii() and code.isdigit() and len(code) == 3 else 500)

    def error_kind(self, error: ErrorBody, operation: Operation) -> ErrorKind:
        # These statuses are unambiguous, while the codes beside them can be those of the service behind.
        if error.status in (401, 402, 404, 429):
            return kind_for_status(error.status)
        kind = kind_by_pattern(error, CODES)
        if kind is None and operation is Operation.ASSET_CREATE and error.status == 422:
            return ErrorKind.ASSET_REFUSED
        return kind or kind_for_status(error.status)

    def failure_kind(self, failure: Failure) -> ErrorKind:
        kind = kind_by_pattern(ErrorBody(status=0, code=failure.code, message=failure.message), CODES)
        if kind is ErrorKind.MODERATION_INPUT:
            return ErrorKind.MODERATION_INPUT if _concerns_input(failure) else ErrorKind.MODERATION_OUTPUT
        return ErrorKind.BALANCE if kind is ErrorKind.BALANCE else ErrorKind.TASK_FAILED

    def read_video(self, body: Document) -> Video:
        """Task of a response, with the current keys or those of early 2026 (task_id, status, videos)."""
        data = _data(body)
        task_id = next((id_ for key in TASK_ID_KEYS if (id_ := scalar_text(data.get(key)))), "")
        if not task_id:
            raise DecodeError("no task id in the response")
        raw_status = scalar_text(data.get("state")) or scalar_text(data.get("status"))
        status = CONTRACT.parse_status(raw_status)
        return Video(
            task_id=task_id,
            upstream=CONTRACT.name,
            status=status,
            raw_status=raw_status,
            model=scalar_text(data.get("model")) or None,
            urls=tuple(dict.fromkeys(_urls(data))),
            progress=scalar_text(data.get("progress")),
            failure=_failure(data) if status is TaskStatus.FAILURE else None,
            created_at=epoch_seconds(data.get("createTime"), 1000),
            completed_at=epoch_seconds(data.get("completeTime"), 1000),
            raw=dict(body),
        )

    def read_videos(self, body: Document) -> tuple[Video, ...]:
        raise DecodeError(f"{CONTRACT.name} lists no tasks")

    def models(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.MODELS)

    def read_models(self, body: Document) -> tuple[ModelEntry, ...]:
        return tuple(
            ModelEntry(
                id=scalar_text(row.get("id")),
                modality=scalar_text(row.get("modality")),
                endpoint=scalar_text(row.get("endpoint")),
            )
            for row in _rows(body, "models", "items")
        )


class ApimodelsAccountCodec:
    """Codec of apimodels' assets, files, balance and models."""

    def group_create(self, name: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.GROUP_CREATE, {"name": name})

    def group_list(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.GROUP_LIST)

    def group_delete(self, group_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.GROUP_DELETE, {"id": _group_number(group_id)})

    def asset_create(self, url: str, group_id: str, name: str, kind: str) -> HttpRequest:
        body = {"url": url, "asset_type": kind.capitalize(), "name": name or None, "group_id": _group_number(group_id)}
        return build_request(CONTRACT, Operation.ASSET_CREATE, _without_none(body))

    def asset_get(self, asset_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.ASSET_GET, {"id": _without_scheme(asset_id)})

    def asset_list(self, page: int, page_size: int, group_id: str | None) -> HttpRequest:
        group = None if group_id is None else _group_number(group_id)
        return build_request(
            CONTRACT, Operation.ASSET_LIST, _without_none({"page": page, "page_size": page_size, "group_id": group})
        )

    def asset_rename(self, asset_id: str, name: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.ASSET_UPDATE, {"id": _without_scheme(asset_id), "name": name})

    def asset_delete(self, asset_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.ASSET_DELETE, {"id": _without_scheme(asset_id)})

    def upload(self, upload: Upload) -> HttpRequest:
        return build_request(CONTRACT, Operation.FILE_CREATE, upload=upload)

    def balance(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.BALANCE)

    def record(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.RECORD, path={"task_id": task_id})

    def read_group(self, body: Document, name: str) -> Group:
        return _group(_data(body), name)

    def read_groups(self, body: Document) -> tuple[Group, ...]:
        return tuple(_group(row) for row in _rows(body, "items", "groups", "data"))

    def read_asset(self, body: Document) -> Asset:
        return _asset(_data(body))

    def read_page(self, body: Document, page: int, page_size: int) -> Page:
        data = _data(body)
        items = tuple(_asset(row) for row in _rows(body, "items", "assets", "data"))
        total = data.get("total")
        return Page(items=items, page=page, page_size=page_size, total=total if isinstance(total, int) else None)

    def read_upload(self, body: Document) -> str:
        data = _data(body)
        url = next((link for key in ("publicUrl", "url") if (link := scalar_text(data.get(key)))), "")
        if not url:
            raise DecodeError("no publicUrl in the response")
        return url

    def read_balance(self, body: Document) -> Decimal:
        data = _data(body)
        return _decimal(data.get("balance", data.get("credits")), "balance")

    def read_record(self, body: Document, task_id: str) -> Charge:
        data = _data(body)
        amount = _decimal(data.get("credits"), "credits")
        currency = scalar_text(data.get("currency")) or "USD"
        return Charge(task_id=task_id, settled=data.get("settled") is True, amount=amount, currency=currency)


def _resolution_and_ratio(order: GenerationRequest) -> tuple[str | None, str | None]:
    """Resolution and ratio of an order, None where it leaves them open: without a ratio a first frame decides it."""
    if order.size is None:
        return order.resolution, order.ratio
    if order.resolution is not None or order.ratio is not None:
        raise unsupported_value(CONTRACT, "size", order.size, "either size or resolution + ratio")
    row = CONTRACT.parse_size(order.size)
    if row is None:
        raise unsupported_value(CONTRACT, "size", order.size, ", ".join(size.text for size in CONTRACT.sizes))
    return row.resolution, row.ratio


def _place(body: dict[str, Any], reference: Reference) -> None:
    field = FRAME_FIELDS.get(reference.role)
    if field is None:
        body.setdefault(f"reference_{reference.kind}_urls", []).append(reference.url)
        return
    if reference.kind is not MediaKind.IMAGE:
        raise unsupported_value(CONTRACT, field, str(reference.kind), "an image")
    if field in body:
        raise unsupported_value(CONTRACT, field, reference.url, f"one {reference.role.replace('_', ' ')}")
    body[field] = reference.url


def _without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _data(body: Document) -> Document:
    data = body.get("data")
    return data if isinstance(data, Mapping) else body if "data" not in body else {}


def _rows(body: Document, *keys: str) -> list[Document]:
    """Rows of a list: `data` itself, or one of these keys in it; the documentation shows no list."""
    data = body.get("data")
    if isinstance(data, Mapping):
        data = next((data[key] for key in keys if isinstance(data.get(key), list)), None)
    if not isinstance(data, list):
        raise DecodeError("no list in the response")
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
    code = scalar_text(data.get("failCode")) or scalar_text(data.get("failureCode"))
    error = data.get("error")
    message = scalar_text(error.get("message")) if isinstance(error, Mapping) else scalar_text(error)
    retryable = data.get("retryable")
    if not isinstance(retryable, bool):
        retryable = code in RETRYABLE if code else None
    return Failure(code, scalar_text(data.get("failMsg")) or message, retryable)


def _concerns_input(failure: Failure) -> bool:
    text = f"{failure.code} {failure.message}".lower()
    return "input" in text or "real person" in text


def _group(row: Document, name: str = "") -> Group:
    id_ = scalar_text(row.get("id"))
    if not id_:
        raise DecodeError("no group id in the response")
    group_name = scalar_text(row.get("group_name"))
    name = scalar_text(row.get("name")) or scalar_text(row.get("title")) or name
    return Group(id=id_, group_name=group_name, name=name, raw=dict(row))


def _asset(row: Document) -> Asset:
    id_ = scalar_text(row.get("id"))
    if not id_:
        raise DecodeError("no asset id in the response")
    raw_status = scalar_text(row.get("status"))
    error = row.get("error")
    failure = (
        Failure(scalar_text(error.get("code")), scalar_text(error.get("message")))
        if isinstance(error, Mapping)
        else None
    )
    return Asset(
        id=id_,
        url=scalar_text(row.get("asset_url")) or f"asset://{id_}",
        status=next((status for status in AssetStatus if status.lower() == raw_status.lower()), None),
        raw_status=raw_status,
        name=scalar_text(row.get("name")),
        type=scalar_text(row.get("asset_type")),
        group_id=scalar_text(row.get("group_id")),
        failure=failure or (Failure("", scalar_text(error)) if scalar_text(error) else None),
        raw=dict(row),
    )


def _group_number(id_: str) -> int | str:
    """Group id as a number, as in the documentation; any other id is returned unchanged, and the rules report it."""
    return int(id_) if id_.isascii() and id_.isdigit() and len(id_) < 19 else id_


def _without_scheme(asset_id: str) -> str:
    return asset_id.removeprefix("asset://")


def _decimal(value: Any, name: str) -> Decimal:
    try:
        if isinstance(value, bool) or value is None:
            raise InvalidOperation
        number = Decimal(str(value))
        if not number.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise DecodeError(f"no {name} in the response") from None
    return number


CODEC: UpstreamCodec = ApimodelsCodec()
