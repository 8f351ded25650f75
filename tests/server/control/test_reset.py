"""Forgetting: everything, or what one key has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Tell = Callable[..., Any]


def group(still: Any, key: str) -> int:
    made = still.post("/api/v1/assets/groups", {"name": "g", "group_name": "g"}, key=key)
    assert made.status_code == 200, made.text
    return int(made.json()["data"]["id"])


def fill(still: Any, tell: Tell, key: str) -> str:
    """A task, a group, a rule, a default and a clock for a key."""
    task_id = str(still.order_b(key=key))
    group(still, key)
    tell("POST", "fates", {"match": {"key": key}, "fate": "stuck"}, status=201)
    tell("PUT", "fates/default", {"fate": "slow", "key": key})
    tell("POST", "clock", {"advance": 60, "key": key})
    return task_id


def test_a_key_is_forgotten_and_the_others_are_not(still: Any, tell: Tell) -> None:
    mine, theirs = fill(still, tell, "sk_mine"), fill(still, tell, "sk_theirs")
    gone = tell("POST", "reset", {"key": "sk_mine"})
    assert (len(gone["accounts"]), gone["tasks"], gone["groups"], gone["assets"]) == (1, 1, 1, 0)
    assert still.get(f"/v1/videos/{mine}", key="sk_mine").status_code == 404
    assert still.task_b(theirs, key="sk_theirs")["status"] == "SUCCESS"
    fates, clock = tell("GET", "fates"), tell("GET", "clock")
    assert (len(fates["rules"]), len(fates["account_defaults"]), len(clock["accounts"])) == (1, 1, 1)
    said = tell("GET", "journal")["exchanges"]
    assert [one["number"] for one in said if one["account"] == gone["accounts"][0]] == [4]
    assert group(still, "sk_mine") == 1


def test_everything_is_forgotten_and_happens_again_as_it_did(still: Any, tell: Tell) -> None:
    def story() -> list[Any]:
        made = [fill(still, tell, "sk_mine"), fill(still, tell, "sk_theirs")]
        tell("POST", "clock", {"advance": "1h"})
        still.order_a()
        return [made, tell("GET", "journal"), tell("GET", "tasks"), tell("GET", "fates"), tell("GET", "clock")]

    first = story()
    assert tell("POST", "reset")["tasks"] == 3
    assert tell("GET", "tasks")["tasks"] == []
    assert tell("GET", "journal") == {"exchanges": [], "total": 0, "next": 0}
    assert tell("GET", "clock")["accounts"] == {}
    assert story() == first


def test_a_reset_that_cannot_be_read_forgets_nothing(still: Any, tell: Tell) -> None:
    still.order_b()
    for order in ({"keys": ["a"]}, {"key": 1}, []):
        tell("POST", "reset", order, status=400)
    assert tell("GET", "tasks")["total"] == 1
