"""Task endpoints: lists, single tasks and timelines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Control = Callable[..., Any]


def ids(response: Any) -> list[str]:
    return [task["id"] for task in response["tasks"]]


def test_tasks_of_all_keys_are_listed_and_can_be_filtered(frozen_server: Any, control: Control) -> None:
    first, second = frozen_server.order_apimodels(), frozen_server.order_opeai(key="sk_other")
    frozen_server.clock.advance(5)
    third = frozen_server.order_opeai()
    assert ids(control("GET", "tasks")) == [first, second, third]
    for query, expected in {
        "upstream=opeai": [second, third],
        "status=SUCCESS": [first, second],
        "key=sk_other": [second],
        "upstream=opeai&status=QUEUED": [third],
        "key=sk_nobody": [],
    }.items():
        assert ids(control("GET", f"tasks?{query}")) == expected


def test_the_limit_keeps_the_newest_tasks(frozen_server: Any, control: Control) -> None:
    created = [frozen_server.order_opeai() for _ in range(4)]
    response = control("GET", "tasks?limit=2")
    assert (ids(response), response["total"]) == (created[2:], 4)


def test_a_task_is_shown_as_it_is_now(frozen_server: Any, control: Control) -> None:
    task_id = frozen_server.order_opeai(prompt="A cat [[mock: failed after=10s]]")
    frozen_server.clock.advance(10)
    task = control("GET", f"tasks/{task_id}")
    assert (task["status"], task["progress"], task["upstream"]) == ("FAILURE", 100, "opeai")
    assert (task["size"], task["seconds"], task["audio"], task["seed"]) == ("640x640", 4, False, 3)
    assert task["ends_at"] == task["created_at"] + 10
    assert set(task["failure"]) == {"kind", "code", "message"}
    assert "sk_test" not in str(task)


def test_a_task_that_never_ends_has_no_end(frozen_server: Any, control: Control) -> None:
    assert control("GET", f"tasks/{frozen_server.order_opeai(prompt='[[mock: stuck]]')}")["ends_at"] is None


def test_a_timeline_has_phases_and_exchanges(frozen_server: Any, control: Control) -> None:
    task_id = frozen_server.order_opeai()
    frozen_server.order_opeai()
    frozen_server.clock.advance(1)
    frozen_server.query_opeai(task_id)
    response = control("GET", f"tasks/{task_id}/timeline")
    assert [phase["status"] for phase in response["phases"]] == ["QUEUED", "IN_PROGRESS", "SUCCESS"]
    assert [phase["reached"] for phase in response["phases"]] == [True, True, False]
    assert [phase["at"] - response["task"]["created_at"] for phase in response["phases"]] == pytest.approx(
        [0, 0.6, 2], abs=1e-5
    )
    exchanges = [
        (exchange["operation"], exchange["at"] - response["task"]["created_at"], exchange["status"])
        for exchange in response["exchanges"]
    ]
    assert exchanges == [("create", 0, 200), ("query", 1, 200)]
    assert response["now"] == response["task"]["created_at"] + 1


def test_a_timeline_leaves_out_tasks_with_a_similar_id(frozen_server: Any, control: Control) -> None:
    task_id = frozen_server.order_opeai()
    frozen_server.get(f"/v1/videos/{task_id}0")
    frozen_server.get(f"/v1/videos/x-{task_id}")
    assert [exchange["operation"] for exchange in control("GET", f"tasks/{task_id}/timeline")["exchanges"]] == [
        "create"
    ]


def test_an_unknown_task_gets_a_404(control: Control) -> None:
    for path in ("tasks/nobody", "tasks/nobody/timeline"):
        assert "'nobody'" in control("GET", path, status=404)["error"]["message"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("status=done", "allowed: QUEUED, IN_PROGRESS, SUCCESS, FAILURE"),
        ("upstream=x", "allowed: apimodels, opeai"),
        ("limit=many", "a whole number from 0 to 1000"),
        ("limit=1001", "a whole number from 0 to 1000"),
        ("colour=red", "available: upstream, status, text, order, after, offset, limit, key, account"),
    ],
)
def test_an_invalid_filter_is_rejected(control: Control, query: str, message: str) -> None:
    assert message in control("GET", f"tasks?{query}", status=400)["error"]["message"]


def test_tasks_are_paged_in_either_order(frozen_server: Any, control: Control) -> None:
    created = []
    for _ in range(5):
        created.append(frozen_server.order_opeai())
        frozen_server.clock.advance(1)
    newest = created[::-1]
    assert ids(control("GET", "tasks?order=newest&limit=2")) == newest[:2]
    assert ids(control("GET", "tasks?order=newest&limit=2&offset=2")) == newest[2:4]
    assert ids(control("GET", f"tasks?order=newest&limit=2&after={newest[1]}")) == newest[2:4]
    assert ids(control("GET", f"tasks?limit=2&after={created[0]}")) == created[1:3]
    assert ids(control("GET", "tasks?offset=4")) == created[4:]
    assert control("GET", "tasks?offset=9") == {"tasks": [], "total": 5}
    error = control("GET", "tasks?after=nothing", status=400)["error"]
    assert (error["field"], "allowed" in error["message"]) == ("after", True)


def test_tasks_are_found_by_words_of_the_prompt_and_the_fate(frozen_server: Any, control: Control) -> None:
    boat = frozen_server.order_opeai(prompt="A Boat at dusk")
    fox = frozen_server.order_opeai(prompt="A fox [[mock: failed]]")
    matches = {"boat": [boat], "dusk a": [boat], "FAILED": [fox], boat[:12]: [boat, fox], "cow": []}
    for text, expected in matches.items():
        assert ids(control("GET", "tasks", params={"text": text})) == expected, text


def test_a_task_has_its_age_and_its_money(frozen_server: Any, control: Control) -> None:
    success, failure = frozen_server.order_opeai(), frozen_server.order_opeai(prompt="[[mock: failed]]")
    assert control("GET", f"tasks/{success}")["billing"] == "on_hold"
    frozen_server.clock.advance(5)
    task = control("GET", f"tasks/{success}")
    assert (task["age"], task["cost"], task["billing"]) == (5.0, "0.2716", "charged")
    assert control("GET", f"tasks/{failure}")["billing"] == "refunded"


def test_a_clip_is_downloaded_without_a_trace(frozen_server: Any, control: Control) -> None:
    task_id = frozen_server.order_opeai()
    assert "no clip" in control("GET", f"tasks/{task_id}/clip", status=409)["error"]["message"]
    frozen_server.clock.advance(5)
    before = len(frozen_server.journal())
    control("POST", "faults", {"fault": "status code=503"}, status=201)
    response = frozen_server.get(f"/_mock/tasks/{task_id}/clip", key=None)
    assert (response.status_code, response.headers["content-type"], response.content[4:8]) == (
        200,
        "video/mp4",
        b"ftyp",
    )
    part = frozen_server.get(f"/_mock/tasks/{task_id}/clip", key=None, headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert len(frozen_server.journal()) == before
