"""Fault and limit endpoints: rules, their counts, and their removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Control = Callable[..., Any]
NO_RULES: dict[str, Any] = {"rules": [], "scenario_rules": []}


def test_a_rule_is_listed_counted_and_removed(frozen_server: Any, control: Control) -> None:
    order = {"match": {"operation": "query", "times": 1}, "fault": "status code=502"}
    rule = control("POST", "faults", order, status=201)
    assert (rule["match"], rule["fault"]["fault"], rule["breaks_contract"]) == (order["match"], "status", False)
    task_id = frozen_server.order_opeai()
    assert [frozen_server.get(f"/v1/videos/{task_id}").status_code for _ in range(2)] == [502, 200]
    (shown,) = control("GET", "faults")["rules"]
    assert (shown["id"], shown["matched"], shown["applied"]) == (rule["id"], 2, 1)
    assert control("DELETE", f"faults/{rule['id']}") == {"removed": 1}
    assert control("GET", "faults") == NO_RULES


def test_a_rule_of_a_key_matches_its_calls_and_hides_the_key(frozen_server: Any, control: Control) -> None:
    rule = control("POST", "faults", {"match": {"key": "sk_mine"}, "fault": "status code=503"}, status=201)
    assert list(rule["match"]) == ["account"]
    assert frozen_server.get("/v1/balance", key="sk_mine").status_code == 503
    assert frozen_server.get("/v1/balance").status_code == 200
    assert control("DELETE", "faults?key=sk_mine") == {"removed": 1}


def test_faults_are_recorded_in_the_journal(frozen_server: Any, control: Control) -> None:
    control("POST", "faults", {"fault": "status code=503", "match": {"nth": 1}}, status=201)
    frozen_server.get("/v1/balance")
    frozen_server.get("/v1/balance")
    (exchange,) = control("GET", "journal?kind=faulted")["exchanges"]
    assert (exchange["number"], exchange["kind"]) == (0, "failed")
    assert "status" in exchange["faults"][0]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"fault": "explode"}, "allowed: "),
        ({"fault": "status colour=red"}, "unknown parameter 'colour'"),
        ({"fault": []}, "a string or a table"),
        ({"fault": "status code=502", "match": {"operation": "x"}}, "operation is 'x'"),
        ({}, "missing required field `fault`"),
    ],
)
def test_an_invalid_rule_is_rejected_and_changes_nothing(control: Control, order: Any, message: str) -> None:
    assert message in control("POST", "faults", order, status=400)["error"]["message"]
    assert control("GET", "faults") == NO_RULES


def test_removing_an_unknown_rule_gets_a_404(control: Control) -> None:
    assert control("DELETE", "faults/fault-1", status=404)["error"]["allowed"] == []


def test_the_rate_of_a_key_can_be_limited(frozen_server: Any, control: Control) -> None:
    response = control("PUT", "limits", {"rate": 1, "key": "sk_mine"})
    assert [(row["rate"], row["concurrency"]) for row in response["limits"]] == [(None, None), (1, None)]
    assert [frozen_server.get("/v1/balance", key="sk_mine").status_code for _ in range(2)] == [200, 429]
    assert "rate is 0" in control("PUT", "limits", {"rate": 0}, status=400)["error"]["message"]
    control("POST", "reset")
    assert control("GET", "limits") == {"limits": [{"account": None, "rate": None, "concurrency": None}]}
