"""Never more is spent than was allowed, whatever the orders cost and whatever becomes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.driver.client import Driver, Step
from seedmock_harness.driver.http_transport import NoResponse
from seedmock_harness.verify.budget import Budget, InvalidBudget, budget_from
from seedmock_harness.verify.order_log import OrderLog
from seedmock_harness.verify.session import Plan, Session, Silent
from seedmock_harness.verify.target import KEYS, Target
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import BufferedResponse

SAID = get_contract("opeai")
ORDER = SAID.example(Operation.CREATE)
CENTS = st.integers(0, 300).map(lambda cents: Decimal(cents) / 100)
FATES = st.sampled_from(["taken", "refused", "lost", "broken", "garbled"])


def _order(speaker: Driver, times: int) -> Iterable[Any]:
    for _ in range(times):
        speaker.call(Operation.CREATE, ORDER)
    return ()


class Till:
    """An upstream that charges for what it takes, and answers as it is told."""

    def __init__(self, fates: Iterable[str]) -> None:
        self.fates = iter(fates)
        self.taken = 0

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        if method == "GET":
            return self.said(404, {"error": {"message": "video not found", "code": "ResourceNotFound"}})
        if content == b"{}":
            return self.said(400, {"error": {"message": "no model", "code": "MissingParameter"}})
        fate = next(self.fates, "taken")
        self.taken += fate != "refused"
        if fate == "lost":
            raise NoResponse("the connection broke off", sent=True)
        if fate == "refused":
            return self.said(400, {"error": {"message": "no", "code": "InvalidParameter"}})
        if fate == "broken":
            return self.said(502, "<html>")
        return self.said(200, "{" if fate == "garbled" else {"id": f"cgt-{self.taken}", "status": "queued"})

    def said(self, status: int, body: Any) -> BufferedResponse:
        return BufferedResponse(status, {}, body.encode() if isinstance(body, str) else json.dumps(body).encode())


@given(
    prices=st.lists(st.tuples(CENTS, st.integers(1, 2)), max_size=8),
    fates=st.lists(FATES, max_size=20),
    limit=CENTS,
)
def test_the_budget_is_never_exceeded(prices: list[tuple[Decimal, int]], fates: list[str], limit: Decimal) -> None:
    till, clock = Till(fates), ManualClock()
    steps = tuple(
        Step(f"{number}.", "", partial(_order, times=times), price) for number, (price, times) in enumerate(prices)
    )
    target = Target("a till", till.send, KEYS, clock.now, clock.sleep, str, own=True)
    session = Session.prepared(target, Plan(SAID, (), steps), limit, OrderLog(None, ""), Silent())
    quoted = session.quoted
    found = session.run()
    orders = [order for order in session.book.run.orders if not order.refused]
    assert sum((order.price for order in orders), Decimal(0)) == found.spent
    assert found.spent <= limit
    assert quoted <= limit
    assert len(orders) >= till.taken
    assert len(found.tasks) + len(found.unresolved_orders) == till.taken


def test_a_step_that_is_too_dear_does_not_keep_back_a_cheaper_one() -> None:
    steps = [Step(name, "", lambda speaker: (), Decimal(price)) for name, price in (("a", 3), ("b", 1), ("c", 1))]
    assert [step.name for step in Budget(Decimal(2)).planned(steps)] == ["b", "c"]


@pytest.mark.parametrize(("text", "amount"), [("0", 0), ("0.50", "0.5"), ("$3", 3), (" 2 ", 2), ("1e1", 10)])
def test_a_budget_is_an_amount(text: str, amount: Any) -> None:
    assert budget_from(text) == Decimal(amount)


def test_a_budget_can_be_without_limit() -> None:
    assert budget_from("unlimited") is None
    assert Budget(None).affords(Decimal(10**9))


@pytest.mark.parametrize("text", ["", "-1", "much", "NaN", "inf", "1,50", "1_000", "０.５", "1 USD"])
def test_what_is_no_amount_is_refused_before_anything_is_sent(command: Any, text: str) -> None:
    with pytest.raises(InvalidBudget, match="allowed: an amount in USD"):
        budget_from(text)
    told = command("--upstream", "opeai", "--base-url", "http://127.0.0.1:9", "--api-key", "k", f"--budget={text}")
    assert told.exit_code == 2
    assert "is no amount" in told.output
