"""Codec of opeai (api-platform.ope.ai). Knows no transport and no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedmock_contracts.enums import ErrorKind, MediaKind, Operation, Role, TaskStatus
from seedmock_contracts.facts import Document
from seedmock_contracts.generation import GenerationRequest, Reference, UpscaleRequest
from seedmock_contracts.upstreams import get_contract

from ..effects import HttpRequest, HttpResponse
from ..error_envelopes import ErrorBody, json_object, kind_for_status, parse_error, scalar_text
from ..models import Failure, ModelEntry, Video
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

CONTRACT = get_contract("opeai")

# Codes of the service behind (Ark) and of the gateway family (new-api), and parts of their messages. The first that
# matches decides: "SensitiveContent" is also part of the codes of output moderation, which therefore come before it.
CODES: Mapping[str, ErrorKind] = {
    "OutputTextSensitive": ErrorKind.MODERATION_OUTPUT,
    "OutputImage": ErrorKind.MODERATION_OUTPUT,
    "OutputVideo": ErrorKind.MODERATION_OUTPUT,
    "OutputAudio": ErrorKind.MODERATION_OUTPUT,
    "SensitiveContent": ErrorKind.MODERATION_INPUT,
    "RiskDetection": ErrorKind.MODERATION_INPUT,
    "ContentSecurity": ErrorKind.MODERATION_INPUT,
    "may contain real person": ErrorKind.MODERATION_INPUT,
    "sensitive information": ErrorKind.MODERATION_INPUT,
    "AuthenticationError": ErrorKind.AUTHENTICATION,
    "AccountOverdue": ErrorKind.BALANCE,
    "insufficient_user_quota": ErrorKind.BALANCE,
    "pre_consume_token_quota_failed": ErrorKind.BALANCE,
    "额度不足": ErrorKind.BALANCE,
    "预扣费": ErrorKind.BALANCE,
    "AccessDenied": ErrorKind.FORBIDDEN,
    "access_denied": ErrorKind.FORBIDDEN,
    "OperationDenied": ErrorKind.FORBIDDEN,
    "InvalidEndpointOrModel": ErrorKind.UNKNOWN_MODEL,
    "model_not_found": ErrorKind.UNKNOWN_MODEL,
    "ModelNotOpen": ErrorKind.UNKNOWN_MODEL,
    "missing_model": ErrorKind.MISSING_PARAMETER,
    "MissingParameter": ErrorKind.MISSING_PARAMETER,
    "InvalidParameter": ErrorKind.INVALID_PARAMETER,
    "video_not_ready": ErrorKind.NOT_READY,
    "not completed yet, current status: FAILURE": ErrorKind.TASK_FAILED,
    "not completed yet": ErrorKind.NOT_READY,
    "task_not_exist": ErrorKind.TASK_NOT_FOUND,
    "task_origin_not_exist": ErrorKind.TASK_NOT_FOUND,
    "ResourceNotFound": ErrorKind.TASK_NOT_FOUND,
    "ResourceExpired": ErrorKind.LINK_EXPIRED,
    "Upstream service returned status 4": ErrorKind.LINK_EXPIRED,
    "Invalid URL (": ErrorKind.ROUTE_NOT_FOUND,
    "ServerOverloaded": ErrorKind.OVERLOADED,
    "RateLimit": ErrorKind.RATE_LIMIT,
    "RequestBurstTooFast": ErrorKind.RATE_LIMIT,
    "QuotaExceeded": ErrorKind.RATE_LIMIT,
    "LimitExceeded": ErrorKind.RATE_LIMIT,
    "InternalServiceError": ErrorKind.UPSTREAM_FAILED,
    "do_request_failed": ErrorKind.UPSTREAM_FAILED,
}
# Fields of an order that opeai has no field for. Dropping them would produce another clip than was ordered.
UNSUPPORTED_FIELDS = ("web_search", "callback_url")


class OpeaiCodec:
    """Codec of opeai's tasks and models; it has no other operations around them."""

    contract = CONTRACT
    account: AccountCodec | None = None
    takes_data_uris = True

    def create(self, order: GenerationRequest) -> HttpRequest:
        for name in UNSUPPORTED_FIELDS:
            if getattr(order, name):
                raise unsupported_value(CONTRACT, name, getattr(order, name), "not available, leave it out")
        body: dict[str, Any] = {
            "model": model_name(CONTRACT, order.model),
            "prompt": order.prompt,
            "size": order.size,
            "resolution": order.resolution,
            "ratio": order.ratio,
            "seconds": str(order.seconds),  # a string in the guide
            "generate_audio": order.generate_audio,
            "seed": order.seed,
        }
        if order.references:
            body["input_reference"] = {"content": [_item(reference) for reference in order.references]}
        document = {name: value for name, value in body.items() if value is not None}
        return build_request(CONTRACT, Operation.CREATE, document)

    def upscale(self, order: UpscaleRequest) -> HttpRequest:
        return build_request(CONTRACT, Operation.UPSCALE)

    def query(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.QUERY, path={"task_id": task_id})

    def cancel(self, task_id: str) -> HttpRequest:
        return build_request(CONTRACT, Operation.CANCEL)

    def list_tasks(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.TASK_LIST)

    def content(self, video: Video) -> HttpRequest | None:
        return build_request(CONTRACT, Operation.CONTENT, path={"task_id": video.task_id})

    def parse_error(self, response: HttpResponse) -> ErrorBody | None:
        if not 200 <= response.status < 300:
            return parse_error(response)
        body = json_object(response)
        if body is None or _task(body) is not None or not body.get("error"):
            return None
        return parse_error(response, 500)

    def error_kind(self, error: ErrorBody, operation: Operation) -> ErrorKind:
        kind = kind_by_pattern(error, CODES)
        if error.status in (401, 429) and kind is not ErrorKind.OVERLOADED:
            return kind_for_status(error.status)
        if operation is Operation.CONTENT and kind is ErrorKind.INVALID_PARAMETER:
            return ErrorKind.TASK_FAILED  # the only parameter is the task id, which a query has just accepted
        return kind or kind_for_status(error.status)

    def failure_kind(self, failure: Failure) -> ErrorKind:
        kind = kind_by_pattern(ErrorBody(status=0, code=failure.code, message=failure.message), CODES)
        moderated = kind in (ErrorKind.MODERATION_INPUT, ErrorKind.MODERATION_OUTPUT)
        return kind if kind is not None and moderated else ErrorKind.TASK_FAILED

    def read_video(self, body: Document) -> Video:
        task = _task(body)
        if task is None:
            raise DecodeError("no task id in the response")
        raw_status = scalar_text(task.get("status"))
        status = CONTRACT.parse_status(raw_status)
        return Video(
            task_id=scalar_text(task.get("task_id")) or scalar_text(task.get("id")),
            upstream=CONTRACT.name,
            status=status,
            raw_status=raw_status,
            model=scalar_text(task.get("model")) or None,
            progress=scalar_text(task.get("progress")),
            failure=_failure(task) if status is TaskStatus.FAILURE else None,
            created_at=epoch_seconds(task.get("created_at")),
            completed_at=epoch_seconds(task.get("completed_at")),
            raw=dict(body),
        )

    def read_videos(self, body: Document) -> tuple[Video, ...]:
        raise DecodeError(f"{CONTRACT.name} lists no tasks")

    def models(self) -> HttpRequest:
        return build_request(CONTRACT, Operation.MODELS)

    def read_models(self, body: Document) -> tuple[ModelEntry, ...]:
        rows = body.get("data")
        if not isinstance(rows, list):
            raise DecodeError("no list of models in the response")
        return tuple(ModelEntry(id=scalar_text(row.get("id"))) for row in rows if isinstance(row, Mapping))


