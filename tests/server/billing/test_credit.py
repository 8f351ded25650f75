"""Insufficient credit: each upstream's error, and that no order is created."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from seedmock_server.fates.rules import parse_fate_rule
from seedmock_server.http.coroutines import run_now

from ..conftest import MEMORY_ONLY

if TYPE_CHECKING:
    from .conftest import BillingServer, OpenServer


APIMODELS_PRICES = {"apimodels": "0.588", "upscale": "0.375", "asset": "0.01"}


def count_lines(server: BillingServer) -> int:
    return len(server.statement().lines)


@pytest.mark.parametrize("kind", APIMODELS_PRICES)
def test_apimodels_rejects_an_uncovered_order_with_402(open_server: OpenServer, kind: str) -> None:
    price = Decimal(APIMODELS_PRICES[kind])
    server = open_server(credit=str(price * 2 - Decimal("0.001")))
    server.create_group()
    assert server.order(kind).status_code == 200
    response = server.order(kind)
    assert response.status_code == 402
    remaining = (price - Decimal("0.001")).normalize()
    message = f"insufficient balance: this order costs {price} USD, and {remaining:f} USD are left"
    assert response.json() == {"code": 402, "msg": message, "data": None}
    assert count_lines(server) == 1


@pytest.mark.parametrize("kind", APIMODELS_PRICES)
def test_an_order_that_is_covered_exactly_is_accepted(open_server: OpenServer, kind: str) -> None:
    server = open_server(credit=APIMODELS_PRICES[kind])
    server.create_group()
    assert server.order(kind).status_code == 200
    assert server.balance() == 0
    assert server.order(kind).status_code == 402


def test_opeai_rejects_an_uncovered_order_as_ark_does(open_server: OpenServer) -> None:
    server = open_server(credit="0.1")
    response = server.order("opeai")
    assert response.status_code == 403
    error = response.json()["error"]
    assert (error["type"], error["code"], error["param"]) == ("Forbidden", "AccountOverdueError", "")
    assert error["message"].endswith("USD, and 0.1 USD are left")
    assert response.headers["X-Mock-Basis"] == "assumed"
    assert count_lines(server) == 0


def test_opeai_rejects_an_uncovered_order_as_the_gateway_does(open_server: OpenServer) -> None:
    server = open_server(credit="0", variants={"opeai.errors": "newapi"})
    response = server.order("opeai")
    assert response.status_code == 403
    nothing_left = {"code": "insufficient_user_quota", "message": "用户额度不足, 剩余额度: ＄0.000000", "data": None}
    assert response.json() == nothing_left
    server.app.ledger.grant(server.account(), "opeai", Decimal("0.1"))
    body = server.order("opeai").json()
    assert body["code"] == "insufficient_user_quota"
    assert body["message"].startswith("预扣费额度失败, 用户剩余额度: ＄0.100000, 需要预扣费额度: ＄")
    assert count_lines(server) == 0


def test_apimodels_rejects_with_http_200_under_the_variant_ok(open_server: OpenServer) -> None:
    server = open_server(credit="0", variants={"apimodels.errors": "ok"})
    response = server.order("apimodels")
    assert (response.status_code, response.json()["code"]) == (200, 402)


def test_a_failed_order_frees_its_credit_and_a_stuck_one_does_not(open_server: OpenServer) -> None:
    server = open_server(credit="0.588")
    assert server.order("apimodels", fate="failed after=5s").status_code == 200
    assert server.order("apimodels").status_code == 402
    server.clock.advance(5)
    assert server.order("apimodels", fate="stuck").status_code == 200
    server.clock.advance(86400)
    assert server.order("apimodels").status_code == 402


def test_each_key_has_a_credit_of_its_own_at_each_upstream(open_server: OpenServer) -> None:
    server = open_server(credit="0.60")
    assert server.order("apimodels").status_code == 200
    assert server.order("apimodels").status_code == 402
    assert server.order("apimodels", key="sk_test_other").status_code == 200
    assert server.order("opeai").status_code == 200
    assert server.balance() == pytest.approx(0.012)


def test_by_default_credit_is_unlimited_and_the_balance_stops_at_0(server: BillingServer) -> None:
    for _ in range(230):
        assert server.order("apimodels", resolution="1080p", duration=15).status_code == 200
    assert server.statement().totals.on_hold == Decimal("0.365") * 15 * 230 > 1000
    assert server.balance() == 0


def test_a_grant_applies_to_its_key_and_upstream_and_can_be_changed(server: BillingServer) -> None:
    ledger, account = server.app.ledger, server.account()
    ledger.grant(account, None, Decimal("0.6"))
    assert (server.order("apimodels").status_code, server.order("apimodels").status_code) == (200, 402)
    ledger.grant(account, "apimodels", Decimal("1.2"))
    assert (server.order("apimodels").status_code, server.order("apimodels").status_code) == (200, 402)
    assert ledger.credit(account, "opeai") == Decimal("0.6")
    assert server.order("apimodels", key="sk_test_other").status_code == 200
    ledger.grant(account, "apimodels", None)
    assert server.order("apimodels").status_code == 200
    ledger.grant(account, "apimodels", Decimal(0))
    assert server.balance() == 0
    ledger.reset(account)
    assert ledger.credit(account, "apimodels") is None
    assert ledger.credit(account, "opeai") is None


def test_the_default_credit_applies_to_accounts_without_a_grant(server: BillingServer) -> None:
    ledger = server.app.ledger
    ledger.grant(server.account(), "apimodels", None)
    ledger.set_default_credit(Decimal("0.1"))
    assert (server.order("apimodels").status_code, server.order("opeai").status_code) == (200, 403)
    assert server.order("apimodels", key="sk_test_other").status_code == 402
    ledger.set_default_credit(None)
    assert (server.order("opeai").status_code, ledger.default_credit) == (200, None)


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity"])
def test_an_invalid_grant_is_rejected(server: BillingServer, amount: str) -> None:
    with pytest.raises(ValueError, match=r"credit is .*; allowed: 0 or more"):
        server.app.ledger.grant("k", None, Decimal(amount))
    with pytest.raises(ValueError, match=r"credit is .*; allowed: 0 or more"):
        server.app.ledger.set_default_credit(Decimal(amount))
    with pytest.raises(ValueError, match="unknown upstream 'x'; available: apimodels, opeai"):
        server.app.ledger.grant("k", "x", Decimal(1))


def test_a_rejected_order_uses_up_no_fate(open_server: OpenServer) -> None:
    server = open_server(credit="0.588")
    server.app.fates.add(parse_fate_rule({"match": {"times": 1}, "fate": "failed"}))
    assert server.order("apimodels", duration=15).status_code == 402
    assert server.order("apimodels").status_code == 200
    server.clock.advance(2)
    assert server.statement().totals.refunded == Decimal("0.588")


@MEMORY_ONLY
def test_refresh_reads_a_changed_store_again(open_server: OpenServer) -> None:
    server = open_server(credit="0.60")
    assert (server.order("apimodels").status_code, server.order("apimodels").status_code) == (200, 402)
    account = server.account()
    run_now(server.app.checkpoint.store.remove_account(account))
    assert server.order("apimodels").status_code == 402
    server.app.ledger.refresh()
    assert server.order("apimodels").status_code == 200
    run_now(server.app.checkpoint.store.remove_account(account))
    server.app.ledger.refresh(account)
    assert server.order("apimodels").status_code == 200
