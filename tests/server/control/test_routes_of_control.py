"""The control API as a whole: what stands where, and what is said where nothing does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Tell = Callable[..., Any]


def test_an_unknown_path_says_which_there_are(tell: Tell) -> None:
    for path in ("nothing", "clock/", "fates/a/b", ""):
        error = tell("GET", path, status=404)["error"]
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
def test_an_unknown_method_says_which_there_are(door: Any, method: str, path: str, allowed: str) -> None:
    answer = door.ask(method, f"/_mock/{path}", key=None)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["error"]["allowed"] == allowed.split(", ")


def test_head_is_get_without_a_body(door: Any) -> None:
    answer = door.ask("HEAD", "/_mock/clock", key=None)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"advance": 1, "advance": 2}', b"[" * 5000])
def test_a_body_that_is_no_json_is_refused(door: Any, body: bytes) -> None:
    answer = door.ask("POST", "/_mock/clock", key=None, content=body)
    assert answer.status_code == 400
    assert "the body is not valid JSON" in answer.json()["error"]["message"]


def test_a_body_that_is_too_large_is_refused(door: Any) -> None:
    answer = door.ask("POST", "/_mock/fates", key=None, content=b" " * (1 << 20) + b"{}")
    assert (answer.status_code, "1048576" in answer.text) == (413, True)


def test_nothing_of_ours_is_written_in_the_journal(door: Any) -> None:
    door.get("/_mock/clock", key=None)
    assert door.journal() == []
