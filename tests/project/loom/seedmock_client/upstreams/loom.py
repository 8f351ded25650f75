"""Codec of the loom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seedmock_client.effects import HttpRequest, HttpResponse
from seedmock_client.error_envelopes import ErrorBody, json_object, kind_for_status, parse_error, scalar_text
from seedmock_client.models import Failure, ModelEntry, Video
from seedmock_client.upstreams.protocol import (
    AccountCodec,
    DecodeError,
    UpstreamCodec,
    build_request,
    model_name,
    unsupported_value,
)
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Document
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.lifecycle import UNSUCCESSFUL
from seedmock_contracts.upstreams import get_contract

CONTRACT = get_contract("loom")
KINDS = {str(case.code): case.kind for case in CONTRACT.errors}
FAILURES = {row.code: row.kind for row in CONTRACT.fail_codes}


class LoomCodec:
    contract = CONTRACT
    account: AccountCodec | None = None
    takes_data_uris = False

    def create(self, order: GenerationRequest) -> HttpRequest:
        if order.references:
            raise unsupported_value(CONTRACT, "references", len(order.references), "none")
        size = CONTRACT.parse_size(order.size)
        document = {
            "thread": model_name(CONTRACT, order.model),
            "words": order.prompt,
            "shape": size.ratio if size else order.ratio or "16:9",
            "length": order.seconds,
        }
        return build_request(CONTRACT, Operation.CREATE, document)

    def upscale(self, order: UpscaleRequest) -> HttpRequest:
        return build_request(CONTRACT, Operation.UPSCALE)

    def query(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.QUERY, query={"number": task_id})

    def cancel(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.CANCEL, path={"weave": task_id})

    def list_tasks(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.TASK_LIST)

    def content(self, video: Video) -> HttpRequest | None:
        return build_request(CONTRACT, Operation.CONTENT, path={"weave": video.task_id})

    def parse_error(self, response: HttpResponse) -> ErrorBody | None:
        if 200 <= response.status < 300:
            return None
        error = parse_error(response)
        knot = (json_object(response) or {}).get("knot")
        if not isinstance(knot, Mapping):
            return error
        number, why = scalar_text(knot.get("number")), scalar_text(knot.get("why"))
        return replace(error, code=number, message=why, field=scalar_text(knot.get("at")))

    def error_kind(self, error: ErrorBody, operation: Operation) -> ErrorKind:
        return KINDS.get(error.code) or kind_for_status(error.status)

    def failure_kind(self, failure: Failure) -> ErrorKind:
        return FAILURES.get(failure.code, ErrorKind.TASK_FAILED)

    def read_video(self, body: Document) -> Video:
        weave = body.get("weave")
        if not isinstance(weave, Mapping) or not scalar_text(weave.get("number")):
            raise DecodeError("no weave with a number in the response")
        raw_status, tear = scalar_text(weave.get("state")), weave.get("tear")
        status, failure = CONTRACT.parse_status(raw_status), None
        if status in UNSUCCESSFUL and isinstance(tear, Mapping):
            failure = Failure(scalar_text(tear.get("sign")), scalar_text(tear.get("why")))
        return Video(
            task_id=scalar_text(weave.get("number")),
            upstream=CONTRACT.name,
            status=status,
            raw_status=raw_status,
            model=scalar_text(weave.get("thread")) or None,
            failure=failure,
            raw=dict(weave),
        )

    def read_videos(self, body: Document) -> tuple[Video, ...]:
        raise DecodeError(f"{CONTRACT.name} lists no tasks")

    def models(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.MODELS)

    def read_models(self, body: Document) -> tuple[ModelEntry, ...]:
        raise DecodeError(f"{CONTRACT.name} lists no models")


CODEC: UpstreamCodec = LoomCodec()
