"""Reset: of everything, or of one key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Control = Callable[..., Any]


def group(frozen_server: Any, key: str) -> int:
    response = frozen_server.post("/api/v1/assets/groups", {"name": "g", "group_name": "g"}, key=key)
    assert response.status_code == 200, response.text
    return int(response.json()["data"]["id"])


def fill(frozen_server: Any, control: Control, key: str) -> str:
    """Give a key a task, a group, a rule, a default and a clock."""
    task_id = str(frozen_server.order_opeai(key=key))
    group(frozen_server, key)
    control("POST", "fates", {"match": {"key": key}, "fate": "stuck"}, status=201)
    control("PUT", "fates/default", {"fate": "slow", "key": key})
    control("POST", "clock", {"advance": 60, "key": key})
    return task_id


def delete_mine(frozen_server: Any, control: Control, action: str, *, rules_left: int) -> tuple[Any, str]:
    """Delete the state of one of two keys, and look that the other's is left; return the response and its task."""
    mine, theirs = fill(frozen_server, control, "sk_mine"), fill(frozen_server, control, "sk_theirs")
    deleted = control("POST", action, {"key": "sk_mine"})
    assert (len(deleted["accounts"]), deleted["tasks"], deleted["groups"], deleted["assets"]) == (1, 1, 1, 0)
    assert frozen_server.get(f"/v1/videos/{mine}", key="sk_mine").status_code == 404
    assert frozen_server.query_opeai(theirs, key="sk_theirs")["status"] == "SUCCESS"
    fates, clock = control("GET", "fates"), control("GET", "clock")
    counts = (len(fates["rules"]), len(fates["account_defaults"]), len(clock["accounts"]))
    assert counts == (rules_left, rules_left, rules_left)
    return deleted, theirs


def test_resetting_a_key_keeps_the_others(frozen_server: Any, control: Control) -> None:
    deleted, _ = delete_mine(frozen_server, control, "reset", rules_left=1)
    exchanges = control("GET", "journal")["exchanges"]
    assert [exchange["number"] for exchange in exchanges if exchange["account"] == deleted["accounts"][0]] == [4]
    assert group(frozen_server, "sk_mine") == 1


def test_forgetting_a_key_keeps_its_rules_and_clock(frozen_server: Any, control: Control) -> None:
    _, theirs = delete_mine(frozen_server, control, "forget", rules_left=2)
    assert frozen_server.order_opeai(key="sk_mine") != theirs


def test_forgetting_needs_a_key(control: Control) -> None:
    error = control("POST", "forget", {}, status=400)["error"]
    assert (error["field"], error["message"]) == ("key", "found no key; allowed: one in the body, or as X-Mock-Key")


def test_everything_after_a_reset_happens_as_before(frozen_server: Any, control: Control) -> None:
    def run() -> list[Any]:
        task_ids = [fill(frozen_server, control, "sk_mine"), fill(frozen_server, control, "sk_theirs")]
        control("POST", "clock", {"advance": "1h"})
        frozen_server.order_apimodels()
        return [
            task_ids,
            control("GET", "journal"),
            control("GET", "tasks"),
            control("GET", "fates"),
            control("GET", "clock"),
        ]

    first = run()
    assert control("POST", "reset")["tasks"] == 3
    assert control("GET", "tasks")["tasks"] == []
    assert control("GET", "journal") == {"exchanges": [], "total": 0, "next": 0}
    assert control("GET", "clock")["accounts"] == {}
    assert run() == first


def test_an_invalid_reset_deletes_nothing(frozen_server: Any, control: Control) -> None:
    frozen_server.order_opeai()
    bodies: tuple[Any, ...] = ({"keys": ["a"]}, {"key": 1}, [])
    for body in bodies:
        control("POST", "reset", body, status=400)
    assert control("GET", "tasks")["total"] == 1
