"""Codec of the toy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seedmock_client.effects import HttpRequest, HttpResponse
from seedmock_client.error_envelopes import ErrorBody, json_object, kind_for_status, parse_error, scalar_text
from seedmock_client.models import Failure, Video
from seedmock_client.upstreams.protocol import (
    AccountCodec,
    DecodeError,
    UpstreamCodec,
    build_request,
    epoch_seconds,
    model_name,
    unsupported_value,
)
from seedmock_contracts.enums import ErrorKind, Operation, Role
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
    account: AccountCodec | None = None
    takes_data_uris = True

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
        job = body.get("job")
        if not isinstance(job, Mapping):
            raise DecodeError("no job in the response")
        return _video(job)

    def read_videos(self, body: Document) -> tuple[Video, ...]:
        job = body.get("job")
        rows = job.get("all") if isinstance(job, Mapping) else None
        if not isinstance(rows, list):
            raise DecodeError("no list of jobs in the response")
        return tuple(_video(row) for row in rows if isinstance(row, Mapping))


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
