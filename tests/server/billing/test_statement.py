"""Statements: the quote of each order, and whether it is on hold, charged or refunded at a time."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedmock_contracts.enums import Basis, ErrorKind, Mode, TaskStatus
from seedmock_server.billing.ledger import Ledger
from seedmock_server.billing.statement import LineKind, Prices, equals_rounded, format_amount
from seedmock_server.clock import Clocks, ManualClock
from seedmock_server.http.coroutines import run_now
from seedmock_server.storage import MemoryStore, Order
from seedmock_server.tasks.models import Task, TaskFailure
from seedmock_server.tasks.timeline import standard_phases, state_at

if TYPE_CHECKING:
    from .conftest import BillingServer, OpenServer


def test_each_kind_of_order_is_held_then_charged_at_its_price(server: BillingServer) -> None:
    server.create_group()
    for kind in ("apimodels", "upscale", "asset", "opeai"):
        assert server.order(kind).status_code == 200
    before = server.statement()
    assert [line.kind for line in before.lines if line.upstream == "opeai"] == ["generation"]
    assert sorted(line.kind for line in before.for_upstream("apimodels").lines) == ["asset", "generation", "upscale"]
    assert before.for_upstream("apimodels").totals.on_hold == Decimal("0.588") + Decimal("0.375") + Decimal("0.01")
    assert before.charged == 0
    assert before.charges == ()
    assert {line.settled_at for line in before.lines} == {None}
    start = server.clock.now()
    server.clock.advance(60)
    after = server.statement()
    assert after.charged == after.totals.quoted == before.totals.on_hold
    assert after.totals.on_hold == after.totals.refunded == 0
    ends = {line.kind: line.settled_at for line in after.for_upstream("apimodels").lines}
    assert ends[LineKind.GENERATION] == ends[LineKind.UPSCALE] == start + 2
    assert start < (ends[LineKind.ASSET] or start) <= start + 1


@pytest.mark.parametrize("kind", ["apimodels", "opeai", "upscale"])
def test_a_failed_order_is_refunded_when_it_fails(server: BillingServer, kind: str) -> None:
    assert server.order(kind, fate="failed after=5s").status_code == 200
    price = server.statement().totals.on_hold
    assert price > 0
    server.clock.advance(4.999)
    assert server.statement().totals.on_hold == price
    server.clock.advance(0.001)
    line = server.statement().lines[0]
    assert [line.on_hold, line.charged, line.refunded] == [0, 0, price]
    assert line.settled_at == line.created_at + 5


@pytest.mark.parametrize("kind", ["apimodels", "opeai"])
def test_a_fate_can_charge_a_failed_task(server: BillingServer, kind: str) -> None:
    server.order(kind, fate="failed after=5s charged=yes")
    price = server.statement().totals.quoted
    server.clock.advance(86400)
    assert server.statement().totals.charged == price
    assert server.statement().totals.refunded == 0


def test_refunds_can_be_delayed(open_server: OpenServer) -> None:
    server = open_server(refund_after="60")
    task_id = server.order("apimodels", fate="failed after=5s").json()["data"]["taskId"]
    server.clock.advance(5)
    assert (server.statement().charged, server.statement().lines[0].settled_at) == (
        Decimal("0.588"),
        server.clock.now(),
    )
    assert server.record(task_id) == {"settled": True, "credits": 0.588, "currency": "USD"}
    server.clock.advance(59.9)
    assert server.balance() == pytest.approx(1000 - 0.588)
    server.clock.advance(0.1)
    assert server.balance() == 1000
    assert server.record(task_id) == {"settled": True, "credits": 0, "currency": "USD"}
    assert server.statement().lines[0].settled_at == server.clock.now()


def test_a_deleted_asset_stays_charged(server: BillingServer) -> None:
    server.create_group()
    server.order("asset")
    asset_id = server.order("asset").json()["data"]["id"]
    server.clock.advance(5)
    assert server.request("POST", "/api/v1/assets/delete", json={"id": asset_id}).status_code == 200
    assert (server.statement().charged, len(server.statement().lines)) == (Decimal("0.02"), 2)
    assert server.balance() == 999.98


def test_balance_and_records_agree_with_the_statement(server: BillingServer) -> None:
    ids = [
        server.order("apimodels", fate=fate).json()["data"]["taskId"]
        for fate in ("", "failed", "failed charged=yes", "stuck")
    ]
    for _ in range(2):
        statement = server.statement().for_upstream("apimodels")
        assert server.balance() == pytest.approx(float(1000 - statement.totals.on_hold - statement.charged))
        for task_id, line in zip(ids, statement.lines, strict=True):
            record = server.record(task_id)
            assert (record["credits"], record["settled"]) == (float(line.charged), line.settled_at is not None)
        server.clock.advance(3)
    assert [line.charged for line in statement.lines] == [Decimal("0.588"), 0, Decimal("0.588"), 0]


def test_a_statement_can_be_computed_for_another_time(server: BillingServer) -> None:
    start = server.clock.now()
    server.order("apimodels")
    server.clock.advance(10)
    server.order("opeai")
    ledger, account = server.app.ledger, server.account()
    assert run_now(ledger.statement(account, start - 1)).lines == ()
    statement = run_now(ledger.statement(account, start + 1))
    assert (statement.at, len(statement.lines), statement.charged) == (start + 1, 1, Decimal(0))
    assert statement.totals.on_hold == Decimal("0.588")
    assert run_now(ledger.statement(account, start + 3)).charged == Decimal("0.588")
    assert len(run_now(ledger.statement(account, start + 60)).charges) == 2


def test_under_the_pace_step_queries_charge_a_task(open_server: OpenServer) -> None:
    server = open_server(pace="step", credit="0.60")
    task_id = server.order("apimodels").json()["data"]["taskId"]
    server.clock.advance(3600)
    assert server.statement().totals.on_hold == Decimal("0.588")
    for _ in range(3):
        server.request("GET", f"/api/v1/video/generations?task_id={task_id}")
    assert server.statement().charged == Decimal("0.588")
    assert server.order("apimodels").status_code == 402


def test_under_the_pace_step_queries_refund_a_failed_task(open_server: OpenServer) -> None:
    server = open_server(pace="step", credit="0.60")
    task_id = server.order("apimodels", fate="failed").json()["data"]["taskId"]
    server.clock.advance(3600)
    assert server.order("apimodels").status_code == 402
    for _ in range(3):
        server.request("GET", f"/api/v1/video/generations?task_id={task_id}")
    assert server.order("apimodels").status_code == 200


def test_the_json_of_a_statement_has_exact_amounts_and_their_facts(open_server: OpenServer) -> None:
    server = open_server(credit="1")
    server.order("opeai")
    server.order("apimodels", fate="failed")
    assert server.statement().as_json["upstreams"]["apimodels"]["remaining"] == "0.412"
    server.clock.advance(2)
    document = json.loads(json.dumps(server.statement().as_json))
    tokens, seconds = document["lines"]
    assert seconds["quoted"] == seconds["refunded"] == "0.588"
    assert (seconds["on_hold"], seconds["charged"], seconds["rate"]) == ("0", "0", "0.147")
    assert (seconds["unit"], seconds["seconds"]) == ("second", 4)
    assert (seconds["facts"], seconds["basis"]) == (["apimodels.tariff.standard.720p"], Basis.DOCUMENTED)
    assert (tokens["unit"], tokens["facts"]) == ("million tokens", ["opeai.tokens.price"])
    assert tokens["basis"] == Basis.ASSUMED
    assert document["currency"] == "USD"
    assert document["upstreams"]["apimodels"] == {
        "quoted": "0.588", "on_hold": "0", "charged": "0", "refunded": "0.588", "credit": "1", "remaining": "1",
    }  # fmt: skip
    remaining = Decimal(1) - Decimal(tokens["charged"])
    assert Decimal(document["upstreams"]["opeai"]["remaining"]) == remaining
    assert Decimal(document["totals"]["charged"]) == Decimal(tokens["charged"])


def test_a_statement_without_a_credit_limit_has_no_remaining_amount(server: BillingServer) -> None:
    server.order("apimodels")
    assert server.statement().as_json["upstreams"]["apimodels"]["credit"] is None
    assert server.statement().as_json["upstreams"]["apimodels"]["remaining"] is None


@pytest.mark.parametrize(
    ("amount", "expected", "is_equal"),
    [
        ("0.588", "0.588", True), ("0.588", "0.59", True), ("0.588", "0.6", True), ("0.588", 1, True),
        ("0.588", "0.58", False), ("0.588", "0.5881", False), ("0.588", "0.5880", True), ("0.588", 0, False),
        ("0.585", "0.59", True), ("0", 0, True), ("0", "0.00", True), ("0.004", "0.00", True), ("1", "NaN", False),
        ("1", "Infinity", False), ("1E+1", "10.0", True),
    ],
)  # fmt: skip
def test_amounts_are_compared_in_the_digits_of_the_expected_one(amount: str, expected: Any, is_equal: bool) -> None:
    assert equals_rounded(Decimal(amount), expected) is is_equal


def test_the_charged_amount_is_compared_in_given_digits(server: BillingServer) -> None:
    server.order("apimodels")
    assert server.statement().charged_equals(0)
    server.clock.advance(2)
    assert server.statement().charged_equals("0.59")
    assert not server.statement().charged_equals("0.60")


def test_amounts_are_formatted_without_trailing_zeros() -> None:
    assert [format_amount(Decimal(text)) for text in ("0.5880", "10", "0", "0.00", "1E+3", "1E-7")] == [
        "0.588", "10", "0", "0", "1000", "0.0000001",
    ]  # fmt: skip


FAILED = TaskFailure(ErrorKind.TASK_FAILED, "UPSTREAM_FAILED", "upstream failed")


def task_of(number: int, at: float, render: float, outcome: str) -> Task:
    end = TaskStatus.FAILURE if outcome.startswith("fail") else TaskStatus.SUCCESS
    phases = standard_phases(render / 3, render * 2 / 3, end)
    return Task(
        id=f"t{number}", upstream=("apimodels", "opeai")[number % 2], account="k", mode=Mode.TEXT,
        model=("seedance2-a/seedance-2.0-a", "seedance-2-0")[number % 2], prompt="", resolution="720p", ratio="16:9",
        width=1280, height=720, seconds=4 + number % 12, audio=False, created_at=at,
        phases=phases[:2] if outcome == "stuck" else phases, failure=FAILED if end is TaskStatus.FAILURE else None,
        charged_when_failed=outcome == "fail and charge",
    )  # fmt: skip


HISTORY = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 100), st.sampled_from(["succeed", "fail", "fail and charge", "stuck"])),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(HISTORY, st.lists(st.floats(0, 400), min_size=1, max_size=6), st.sampled_from([0.0, 7.5]))
def test_at_any_time_each_amount_is_held_or_charged_or_refunded_and_the_tally_agrees(
    history: list[tuple[float, float, str]], times: list[float], refund: float
) -> None:
    clock, store = ManualClock(0.0), MemoryStore()
    clocks = Clocks(clock)
    incremental = Ledger(store, clocks, Prices(refund_seconds=refund), credit=Decimal(10**6))
    run_now(incremental.spent("k", "opeai"))  # from here on its tally follows each order; the other one reads the store
    for number, (at, render, outcome) in enumerate(sorted(history)):
        clock.advance(max(0.0, at - clock.now()))
        task = task_of(number, clock.now(), render, outcome)
        assert run_now(store.accept(Order(task, clock.now()))) is None
        incremental.book(task)
    from_store = Ledger(store, clocks, Prices(refund_seconds=refund), credit=Decimal(10**6))
    for time in sorted(times):
        clock.advance(max(0.0, time - clock.now()))
        statement = run_now(from_store.statement("k"))
        for line in statement.lines:
            amounts = sorted([line.on_hold, line.charged, line.refunded])
            assert amounts == [0, 0, line.quote.amount]
            status = state_at(store._tasks[line.id], clock.now()).status
            assert (status in (TaskStatus.SUCCESS, TaskStatus.FAILURE)) is (line.settled_at is not None)
        for name in ("apimodels", "opeai"):
            totals = statement.for_upstream(name).totals
            assert (
                run_now(incremental.spent("k", name))
                == run_now(from_store.spent("k", name))
                == totals.on_hold + totals.charged
            )
