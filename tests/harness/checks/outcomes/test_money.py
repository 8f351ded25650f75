"""Money: records and balances, honest and not. A's example costs 4 s x 0.147 = 0.588 USD, by tokens 0.594125."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import billing as money
from seedmock_harness.results.checks import Severity

Made = Callable[..., Any]
LINK = "https://files.example/t1.mp4"
OTHER = "https://files.example/t2.mp4"
BOAT = Decimal("0.588")
RECORD = money.records_show_the_charge
BALANCE = money.balances_fall_by_the_price


def record(told: Any, credits_: Any, settled: bool = True, id_: str = "t1", **said: Any) -> Any:
    data = {"settled": settled, "credits": credits_, "currency": "USD"}
    return told.tell(Operation.RECORD, data, task_id=id_, **said)


def balance(told: Any, left: Any, **said: Any) -> Any:
    return told.tell(Operation.BALANCE, {"balance": float(left)}, **said)


class TestRecords:
    def test_the_price_is_the_table_s(self, tale: Made) -> None:
        seen = record(tale("apimodels").done(), 0.588)
        assert seen.sees(RECORD) == {
            "billing.completion": True, "tariff.standard.720p": True, "billing": True, "billing.tokens": True,
        }  # fmt: skip

    def test_twice_the_price_is_wrong(self, tale: Made) -> None:
        seen = record(tale("apimodels").done(), 1.176)
        assert seen.severities(RECORD) == {
            "tariff.standard.720p": Severity.BREAKING, "billing.tokens": Severity.BREAKING,
        }  # fmt: skip

    def test_a_price_that_is_a_little_off_is_within_what_the_page_calls_approximate(self, tale: Made) -> None:
        seen = record(tale("apimodels").done(), 0.6)
        assert seen.severities(RECORD) == {"tariff.standard.720p": Severity.WARNING}

    def test_a_price_by_tokens_is_settled(self, tale: Made) -> None:
        by_tokens = 0.594125
        assert record(tale("apimodels").done(), by_tokens).severities(RECORD) == {"billing": Severity.INFO}
        pinned = tale("apimodels", {"apimodels.billing": "tokens"})
        assert record(pinned.done(), by_tokens).sees(RECORD)["billing"] is True
        pinned = tale("apimodels", {"apimodels.billing": "tokens"})
        assert record(pinned.done(), 0.588).sees(RECORD)["billing"] is False

    def test_the_length_and_the_model_decide(self, tale: Made) -> None:
        seen = record(tale("apimodels").done(model="seedance2-a/seedance-2.0-mini", duration=10), 0.73)
        assert seen.sees(RECORD)["tariff.mini.720p"] is True
        assert record(tale("apimodels").done(duration=10), 0.588).sees(RECORD)["tariff.standard.720p"] is False

    @pytest.mark.parametrize(("charged", "right"), [(0, True), (0.588, False)])
    def test_what_failed_is_free(self, tale: Made, charged: float, right: bool) -> None:
        seen = record(tale("apimodels").order().poll("failed"), charged)
        assert seen.sees(RECORD) == {"billing.success": right}

    @pytest.mark.parametrize(("charged", "right"), [(0, True), (0.588, False)])
    def test_what_runs_is_not_charged_yet(self, tale: Made, charged: float, right: bool) -> None:
        seen = record(tale("apimodels").order().poll("processing"), charged, settled=False)
        assert seen.sees(RECORD) == {"billing.completion": right}

    def test_what_is_done_is_settled_before_long(self, tale: Made) -> None:
        assert record(tale("apimodels").done().wait(9), 0, settled=False).sees(RECORD) == {}
        seen = record(tale("apimodels").done().wait(99), 0, settled=False)
        assert seen.sees(RECORD) == {"billing.completion": False}

    def test_what_nobody_has_seen_end_may_have_been_charged(self, tale: Made) -> None:
        assert record(tale("apimodels").order(), 0.588).sees(RECORD) == {}
        assert record(tale("apimodels"), 0.588).sees(RECORD) == {}


class TestUpscales:
    def enlarged(self, tale: Made, clip: Any, charged: float) -> Any:
        told = tale("apimodels").done().fetch(media=clip)
        told.done("t2", link=OTHER, operation=Operation.UPSCALE, videoUrl=LINK)
        return record(told, charged, id_="t2")

    @pytest.mark.parametrize(
        ("seconds", "charged", "wrong"),
        [
            (4.0, 0.225, set()),
            (4.0, 0.18, {"upscale.minimum_seconds"}),
            (6.5, 0.315, set()),
            (6.5, 0.27, {"upscale.billing"}),
            (6.5, 0.2925, {"upscale.billing"}),
            (6.5, 0.63, {"tariff.upscale.1080p"}),
        ],
    )
    def test_whole_seconds_of_the_input_count_and_five_at_least(
        self, tale: Made, clip_of: Made, seconds: float, charged: float, wrong: set[str]
    ) -> None:
        seen = self.enlarged(tale, clip_of(seconds=seconds), charged).sees(RECORD)
        assert {fact for fact, right in seen.items() if not right} == wrong
        if not wrong:
            assert {"upscale.minimum_seconds", "upscale.billing", "tariff.upscale.1080p"} <= set(seen)

    def test_of_an_unknown_input_only_the_form_of_the_price_is_known(self, tale: Made) -> None:
        for charged, right in ((0.225, True), (0.405, True), (0.09, False)):
            seen = record(tale("apimodels").done(operation=Operation.UPSCALE), charged).sees(RECORD)
            assert seen == {"billing.completion": True, "upscale.minimum_seconds": right}
        seen = record(tale("apimodels").done(operation=Operation.UPSCALE), 0.25).sees(RECORD)
        assert seen == {"billing.completion": True, "upscale.billing": False}


class TestBalances:
    def spent(self, tale: Made, amount: Any, **changes: Any) -> Any:
        return balance(balance(tale("apimodels"), 10).done(**changes), 10 - Decimal(str(amount)))

    def test_it_falls_by_the_price(self, tale: Made) -> None:
        assert self.spent(tale, 0.588).sees(BALANCE) == {
            "tariff.standard.720p": True, "billing": True, "billing.tokens": True,
        }  # fmt: skip
        assert self.spent(tale, 0.594125).severities(BALANCE) == {"billing": Severity.INFO}
        assert self.spent(tale, 1.176).severities(BALANCE)["tariff.standard.720p"] is Severity.BREAKING
        assert self.spent(tale, 0).sees(BALANCE)["tariff.standard.720p"] is False

    @pytest.mark.parametrize(("fell", "right"), [(0, True), (0.588, False), (-0.5, False)])
    def test_it_does_not_fall_by_what_failed_or_was_refused(self, tale: Made, fell: float, right: bool) -> None:
        told = balance(tale("apimodels"), 10).order().poll("failed")
        assert balance(told, 10 - fell).sees(BALANCE) == {"billing.success": right}
        told = balance(tale("apimodels"), 10).tell(Operation.CREATE, None, sent={"model": "x"}, status=400)
        assert balance(told, 10 - fell).sees(BALANCE) == {"billing.success": right}

    @pytest.mark.parametrize(("fell", "right"), [(0, True), (0.588, False)])
    def test_it_falls_once(self, tale: Made, fell: float, right: bool) -> None:
        told = balance(balance(tale("apimodels"), 10).done(), 9.412).poll("completed", link=LINK).fetch()
        assert balance(told, 9.412 - fell).sees(BALANCE) == {"billing.completion": right}

    def test_it_falls_by_the_sum_of_several(self, tale: Made) -> None:
        for fell, right in (("1.176", True), ("0.588", False)):
            told = balance(tale("apimodels"), 10).done().done("t2", link=OTHER).order("t3").poll("failed", "t3")
            seen = balance(told, 10 - Decimal(fell)).sees(BALANCE)
            expected = {"tariff.standard.720p": True, "billing.success": True, "billing": True}
            assert seen == (expected if right else {"tariff.standard.720p": False})
        told = balance(tale("apimodels"), 10).done().order("t3").poll("failed", "t3")
        assert balance(told, 10 - Decimal("1.176")).sees(BALANCE) == {"billing.success": False}

    def test_it_says_nothing_while_an_end_is_unknown(self, tale: Made) -> None:
        assert balance(balance(tale("apimodels"), 10).order(), 9).sees(BALANCE) == {}
        assert balance(balance(tale("apimodels").order(), 10).poll("completed", link=LINK), 9).sees(BALANCE) == {}
        lost = balance(tale("apimodels"), 10).tell(Operation.CREATE, None, sent={"model": "x"}, status=502)
        assert balance(lost, 9).sees(BALANCE) == {}
        assert balance(tale("apimodels").done(), 9).sees(BALANCE) == {}
        assert balance(balance(tale("apimodels"), 1).done(), 0).sees(BALANCE) == {}

    def test_another_key_s_orders_do_not_count(self, tale: Made) -> None:
        told = balance(tale("apimodels"), 10).done().done("t2", link=OTHER, caller="second")
        assert balance(told, 10 - BOAT).sees(BALANCE)["tariff.standard.720p"] is True

    def test_an_asset_costs_its_fee_if_it_comes_to_something(self, tale: Made) -> None:
        face = {"url": "https://example.com/a.png", "asset_type": "Image", "group_id": 1}
        for word, fell, seen in (
            ("Active", "0.01", {"assets.create.fee": True}),
            ("Active", "0.02", {"assets.create.fee": False}),
            ("Failed", "0", {"assets.fee_on_success": True}),
            ("Failed", "0.01", {"assets.fee_on_success": False}),
            ("Processing", "0.01", {}),
        ):
            told = balance(tale("apimodels"), 10)
            told.tell(Operation.ASSET_CREATE, {"id": "asset-1", "status": "Processing"}, sent=face)
            told.tell(Operation.ASSET_GET, {"id": "asset-1", "status": word}, sent={"id": "asset-1"})
            assert balance(told, 10 - Decimal(fell)).sees(BALANCE) == seen
        told = balance(tale("apimodels"), 10).tell(Operation.ASSET_CREATE, None, sent=face, status=422)
        assert balance(told, 10).sees(BALANCE) == {"assets.fee_on_success": True}


def test_an_upstream_without_prices_is_not_judged(tale: Made) -> None:
    told = tale("opeai").done().fetch()
    assert [check for check in money.CHECKS if told.sees(check)] == []
