"""Error responses of the upstreams, and the exceptions that they are raised as."""

from __future__ import annotations

import inspect
import json
import pickle
import traceback
from typing import Any

import httpx
import pytest

from seedmock_client import (
    AuthenticationError,
    BalanceError,
    InputModerationError,
    NotFoundError,
    RateLimitError,
    SeedmockError,
    UpstreamError,
    ValidationError,
    errors,
)
from seedmock_client.effects import HttpResponse
from seedmock_client.error_envelopes import build_error
from seedmock_client.upstreams import get_codec
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import ErrorCase
from seedmock_contracts.upstreams import NAMES

from .conftest import ClientCaller
from .scripted_api import KEY, ScriptedApi

OPERATIONS = {
    ErrorKind.ASSET_REFUSED: Operation.ASSET_CREATE,
    ErrorKind.NOT_READY: Operation.CONTENT,
    ErrorKind.TASK_FAILED: Operation.CONTENT,
    ErrorKind.LINK_EXPIRED: Operation.CONTENT,
}
PLACEHOLDERS = {"detail": "what was wrong", "value": "IN_PROGRESS", "allowed": "a, b", "field": "size"}


def body_of(upstream: str, case: ErrorCase) -> dict[str, Any]:
    """Body of an error case, written independently of the emulator's renderers."""
    nested = {"error": {"code": "InvalidParameter", "message": "bad image", "param": "image", "type": "BadRequest"}}
    if case.kind is ErrorKind.MODERATION_INPUT:
        nested["error"]["code"] = "InputImageSensitiveContentDetected.PrivacyInformation"
    message = case.message.format(**PLACEHOLDERS, nested=json.dumps(nested))
    if upstream == "apimodels":
        failure = {"failCode": case.fail_code, "failMsg": message, "retryable": False}
        return {"code": case.status, "msg": message, "data": failure if case.fail_code else None}
    if case.envelope == "task":
        return {"code": case.code, "message": message, "data": None}
    return {"error": {"message": message, "type": case.type, "param": "", "code": case.code}}


def is_error_response(name: str, case: ErrorCase) -> bool:
    # Not errors of success responses (see the waits), nor those of apimodels' result host (see the result links).
    if name == "opeai":
        return case.status >= 400 and case.kind is not ErrorKind.ASSET_REFUSED
    return case.status >= 400 and case.kind not in (ErrorKind.NOT_READY, ErrorKind.LINK_EXPIRED)


CASES = [(name, case) for name in NAMES for case in get_codec(name).contract.errors if is_error_response(name, case)]


@pytest.mark.parametrize(("upstream", "case"), CASES, ids=[case.id + case.style for _, case in CASES])
def test_every_error_case_of_the_contracts_has_the_exception_of_its_kind(upstream: str, case: ErrorCase) -> None:
    codec = get_codec(upstream)
    response = HttpResponse(status=case.status, body=json.dumps(body_of(upstream, case)).encode())
    error = codec.parse_error(response)
    assert error is not None
    kind = codec.error_kind(error, OPERATIONS.get(case.kind, Operation.CREATE))
    exception = build_error(kind, error, upstream)
    assert type(exception) is errors.CLASSES[case.kind]
    assert exception.status == case.status


def test_every_error_kind_has_an_exception() -> None:
    assert set(errors.CLASSES) == set(ErrorKind)


def test_the_docstring_draws_the_tree_of_exceptions() -> None:
    drawn = [line.split("── ")[1].split()[0] for line in str(errors.__doc__).splitlines() if "── " in line]
    defined = [
        name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__
    ]
    assert ["SeedmockError", *drawn] == defined


@pytest.mark.parametrize(
    "class_", dict.fromkeys((*errors.CLASSES.values(), SeedmockError)), ids=lambda class_: class_.__name__
)
def test_exceptions_can_be_pickled_with_all_attributes(class_: type[SeedmockError]) -> None:
    error = class_("reason", task_id="t", upstream="opeai", code="C", retryable=True, retry_after=3.0)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), vars(copy)) == (str(error), vars(error))


DEEP = '{"error": {"error": {"error": {"error": {"error": {"error": {"message": "deep"}}}}}}}'.replace(": ", ":")
OPEAI_BODIES: list[tuple[int, Any, type[SeedmockError], str]] = [
    (
        401,
        {"error": {"message": "Invalid token", "type": "new_api_error", "code": ""}},
        AuthenticationError,
        "Invalid token",
    ),
    (403, {"code": "insufficient_user_quota", "message": "用户额度不足", "data": None}, BalanceError, "用户额度不足"),
    (
        403,
        {"error": {"message": "预扣费额度失败", "type": "new_api_error"}},
        BalanceError,
        "预扣费额度失败",
    ),
    (400, {"code": "InvalidParameter", "message": "m", "param": "size", "type": ""}, ValidationError, "m"),
    (400, {"error": "a bare error"}, ValidationError, "a bare error"),
    (400, "a bare string", ValidationError, "a bare string"),
    (
        400,
        {
            "code": "fail_to_fetch_task",
            "message": '{"error":{"code":"InputTextSensitiveContentDetected","message":"no"}}',
        },
        InputModerationError,
        "no",
    ),
    (400, json.dumps({"error": {"code": "InvalidParameter", "message": "twice"}}), ValidationError, "twice"),
    (404, b"<html><head><title>404 Not Found</title></head><body>nginx</body></html>", NotFoundError, "404 Not Found"),
    (429, b"", RateLimitError, "an empty body"),
    (502, b"<html><body><h1>Bad gateway</h1></body></html>", UpstreamError, "Bad gateway"),
    (503, b"\xff\xfe not text", UpstreamError, "\ufffd\ufffd not text"),
    (500, b"[1, 2", UpstreamError, "[1, 2"),
    (400, b"[" * 100_000, ValidationError, "[" * 300),
    (400, {"error": {"error": {"error": {"error": {"error": {"error": {"message": "deep"}}}}}}}, ValidationError, DEEP),
]


