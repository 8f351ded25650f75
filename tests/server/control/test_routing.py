"""Routing of the control API: unknown paths and methods, and unreadable bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Control = Callable[..., Any]


def test_an_unknown_path_gets_a_404_with_the_available_ones(control: Control) -> None:
    for path in ("nothing", "clock/", "fates/a/b", "page"):
        error = control("GET", path, status=404)["error"]
        assert {"/_mock/clock", "/_mock/journal", "/_mock/health"} <= set(error["allowed"])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "clock", "GET, POST"),
        ("DELETE", "journal", "GET"),
        ("POST", "fates/default", "PUT"),
        ("PUT", "reset", "POST"),
    ],
)
def test_an_unknown_method_gets_a_405_with_the_allowed_ones(server: Any, method: str, path: str, allowed: str) -> None:
    response = server.ask(method, f"/_mock/{path}", key=None)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert response.json()["error"]["allowed"] == allowed.split(", ")


def test_head_is_get_without_a_body(server: Any) -> None:
    response = server.ask("HEAD", "/_mock/clock", key=None)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"advance": 1, "advance": 2}', b"[" * 5000])
def test_a_body_that_is_not_json_is_rejected(server: Any, body: bytes) -> None:
    response = server.ask("POST", "/_mock/clock", key=None, content=body)
    assert response.status_code == 400
    assert "the body is not valid JSON" in response.json()["error"]["message"]


def test_a_body_that_is_too_large_is_rejected(server: Any) -> None:
    response = server.ask("POST", "/_mock/fates", key=None, content=b" " * (1 << 20) + b"{}")
    assert (response.status_code, "1048576" in response.text) == (413, True)


def test_control_requests_are_not_recorded_in_the_journal(server: Any) -> None:
    server.get("/_mock/clock", key=None)
    assert server.journal() == []
