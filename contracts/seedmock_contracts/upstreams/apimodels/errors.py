"""Error responses of apimodels, and the codes of moderation and of failed tasks."""

from __future__ import annotations

from ...enums import Basis, ErrorKind
from ...facts import ErrorCase, Evidence, FailCode
from ...response_format import Envelope
from .sources import ASSUMED, CLIENT, VENDOR_CLIENT

ENVELOPE = Envelope(
    "",
    (
        ("code", "code"),
        ("msg", "message"),
        ("data", "null"),
        ("data.failCode", "fail_code"),
        ("data.failMsg", "fail_message"),
        ("data.retryable", "retryable"),
    ),
)


def _error(
    kind: ErrorKind, status: int, evidence: Evidence, message: str, fail_code: str = "", style: str = ""
) -> ErrorCase:
    id_ = f"apimodels.error.{kind}" + (f".{style}" if style else "")
    # Of all messages, that of an unknown model is the only one that a source quotes.
    wording = evidence.basis if kind is ErrorKind.UNKNOWN_MODEL else Basis.ASSUMED
    return ErrorCase(id_, evidence, kind, status, status, message, style=style, fail_code=fail_code, wording=wording)


ERRORS = (
    _error(ErrorKind.AUTHENTICATION, 401, VENDOR_CLIENT, "{detail}"),
    _error(ErrorKind.FORBIDDEN, 403, CLIENT, "{detail}"),
    _error(ErrorKind.BALANCE, 402, VENDOR_CLIENT, "insufficient balance: {detail}"),
    _error(ErrorKind.MALFORMED, 400, VENDOR_CLIENT, "invalid request: {detail}"),
    _error(ErrorKind.MISSING_PARAMETER, 400, VENDOR_CLIENT, "{detail}"),
    _error(ErrorKind.INVALID_PARAMETER, 400, VENDOR_CLIENT, "{detail}"),
    _error(ErrorKind.UNKNOWN_MODEL, 400, VENDOR_CLIENT, "Invalid model: {value}. Supported: {allowed}"),
    _error(ErrorKind.INVALID_INPUT, 400, CLIENT, "invalid input", "INVALID_INPUT"),
    _error(ErrorKind.MODERATION_INPUT, 400, ASSUMED, "{detail}", "CONTENT_MODERATION"),
    _error(ErrorKind.MODERATION_INPUT, 422, ASSUMED, "{detail}", "CONTENT_MODERATION", style="422"),
    _error(ErrorKind.MODERATION_OUTPUT, 200, VENDOR_CLIENT, "{detail}", "CONTENT_MODERATION"),
    # moku-labs/ai: moderated, or at a URL that the vendor cannot fetch; not charged in either case.
    _error(ErrorKind.ASSET_REFUSED, 422, CLIENT, "{detail}"),
    _error(ErrorKind.TASK_NOT_FOUND, 404, CLIENT, "task not found"),
    _error(ErrorKind.ASSET_NOT_FOUND, 404, ASSUMED, "asset not found"),
    _error(ErrorKind.GROUP_NOT_FOUND, 404, ASSUMED, "group not found"),
    _error(ErrorKind.CONTENT_NOT_FOUND, 404, CLIENT, "file not found"),
    _error(ErrorKind.NOT_READY, 400, ASSUMED, "{detail}"),
    _error(ErrorKind.TASK_FAILED, 200, VENDOR_CLIENT, "{detail}", "UPSTREAM_FAILED"),
    _error(ErrorKind.STATE_CONFLICT, 409, ASSUMED, "{detail}"),
    _error(ErrorKind.LINK_EXPIRED, 404, CLIENT, "this link has expired: {detail}"),
    _error(ErrorKind.LINK_EXPIRED, 403, CLIENT, "this link has expired: {detail}", style="403"),
    _error(ErrorKind.LINK_EXPIRED, 410, CLIENT, "this link has expired: {detail}", style="410"),
    _error(ErrorKind.PRECONDITION_FAILED, 412, ASSUMED, "{detail}"),
    _error(ErrorKind.RANGE_NOT_SATISFIABLE, 416, ASSUMED, "{detail}"),
    _error(ErrorKind.ROUTE_NOT_FOUND, 404, ASSUMED, "{detail}"),
    _error(ErrorKind.METHOD_NOT_ALLOWED, 405, ASSUMED, "method not allowed: {detail}"),
    _error(ErrorKind.BODY_TOO_LARGE, 413, ASSUMED, "body too large: {detail}"),
    _error(ErrorKind.UNSUPPORTED_MEDIA_TYPE, 415, ASSUMED, "unsupported content type: {detail}"),
    _error(ErrorKind.REQUEST_TIMEOUT, 408, ASSUMED, "request timeout: {detail}"),
    _error(ErrorKind.RATE_LIMIT, 429, CLIENT, "too many requests: {detail}"),
    _error(ErrorKind.UPSTREAM_FAILED, 502, VENDOR_CLIENT, "upstream failed: {detail}", "UPSTREAM_FAILED"),
    _error(ErrorKind.OVERLOADED, 503, VENDOR_CLIENT, "upstream busy: {detail}", "UPSTREAM_BUSY"),
)

FACE = "the reference image may contain a real person; use an asset"
CODES = (
    FailCode("apimodels.code.moderation.input", ASSUMED, ErrorKind.MODERATION_INPUT, "CONTENT_MODERATION", "refused"),
    FailCode("apimodels.code.moderation.face", ASSUMED, ErrorKind.MODERATION_INPUT, "CONTENT_MODERATION", FACE, "face"),
    *(
        FailCode(
            f"apimodels.code.moderation.{reason}", ASSUMED, ErrorKind.MODERATION_INPUT, "CONTENT_MODERATION",
            f"the {what} did not pass moderation", reason,
        )
        for reason, what in (
            ("text", "prompt"), ("image", "reference image"), ("video", "reference video"),
            ("audio", "reference audio"), ("policy", "request"),
        )
    ),
    *(
        FailCode(
            f"apimodels.code.output.{reason}", VENDOR_CLIENT, ErrorKind.MODERATION_OUTPUT, "CONTENT_MODERATION",
            f"the output {reason} did not pass moderation", reason,
        )
        for reason in ("video", "audio")
    ),
    FailCode("apimodels.code.failed", CLIENT, ErrorKind.TASK_FAILED, "UPSTREAM_FAILED", "upstream failed", "", True),
    FailCode("apimodels.code.busy", VENDOR_CLIENT, ErrorKind.TASK_FAILED, "UPSTREAM_BUSY", "upstream busy", "", True),
    FailCode("apimodels.code.timeout", VENDOR_CLIENT, ErrorKind.TASK_FAILED, "TIMEOUT", "timed out", "expired", True),
    FailCode("apimodels.code.internal", CLIENT, ErrorKind.TASK_FAILED, "INTERNAL_ERROR", "internal error", "", True),
    FailCode("apimodels.code.input", CLIENT, ErrorKind.TASK_FAILED, "INVALID_INPUT", "invalid input"),
    FailCode("apimodels.code.balance", CLIENT, ErrorKind.TASK_FAILED, "INSUFFICIENT_BALANCE", "insufficient balance"),
    FailCode("apimodels.code.other", CLIENT, ErrorKind.TASK_FAILED, "OTHER", "failed", "", True),
)  # fmt: skip
