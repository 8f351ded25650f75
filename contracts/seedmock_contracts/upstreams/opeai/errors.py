"""How B refuses and fails: its errors in two envelopes, and the codes of moderation and of failed tasks."""

from __future__ import annotations

from ...enums import Basis, ErrorKind
from ...facts import ErrorCase, Evidence, FailCode
from ...response_format import Envelope
from .sources import ARK, GATEWAY, LIKE_ARK, UNSAID, VENDOR_CONTENT, VENDOR_GET

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


def _ark(kind: ErrorKind, status: int, type_: str, code: str, message: str, evidence: Evidence = LIKE_ARK) -> ErrorCase:
    return ErrorCase(f"opeai.error.{kind}", evidence, kind, status, code, message, type_, "error")


REQUEST_ERROR = "invalid_request_error"
NOT_COMPLETED = "Task is not completed yet, current status: {value}"
BAD, TIMEOUT = "BadRequest", "RequestTimeout"
ARK_ERRORS = (
    _ark(ErrorKind.AUTHENTICATION, 401, "Unauthorized", "AuthenticationError", "{detail}"),
    _ark(ErrorKind.FORBIDDEN, 403, "Forbidden", "AccessDenied", "{detail}"),
    _ark(ErrorKind.BALANCE, 403, "Forbidden", "AccountOverdueError", "{detail}"),
    _ark(ErrorKind.MALFORMED, 400, BAD, "InvalidParameter", "the request body is not valid: {detail}"),
    _ark(ErrorKind.MISSING_PARAMETER, 400, BAD, "MissingParameter", "{detail}"),
    _ark(ErrorKind.INVALID_PARAMETER, 400, BAD, "InvalidParameter", "{detail}"),
    _ark(
        ErrorKind.UNKNOWN_MODEL, 404, "NotFound", "InvalidEndpointOrModel.NotFound",
        "the model {value} does not exist; allowed: {allowed}",
    ),
    _ark(ErrorKind.INVALID_INPUT, 400, BAD, "InvalidParameter", "{detail}"),
    _ark(ErrorKind.MODERATION_INPUT, 400, BAD, "InputImageSensitiveContentDetected.PrivacyInformation", "{detail}"),
    _ark(ErrorKind.MODERATION_OUTPUT, 200, BAD, "OutputVideoSensitiveContentDetected", "{detail}"),
    _ark(ErrorKind.ASSET_REFUSED, 400, BAD, "InvalidParameter", "{detail}"),
    ErrorCase(
        "opeai.error.task_not_found", VENDOR_GET, ErrorKind.TASK_NOT_FOUND, 404, "ResourceNotFound",
        "video not found", "NotFound", "error", wording=Basis.OBSERVED,
    ),
    _ark(ErrorKind.ASSET_NOT_FOUND, 404, "NotFound", "ResourceNotFound", "asset not found"),
    _ark(ErrorKind.GROUP_NOT_FOUND, 404, "NotFound", "ResourceNotFound", "group not found"),
    _ark(ErrorKind.CONTENT_NOT_FOUND, 404, "NotFound", "ResourceNotFound", "video not found", VENDOR_CONTENT),
    ErrorCase(
        "opeai.error.not_ready", VENDOR_CONTENT, ErrorKind.NOT_READY, 400, "",
        NOT_COMPLETED, "invalid_request_error", "error",
        wording=Basis.OBSERVED,
    ),
    _ark(ErrorKind.TASK_FAILED, 400, BAD, "InvalidParameter", "{detail}"),
    _ark(ErrorKind.STATE_CONFLICT, 409, "Conflict", "InvalidAction", "{detail}", UNSAID),
    _ark(ErrorKind.LINK_EXPIRED, 410, "NotFound", "ResourceExpired", "{detail}"),
    _ark(ErrorKind.RANGE_NOT_SATISFIABLE, 416, BAD, "InvalidRange", "{detail}", UNSAID),
    ErrorCase(
        "opeai.error.route_not_found", GATEWAY, ErrorKind.ROUTE_NOT_FOUND, 404, "",
        "Invalid URL ({value})", "invalid_request_error", "error", wording=Basis.OBSERVED,
    ),
    _ark(ErrorKind.METHOD_NOT_ALLOWED, 405, BAD, "MethodNotAllowed", "{detail}", UNSAID),
    _ark(ErrorKind.BODY_TOO_LARGE, 413, BAD, "RequestEntityTooLarge", "{detail}", UNSAID),
    _ark(ErrorKind.UNSUPPORTED_MEDIA_TYPE, 415, BAD, "UnsupportedMediaType", "{detail}", UNSAID),
    _ark(ErrorKind.REQUEST_TIMEOUT, 408, TIMEOUT, TIMEOUT, "{detail}", UNSAID),
    _ark(ErrorKind.RATE_LIMIT, 429, "TooManyRequests", "RateLimitExceeded.EndpointRPMExceeded", "{detail}"),
    _ark(ErrorKind.UPSTREAM_FAILED, 500, "InternalServerError", "InternalServiceError", "{detail}"),
    _ark(ErrorKind.OVERLOADED, 429, "TooManyRequests", "ServerOverloaded", "{detail}"),
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
    _newapi(ErrorKind.INVALID_INPUT, 400, "fail_to_fetch_task", "{nested}"),
    _newapi(ErrorKind.MODERATION_INPUT, 400, "fail_to_fetch_task", "{nested}"),
    _newapi(ErrorKind.TASK_NOT_FOUND, 400, "task_not_exist", "task_not_exist"),
    _newapi(ErrorKind.CONTENT_NOT_FOUND, 404, "", "Task not found", "proxy", REQUEST_ERROR),
    _newapi(
        ErrorKind.NOT_READY, 400, "", NOT_COMPLETED, "proxy", REQUEST_ERROR
    ),
    _newapi(ErrorKind.TASK_FAILED, 400, "", NOT_COMPLETED.format(value="FAILURE"), "proxy", REQUEST_ERROR),
    _newapi(ErrorKind.LINK_EXPIRED, 502, "", "Upstream service returned status 403", "proxy", "server_error"),
    _newapi(ErrorKind.BODY_TOO_LARGE, 413, "read_request_body_failed", "{detail}"),
    _newapi(ErrorKind.RATE_LIMIT, 429, "fail_to_fetch_task", "当前分组上游负载已饱和，请稍后再试"),
    _newapi(ErrorKind.UPSTREAM_FAILED, 500, "do_request_failed", "{detail}"),
)  # fmt: skip
NO_CONTENT = ErrorCase(
    "opeai.error.no_content", GATEWAY, ErrorKind.UPSTREAM_FAILED, 502, "",
    "Failed to fetch video content", "server_error", "proxy", "502", wording=Basis.OBSERVED,
)  # fmt: skip
"""When a task is said to be done and its clip is nowhere."""
ERRORS = (*ARK_ERRORS, *NEWAPI_ERRORS, NO_CONTENT)


