"""Error responses of opeai in its envelopes, and the codes of moderation and of failed tasks."""

from __future__ import annotations

from ...enums import Basis, ErrorKind
from ...facts import ErrorCase, Evidence
from ...response_format import Envelope
from .. import _ark
from .sources import ARK, ASSUMED, GATEWAY, LIKE_ARK, VENDOR_CONTENT, VENDOR_GET

ENVELOPES = (
    Envelope(
        "error",
        (("error.message", "message"), ("error.type", "type"), ("error.param", "field"), ("error.code", "code")),
        "ark",
    ),
    Envelope("task", (("code", "code"), ("message", "message"), ("data", "null")), "newapi"),
    Envelope("middleware", (("error.message", "message"), ("error.type", "type"), ("error.code", "code")), "newapi"),
    Envelope("proxy", (("error.message", "message"), ("error.type", "type"))),
)
"""Error bodies of the service behind, of the gateway's task endpoints, of its middleware and of its proxy."""


def _error_object(kind: ErrorKind, message: str = "{detail}", evidence: Evidence = LIKE_ARK) -> ErrorCase:
    status, type_, code = _ark.ERRORS[kind]
    return ErrorCase(f"opeai.error.{kind}", evidence, kind, status, code, message, type_, "error")


REQUEST_ERROR = "invalid_request_error"
NOT_COMPLETED = "Task is not completed yet, current status: {value}"
ARK_ERRORS = (
    _error_object(ErrorKind.AUTHENTICATION),
    _error_object(ErrorKind.FORBIDDEN),
    _error_object(ErrorKind.BALANCE),
    _error_object(ErrorKind.MALFORMED, "the request body is not valid: {detail}"),
    _error_object(ErrorKind.MISSING_PARAMETER),
    _error_object(ErrorKind.INVALID_PARAMETER),
    _error_object(ErrorKind.UNKNOWN_MODEL, "the model {value} does not exist; allowed: {allowed}"),
    _error_object(ErrorKind.INVALID_INPUT),
    _error_object(ErrorKind.MODERATION_INPUT),
    _error_object(ErrorKind.MODERATION_OUTPUT),
    _error_object(ErrorKind.ASSET_REFUSED),
    ErrorCase(
        "opeai.error.task_not_found", VENDOR_GET, ErrorKind.TASK_NOT_FOUND, 404, "ResourceNotFound",
        "video not found", "NotFound", "error", wording=Basis.OBSERVED,
    ),
    _error_object(ErrorKind.ASSET_NOT_FOUND, "asset not found"),
    _error_object(ErrorKind.GROUP_NOT_FOUND, "group not found"),
    _error_object(ErrorKind.CONTENT_NOT_FOUND, "video not found", VENDOR_CONTENT),
    ErrorCase(
        # The page has the status alone; the wording is that of a report (ArcReel#410) and of new-api.
        "opeai.error.not_ready", VENDOR_CONTENT, ErrorKind.NOT_READY, 400, "",
        NOT_COMPLETED, REQUEST_ERROR, "error", wording=Basis.OBSERVED,
    ),
    _error_object(ErrorKind.TASK_FAILED),
    _error_object(ErrorKind.STATE_CONFLICT, evidence=ASSUMED),
    _error_object(ErrorKind.LINK_EXPIRED),
    _error_object(ErrorKind.PRECONDITION_FAILED, evidence=ASSUMED),
    _error_object(ErrorKind.RANGE_NOT_SATISFIABLE, evidence=ASSUMED),
    ErrorCase(
        "opeai.error.route_not_found", GATEWAY, ErrorKind.ROUTE_NOT_FOUND, 404, "",
        "Invalid URL ({value})", REQUEST_ERROR, "error", wording=Basis.OBSERVED,
    ),
    _error_object(ErrorKind.METHOD_NOT_ALLOWED, evidence=ASSUMED),
    _error_object(ErrorKind.BODY_TOO_LARGE, evidence=ASSUMED),
    _error_object(ErrorKind.UNSUPPORTED_MEDIA_TYPE, evidence=ASSUMED),
    _error_object(ErrorKind.REQUEST_TIMEOUT, evidence=ASSUMED),
    _error_object(ErrorKind.RATE_LIMIT),
    _error_object(ErrorKind.UPSTREAM_FAILED),
    _error_object(ErrorKind.OVERLOADED),
)  # fmt: skip


