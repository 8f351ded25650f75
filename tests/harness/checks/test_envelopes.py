"""What is around answers: JSON that says so, the envelope of successes, and those of refusals."""

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

REFUSAL = error_envelopes_are_complete
NOT_FOUND = {"message": "video not found", "type": "NotFound", "param": "", "code": "ResourceNotFound"}
TASK = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
MIDDLE = {"error": {"message": "Invalid token", "type": "new_api_error", "code": ""}}
PROXY = {"error": {"message": "Task not found", "type": "invalid_request_error"}}
REFUSED_A = {"code": 404, "msg": "task not found", "data": None}


def asked(talk: Any, body: Any, status: int = 404, **more: Any) -> Any:
    sent = {"task_id": "x"} if talk.contract.name == "apimodels" else None
    return talk.hear(Operation.QUERY, body, status=status, sent=sent, task_id="x", **more)


@pytest.mark.parametrize("name", ["opeai", "apimodels"])
def test_json_that_says_so_is_confirmed(talk: Callable[..., Any], name: str) -> None:
    assert len(talk(name).order().held(responses_are_json)) == 1
    for type_ in ("application/json; charset=utf-8", "application/problem+json"):
        assert asked(talk(name), REFUSED_A, headers={"content-type": type_}).held(responses_are_json)
    assert asked(talk(name), REFUSED_A, headers={}).held(responses_are_json), "no header was kept at all"


@pytest.mark.parametrize("name", ["opeai", "apimodels"])
@pytest.mark.parametrize("body", ["<html></html>", "", "[]", "null", '"text"'])
def test_an_answer_that_is_no_object_is_found(talk: Callable[..., Any], name: str, body: str) -> None:
    response = {"opeai": "opeai.query.response", "apimodels": "apimodels.envelope"}[name]
    refusal = {"opeai": "opeai.refusal.error.error", "apimodels": "apimodels.refusal.code"}[name]
    title = "the response is not a JSON object"
    assert asked(talk(name), body, 200).broken(responses_are_json) == {response: (Severity.BREAKING, title)}
    assert asked(talk(name), body, 404).broken(responses_are_json) == {refusal: (Severity.BREAKING, title)}
    assert asked(talk(name), body, 502).broken(responses_are_json) == {refusal: (Severity.INFO, title)}


def test_a_limit_without_a_body_is_the_gateway_s(talk: Callable[..., Any]) -> None:
    found = asked(talk("opeai"), "", 429, headers={"x": "y"}).broken(responses_are_json)
    assert [severity for severity, _ in found.values()] == [Severity.INFO]


@pytest.mark.parametrize("type_", ["text/html", "", "video/mp4"])
def test_json_that_is_called_something_else_is_found(talk: Callable[..., Any], type_: str) -> None:
    lie = asked(talk("opeai"), {"error": NOT_FOUND}, headers={"content-type": type_})
    assert lie.broken(responses_are_json) == {
        "opeai.refusal.error.error": (Severity.BREAKING, "the response is not labelled as JSON")
    }


def test_what_was_cut_never_came_or_is_a_head_is_not_judged(talk: Callable[..., Any]) -> None:
    assert asked(talk("opeai"), '{"a": "' + "x" * 5000, 200).of(responses_are_json) == []
    assert asked(talk("opeai"), "", 0).of(responses_are_json) == []
    assert asked(talk("opeai"), "", 200, method="HEAD").of(responses_are_json) == []
    assert talk("apimodels").hear(None, "<Error/>", status=404).of(responses_are_json) == []


def test_media_is_no_json_and_a_refusal_in_its_place_is(talk: Callable[..., Any]) -> None:
    media = talk("opeai").hear(Operation.CONTENT, "<900 bytes of video/mp4>", task_id="x")
    assert media.of(responses_are_json) == []
    refused = talk("opeai").hear(Operation.CONTENT, {"error": NOT_FOUND}, status=404, task_id="x")
    assert refused.held(responses_are_json) == {"opeai.refusal.error.error"}
    assert "opeai.refusal.error.param" in refused.held(REFUSAL)


def test_an_envelope_is_confirmed(talk: Callable[..., Any]) -> None:
    assert talk("apimodels").order().held(success_envelopes_are_complete) == {"apimodels.envelope"}
    assert talk("opeai").order().of(success_envelopes_are_complete) == []


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
def test_another_envelope_is_found(talk: Callable[..., Any], change: dict[str, Any], title: str) -> None:
    whole = {"code": 200, "msg": "success", "data": {"balance": 3}, **change}
    body = {key: value for key, value in whole.items() if value is not ...}
    lie = talk("apimodels").hear(Operation.BALANCE, body)
    assert lie.broken(success_envelopes_are_complete) == {"apimodels.envelope": (Severity.BREAKING, title)}


