"""B: how an order is written for api-platform.ope.ai, and how its answers are read. Knows no wire and no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedmock_contracts.enums import ErrorKind, MediaKind, Operation, Role, TaskStatus
from seedmock_contracts.facts import Document
from seedmock_contracts.generation import GenerationRequest, Reference, UpscaleRequest
from seedmock_contracts.upstreams import get_contract

from ..effects import HttpRequest, HttpResponse
from ..error_envelopes import ErrorBody, complaint, document, kind_of_status, text
from ..models import Failure, Video
from .protocol import Account, Unreadable, UpstreamCodec, kind_by_pattern, model_name, refuse, request, seconds_of

CONTRACT = get_contract("opeai")

# The codes of the service behind (Ark) and of the gateway family (new-api); the first that fits decides.
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
# Fields of an order that B has no words for: to drop them in silence would sell something else than was ordered.
UNKNOWN_FIELDS = ("web_search", "callback_url")


class Opeai:
    """B's words and shapes."""

    contract = CONTRACT
    account: Account | None = None
    takes_data_uris = True

    def create(self, order: GenerationRequest) -> HttpRequest:
        for name in UNKNOWN_FIELDS:
            if getattr(order, name):
                raise refuse(CONTRACT, name, getattr(order, name), "not available, leave it out")
        body: dict[str, Any] = {
            "model": model_name(CONTRACT, order.model),
            "prompt": order.prompt,
            "size": order.size,
            "resolution": order.resolution,
            "ratio": order.ratio,
            "seconds": str(order.seconds),
            "generate_audio": order.generate_audio,
            "seed": order.seed,
        }
        if order.references:
            body["input_reference"] = {"content": [_item(reference) for reference in order.references]}
        sent = {name: value for name, value in body.items() if value is not None}
        return request(CONTRACT, Operation.CREATE, sent)

    def upscale(self, order: UpscaleRequest) -> HttpRequest:
        return request(CONTRACT, Operation.UPSCALE)

    def query(self, task_id: str) -> HttpRequest:
        return request(CONTRACT, Operation.QUERY, path={"task_id": task_id})

    def content(self, video: Video) -> HttpRequest | None:
        return request(CONTRACT, Operation.CONTENT, path={"task_id": video.task_id})

    def complaint(self, answer: HttpResponse) -> ErrorBody | None:
        if not 200 <= answer.status < 300:
            return complaint(answer)
        body = document(answer)
        if body is None or _task(body) is not None or not body.get("error"):
            return None
        return complaint(answer, 500)

    def kind(self, complaint: ErrorBody, operation: Operation) -> ErrorKind:
        found = kind_by_pattern(complaint, CODES)
        if complaint.status in (401, 429) and found is not ErrorKind.OVERLOADED:
            return kind_of_status(complaint.status)
        if operation is Operation.CONTENT and found is ErrorKind.INVALID_PARAMETER:
            return ErrorKind.TASK_FAILED  # its only parameter is the task, which was there a moment ago
        return found or kind_of_status(complaint.status)

    def kind_of_failure(self, failure: Failure) -> ErrorKind:
        found = kind_by_pattern(ErrorBody(status=0, code=failure.code, message=failure.message), CODES)
        moderated = found in (ErrorKind.MODERATION_INPUT, ErrorKind.MODERATION_OUTPUT)
        return found if found is not None and moderated else ErrorKind.TASK_FAILED

    def read_video(self, document: Document) -> Video:
        task = _task(document)
        if task is None:
            raise Unreadable("no task id in the answer")
        word = text(task.get("status"))
        status = CONTRACT.parse_status(word)
        return Video(
            task_id=text(task.get("task_id")) or text(task.get("id")),
            upstream=CONTRACT.name,
            status=status,
            word=word,
            model=text(task.get("model")) or None,
            progress=text(task.get("progress")),
            failure=_failure(task) if status is TaskStatus.FAILURE else None,
            created_at=seconds_of(task.get("created_at")),
            completed_at=seconds_of(task.get("completed_at")),
            raw=dict(document),
        )


def _item(reference: Reference) -> dict[str, Any]:
    kind = f"{reference.kind}_url"
    role = reference.role if reference.role is not Role.REFERENCE else f"reference_{reference.kind}"
    if reference.role is not Role.REFERENCE and reference.kind is not MediaKind.IMAGE:
        raise refuse(CONTRACT, str(reference.role), str(reference.kind), "an image")
    return {"type": kind, "role": str(role), kind: {"url": reference.url}}


def _task(body: Document) -> Document | None:
    """The task in an answer: at its top, or in the `data` of the gateway's other endpoint."""
    for place in (body, body.get("data")):
        if isinstance(place, Mapping) and (text(place.get("id")) or text(place.get("task_id"))):
            return place
    return None


def _failure(task: Document) -> Failure:
    """Why a task failed: an error object, an error text, or the gateway's fail_reason."""
    error = task.get("error")
    if isinstance(error, Mapping):
        retryable = error.get("retryable")
        return Failure(
            text(error.get("code")) or text(error.get("type")),
            text(error.get("message")),
            retryable if isinstance(retryable, bool) else None,
        )
    return Failure("", text(error) or text(task.get("fail_reason")))


CODEC: UpstreamCodec = Opeai()
