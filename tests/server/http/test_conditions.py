"""Conditional requests for content, result links and uploaded files: If-Match, If-None-Match, If-Range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

StartServer = Callable[..., Any]
STATUSES = {
    "If-Match": {"{etag}": 200, "*": 200, '"another"': 412, "W/{etag}": 412, '"another", {etag}': 200},
    "If-None-Match": {"{etag}": 304, "*": 304, '"another"': 200, "W/{etag}": 304},
    "If-Unmodified-Since": {"Wed, 21 Oct 2015 07:28:00 GMT": 200},
    "If-Modified-Since": {"Fri, 01 Jan 2100 00:00:00 GMT": 200},
}
CONDITIONS = [(name, value, status) for name, values in STATUSES.items() for value, status in values.items()]


@pytest.fixture
def server(start_server: StartServer) -> Any:
    return start_server("on a socket")


def content_path(server: Any, kind: str, picture: Callable[..., bytes] = bytes) -> str:
    """Return the path of content, of a result's link, or of an uploaded file."""
    if kind == "content":
        return f"/v1/videos/{server.order_opeai()}/content"
    if kind == "link":
        link = server.query_apimodels(server.order_apimodels())["resultUrls"][0]
    else:
        link = server.post_file(picture())
    return httpx.URL(link).path


@pytest.mark.parametrize("kind", ["content", "link", "file"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions_are_those_of_rfc_9110(server: Any, kind: str, method: str, picture: Callable[..., bytes]) -> None:
    path = content_path(server, kind, picture)
    whole = server.get(path)
    for name, value, status in CONDITIONS:
        response = server.ask(method, path, headers={name: value.replace("{etag}", whole.headers["etag"])})
        assert response.status_code == status, (name, value)
        if method == "GET" and status == 200:
            assert response.content == whole.content
        if method == "HEAD" or status == 304:
            assert response.content == b""


@pytest.mark.parametrize(("kind", "message"), [("content", ("error", "message")), ("link", ("msg",))])
def test_a_failed_precondition_is_an_error_in_the_envelope(server: Any, kind: str, message: tuple[str, ...]) -> None:
    path = content_path(server, kind)
    etag = server.get(path).headers["etag"]
    response = server.get(path, headers={"If-Match": '"another"', "Range": "bytes=0-9"})
    assert (response.status_code, response.headers["x-mock-basis"]) == (412, "assumed")
    text = response.json()
    for name in message:
        text = text[name]
    assert text == f"If-Match names another version; allowed: {etag}, or *"


def test_if_match_comes_before_the_other_conditions(server: Any) -> None:
    path = content_path(server, "link")
    etag = server.get(path).headers["etag"]
    both = server.get(path, headers={"If-Match": '"another"', "If-None-Match": etag})
    part = server.get(path, headers={"If-Match": etag, "If-Range": etag, "Range": "bytes=0-9"})
    whole = server.get(path, headers={"If-Match": etag, "If-Range": '"another"', "Range": "bytes=0-9"})
    assert (both.status_code, part.status_code, whole.status_code) == (412, 206, 200)
    assert len(part.content) == 10


def test_a_precondition_on_what_is_not_there_is_not_found(server: Any) -> None:
    assert server.get("/v1/videos/cgt-1/content", headers={"If-Match": "*"}).status_code == 404


def test_a_failed_precondition_can_be_another_refusal(server: Any) -> None:
    path = content_path(server, "content")
    fault = "other_refusal kind=precondition_failed code=409"
    headers = {"If-Match": '"another"', "X-Mock-Fault": fault}
    assert server.get(path, headers=headers).status_code == 409
    assert server.journal()[-1]["faults"] == [fault]
