"""Codec of the toy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from seedmock_client.effects import HttpRequest, HttpResponse, Upload
from seedmock_client.error_envelopes import ErrorBody, json_object, kind_for_status, parse_error, scalar_text
from seedmock_client.models import Asset, Charge, Failure, Group, ModelEntry, Page, Video
from seedmock_client.upstreams.protocol import (
    AccountCodec,
    DecodeError,
    UpstreamCodec,
    build_request,
    epoch_seconds,
    model_name,
    unsupported_value,
)
from seedmock_contracts.enums import ErrorKind, MediaKind, Operation, Role
from seedmock_contracts.facts import Document
from seedmock_contracts.generation import GenerationRequest, Reference, UpscaleRequest
from seedmock_contracts.lifecycle import UNSUCCESSFUL
from seedmock_contracts.upstreams import get_contract

CONTRACT = get_contract("toy")
KINDS = {
    "bad_text": ErrorKind.MODERATION_INPUT,
    "face": ErrorKind.MODERATION_INPUT,
    "bad_clip": ErrorKind.MODERATION_OUTPUT,
    "crash": ErrorKind.TASK_FAILED,
    "late": ErrorKind.TASK_FAILED,
}


class ToyCodec:
    contract = CONTRACT
    takes_data_uris = True

    def __init__(self) -> None:
        self.account: AccountCodec | None = ToyLibraryCodec()

    def create(self, order: GenerationRequest) -> HttpRequest:
        size = order.size
        if size is None and order.resolution and order.ratio:
            row = CONTRACT.size(order.resolution, order.ratio)
            size = row.text if row else f"{order.resolution} {order.ratio}"
        body: dict[str, Any] = {
            "engine": model_name(CONTRACT, order.model),
            "inputs": [{"type": "text", "text": order.prompt}, *map(_input, order.references)],
            "frame": size or CONTRACT.sizes[0].text,
            "length": order.seconds,
            "sound": order.generate_audio,
            "seed": order.seed,
        }
        document = {name: value for name, value in body.items() if value is not None}
        return build_request(CONTRACT, Operation.CREATE, document)

    def upscale(self, order: UpscaleRequest) -> HttpRequest:
        return build_request(CONTRACT, Operation.UPSCALE)

    def query(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.QUERY, path={"task_id": task_id})

    def cancel(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.CANCEL, path={"task_id": task_id})

    def list_tasks(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.TASK_LIST)

    def content(self, video: Video) -> HttpRequest | None:
        if not video.urls:
            return None
        return HttpRequest(operation=Operation.CONTENT, method="GET", url=video.urls[0], keyed=False)

    def parse_error(self, response: HttpResponse) -> ErrorBody | None:
        if 200 <= response.status < 300:
            return None
        error = parse_error(response)
        problem = (json_object(response) or {}).get("problem")
        if not isinstance(problem, Mapping):
            return error
        code, message = scalar_text(problem.get("reason")), scalar_text(problem.get("text"))
        return replace(error, code=code, message=message, field=scalar_text(problem.get("where")))

    def error_kind(self, error: ErrorBody, operation: Operation) -> ErrorKind:
        kinds = {kind.value: kind for kind in ErrorKind} | KINDS
        return kinds.get(error.code) or kind_for_status(error.status)

    def failure_kind(self, failure: Failure) -> ErrorKind:
        return KINDS.get(failure.code, ErrorKind.TASK_FAILED)

    def read_video(self, body: Document) -> Video:
        return _video(_job(body))

    def read_videos(self, body: Document) -> tuple[Video, ...]:
        return tuple(_video(row) for row in _rows(body, "all"))

    def models(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.MODELS)

    def read_models(self, body: Document) -> tuple[ModelEntry, ...]:
        raise DecodeError("the toy lists no models")


class ToyLibraryCodec:
    """Codec of racks and props; the toy takes no files, and has neither balance nor records."""

    def group_create(self, name: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.GROUP_CREATE, {"title": name})

    def group_list(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.GROUP_LIST)

    def group_delete(self, group_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.GROUP_DELETE, path={"rack": group_id})

    def asset_create(self, url: str, group_id: str, name: str, kind: str) -> HttpRequest:
        assert CONTRACT.assets is not None
        prop = {"source": url, "form": CONTRACT.assets.kinds[MediaKind(kind)], "label": name, "rack": group_id}
        return build_request(CONTRACT, Operation.ASSET_CREATE, prop)

    def asset_get(self, asset_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.ASSET_GET, path={"prop": asset_id.removeprefix("asset://")})

    def asset_list(self, page: int, page_size: int, group_id: str | None) -> HttpRequest:
        query = {"sheet": str(page), "per_sheet": str(page_size)} | ({"rack": group_id} if group_id else {})
        return build_request(CONTRACT, Operation.ASSET_LIST, query=query)

    def asset_rename(self, asset_id: str, name: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.ASSET_UPDATE, {"label": name}, path={"prop": asset_id})

    def asset_delete(self, asset_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.ASSET_DELETE, path={"prop": asset_id})

    def upload(self, upload: Upload) -> HttpRequest:
        return build_request(CONTRACT, Operation.FILE_CREATE)

    def balance(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.BALANCE)

    def record(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.RECORD)

    def read_group(self, body: Document, name: str) -> Group:
        return _rack(_job(body), name)

    def read_groups(self, body: Document) -> tuple[Group, ...]:
        return tuple(_rack(row) for row in _rows(body, "racks"))

    def read_asset(self, body: Document) -> Asset:
        return _prop(_job(body))

    def read_page(self, body: Document, page: int, page_size: int) -> Page:
        items = tuple(_prop(row) for row in _rows(body, "props"))
        return Page(items=items, page=page, page_size=page_size, total=_job(body).get("count"))

    def read_upload(self, body: Document) -> str:
        raise DecodeError("the toy takes no files")

    def read_balance(self, body: Document) -> Decimal:
        raise DecodeError("the toy has no balance")

    def read_record(self, body: Document, task_id: str) -> Charge:
        raise DecodeError("the toy has no records")


def _job(body: Document) -> Document:
    job = body.get("job")
    if not isinstance(job, Mapping):
        raise DecodeError("no job in the response")
    return job


def _rows(body: Document, name: str) -> list[Document]:
    rows = _job(body).get(name)
    if not isinstance(rows, list):
        raise DecodeError(f"no {name} in the response")
    return [row for row in rows if isinstance(row, Mapping)]


def _rack(row: Document, name: str = "") -> Group:
    if not scalar_text(row.get("ref")):
        raise DecodeError("no ref in the response")
    title = scalar_text(row.get("title")) or name
    return Group(id=scalar_text(row.get("ref")), group_name=scalar_text(row.get("tag")), name=title, raw=dict(row))


def _prop(row: Document) -> Asset:
    if not scalar_text(row.get("ref")):
        raise DecodeError("no ref in the response")
    assert CONTRACT.assets is not None
    raw_status, error = scalar_text(row.get("phase")), row.get("trouble")
    failure = None
    if isinstance(error, Mapping):
        failure = Failure(scalar_text(error.get("reason")), scalar_text(error.get("text")))
    return Asset(
        id=scalar_text(row.get("ref")),
        url=scalar_text(row.get("uri")),
        status=CONTRACT.assets.parse_status(raw_status),
        raw_status=raw_status,
        name=scalar_text(row.get("label")),
        type=scalar_text(row.get("form")),
        group_id=scalar_text(row.get("rack")),
        failure=failure,
        raw=dict(row),
    )


def _input(reference: Reference) -> dict[str, Any]:
    if reference.role is not Role.FIRST_FRAME:
        raise unsupported_value(CONTRACT, "role", str(reference.role), "a first frame")
    return {"type": "image", "role": "start", "image": {"url": reference.url}}


def _video(job: Document) -> Video:
    if not scalar_text(job.get("ref")):
        raise DecodeError("no ref in the response")
    raw_status = scalar_text(job.get("phase"))
    status = CONTRACT.parse_status(raw_status)
    clip, error = job.get("clip"), job.get("trouble")
    link = scalar_text(clip.get("href")) if isinstance(clip, Mapping) else ""
    failure = None
    if status in UNSUCCESSFUL and isinstance(error, Mapping):
        failure = Failure(scalar_text(error.get("reason")), scalar_text(error.get("text")))
    return Video(
        task_id=scalar_text(job.get("ref")),
        upstream=CONTRACT.name,
        status=status,
        raw_status=raw_status,
        model=scalar_text(job.get("engine")) or None,
        urls=(link,) if link else (),
        failure=failure,
        created_at=epoch_seconds(job.get("made")),
        raw=dict(job),
    )


CODEC: UpstreamCodec = ToyCodec()