def test_what_the_page_shows_without_its_envelope_may_come_so(talk: Callable[..., Any]) -> None:
    shown = {"data": {"id": 1, "group_name": "group-20260601090000-w5t1z"}}
    seen = talk("apimodels").hear(Operation.GROUP_CREATE, shown, sent={"name": "hosts"})
    assert [severity for severity, _ in seen.broken(success_envelopes_are_complete).values()] == [Severity.INFO]


@pytest.mark.parametrize(
    ("status", "body", "facts"),
    [
        (404, {"error": NOT_FOUND}, {"error.error", "error.message", "error.type", "error.param", "error.code"}),
        (400, TASK, {"task.code", "task.message", "task.data"}),
        (401, MIDDLE, {"middleware.error", "middleware.message", "middleware.type", "middleware.code"}),
        (404, PROXY, {"proxy.error", "proxy.message", "proxy.type"}),
    ],
)
def test_each_envelope_of_b_is_known_by_its_form(
    talk: Callable[..., Any], status: int, body: Any, facts: set[str]
) -> None:
    seen = asked(talk("opeai"), body, status)
    assert seen.held(REFUSAL) == {f"opeai.refusal.{name}" for name in facts}
    assert seen.broken(REFUSAL) == {}


@pytest.mark.parametrize("key", ["message", "type", "param", "code"])
def test_a_key_that_a_refusal_lacks_is_found(talk: Callable[..., Any], key: str) -> None:
    less = {name: value for name, value in NOT_FOUND.items() if name != key}
    found = asked(talk("opeai"), {"error": less}).broken(REFUSAL)
    assert found[f"opeai.refusal.error.{key}"] == (Severity.BREAKING, f"{key} is missing")


@pytest.mark.parametrize("body", [NOT_FOUND, {"errors": NOT_FOUND}, {"error": "video not found"}, {"detail": "x"}])
def test_another_envelope_of_a_refusal_is_found(talk: Callable[..., Any], body: Any) -> None:
    found = asked(talk("opeai"), body).broken(REFUSAL)
    assert Severity.BREAKING in {severity for severity, _ in found.values()}


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"code": "404"}, "apimodels.refusal.code"),
        ({"msg": None}, "apimodels.refusal.msg"),
        ({"msg": ...}, "apimodels.refusal.msg"),
    ],
)
def test_another_envelope_of_a_s_refusals_is_found(talk: Callable[..., Any], change: dict[str, Any], fact: str) -> None:
    body = {key: value for key, value in {**REFUSED_A, **change}.items() if value is not ...}
    assert asked(talk("apimodels"), body).broken(REFUSAL)[fact][0] is Severity.BREAKING


def test_what_a_refusal_of_a_says_besides_is_confirmed_or_not(talk: Callable[..., Any]) -> None:
    data = {"failCode": "INVALID_INPUT", "failMsg": "no", "retryable": False}
    assert len(asked(talk("apimodels"), {**REFUSED_A, "code": 400, "data": data}, 400).held(REFUSAL)) == 6
    wrong = {"failCode": "bad input", "failMsg": 1, "retryable": "no"}
    found = asked(talk("apimodels"), {**REFUSED_A, "code": 400, "data": wrong}, 400).broken(REFUSAL)
    assert {id_.rpartition(".")[2]: severity for id_, (severity, _) in found.items()} == {
        "failCode": Severity.BREAKING,
        "failMsg": Severity.BREAKING,
        "retryable": Severity.INFO,
    }
    assert asked(talk("apimodels"), {**REFUSED_A, "data": "x"}).broken(REFUSAL)["apimodels.refusal.data"]


def test_new_keys_of_a_refusal_are_news(talk: Callable[..., Any]) -> None:
    found = asked(talk("opeai"), {"error": {**NOT_FOUND, "request_id": "1"}}).broken(REFUSAL)
    assert [severity for severity, _ in found.values()] == [Severity.INFO]


def test_a_path_that_there_is_not_is_only_judged_where_its_refusal_was_seen(talk: Callable[..., Any]) -> None:
    assert talk("apimodels").hear(None, {"message": "no"}, status=404).of(REFUSAL) == []
    assert talk("opeai").hear(None, {"message": "no"}, status=404).broken(REFUSAL)


def test_the_style_of_refusals_is_settled(talk: Callable[..., Any]) -> None:
    style = errors_settle_their_style
    assert asked(talk("opeai"), {"error": NOT_FOUND}).held(style) == {"opeai.errors"}
    assert asked(talk("opeai"), TASK, 400).broken(style)["opeai.errors"][0] is Severity.INFO
    assert (
        asked(talk("opeai", {"opeai.errors": "ark"}), TASK, 400).broken(style)["opeai.errors"][0] is Severity.BREAKING
    )
    assert asked(talk("opeai"), PROXY).of(style) == [], "the proxy's envelope stands in both"
    assert asked(talk("apimodels"), REFUSED_A).held(style) == {"apimodels.errors"}
    assert asked(talk("apimodels"), REFUSED_A, 200).broken(style)["apimodels.errors"][0] is Severity.INFO
