"""Response fields of opeai: the guide's two bodies, OpenAI's, that of a failed task, and four of errors."""

from __future__ import annotations

from ...enums import Operation, TaskStatus
from ...facts import Evidence, ResponseField, assumed
from .sources import GATEWAY, GUIDE_4, GUIDE_5, VENDOR_GET

FAILED = (TaskStatus.FAILURE,)
TEXT, WHOLE, OBJECT = ("string",), ("integer",), ("object",)
REASON = assumed("a sibling page's schema lists error{message, code}; the guide shows no failed task")
FAIL_REASON = assumed("the gateway's generic answer has fail_reason; whether this one has it is not known")


def _create(path: str, types: tuple[str, ...], pattern: str = "") -> ResponseField:
    return ResponseField(f"opeai.create.response.{path}", GUIDE_4, Operation.CREATE, path, types, pattern=pattern)


def _query(path: str, types: tuple[str, ...], pattern: str = "") -> ResponseField:
    return ResponseField(f"opeai.query.response.{path}", GUIDE_5, Operation.QUERY, path, types, pattern=pattern)


def _openai(
    operation: Operation, path: str, types: tuple[str, ...], required: bool, pattern: str = ""
) -> ResponseField:
    return ResponseField(
        f"opeai.{operation}.response.openai.{path}", GATEWAY, operation, path, types,
        required=required, pattern=pattern, variant="opeai.status", option="openai",
    )  # fmt: skip


def _failed(option: str, evidence: Evidence, path: str, types: tuple[str, ...]) -> ResponseField:
    return ResponseField(
        f"opeai.query.response.{path}", evidence, Operation.QUERY, path, types, FAILED,
        variant="opeai.failure_reason", option=option,
    )  # fmt: skip


def _error_response(envelope: str, evidence: Evidence, path: str, types: tuple[str, ...] = TEXT) -> ResponseField:
    name = path.removeprefix("error.")
    return ResponseField(f"opeai.error_response.{envelope}.{name}", evidence, None, path, types, envelope=envelope)


def _models(path: str, types: tuple[str, ...], pattern: str = "") -> ResponseField:
    name = path.replace("[]", "")
    return ResponseField(f"opeai.models.response.{name}", GATEWAY, Operation.MODELS, path, types, pattern=pattern)


VIDEO, PIXELS = "video", r"\d+x\d+"
CREATE = (
    _create("id", TEXT),
    _create("task_id", TEXT),
    _create("object", TEXT, VIDEO),
    _create("model", TEXT),
    _create("status", TEXT),
    _create("created_at", WHOLE),
    _openai(Operation.CREATE, "progress", WHOLE, True),
    _openai(Operation.CREATE, "seconds", TEXT, False, r"\d+"),
    _openai(Operation.CREATE, "size", TEXT, False, PIXELS),
)
QUERY = (
    _query("created_at", WHOLE),
    _query("id", TEXT),
    _query("model", TEXT),
    _query("object", TEXT, VIDEO),
    _query("prompt", TEXT),
    _query("size", TEXT, PIXELS),
    _query("status", TEXT),
    _openai(Operation.QUERY, "progress", WHOLE, True),
    _openai(Operation.QUERY, "seconds", TEXT, False, r"\d+"),
    _openai(Operation.QUERY, "completed_at", ("integer", "null"), False),
    _openai(Operation.QUERY, "error", ("object", "null"), False),
    ResponseField(
        "opeai.query.response.progress", GATEWAY, Operation.QUERY, "progress", TEXT,
        pattern=r"\d{1,3}%", variant="opeai.progress", option="percent",
    ),
    _failed("error", REASON, "error", OBJECT),
    _failed("error", REASON, "error.code", TEXT),
    _failed("error", REASON, "error.message", TEXT),
    _failed("fail_reason", FAIL_REASON, "fail_reason", TEXT),
)  # fmt: skip
MODELS = (
    _models("object", TEXT, "list"),
    _models("data", ("array",)),
    _models("data[].id", TEXT),
    _models("data[].object", TEXT, "model"),
    _models("data[].created", WHOLE),
    _models("data[].owned_by", TEXT),
    _models("success", ("boolean",)),
)
ERROR_RESPONSES = (
    _error_response("error", VENDOR_GET, "error", OBJECT),
    _error_response("error", VENDOR_GET, "error.message"),
    _error_response("error", VENDOR_GET, "error.type"),
    _error_response("error", VENDOR_GET, "error.param"),
    _error_response("error", VENDOR_GET, "error.code"),
    _error_response("task", GATEWAY, "code"),
    _error_response("task", GATEWAY, "message"),
    _error_response("task", GATEWAY, "data", ("null",)),
    _error_response("middleware", GATEWAY, "error", OBJECT),
    _error_response("middleware", GATEWAY, "error.message"),
    _error_response("middleware", GATEWAY, "error.type"),
    _error_response("middleware", GATEWAY, "error.code"),
    _error_response("proxy", GATEWAY, "error", OBJECT),
    _error_response("proxy", GATEWAY, "error.message"),
    _error_response("proxy", GATEWAY, "error.type"),
)

RESPONSE_FIELDS: tuple[ResponseField, ...] = (*CREATE, *QUERY, *MODELS, *ERROR_RESPONSES)