def _newapi(
    kind: ErrorKind, status: int, code: str, message: str, envelope: str = "task", type_: str = ""
) -> ErrorCase:
    return ErrorCase(
        f"opeai.error.{kind}.newapi", GATEWAY, kind, status, code, message, type_, envelope, "newapi",
        wording=Basis.OBSERVED,
    )  # fmt: skip


NEWAPI = "new_api_error"
NEWAPI_ERRORS = (
    _newapi(ErrorKind.AUTHENTICATION, 401, "", "Invalid token", "middleware", NEWAPI),
    _newapi(ErrorKind.FORBIDDEN, 403, "access_denied", "{detail}", "middleware", NEWAPI),
    _newapi(ErrorKind.BALANCE, 403, "insufficient_user_quota", "用户额度不足, 剩余额度: ＄{value}"),
    ErrorCase(
        # When something is left, but less than the price; the case before is that of an empty account.
        "opeai.error.balance.newapi.some", GATEWAY, ErrorKind.BALANCE, 403, "insufficient_user_quota",
        "预扣费额度失败, 用户剩余额度: ＄{value}, 需要预扣费额度: ＄{allowed}", "", "task", "newapi.some",
        wording=Basis.OBSERVED,
    ),
    _newapi(ErrorKind.MALFORMED, 400, "", "Invalid request: {detail}", "middleware", NEWAPI),
    _newapi(ErrorKind.MISSING_PARAMETER, 400, "invalid_request", "{detail}"),
    _newapi(ErrorKind.INVALID_PARAMETER, 400, "invalid_request", "{detail}"),
    _newapi(
        ErrorKind.UNKNOWN_MODEL, 503, "model_not_found",
        "No available channel for model {value} under group default (distributor)", "middleware", NEWAPI,
    ),
    # The gateway passes the body of the service behind on as a text inside its own message.
    _newapi(ErrorKind.INVALID_INPUT, 400, "fail_to_fetch_task", "{nested}"),
    _newapi(ErrorKind.MODERATION_INPUT, 400, "fail_to_fetch_task", "{nested}"),
    # Not the 404 that the vendor documents.
    _newapi(ErrorKind.TASK_NOT_FOUND, 400, "task_not_exist", "task_not_exist"),
    _newapi(ErrorKind.CONTENT_NOT_FOUND, 404, "", "Task not found", "proxy", REQUEST_ERROR),
    _newapi(
        ErrorKind.NOT_READY, 400, "", NOT_COMPLETED, "proxy", REQUEST_ERROR
    ),
    _newapi(ErrorKind.TASK_FAILED, 400, "", NOT_COMPLETED.format(value="FAILURE"), "proxy", REQUEST_ERROR),
    # The links of the service behind end after 24 h, and the proxy reports their 403 (new-api#2751).
    _newapi(ErrorKind.LINK_EXPIRED, 502, "", "Upstream service returned status 403", "proxy", "server_error"),
    _newapi(ErrorKind.BODY_TOO_LARGE, 413, "read_request_body_failed", "{detail}"),
    # The gateway replaces the message of a 429 from behind, and passes no Retry-After on.
    _newapi(ErrorKind.RATE_LIMIT, 429, "fail_to_fetch_task", "当前分组上游负载已饱和，请稍后再试"),
    _newapi(ErrorKind.UPSTREAM_FAILED, 500, "do_request_failed", "{detail}"),
)  # fmt: skip
NO_CONTENT = ErrorCase(
    "opeai.error.no_content", GATEWAY, ErrorKind.UPSTREAM_FAILED, 502, "",
    "Failed to fetch video content", "server_error", "proxy", "502", wording=Basis.OBSERVED,
)  # fmt: skip
"""Error of a succeeded task without a clip."""
ERRORS = (*ARK_ERRORS, *NEWAPI_ERRORS, NO_CONTENT)

CODES = _ark.task_codes("opeai", ARK)