def _code(kind: ErrorKind, code: str, what: str, reason: str = "", retryable: bool = False) -> FailCode:
    said = f"The request failed because {what}."
    return FailCode(f"opeai.code.{code}", ARK, kind, code, said, reason, retryable)


SENSITIVE = "SensitiveContentDetected"
INPUT, OUTPUT, FAILED = ErrorKind.MODERATION_INPUT, ErrorKind.MODERATION_OUTPUT, ErrorKind.TASK_FAILED
CODES = (
    _code(INPUT, f"InputText{SENSITIVE}", "the input text may contain sensitive information", "text"),
    _code(INPUT, f"InputText{SENSITIVE}.PolicyViolation", "the input text may violate the rules", "policy"),
    _code(INPUT, f"InputImage{SENSITIVE}.PrivacyInformation", "the input image may contain real person", "face"),
    _code(INPUT, f"InputImage{SENSITIVE}", "the input image may contain sensitive information", "image"),
    _code(INPUT, f"InputImage{SENSITIVE}.PolicyViolation", "the input image may violate the rules"),
    _code(INPUT, f"InputVideo{SENSITIVE}", "the input video may contain sensitive information", "video"),
    _code(INPUT, f"InputVideo{SENSITIVE}.PolicyViolation", "the input video may violate the rules"),
    _code(INPUT, f"InputVideo{SENSITIVE}.PrivacyInformation", "the input video may contain real person"),
    _code(INPUT, f"InputAudio{SENSITIVE}", "the input audio may contain sensitive information", "audio"),
    _code(OUTPUT, f"OutputVideo{SENSITIVE}", "the output video may contain sensitive information", "video"),
    _code(OUTPUT, f"OutputAudio{SENSITIVE}", "the output audio may contain sensitive information", "audio"),
    _code(OUTPUT, f"OutputVideo{SENSITIVE}.PolicyViolation", "the output video may violate the rules"),
    _code(OUTPUT, f"OutputText{SENSITIVE}", "the output text may contain sensitive information"),
    _code(OUTPUT, f"OutputImage{SENSITIVE}", "the output image may contain sensitive information"),
    _code(OUTPUT, f"OutputImage{SENSITIVE}.DeepFake", "the output image may be a deep fake"),
    _code(OUTPUT, SENSITIVE, "the content may be sensitive"),
    _code(OUTPUT, f"{SENSITIVE}.SevereViolation", "the content may violate the rules severely"),
    _code(OUTPUT, f"{SENSITIVE}.Violence", "the content may show violence"),
    _code(OUTPUT, "ContentSecurityDetectionError", "the content could not be checked"),
    _code(FAILED, "InternalServiceError", "the service had an internal error", retryable=True),
    _code(FAILED, "ServerOverloaded", "the service is overloaded", retryable=True),
    _code(FAILED, "QuotaExceeded", "too many tasks are queued", retryable=True),
    _code(FAILED, "TaskExpired", "the task expired before it was done", "expired"),
)
