"""The fault `status`: an error in the upstream's words, a proxy's page, or nothing but a number."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.upstreams import NAMES, get_contract

UPSTREAMS = list(NAMES)


def said(answer: Any) -> str:
    """The message of an error, wherever the upstream has it."""
    body = answer.json()
    return str(body["error"]["message"] if "error" in body else body["msg"])


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 418, 429, 500, 502, 503, 524, 599])
def test_any_status_comes_in_the_upstream_s_envelope(wired: Any, upstream: str, code: int) -> None:
    answer = wired.create(f"status code={code}", upstream)
    assert answer.status_code == code
    assert answer.headers["content-type"] == "application/json"
    assert said(answer)
    assert answer.json().get("code", code) == code
    assert wired.faults() == [[f"status code={code}"]]


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_every_kind_of_error_can_be_asked_for(wired: Any, upstream: str) -> None:
    for kind in ErrorKind:
        case = get_contract(upstream).error_case(kind)
        answer = wired.create(f"status kind={kind}", upstream)
        assert answer.status_code == case.status
        body = answer.json()
        assert (body["code"] if upstream == "apimodels" else body["error"]["code"]) == case.code


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_nothing_is_done_for_a_call_that_gets_a_status(wired: Any, upstream: str) -> None:
    before = len(list(wired.app.context.store.tasks(wired.account())))
    assert wired.create("status code=500", upstream).status_code == 500
    assert len(list(wired.app.context.store.tasks(wired.account()))) == before


def test_a_message_can_be_given(wired: Any) -> None:
    wired.rule({"fault": "status", "code": 400, "message": "the words that I want"})
    assert said(wired.create()) == said(wired.create("", "apimodels")) == "the words that I want"


def test_a_error_of_a_comes_with_status_200(wired: Any) -> None:
    answer = wired.create("status code=200 kind=balance", "apimodels")
    assert answer.status_code == 200
    assert answer.json()["code"] == 402
    assert answer.json()["data"] is None


@pytest.mark.parametrize("code", [502, 520, 524])
def test_a_proxy_answers_with_a_page(wired: Any, code: int) -> None:
    answer = wired.create(f"status code={code} body=html")
    assert answer.status_code == code
    assert answer.headers["content-type"] == "text/html; charset=UTF-8"
    assert answer.text.startswith("<!DOCTYPE html>")
    assert f"Error code {code}" in answer.text


def test_a_429_can_be_empty(wired: Any) -> None:
    answer = wired.create("status code=429 body=empty")
    assert (answer.status_code, answer.content) == (429, b"")
    assert "content-type" not in answer.headers
    assert "retry-after" not in answer.headers


def test_retry_after_comes_in_seconds_rounded_up(wired: Any) -> None:
    assert wired.create("status code=429 retry_after=1500ms").headers["retry-after"] == "2"


def test_retry_after_comes_as_a_date_by_the_account_s_clock(wired: Any) -> None:
    answer = wired.create("status code=429 retry_after=2m retry_as=date")
    at = parsedate_to_datetime(answer.headers["retry-after"]).timestamp()
    assert at == wired.app.clock.now() + 120


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_an_error_can_be_nested_as_text(wired: Any, upstream: str) -> None:
    inner = json.loads(said(wired.create("status kind=upstream_failed body=nested", upstream)))
    assert inner["error"]["code"] == "upstream_failed"


def test_an_error_is_nested_in_the_gateway_s_envelope_too(wire: Any) -> None:
    wired = wire(variants={"opeai.errors": "newapi"})
    body = wired.create("status code=400 kind=moderation_input body=nested").json()
    assert body["code"] == "fail_to_fetch_task"
    assert json.loads(body["message"])["error"]["code"] == "moderation_input"


def test_a_status_comes_before_the_rules_of_the_contract(wired: Any) -> None:
    assert wired.create("status code=503", model="no such model").status_code == 503


def test_a_key_is_asked_for_first(wired: Any) -> None:
    answer = wired.client.post("/v1/videos", json={}, headers={"X-Mock-Fault": "status code=503"})
    assert answer.status_code == 401


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_a_moved_endpoint_is_not_found(wired: Any, upstream: str) -> None:
    answer = wired.create("not_found", upstream)
    assert answer.status_code == 404
    assert "/video" in said(answer)


UNREAD: dict[str, dict[str, Any]] = {
    "another type": {"json": {}},
    "no type": {"content": b"a kite"},
    "no form": {"content": b"a kite", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    "all that is asked": {"files": {"file": ("kite.png", b"a kite")}},
}


@pytest.mark.parametrize("sent", UNREAD.values(), ids=UNREAD)
def test_a_moved_endpoint_is_not_found_whatever_it_is_sent(wired: Any, sent: dict[str, Any]) -> None:
    wired.rule("not_found", operation="file_create")
    answers = [wired.ask("POST", path, **sent) for path in ("/api/v1/files", "/api/v1/folders")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert said(answers[0]) == said(answers[1]).replace("folders", "files")
    assert wired.faults() == [["not_found"], []]
    assert wired.ask("GET", "/api/v1/models").status_code == 200


def test_a_moved_endpoint_too_asks_for_a_key_first(wired: Any) -> None:
    wired.rule("not_found", operation="file_create")
    assert wired.ask("POST", "/api/v1/files", json={}, key="sk_mock_invalid").status_code == 401
    assert wired.faults() == [["not applied: not_found"]]
