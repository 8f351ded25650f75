"""Money over HTTP: statements, and what a key may spend."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

Tell = Callable[..., Any]


def test_an_order_is_held_and_then_charged(still: Any, tell: Tell) -> None:
    task_id = still.order_a()
    (statement,) = tell("GET", "ledger")["statements"]
    (line,) = statement["lines"]
    assert (line["id"], line["kind"], line["charged"], line["held"]) == (task_id, "generation", "0", line["quoted"])
    assert Decimal(line["quoted"]) > 0
    still.clock.advance(2)
    (line,) = tell("GET", "ledger")["statements"][0]["lines"]
    assert (line["held"], line["charged"]) == ("0", line["quoted"])


def test_what_failed_is_refunded(still: Any, tell: Tell) -> None:
    still.order_a(prompt="[[mock: failed after=1s]]")
    still.clock.advance(1)
    (statement,) = tell("GET", "ledger")["statements"]
    assert (statement["totals"]["charged"], statement["lines"][0]["refunded"]) == ("0", statement["totals"]["quoted"])


def test_statements_are_narrowed_by_key_and_upstream_and_cut(still: Any, tell: Tell) -> None:
    for _ in range(3):
        still.order_a()
        still.order_b(key="sk_other")
    assert len(tell("GET", "ledger")["statements"]) == 2
    (mine,) = tell("GET", "ledger?limit=2", headers={"X-Mock-Key": "sk_other"})["statements"]
    assert ([line["upstream"] for line in mine["lines"]], mine["total"]) == (["opeai", "opeai"], 3)
    sums = [len(one["lines"]) for one in tell("GET", "ledger?upstream=apimodels")["statements"]]
    assert sums == [3, 0]


def test_a_key_may_spend_what_it_was_given(still: Any, tell: Tell) -> None:
    said = tell("PUT", "credit", {"amount": "0.01", "upstream": "apimodels", "key": "sk_poor"})
    assert said["statements"][0]["upstreams"]["apimodels"]["remaining"] == "0.01"
    order = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", "duration": 4, "aspect_ratio": "1:1"}
    assert still.post("/api/v1/video/generations", order, key="sk_poor").status_code == 402
    assert still.post("/api/v1/video/generations", order).status_code == 200
    tell("PUT", "credit", {"amount": 0})
    assert still.post("/api/v1/video/generations", order).status_code == 402
    tell("POST", "reset")
    assert still.post("/api/v1/video/generations", order, key="sk_poor").status_code == 200


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"amount": "much"}, "amount is 'much'"),
        ({"amount": -1}, "allowed"),
        ({"amount": 1, "upstream": "opeai"}, "beside key only"),
        ({"amount": 1, "upstream": "x", "key": "sk_a"}, "apimodels, opeai"),
        ({}, "missing required field `amount`"),
    ],
)
def test_credit_that_cannot_be_is_refused(still: Any, tell: Tell, order: Any, says: str) -> None:
    assert says in tell("PUT", "credit", order, status=400)["error"]["message"]
    assert still.order_a()
