"""The fault `status` (an upstream's envelope, a proxy's page, an empty body) and the fault `not_found`."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_server.http.coroutines import run_now

UPSTREAMS = list(NAMES)


def message_of(response: Any) -> str:
    """Return the message of an error, wherever its envelope has it."""
    body = response.json()
    return str(body["error"]["message"] if "error" in body else body["msg"])


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 418, 429, 500, 502, 503, 524, 599])
def test_any_status_has_the_envelope_of_the_upstream(socket_server: Any, upstream: str, code: int) -> None:
    response = socket_server.create(f"status code={code}", upstream)
    assert response.status_code == code
    assert response.headers["content-type"] == "application/json"
    assert message_of(response)
    assert response.json().get("code", code) == code
    assert socket_server.faults() == [[f"status code={code}"]]


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_every_kind_of_error_can_be_injected(socket_server: Any, upstream: str) -> None:
    for kind in ErrorKind:
        case = get_contract(upstream).error_case(kind)
        response = socket_server.create(f"status kind={kind}", upstream)
        assert response.status_code == case.status
        body = response.json()
        assert (body["code"] if upstream == "apimodels" else body["error"]["code"]) == case.code


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_a_request_that_gets_a_status_has_no_effect(socket_server: Any, upstream: str) -> None:
    before = len(run_now(socket_server.app.context.store.tasks(socket_server.account())))
    assert socket_server.create("status code=500", upstream).status_code == 500
    assert len(run_now(socket_server.app.context.store.tasks(socket_server.account()))) == before


def test_the_message_can_be_chosen(socket_server: Any) -> None:
    socket_server.rule({"fault": "status", "code": 400, "message": "the words that I want"})
    assert (
        message_of(socket_server.create())
        == message_of(socket_server.create("", "apimodels"))
        == "the words that I want"
    )


def test_an_apimodels_error_can_have_http_status_200(socket_server: Any) -> None:
    response = socket_server.create("status code=200 kind=balance", "apimodels")
    assert response.status_code == 200
    assert response.json()["code"] == 402
    assert response.json()["data"] is None


@pytest.mark.parametrize("code", [502, 520, 524])
def test_the_body_can_be_the_page_of_a_proxy(socket_server: Any, code: int) -> None:
    response = socket_server.create(f"status code={code} body=html")
    assert response.status_code == code
    assert response.headers["content-type"] == "text/html; charset=UTF-8"
    assert response.text.startswith("<!DOCTYPE html>")
    assert f"Error code {code}" in response.text


def test_the_body_can_be_empty(socket_server: Any) -> None:
    response = socket_server.create("status code=429 body=empty")
    assert (response.status_code, response.content) == (429, b"")
    assert "content-type" not in response.headers
    assert "retry-after" not in response.headers


def test_retry_after_is_in_seconds_rounded_up(socket_server: Any) -> None:
    assert socket_server.create("status code=429 retry_after=1500ms").headers["retry-after"] == "2"


def test_retry_after_can_be_a_date_by_the_clock_of_the_account(socket_server: Any) -> None:
    response = socket_server.create("status code=429 retry_after=2m retry_as=date")
    at = parsedate_to_datetime(response.headers["retry-after"]).timestamp()
    assert at == socket_server.app.clock.now() + 120


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_an_error_can_be_nested_as_text(socket_server: Any, upstream: str) -> None:
    inner = json.loads(message_of(socket_server.create("status kind=upstream_failed body=nested", upstream)))
    assert inner["error"]["code"] == "upstream_failed"


def test_an_error_is_nested_in_the_gateway_s_envelope_too(start_socket_server: Any) -> None:
    socket_server = start_socket_server(variants={"opeai.errors": "newapi"})
    body = socket_server.create("status code=400 kind=moderation_input body=nested").json()
    assert body["code"] == "fail_to_fetch_task"
    assert json.loads(body["message"])["error"]["code"] == "moderation_input"


def test_a_status_comes_before_the_rules_of_the_contract(socket_server: Any) -> None:
    assert socket_server.create("status code=503", model="no such model").status_code == 503


def test_the_api_key_is_checked_before_a_status(socket_server: Any) -> None:
    response = socket_server.client.post("/v1/videos", json={}, headers={"X-Mock-Fault": "status code=503"})
    assert response.status_code == 401


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_not_found_renders_the_error_of_an_unknown_route(socket_server: Any, upstream: str) -> None:
    response = socket_server.create("not_found", upstream)
    assert response.status_code == 404
    assert "/video" in message_of(response)


UNREAD_BODIES: dict[str, dict[str, Any]] = {
    "another type": {"json": {}},
    "no type": {"content": b"a kite"},
    "no form": {"content": b"a kite", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    "all that is asked": {"files": {"file": ("kite.png", b"a kite")}},
}


@pytest.mark.parametrize("sent", UNREAD_BODIES.values(), ids=UNREAD_BODIES)
def test_not_found_ignores_the_body(socket_server: Any, sent: dict[str, Any]) -> None:
    socket_server.rule("not_found", operation="file_create")
    responses = [socket_server.ask("POST", path, **sent) for path in ("/api/v1/files", "/api/v1/folders")]
    assert [response.status_code for response in responses] == [404, 404]
    assert message_of(responses[0]) == message_of(responses[1]).replace("folders", "files")
    assert socket_server.faults() == [["not_found"], []]
    assert socket_server.ask("GET", "/api/v1/models").status_code == 200


def test_the_api_key_is_checked_before_not_found(socket_server: Any) -> None:
    socket_server.rule("not_found", operation="file_create")
    assert socket_server.ask("POST", "/api/v1/files", json={}, key="sk_mock_invalid").status_code == 401
    assert socket_server.faults() == [["not applied: not_found"]]
