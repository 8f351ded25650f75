"""Running out of money: each upstream's way of saying so, and that nothing is made then."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from seedmock_server.fates.rules import fate_rule_from

EXACT = {"a": "0.588", "up": "0.375", "asset": "0.01"}


def lines(shop: Any) -> int:
    return len(shop.statement().lines)


@pytest.mark.parametrize("what", ["a", "up", "asset"])
def test_an_order_that_is_not_covered_is_a_402_of_a_and_makes_nothing(open_shop: Any, what: str) -> None:
    price = Decimal(EXACT[what])
    shop = open_shop(credit=str(price * 2 - Decimal("0.001")))
    shop.group()
    assert shop.order(what).status_code == 200
    answer = shop.order(what)
    assert answer.status_code == 402
    left = (price - Decimal("0.001")).normalize()
    said = f"insufficient balance: this order costs {price} USD, and {left:f} USD are left"
    assert answer.json() == {"code": 402, "msg": said, "data": None}
    assert lines(shop) == 1


@pytest.mark.parametrize("what", ["a", "up", "asset"])
def test_what_is_covered_to_the_last_digit_is_accepted(open_shop: Any, what: str) -> None:
    shop = open_shop(credit=EXACT[what])
    shop.group()
    assert shop.order(what).status_code == 200
    assert shop.balance() == 0
    assert shop.order(what).status_code == 402


def test_b_says_it_as_ark_does(open_shop: Any) -> None:
    shop = open_shop(credit="0.1")
    answer = shop.order("b")
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert (error["type"], error["code"], error["param"]) == ("Forbidden", "AccountOverdueError", "")
    assert error["message"].endswith("USD, and 0.1 USD are left")
    assert answer.headers["X-Mock-Basis"] == "assumed"
    assert lines(shop) == 0


def test_b_says_it_as_the_gateway_does(open_shop: Any) -> None:
    shop = open_shop(credit="0", variants={"opeai.errors": "newapi"})
    answer = shop.order("b")
    assert answer.status_code == 403
    none = {"code": "insufficient_user_quota", "message": "用户额度不足, 剩余额度: ＄0.000000", "data": None}
    assert answer.json() == none
    shop.app.ledger.grant(shop.account(), "opeai", Decimal("0.1"))
    some = shop.order("b").json()
    assert some["code"] == "insufficient_user_quota"
    assert some["message"].startswith("预扣费额度失败, 用户剩余额度: ＄0.100000, 需要预扣费额度: ＄")
    assert lines(shop) == 0


def test_a_says_it_with_http_200_where_that_is_chosen(open_shop: Any) -> None:
    shop = open_shop(credit="0", variants={"apimodels.errors": "ok"})
    answer = shop.order("a")
    assert (answer.status_code, answer.json()["code"]) == (200, 402)


def test_what_fails_can_be_spent_again_and_what_is_stuck_cannot(open_shop: Any) -> None:
    shop = open_shop(credit="0.588")
    assert shop.order("a", fate="failed after=5s").status_code == 200
    assert shop.order("a").status_code == 402
    shop.clock.advance(5)
    assert shop.order("a", fate="stuck").status_code == 200
    shop.clock.advance(86400)
    assert shop.order("a").status_code == 402


def test_each_key_and_each_upstream_has_a_purse_of_its_own(open_shop: Any) -> None:
    shop = open_shop(credit="0.60")
    assert shop.order("a").status_code == 200
    assert shop.order("a").status_code == 402
    assert shop.order("a", key="sk_test_somebody_else").status_code == 200
    assert shop.order("b").status_code == 200
    assert shop.balance() == pytest.approx(0.012)


def test_by_default_nobody_runs_out_and_the_balance_stops_at_0(shop: Any) -> None:
    for _ in range(230):
        assert shop.order("a", resolution="1080p", duration=15).status_code == 200
    assert shop.statement().totals.held == Decimal("0.365") * 15 * 230 > 1000
    assert shop.balance() == 0


def test_a_grant_holds_for_its_key_and_upstream_and_can_be_changed(shop: Any) -> None:
    ledger, mine = shop.app.ledger, shop.account()
    ledger.grant(mine, None, Decimal("0.6"))
    assert (shop.order("a").status_code, shop.order("a").status_code) == (200, 402)
    ledger.grant(mine, "apimodels", Decimal("1.2"))
    assert (shop.order("a").status_code, shop.order("a").status_code) == (200, 402)
    assert ledger.credit(mine, "opeai") == Decimal("0.6")
    assert shop.order("a", key="sk_test_somebody_else").status_code == 200
    ledger.grant(mine, "apimodels", None)
    assert shop.order("a").status_code == 200
    ledger.grant(mine, "apimodels", Decimal(0))
    assert shop.balance() == 0
    ledger.reset(mine)
    assert ledger.credit(mine, "apimodels") is None
    assert ledger.credit(mine, "opeai") is None


def test_what_is_lent_holds_for_all_to_whom_nothing_was_granted(shop: Any) -> None:
    ledger = shop.app.ledger
    ledger.grant(shop.account(), "apimodels", None)
    ledger.set_default_credit(Decimal("0.1"))
    assert (shop.order("a").status_code, shop.order("b").status_code) == (200, 403)
    assert shop.order("a", key="sk_test_somebody_else").status_code == 402
    ledger.set_default_credit(None)
    assert (shop.order("b").status_code, ledger.default_credit) == (200, None)


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity"])
def test_a_grant_that_cannot_be_is_refused_by_what_is_allowed(shop: Any, amount: str) -> None:
    with pytest.raises(ValueError, match=r"credit is .*; allowed: 0 or more"):
        shop.app.ledger.grant("k", None, Decimal(amount))
    with pytest.raises(ValueError, match=r"credit is .*; allowed: 0 or more"):
        shop.app.ledger.set_default_credit(Decimal(amount))
    with pytest.raises(ValueError, match="upstream is 'x'; allowed: apimodels, opeai"):
        shop.app.ledger.grant("k", "x", Decimal(1))


def test_a_refused_order_uses_up_no_fate(open_shop: Any) -> None:
    shop = open_shop(credit="0.588")
    shop.app.fates.add(fate_rule_from({"match": {"times": 1}, "fate": "failed"}))
    assert shop.order("a", duration=15).status_code == 402
    assert shop.order("a").status_code == 200
    shop.clock.advance(2)
    assert shop.statement().totals.refunded == Decimal("0.588")


def test_a_store_that_was_changed_from_outside_is_read_anew(open_shop: Any) -> None:
    shop = open_shop(credit="0.60")
    assert (shop.order("a").status_code, shop.order("a").status_code) == (200, 402)
    store = shop.app.ledger._store
    store.__init__()
    assert shop.order("a").status_code == 402
    shop.app.ledger.refresh()
    assert shop.order("a").status_code == 200
    store.__init__()
    shop.app.ledger.refresh(shop.account())
    assert shop.order("a").status_code == 200
