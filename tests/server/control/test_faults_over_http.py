"""Faults and limits over HTTP: rules, their counts, and taking them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Tell = Callable[..., Any]


def test_a_rule_is_shown_counted_and_taken_away(still: Any, tell: Tell) -> None:
    order = {"match": {"operation": "query", "times": 1}, "fault": "status code=502"}
    rule = tell("POST", "faults", order, status=201)
    assert (rule["match"], rule["fault"]["fault"], rule["breaks_contract"]) == (order["match"], "status", False)
    task_id = still.order_b()
    assert [still.get(f"/v1/videos/{task_id}").status_code for _ in range(2)] == [502, 200]
    (shown,) = tell("GET", "faults")["rules"]
    assert (shown["id"], shown["matched"], shown["applied"]) == (rule["id"], 2, 1)
    assert tell("DELETE", f"faults/{rule['id']}") == {"removed": 1}
    assert tell("GET", "faults") == {"rules": []}


def test_a_rule_of_a_key_is_for_its_calls_and_shows_no_key(still: Any, tell: Tell) -> None:
    rule = tell("POST", "faults", {"match": {"key": "sk_mine"}, "fault": "status code=503"}, status=201)
    assert list(rule["match"]) == ["account"]
    assert still.get("/v1/balance", key="sk_mine").status_code == 503
    assert still.get("/v1/balance").status_code == 200
    assert tell("DELETE", "faults?key=sk_mine") == {"removed": 1}


def test_what_was_done_on_purpose_stands_in_the_journal(still: Any, tell: Tell) -> None:
    tell("POST", "faults", {"fault": "status code=503", "match": {"nth": 1}}, status=201)
    still.get("/v1/balance")
    still.get("/v1/balance")
    (said,) = tell("GET", "journal?kind=faulted")["exchanges"]
    assert (said["number"], said["kind"]) == (0, "failed")
    assert "status" in said["faults"][0]


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"fault": "explode"}, "allowed: "),
        ({"fault": "status colour=red"}, "no parameter 'colour'"),
        ({"fault": []}, "a text or a table"),
        ({"fault": "status code=502", "match": {"operation": "x"}}, "operation is 'x'"),
        ({}, "missing required field `fault`"),
    ],
)
def test_a_rule_that_cannot_be_changes_nothing_and_says_what_is_allowed(tell: Tell, order: Any, says: str) -> None:
    assert says in tell("POST", "faults", order, status=400)["error"]["message"]
    assert tell("GET", "faults") == {"rules": []}


def test_a_rule_that_is_not_there_cannot_be_taken_away(tell: Tell) -> None:
    assert tell("DELETE", "faults/fault-1", status=404)["error"]["allowed"] == []


def test_a_key_can_be_limited(still: Any, tell: Tell) -> None:
    said = tell("PUT", "limits", {"rate": 1, "key": "sk_mine"})
    assert [(row["rate"], row["concurrency"]) for row in said["limits"]] == [(None, None), (1, None)]
    assert [still.get("/v1/balance", key="sk_mine").status_code for _ in range(2)] == [200, 429]
    assert "rate is 0" in tell("PUT", "limits", {"rate": 0}, status=400)["error"]["message"]
    tell("POST", "reset")
    assert tell("GET", "limits") == {"limits": [{"account": None, "rate": None, "concurrency": None}]}