def _item(reference: Reference) -> dict[str, Any]:
    kind = f"{reference.kind}_url"
    role = reference.role if reference.role is not Role.REFERENCE else f"reference_{reference.kind}"
    if reference.role is not Role.REFERENCE and reference.kind is not MediaKind.IMAGE:
        raise unsupported_value(CONTRACT, str(reference.role), str(reference.kind), "an image")
    return {"type": kind, "role": str(role), kind: {"url": reference.url}}


def _task(body: Document) -> Document | None:
    """Task in a response: at the top level, or in the `data` of the gateway's other endpoint."""
    for level in (body, body.get("data")):
        if isinstance(level, Mapping) and (scalar_text(level.get("id")) or scalar_text(level.get("task_id"))):
            return level
    return None


def _failure(task: Document) -> Failure:
    """Failure of a task: an error object, an error string, or the gateway's fail_reason."""
    error = task.get("error")
    if isinstance(error, Mapping):
        retryable = error.get("retryable")
        return Failure(
            scalar_text(error.get("code")) or scalar_text(error.get("type")),
            scalar_text(error.get("message")),
            retryable if isinstance(retryable, bool) else None,
        )
    return Failure("", scalar_text(error) or scalar_text(task.get("fail_reason")))


CODEC: UpstreamCodec = OpeaiCodec()
