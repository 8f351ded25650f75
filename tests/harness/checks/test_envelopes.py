"""Checks of the content type and of the envelopes of successes and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks.envelopes import (
    error_envelopes_are_complete,
    errors_settle_their_style,
    responses_are_json,
    success_envelopes_are_complete,
)
from seedmock_harness.results.checks import Severity

ERROR_ENVELOPE = error_envelopes_are_complete
NOT_FOUND = {"message": "video not found", "type": "NotFound", "param": "", "code": "ResourceNotFound"}
TASK_ERROR = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
MIDDLEWARE_ERROR = {"error": {"message": "Invalid token", "type": "new_api_error", "code": ""}}
PROXY_ERROR = {"error": {"message": "Task not found", "type": "invalid_request_error"}}
APIMODELS_ERROR = {"code": 404, "msg": "task not found", "data": None}


def respond_to_query(history: Any, body: Any, status: int = 404, **more: Any) -> Any:
    request = {"task_id": "x"} if history.contract.name == "apimodels" else None
    return history.respond(Operation.QUERY, body, status=status, request=request, task_id="x", **more)


@pytest.mark.parametrize("name", ["opeai", "apimodels"])
def test_json_content_type_is_confirmed(new_history: Callable[..., Any], name: str) -> None:
    assert len(new_history(name).order().passed(responses_are_json)) == 1
    for type_ in ("application/json; charset=utf-8", "application/problem+json"):
        assert respond_to_query(new_history(name), APIMODELS_ERROR, headers={"content-type": type_}).passed(
            responses_are_json
        )
    assert respond_to_query(new_history(name), APIMODELS_ERROR, headers={}).passed(responses_are_json), (
        "no header was kept at all"
    )


@pytest.mark.parametrize("name", ["opeai", "apimodels"])
@pytest.mark.parametrize("body", ["<html></html>", "", "[]", "null", '"text"'])
def test_response_that_is_not_an_object_fails(new_history: Callable[..., Any], name: str, body: str) -> None:
    response = {"opeai": "opeai.query.response", "apimodels": "apimodels.envelope"}[name]
    error_fact = {"opeai": "opeai.error_response.error.error", "apimodels": "apimodels.error_response.code"}[name]
    title = "the response is not a JSON object"
    assert respond_to_query(new_history(name), body, 200).failed(responses_are_json) == {
        response: (Severity.BREAKING, title)
    }
    assert respond_to_query(new_history(name), body, 404).failed(responses_are_json) == {
        error_fact: (Severity.BREAKING, title)
    }
    assert respond_to_query(new_history(name), body, 502).failed(responses_are_json) == {
        error_fact: (Severity.INFO, title)
    }


def test_rate_limit_without_a_body_is_information(new_history: Callable[..., Any]) -> None:
    failures = respond_to_query(new_history("opeai"), "", 429, headers={"x": "y"}).failed(responses_are_json)
    assert [severity for severity, _ in failures.values()] == [Severity.INFO]


@pytest.mark.parametrize("type_", ["text/html", "", "video/mp4"])
def test_json_with_another_content_type_fails(new_history: Callable[..., Any], type_: str) -> None:
    history = respond_to_query(new_history("opeai"), {"error": NOT_FOUND}, headers={"content-type": type_})
    assert history.failed(responses_are_json) == {
        "opeai.error_response.error.error": (Severity.BREAKING, "the response is not labelled as JSON")
    }


def test_truncated_missing_and_head_bodies_are_not_checked(new_history: Callable[..., Any]) -> None:
    assert respond_to_query(new_history("opeai"), '{"a": "' + "x" * 5000, 200).results_of(responses_are_json) == []
    assert respond_to_query(new_history("opeai"), "", 0).results_of(responses_are_json) == []
    assert respond_to_query(new_history("opeai"), "", 200, method="HEAD").results_of(responses_are_json) == []
    assert new_history("apimodels").respond(None, "<Error/>", status=404).results_of(responses_are_json) == []


def test_media_is_exempt_and_its_error_response_is_json(new_history: Callable[..., Any]) -> None:
    media = new_history("opeai").respond(Operation.CONTENT, "<900 bytes of video/mp4>", task_id="x")
    assert media.results_of(responses_are_json) == []
    rejection = new_history("opeai").respond(Operation.CONTENT, {"error": NOT_FOUND}, status=404, task_id="x")
    assert rejection.passed(responses_are_json) == {"opeai.error_response.error.error"}
    assert "opeai.error_response.error.param" in rejection.passed(ERROR_ENVELOPE)


def test_success_envelope_is_confirmed(new_history: Callable[..., Any]) -> None:
    assert new_history("apimodels").order().passed(success_envelopes_are_complete) == {"apimodels.envelope"}
    assert new_history("opeai").order().results_of(success_envelopes_are_complete) == []


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({"msg": ...}, "the envelope has no msg"),
        ({"msg": ..., "code": ...}, "the envelope has no code and no msg"),
        ({"code": 0}, "a success has another code"),
        ({"code": "200"}, "a success has another code"),
        ({"msg": None}, "msg is not a string"),
    ],
)
def test_other_success_envelope_fails(new_history: Callable[..., Any], change: dict[str, Any], title: str) -> None:
    envelope = {"code": 200, "msg": "success", "data": {"balance": 3}, **change}
    body = {key: value for key, value in envelope.items() if value is not ...}
    history = new_history("apimodels").respond(Operation.BALANCE, body)
    assert history.failed(success_envelopes_are_complete) == {"apimodels.envelope": (Severity.BREAKING, title)}


def test_response_documented_without_an_envelope_is_information(new_history: Callable[..., Any]) -> None:
    documented = {"data": {"id": 1, "group_name": "group-20260601090000-w5t1z"}}
    history = new_history("apimodels").respond(Operation.GROUP_CREATE, documented, request={"name": "hosts"})
    assert [severity for severity, _ in history.failed(success_envelopes_are_complete).values()] == [Severity.INFO]


@pytest.mark.parametrize(
    ("status", "body", "facts"),
    [
        (404, {"error": NOT_FOUND}, {"error.error", "error.message", "error.type", "error.param", "error.code"}),
        (400, TASK_ERROR, {"task.code", "task.message", "task.data"}),
        (401, MIDDLEWARE_ERROR, {"middleware.error", "middleware.message", "middleware.type", "middleware.code"}),
        (404, PROXY_ERROR, {"proxy.error", "proxy.message", "proxy.type"}),
    ],
)
def test_each_opeai_error_envelope_is_recognised(
    new_history: Callable[..., Any], status: int, body: Any, facts: set[str]
) -> None:
    history = respond_to_query(new_history("opeai"), body, status)
    assert history.passed(ERROR_ENVELOPE) == {f"opeai.error_response.{name}" for name in facts}
    assert history.failed(ERROR_ENVELOPE) == {}


@pytest.mark.parametrize("key", ["message", "type", "param", "code"])
def test_missing_error_key_fails(new_history: Callable[..., Any], key: str) -> None:
    partial = {name: value for name, value in NOT_FOUND.items() if name != key}
    failures = respond_to_query(new_history("opeai"), {"error": partial}).failed(ERROR_ENVELOPE)
    assert failures[f"opeai.error_response.error.{key}"] == (Severity.BREAKING, f"{key} is missing")


@pytest.mark.parametrize("body", [NOT_FOUND, {"errors": NOT_FOUND}, {"error": "video not found"}, {"detail": "x"}])
def test_other_opeai_error_envelope_fails(new_history: Callable[..., Any], body: Any) -> None:
    failures = respond_to_query(new_history("opeai"), body).failed(ERROR_ENVELOPE)
    assert Severity.BREAKING in {severity for severity, _ in failures.values()}


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"code": "404"}, "apimodels.error_response.code"),
        ({"msg": None}, "apimodels.error_response.msg"),
        ({"msg": ...}, "apimodels.error_response.msg"),
    ],
)
def test_other_apimodels_error_envelope_fails(
    new_history: Callable[..., Any], change: dict[str, Any], fact: str
) -> None:
    body = {key: value for key, value in {**APIMODELS_ERROR, **change}.items() if value is not ...}
    assert respond_to_query(new_history("apimodels"), body).failed(ERROR_ENVELOPE)[fact][0] is Severity.BREAKING


def test_error_data_of_apimodels_is_checked(new_history: Callable[..., Any]) -> None:
    data = {"failCode": "INVALID_INPUT", "failMsg": "no", "retryable": False}
    assert (
        len(
            respond_to_query(new_history("apimodels"), {**APIMODELS_ERROR, "code": 400, "data": data}, 400).passed(
                ERROR_ENVELOPE
            )
        )
        == 6
    )
    wrong = {"failCode": "bad input", "failMsg": 1, "retryable": "no"}
    failures = respond_to_query(new_history("apimodels"), {**APIMODELS_ERROR, "code": 400, "data": wrong}, 400).failed(
        ERROR_ENVELOPE
    )
    assert {id_.rpartition(".")[2]: severity for id_, (severity, _) in failures.items()} == {
        "failCode": Severity.BREAKING,
        "failMsg": Severity.BREAKING,
        "retryable": Severity.INFO,
    }
    assert respond_to_query(new_history("apimodels"), {**APIMODELS_ERROR, "data": "x"}).failed(ERROR_ENVELOPE)[
        "apimodels.error_response.data"
    ]


def test_new_error_keys_are_information(new_history: Callable[..., Any]) -> None:
    failures = respond_to_query(new_history("opeai"), {"error": {**NOT_FOUND, "request_id": "1"}}).failed(
        ERROR_ENVELOPE
    )
    assert [severity for severity, _ in failures.values()] == [Severity.INFO]


def test_unknown_path_is_checked_only_where_its_error_is_documented(new_history: Callable[..., Any]) -> None:
    assert new_history("apimodels").respond(None, {"message": "no"}, status=404).results_of(ERROR_ENVELOPE) == []
    assert new_history("opeai").respond(None, {"message": "no"}, status=404).failed(ERROR_ENVELOPE)


def test_error_style_settles_the_variant(new_history: Callable[..., Any]) -> None:
    style = errors_settle_their_style
    assert respond_to_query(new_history("opeai"), {"error": NOT_FOUND}).passed(style) == {"opeai.errors"}
    assert respond_to_query(new_history("opeai"), TASK_ERROR, 400).failed(style)["opeai.errors"][0] is Severity.INFO
    assert (
        respond_to_query(new_history("opeai", {"opeai.errors": "ark"}), TASK_ERROR, 400).failed(style)["opeai.errors"][
            0
        ]
        is Severity.BREAKING
    )
    assert respond_to_query(new_history("opeai"), PROXY_ERROR).results_of(style) == [], (
        "the proxy's envelope stands in both"
    )
    assert respond_to_query(new_history("apimodels"), APIMODELS_ERROR).passed(style) == {"apimodels.errors"}
    assert (
        respond_to_query(new_history("apimodels"), APIMODELS_ERROR, 200).failed(style)["apimodels.errors"][0]
        is Severity.INFO
    )
