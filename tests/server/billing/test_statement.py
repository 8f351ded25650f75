"""The statement: what each order was quoted, and where that money is at each moment."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedmock_contracts.enums import Basis, ErrorKind, Mode, TaskStatus
from seedmock_server.billing.ledger import Ledger
from seedmock_server.billing.statement import Prices, equals_rounded, format_amount
from seedmock_server.clock import Clocks, ManualClock
from seedmock_server.storage import MemoryStore
from seedmock_server.tasks.models import Task, TaskFailure
from seedmock_server.tasks.timeline import standard_phases, state_at

NOTHING = Decimal(0)


def test_each_kind_of_order_is_held_then_charged_at_its_price(shop: Any) -> None:
    shop.group()
    for what in ("a", "up", "asset", "b"):
        assert shop.order(what).status_code == 200
    held = shop.statement()
    assert [line.kind for line in held.lines if line.upstream == "opeai"] == ["generation"]
    assert sorted(line.kind for line in held.for_upstream("apimodels").lines) == ["asset", "generation", "upscale"]
    assert held.for_upstream("apimodels").totals.held == Decimal("0.588") + Decimal("0.375") + Decimal("0.01")
    assert (held.charged, held.charges) == (0, ())
    assert {line.settled_at for line in held.lines} == {None}
    began = shop.clock.now()
    shop.clock.advance(60)
    charged = shop.statement()
    assert charged.charged == charged.totals.quoted == held.totals.held
    assert charged.totals.held == charged.totals.refunded == 0
    ends = {line.kind: line.settled_at for line in charged.for_upstream("apimodels").lines}
    assert ends["generation"] == ends["upscale"] == began + 2
    assert began < ends["asset"] <= began + 1


@pytest.mark.parametrize("what", ["a", "b", "up"])
def test_what_fails_is_paid_back_in_the_moment_in_which_it_fails(shop: Any, what: str) -> None:
    assert shop.order(what, fate="failed after=5s").status_code == 200
    price = shop.statement().totals.held
    assert price > 0
    shop.clock.advance(4.999)
    assert shop.statement().totals.held == price
    shop.clock.advance(0.001)
    line = shop.statement().lines[0]
    assert (line.held, line.charged, line.refunded) == (0, 0, price)
    assert line.settled_at == line.created_at + 5


@pytest.mark.parametrize("what", ["a", "b"])
def test_a_task_may_fail_and_be_charged_all_the_same(shop: Any, what: str) -> None:
    shop.order(what, fate="failed after=5s charged=yes")
    price = shop.statement().totals.quoted
    shop.clock.advance(86400)
    assert shop.statement().totals.charged == price
    assert shop.statement().totals.refunded == 0


def test_a_refund_may_come_late(open_shop: Any) -> None:
    shop = open_shop(refund_after="60")
    task_id = shop.order("a", fate="failed after=5s").json()["data"]["taskId"]
    shop.clock.advance(5)
    assert (shop.statement().charged, shop.statement().lines[0].settled_at) == (Decimal("0.588"), shop.clock.now())
    assert shop.record(task_id) == {"settled": True, "credits": 0.588, "currency": "USD"}
    shop.clock.advance(59.9)
    assert shop.balance() == pytest.approx(1000 - 0.588)
    shop.clock.advance(0.1)
    assert shop.balance() == 1000
    assert shop.record(task_id) == {"settled": True, "credits": 0, "currency": "USD"}
    assert shop.statement().lines[0].settled_at == shop.clock.now()


def test_an_asset_that_fails_is_paid_back_and_one_that_was_deleted_is_not(shop: Any) -> None:
    shop.group()
    shop.order("asset")
    born = shop.order("asset").json()["data"]["id"]
    shop.clock.advance(5)
    assert shop.ask("POST", "/api/v1/assets/delete", json={"id": born}).status_code == 200
    assert (shop.statement().charged, len(shop.statement().lines)) == (Decimal("0.02"), 2)
    assert shop.balance() == 999.98


def test_balance_and_records_say_what_the_statement_says(shop: Any) -> None:
    ids = [
        shop.order("a", fate=fate).json()["data"]["taskId"] for fate in ("", "failed", "failed charged=yes", "stuck")
    ]
    for _ in range(2):
        statement = shop.statement().for_upstream("apimodels")
        assert shop.balance() == pytest.approx(float(1000 - statement.totals.held - statement.charged))
        for task_id, line in zip(ids, statement.lines, strict=True):
            record = shop.record(task_id)
            assert (record["credits"], record["settled"]) == (float(line.charged), line.settled_at is not None)
        shop.clock.advance(3)
    assert [line.charged for line in statement.lines] == [Decimal("0.588"), 0, Decimal("0.588"), 0]


def test_a_statement_can_be_had_for_another_moment(shop: Any) -> None:
    began = shop.clock.now()
    shop.order("a")
    shop.clock.advance(10)
    shop.order("b")
    ledger, account = shop.app.ledger, shop.account()
    assert ledger.statement(account, began - 1).lines == ()
    then = ledger.statement(account, began + 1)
    assert (then.at, len(then.lines), then.totals.held, then.charged) == (began + 1, 1, Decimal("0.588"), 0)
    assert ledger.statement(account, began + 3).charged == Decimal("0.588")
    assert len(ledger.statement(account, began + 60).charges) == 2


def test_under_the_pace_step_a_task_is_charged_when_its_queries_have_brought_it_to_its_end(open_shop: Any) -> None:
    shop = open_shop(pace="step", credit="0.60")
    task_id = shop.order("a").json()["data"]["taskId"]
    shop.clock.advance(3600)
    assert shop.statement().totals.held == Decimal("0.588")
    for _ in range(3):
        shop.ask("GET", f"/api/v1/video/generations?task_id={task_id}")
    assert shop.statement().charged == Decimal("0.588")
    assert shop.order("a").status_code == 402


def test_under_the_pace_step_no_time_brings_the_money_of_a_failed_task_back(open_shop: Any) -> None:
    shop = open_shop(pace="step", credit="0.60")
    task_id = shop.order("a", fate="failed").json()["data"]["taskId"]
    shop.clock.advance(3600)
    assert shop.order("a").status_code == 402
    for _ in range(3):
        shop.ask("GET", f"/api/v1/video/generations?task_id={task_id}")
    assert shop.order("a").status_code == 200


def test_the_statement_is_json_with_exact_amounts_and_what_they_rest_on(open_shop: Any) -> None:
    shop = open_shop(credit="1")
    shop.order("b")
    shop.order("a", fate="failed")
    assert shop.statement().as_json["upstreams"]["apimodels"]["remaining"] == "0.412"
    shop.clock.advance(2)
    said = json.loads(json.dumps(shop.statement().as_json))
    b, a = said["lines"]
    assert a["quoted"] == a["refunded"] == "0.588"
    assert (a["held"], a["charged"], a["rate"], a["unit"], a["seconds"]) == ("0", "0", "0.147", "second", 4)
    assert (a["facts"], a["basis"]) == (["apimodels.tariff.standard.720p"], Basis.DOCUMENTED)
    assert (b["unit"], b["facts"], b["basis"]) == ("million tokens", ["opeai.tokens.price"], Basis.ASSUMED)
    assert said["currency"] == "USD"
    assert said["upstreams"]["apimodels"] == {
        "quoted": "0.588", "held": "0", "charged": "0", "refunded": "0.588", "credit": "1", "left": "1",
    }  # fmt: skip
    left = Decimal(1) - Decimal(b["charged"])
    assert Decimal(said["upstreams"]["opeai"]["remaining"]) == left
    assert Decimal(said["totals"]["charged"]) == Decimal(b["charged"])


def test_without_a_limit_a_statement_says_so(shop: Any) -> None:
    shop.order("a")
    assert shop.statement().as_json["upstreams"]["apimodels"]["credit"] is None
    assert shop.statement().as_json["upstreams"]["apimodels"]["remaining"] is None


@pytest.mark.parametrize(
    ("found", "said", "is_it"),
    [
        ("0.588", "0.588", True), ("0.588", "0.59", True), ("0.588", "0.6", True), ("0.588", 1, True),
        ("0.588", "0.58", False), ("0.588", "0.5881", False), ("0.588", "0.5880", True), ("0.588", 0, False),
        ("0.585", "0.59", True), ("0", 0, True), ("0", "0.00", True), ("0.004", "0.00", True), ("1", "NaN", False),
        ("1", "Infinity", False), ("1E+1", "10.0", True),
    ],
)  # fmt: skip
def test_amounts_are_compared_in_the_digits_in_which_they_are_asked_for(found: str, said: Any, is_it: bool) -> None:
    assert equals_rounded(Decimal(found), said) is is_it


def test_a_statement_knows_whether_so_much_was_spent(shop: Any) -> None:
    shop.order("a")
    assert shop.statement().is_charged(0)
    shop.clock.advance(2)
    assert shop.statement().is_charged("0.59")
    assert not shop.statement().is_charged("0.60")


def test_amounts_are_written_without_idle_zeros() -> None:
    assert [format_amount(Decimal(one)) for one in ("0.5880", "10", "0", "0.00", "1E+3", "1E-7")] == [
        "0.588", "10", "0", "0", "1000", "0.0000001",
    ]  # fmt: skip


FAILED = TaskFailure(ErrorKind.TASK_FAILED, "UPSTREAM_FAILED", "upstream failed")


def lived(number: int, at: float, render: float, ends: str) -> Task:
    end = TaskStatus.FAILURE if ends.startswith("fail") else TaskStatus.SUCCESS
    phases = standard_phases(render / 3, render * 2 / 3, end)
    return Task(
        id=f"t{number}", upstream=("apimodels", "opeai")[number % 2], account="k", mode=Mode.TEXT,
        model=("seedance2-a/seedance-2.0-a", "seedance-2-0")[number % 2], prompt="", resolution="720p", ratio="16:9",
        width=1280, height=720, seconds=4 + number % 12, audio=False, created_at=at,
        phases=phases[:2] if ends == "stuck" else phases, failure=FAILED if end is TaskStatus.FAILURE else None,
        charged_when_failed=ends == "fail and charge",
    )  # fmt: skip


HISTORY = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 100), st.sampled_from(["succeed", "fail", "fail and charge", "stuck"])),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(HISTORY, st.lists(st.floats(0, 400), min_size=1, max_size=6), st.sampled_from([0.0, 7.5]))
def test_at_every_moment_each_amount_is_in_one_place_and_the_tally_agrees(
    history: list[tuple[float, float, str]], moments: list[float], refund: float
) -> None:
    clock, store = ManualClock(0.0), MemoryStore()
    clocks = Clocks(clock)
    early = Ledger(store, clocks, Prices(refund_seconds=refund), credit=Decimal(10**6))
    early.spent("k", "opeai")  # its tally follows each order; the other's is made of all of them at the end
    for number, (at, render, ends) in enumerate(sorted(history)):
        clock.advance(max(0.0, at - clock.now()))
        task = lived(number, clock.now(), render, ends)
        store.add_task(task)
        early.book(task)
    late = Ledger(store, clocks, Prices(refund_seconds=refund), credit=Decimal(10**6))
    for moment in sorted(moments):
        clock.advance(max(0.0, moment - clock.now()))
        statement = late.statement("k")
        for line in statement.lines:
            where = sorted([line.held, line.charged, line.refunded])
            assert where == [0, 0, line.quote.amount]
            status = state_at(store._tasks[line.id], clock.now()).status
            assert (status in (TaskStatus.SUCCESS, TaskStatus.FAILURE)) is (line.settled_at is not None)
        for name in ("apimodels", "opeai"):
            totals = statement.for_upstream(name).totals
            assert early.spent("k", name) == late.spent("k", name) == totals.held + totals.charged
