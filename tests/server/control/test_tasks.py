"""Tasks over HTTP: which there are, what they are now, and their timelines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Tell = Callable[..., Any]


def ids(said: Any) -> list[str]:
    return [task["id"] for task in said["tasks"]]


def test_tasks_of_all_keys_are_listed_and_can_be_narrowed(still: Any, tell: Tell) -> None:
    first, second = still.order_a(), still.order_b(key="sk_other")
    still.clock.advance(5)
    third = still.order_b()
    assert ids(tell("GET", "tasks")) == [first, second, third]
    for query, wanted in {
        "upstream=opeai": [second, third],
        "status=SUCCESS": [first, second],
        "key=sk_other": [second],
        "upstream=opeai&status=QUEUED": [third],
        "key=sk_nobody": [],
    }.items():
        assert ids(tell("GET", f"tasks?{query}")) == wanted


def test_of_too_many_tasks_the_newest_are_shown(still: Any, tell: Tell) -> None:
    made = [still.order_b() for _ in range(4)]
    said = tell("GET", "tasks?limit=2")
    assert (ids(said), said["total"]) == (made[2:], 4)


def test_a_task_says_what_it_is_now(still: Any, tell: Tell) -> None:
    task_id = still.order_b(prompt="A cat [[mock: failed after=10s]]")
    still.clock.advance(10)
    task = tell("GET", f"tasks/{task_id}")
    assert (task["status"], task["progress"], task["upstream"]) == ("FAILURE", 100, "opeai")
    assert (task["size"], task["seconds"], task["audio"], task["seed"]) == ("640x640", 4, False, 3)
    assert task["ends_at"] == task["created_at"] + 10
    assert set(task["failure"]) == {"kind", "code", "message"}
    assert "sk_test" not in str(task)


def test_a_task_that_never_ends_has_no_end(still: Any, tell: Tell) -> None:
    assert tell("GET", f"tasks/{still.order_b(prompt='[[mock: stuck]]')}")["ends_at"] is None


def test_a_timeline_says_when_a_task_changes_and_who_asked_when(still: Any, tell: Tell) -> None:
    task_id = still.order_b()
    still.order_b()
    still.clock.advance(1)
    still.task_b(task_id)
    said = tell("GET", f"tasks/{task_id}/timeline")
    assert [phase["status"] for phase in said["phases"]] == ["QUEUED", "IN_PROGRESS", "SUCCESS"]
    assert [phase["reached"] for phase in said["phases"]] == [True, True, False]
    assert [phase["at"] - said["task"]["created_at"] for phase in said["phases"]] == pytest.approx(
        [0, 0.6, 2], abs=1e-5
    )
    asked = [(one["operation"], one["at"] - said["task"]["created_at"], one["status"]) for one in said["exchanges"]]
    assert asked == [("create", 0, 200), ("query", 1, 200)]
    assert said["now"] == said["task"]["created_at"] + 1


def test_a_timeline_of_a_task_of_a_whole_family_of_names_is_its_own(still: Any, tell: Tell) -> None:
    task_id = still.order_b()
    still.get(f"/v1/videos/{task_id}0")
    still.get(f"/v1/videos/x-{task_id}")
    assert [one["operation"] for one in tell("GET", f"tasks/{task_id}/timeline")["exchanges"]] == ["create"]


def test_a_task_that_is_not_there_is_a_404(tell: Tell) -> None:
    for path in ("tasks/nobody", "tasks/nobody/timeline"):
        assert "'nobody'" in tell("GET", path, status=404)["error"]["message"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("status=done", "allowed: QUEUED, IN_PROGRESS, SUCCESS, FAILURE"),
        ("upstream=x", "allowed: apimodels, opeai"),
        ("limit=many", "a whole number from 0 to 1000"),
        ("limit=1001", "a whole number from 0 to 1000"),
        ("colour=red", "allowed: upstream, status, limit, key, account"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(tell: Tell, query: str, says: str) -> None:
    assert says in tell("GET", f"tasks?{query}", status=400)["error"]["message"]
