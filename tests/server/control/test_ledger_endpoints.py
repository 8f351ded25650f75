"""Ledger endpoints: statements, and the credit of keys."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

Control = Callable[..., Any]


def test_an_order_is_held_and_then_charged(frozen_server: Any, control: Control) -> None:
    task_id = frozen_server.order_apimodels()
    (statement,) = control("GET", "ledger")["statements"]
    (line,) = statement["lines"]
    assert (line["id"], line["kind"], line["charged"], line["on_hold"]) == (task_id, "generation", "0", line["quoted"])
    assert Decimal(line["quoted"]) > 0
    frozen_server.clock.advance(2)
    (line,) = control("GET", "ledger")["statements"][0]["lines"]
    assert (line["on_hold"], line["charged"]) == ("0", line["quoted"])


def test_a_failed_order_is_refunded(frozen_server: Any, control: Control) -> None:
    frozen_server.order_apimodels(prompt="[[mock: failed after=1s]]")
    frozen_server.clock.advance(1)
    (statement,) = control("GET", "ledger")["statements"]
    assert (statement["totals"]["charged"], statement["lines"][0]["refunded"]) == ("0", statement["totals"]["quoted"])


def test_statements_can_be_filtered_and_limited(frozen_server: Any, control: Control) -> None:
    for _ in range(3):
        frozen_server.order_apimodels()
        frozen_server.order_opeai(key="sk_other")
    assert len(control("GET", "ledger")["statements"]) == 2
    (mine,) = control("GET", "ledger?limit=2", headers={"X-Mock-Key": "sk_other"})["statements"]
    assert ([line["upstream"] for line in mine["lines"]], mine["total"]) == (["opeai", "opeai"], 3)
    sums = [len(statement["lines"]) for statement in control("GET", "ledger?upstream=apimodels")["statements"]]
    assert sums == [3, 0]


def test_a_statement_can_have_the_line_of_one_task_alone(frozen_server: Any, control: Control) -> None:
    task_id, _ = frozen_server.order_opeai(), frozen_server.order_opeai()
    (whole,) = control("GET", "ledger")["statements"]
    (statement,) = control("GET", f"ledger?task={task_id}")["statements"]
    assert [line["id"] for line in statement["lines"]] == [task_id]
    assert (statement["total"], statement["totals"]) == (2, whole["totals"])
    assert control("GET", "ledger?task=unknown")["statements"][0]["lines"] == []


def test_a_key_can_spend_its_credit(frozen_server: Any, control: Control) -> None:
    response = control("PUT", "credit", {"amount": "0.01", "upstream": "apimodels", "key": "sk_poor"})
    assert response["statements"][0]["upstreams"]["apimodels"]["remaining"] == "0.01"
    order = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", "duration": 4, "aspect_ratio": "1:1"}
    assert frozen_server.post("/api/v1/video/generations", order, key="sk_poor").status_code == 402
    assert frozen_server.post("/api/v1/video/generations", order).status_code == 200
    control("PUT", "credit", {"amount": 0})
    assert frozen_server.post("/api/v1/video/generations", order).status_code == 402
    control("POST", "reset")
    assert frozen_server.post("/api/v1/video/generations", order, key="sk_poor").status_code == 200


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"amount": "much"}, "amount is 'much'"),
        ({"amount": -1}, "allowed"),
        ({"amount": 1, "upstream": "opeai"}, "beside key only"),
        ({"amount": 1, "upstream": "x", "key": "sk_a"}, "apimodels, opeai"),
        ({}, "missing required field `amount`"),
    ],
)
def test_invalid_credit_is_rejected(frozen_server: Any, control: Control, order: Any, message: str) -> None:
    assert message in control("PUT", "credit", order, status=400)["error"]["message"]
    assert frozen_server.order_apimodels()
