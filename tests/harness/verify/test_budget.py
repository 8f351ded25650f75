"""The budget is never exceeded, whatever the orders cost and whatever becomes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.driver.client import Driver, Step
from seedmock_harness.driver.http_transport import NoResponse
from seedmock_harness.verify.budget import Budget, InvalidBudget, parse_budget
from seedmock_harness.verify.order_log import OrderLog
from seedmock_harness.verify.session import NullObserver, Session, VerificationPlan
from seedmock_harness.verify.target import KEYS, Target
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import BufferedResponse

CONTRACT = get_contract("opeai")
ORDER = CONTRACT.example(Operation.CREATE)
CENTS = st.integers(0, 300).map(lambda cents: Decimal(cents) / 100)
OUTCOMES = st.sampled_from(["accepted", "rejected", "lost", "proxy-error", "unreadable"])


def _order(driver: Driver, times: int) -> Iterable[Any]:
    for _ in range(times):
        driver.call(Operation.CREATE, ORDER)
    return ()


class ScriptedUpstream:
    """Upstream that gives each order a scripted outcome, and counts those that it charges."""

    def __init__(self, outcomes: Iterable[str]) -> None:
        self.outcomes = iter(outcomes)
        self.charged = 0

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        if method == "GET":
            return self.response(404, {"error": {"message": "video not found", "code": "ResourceNotFound"}})
        if content == b"{}":
            return self.response(400, {"error": {"message": "no model", "code": "MissingParameter"}})
        outcome = next(self.outcomes, "accepted")
        self.charged += outcome != "rejected"
        if outcome == "lost":
            raise NoResponse("the connection broke off", may_have_arrived=True)
        if outcome == "rejected":
            return self.response(400, {"error": {"message": "no", "code": "InvalidParameter"}})
        if outcome == "proxy-error":
            return self.response(502, "<html>")
        return self.response(200, "{" if outcome == "unreadable" else {"id": f"cgt-{self.charged}", "status": "queued"})

    def response(self, status: int, body: Any) -> BufferedResponse:
        return BufferedResponse(status, {}, body.encode() if isinstance(body, str) else json.dumps(body).encode())


@given(
    prices=st.lists(st.tuples(CENTS, st.integers(1, 2)), max_size=8),
    outcomes=st.lists(OUTCOMES, max_size=20),
    limit=CENTS,
)
def test_budget_is_never_exceeded(prices: list[tuple[Decimal, int]], outcomes: list[str], limit: Decimal) -> None:
    upstream, clock = ScriptedUpstream(outcomes), ManualClock()
    steps = tuple(
        Step(f"{number}.", "", partial(_order, times=times), price) for number, (price, times) in enumerate(prices)
    )
    target = Target("scripted", upstream.send, KEYS, clock.now, clock.sleep, str, is_own_emulator=True)
    plan = VerificationPlan(CONTRACT, (), steps)
    session = Session.create(target, plan, limit, OrderLog(None, ""), NullObserver())
    quote = session.quote
    verification = session.run()
    orders = [order for order in session.order_log.run.orders if not order.rejected]
    assert sum((order.price for order in orders), Decimal(0)) == verification.spent
    assert verification.spent <= limit
    assert quote <= limit
    assert len(orders) >= upstream.charged
    assert len(verification.tasks) + len(verification.unresolved_orders) == upstream.charged


def test_expensive_step_does_not_keep_out_a_cheaper_one() -> None:
    steps = [Step(name, "", lambda driver: (), Decimal(price)) for name, price in (("a", 3), ("b", 1), ("c", 1))]
    assert [step.name for step in Budget(Decimal(2)).affordable(steps)] == ["b", "c"]


@pytest.mark.parametrize(("text", "amount"), [("0", 0), ("0.50", "0.5"), ("$3", 3), (" 2 ", 2), ("1e1", 10)])
def test_budget_is_an_amount(text: str, amount: Any) -> None:
    assert parse_budget(text) == Decimal(amount)


def test_budget_may_be_unlimited() -> None:
    assert parse_budget("unlimited") is None
    assert Budget(None).allows(Decimal(10**9))


@pytest.mark.parametrize("text", ["", "-1", "much", "NaN", "inf", "1,50", "1_000", "０.５", "1 USD"])
def test_invalid_budget_exits_before_any_request(run_verify: Callable[..., Result], text: str) -> None:
    with pytest.raises(InvalidBudget, match="allowed: an amount in USD"):
        parse_budget(text)
    result = run_verify("--upstream", "opeai", "--base-url", "http://127.0.0.1:9", "--api-key", "k", f"--budget={text}")
    assert result.exit_code == 2
    assert "is not an amount" in result.output
