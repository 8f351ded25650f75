"""Routes: URLs that are endpoints, and the envelopes of errors for those that are not."""

from __future__ import annotations

from typing import Any

import pytest

UNKNOWN_TO_OPEAI = (
    ("GET", "/v1/videos"),
    ("DELETE", "/v1/videos/cgt-20260529102017-sjqj9"),
    ("POST", "/v1/videos/cgt-20260529102017-sjqj9/remix"),
    ("POST", "/v1/videos/edits"),
    ("POST", "/v1/videos/extensions"),
    ("POST", "/v1/videos/characters"),
    ("GET", "/v1/videos/characters/char_1"),
    ("GET", "/v1/no/such"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/videos/"),
    ("GET", "/v1"),
)
UNKNOWN_TO_APIMODELS = (
    ("POST", "/"),
    ("GET", "/favicon.ico"),
    ("GET", "/api/v1"),
    ("GET", "/api/v1/video"),
    ("POST", "/api/v1/video/generations/x"),
    ("GET", "/api/v1/videos/x"),
    ("DELETE", "/api/v1/assets/asset-1"),
    ("POST", "/v1/assets/rename"),
)
WRONG_METHOD = (
    ("PUT", "/v1/videos", "opeai", "POST"),
    ("PATCH", "/v1/videos/cgt-20260529102017-sjqj9", "opeai", "GET"),
    ("POST", "/v1/videos/cgt-20260529102017-sjqj9/content", "opeai", "GET, HEAD"),
    ("HEAD", "/v1/videos", "opeai", "POST"),
    ("DELETE", "/api/v1/video/generations", "apimodels", "GET, POST"),
    ("PUT", "/v1/assets/groups", "apimodels", "GET, POST"),
    ("GET", "/api/v1/assets/get", "apimodels", "POST"),
    ("POST", "/api/v1/balance", "apimodels", "GET"),
    ("OPTIONS", "/api/v1/assets", "apimodels", "POST"),
)


@pytest.mark.parametrize(("method", "path"), UNKNOWN_TO_OPEAI)
def test_an_endpoint_that_opeai_does_not_document_is_an_invalid_url(shared_server: Any, method: str, path: str) -> None:
    answer = shared_server.ask(method, path)
    assert answer.status_code == 404
    error = {"message": f"Invalid URL ({method} {path})", "type": "invalid_request_error", "param": "", "code": ""}
    assert answer.json() == {"error": error}
    assert "allow" not in answer.headers


@pytest.mark.parametrize(("method", "path"), UNKNOWN_TO_APIMODELS)
def test_an_endpoint_that_apimodels_does_not_have_is_a_404_in_its_envelope(
    shared_server: Any, method: str, path: str
) -> None:
    answer = shared_server.ask(method, path)
    body = answer.json()
    assert (answer.status_code, body["code"], body["data"], list(body)) == (404, 404, None, ["code", "msg", "data"])
    assert f"{method} {path}" in body["msg"]
    assert answer.headers["x-mock-basis"] == "assumed"


@pytest.mark.parametrize(("method", "path", "upstream", "allow"), WRONG_METHOD)
def test_another_method_at_an_endpoint_is_a_405_with_those_allowed(
    shared_server: Any, method: str, path: str, upstream: str, allow: str
) -> None:
    answer = shared_server.ask(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    if method != "HEAD":
        body = answer.json()
        message = body["error"]["message"] if upstream == "opeai" else body["msg"]
        assert method in message
        assert allow in message


def test_a_head_error_has_no_body(shared_server: Any) -> None:
    answer = shared_server.ask("HEAD", "/v1/videos/cgt-20260529102017-sjqj9/content")
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_long_path_is_cut_in_the_message(in_process_server: Any) -> None:
    assert len(in_process_server.get("/v1/" + "x" * 5000).text) < 400


@pytest.mark.parametrize("path", ["/v1/videos/{}", "/v1/videos/{}/content", "/api/v1/records/{}", "/v1/records/%7B%7D"])
def test_an_id_of_braces_is_an_unknown_id(shared_server: Any, path: str) -> None:
    answer = shared_server.ask("GET", path)
    assert answer.status_code == 404, answer.text
    assert "not found" in answer.text


def test_a_path_of_braces_is_no_endpoint(shared_server: Any) -> None:
    assert "/v1/{}/content" in shared_server.ask("GET", "/v1/{}/content").text