@pytest.mark.parametrize(("status", "body", "class_", "message"), OPEAI_BODIES)
def test_every_error_envelope_is_parsed(
    call_client: ClientCaller, status: int, body: Any, class_: type[SeedmockError], message: str
) -> None:
    response = httpx.Response(status, content=body) if isinstance(body, bytes) else httpx.Response(status, json=body)
    with pytest.raises(class_) as caught:
        call_client("opeai", ScriptedApi(response), "query", "cgt-1")
    assert caught.value.message.endswith(f"{status}: {message}")
    assert caught.value.task_id == "cgt-1"
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("code", "class_"),
    [
        (400, ValidationError),
        (401, AuthenticationError),
        (402, BalanceError),
        (403, AuthenticationError),
        (404, NotFoundError),
        (429, RateLimitError),
        (500, UpstreamError),
        ("oops", UpstreamError),
    ],
)
def test_a_code_other_than_200_under_http_200_is_an_error(
    call_client: ClientCaller, code: Any, class_: type[SeedmockError]
) -> None:
    with pytest.raises(class_, match="oh no"):
        call_client("apimodels", ScriptedApi({"code": code, "msg": "oh no", "data": None}), "query", "cl1")


def test_fail_code_and_message_override_those_of_the_envelope(call_client: ClientCaller) -> None:
    body = {
        "code": 400,
        "msg": "invalid",
        "data": {"failCode": "CONTENT_MODERATION", "failMsg": "a face", "retryable": False},
    }
    with pytest.raises(InputModerationError, match="a face") as caught:
        call_client("apimodels", ScriptedApi((400, body)), "query", "cl1")
    assert (caught.value.code, caught.value.retryable) == ("CONTENT_MODERATION", False)


def test_the_invalid_field_is_part_of_the_exception(call_client: ClientCaller) -> None:
    body = {"error": {"code": "InvalidParameter", "message": "m", "param": "size", "type": "BadRequest"}}
    with pytest.raises(ValidationError) as caught:
        call_client("opeai", ScriptedApi((400, body)), "query", "cgt-1")
    assert caught.value.field == "size"


@pytest.mark.parametrize(("status", "class_"), [(429, RateLimitError), (401, AuthenticationError)])
def test_some_statuses_of_opeai_override_the_code(
    call_client: ClientCaller, status: int, class_: type[SeedmockError]
) -> None:
    body = {"error": {"code": "InvalidParameter", "message": "task_not_exist"}}
    with pytest.raises(class_):
        call_client("opeai", ScriptedApi((status, body)), "query", "cgt-1")


@pytest.mark.parametrize(("status", "class_"), [(429, RateLimitError), (402, BalanceError), (404, NotFoundError)])
def test_some_statuses_of_apimodels_override_the_fail_code(
    call_client: ClientCaller, status: int, class_: type[SeedmockError]
) -> None:
    body = {"code": status, "msg": "审核", "data": {"failCode": "UPSTREAM_BUSY", "failMsg": "审核"}}
    with pytest.raises(class_):
        call_client("apimodels", ScriptedApi((status, body)), "query", "cl1")


def test_a_chinese_moderation_message_without_a_code_is_moderation(call_client: ClientCaller) -> None:
    with pytest.raises(InputModerationError):
        call_client("apimodels", ScriptedApi((400, {"code": 400, "msg": "内容审核未通过"})), "query", "cl1")


def test_the_key_is_redacted_where_an_upstream_echoes_it(call_client: ClientCaller) -> None:
    body = {"error": {"message": f"key {KEY} is wrong", "code": KEY}}
    with pytest.raises(AuthenticationError) as caught:
        call_client("opeai", ScriptedApi((401, body)), "query", "cgt-1")
    assert KEY not in f"{caught.value!r} {caught.value} {vars(caught.value)}"
    assert "***" in str(caught.value)


def test_the_key_is_redacted_in_the_causes_of_an_exception(call_client: ClientCaller) -> None:
    with pytest.raises(SeedmockError) as caught:
        call_client("opeai", ScriptedApi(httpx.RemoteProtocolError(f"illegal line {KEY}")), "query", "cgt-1")
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert "illegal line ***" in str(caught.value)


def test_a_short_key_is_not_redacted(call_client: ClientCaller) -> None:
    with pytest.raises(AuthenticationError, match="bad key of a test"):
        call_client("opeai", ScriptedApi((401, {"error": "bad key of a test"})), "query", "cgt-1", api_key="test")


def test_an_excessively_nested_body_is_an_error(call_client: ClientCaller) -> None:
    body = '{"error":' * 700 + "{}" + "}" * 700
    with pytest.raises(ValidationError):
        call_client("opeai", ScriptedApi(httpx.Response(400, text=body)), "query", "cgt-1")
