"""Checks of records and balances. The example of apimodels costs 4 s x 0.147 = 0.588 USD, by tokens 0.594125."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import billing as billing
from seedmock_harness.results.checks import Severity

Factory = Callable[..., Any]
LINK = "https://files.example/t1.mp4"
OTHER = "https://files.example/t2.mp4"
PRICE = Decimal("0.588")
RECORD = billing.records_show_the_charge
BALANCE = billing.balances_fall_by_the_price


def get_record(history: Any, credits_: Any, settled: bool = True, id_: str = "t1", **response: Any) -> Any:
    data = {"settled": settled, "credits": credits_, "currency": "USD"}
    return history.respond_enveloped(Operation.RECORD, data, task_id=id_, **response)


def get_balance(history: Any, amount: Any, **response: Any) -> Any:
    return history.respond_enveloped(Operation.BALANCE, {"balance": float(amount)}, **response)


class TestRecords:
    def test_charge_is_the_documented_price(self, new_history: Factory) -> None:
        history = get_record(new_history("apimodels").complete(), 0.588)
        assert history.outcomes(RECORD) == {
            "billing.completion": True, "tariff.standard.720p": True, "billing": True, "billing.tokens": True,
        }  # fmt: skip

    def test_twice_the_price_fails(self, new_history: Factory) -> None:
        history = get_record(new_history("apimodels").complete(), 1.176)
        assert history.severities(RECORD) == {
            "tariff.standard.720p": Severity.BREAKING, "billing.tokens": Severity.BREAKING,
        }  # fmt: skip

    def test_price_within_the_documented_approximation_is_a_warning(self, new_history: Factory) -> None:
        history = get_record(new_history("apimodels").complete(), 0.6)
        assert history.severities(RECORD) == {"tariff.standard.720p": Severity.WARNING}

    def test_price_by_tokens_settles_the_variant(self, new_history: Factory) -> None:
        by_tokens = 0.594125
        assert get_record(new_history("apimodels").complete(), by_tokens).severities(RECORD) == {
            "billing": Severity.INFO
        }
        pinned = new_history("apimodels", {"apimodels.billing": "tokens"})
        assert get_record(pinned.complete(), by_tokens).outcomes(RECORD)["billing"] is True
        pinned = new_history("apimodels", {"apimodels.billing": "tokens"})
        assert get_record(pinned.complete(), 0.588).outcomes(RECORD)["billing"] is False

    def test_price_depends_on_duration_and_model(self, new_history: Factory) -> None:
        history = get_record(
            new_history("apimodels").complete(model="seedance2-a/seedance-2.0-mini", duration=10), 0.73
        )
        assert history.outcomes(RECORD)["tariff.mini.720p"] is True
        assert (
            get_record(new_history("apimodels").complete(duration=10), 0.588).outcomes(RECORD)["tariff.standard.720p"]
            is False
        )

    @pytest.mark.parametrize(("charge", "passes"), [(0, True), (0.588, False)])
    def test_failed_task_is_free(self, new_history: Factory, charge: float, passes: bool) -> None:
        history = get_record(new_history("apimodels").order().poll("failed"), charge)
        assert history.outcomes(RECORD) == {"billing.success": passes}

    @pytest.mark.parametrize(("charge", "passes"), [(0, True), (0.588, False)])
    def test_running_task_is_not_charged(self, new_history: Factory, charge: float, passes: bool) -> None:
        history = get_record(new_history("apimodels").order().poll("processing"), charge, settled=False)
        assert history.outcomes(RECORD) == {"billing.completion": passes}

    def test_finished_task_is_settled_in_time(self, new_history: Factory) -> None:
        assert get_record(new_history("apimodels").complete().wait(9), 0, settled=False).outcomes(RECORD) == {}
        history = get_record(new_history("apimodels").complete().wait(99), 0, settled=False)
        assert history.outcomes(RECORD) == {"billing.completion": False}

    def test_charge_of_an_unfinished_task_is_not_checked(self, new_history: Factory) -> None:
        assert get_record(new_history("apimodels").order(), 0.588).outcomes(RECORD) == {}
        assert get_record(new_history("apimodels"), 0.588).outcomes(RECORD) == {}


class TestUpscales:
    def upscale_record(self, new_history: Factory, clip: Any, charge: float) -> Any:
        history = new_history("apimodels").complete().fetch(media=clip)
        history.complete("t2", link=OTHER, operation=Operation.UPSCALE, videoUrl=LINK)
        return get_record(history, charge, id_="t2")

    @pytest.mark.parametrize(
        ("seconds", "charge", "failing"),
        [
            (4.0, 0.225, set()),
            (4.0, 0.18, {"upscale.minimum_seconds"}),
            (6.5, 0.315, set()),
            (6.5, 0.27, {"upscale.billing"}),
            (6.5, 0.2925, {"upscale.billing"}),
            (6.5, 0.63, {"tariff.upscale.1080p"}),
        ],
    )
    def test_upscale_bills_whole_input_seconds_and_at_least_five(
        self, new_history: Factory, make_clip: Factory, seconds: float, charge: float, failing: set[str]
    ) -> None:
        outcomes = self.upscale_record(new_history, make_clip(seconds=seconds), charge).outcomes(RECORD)
        assert {fact for fact, passes in outcomes.items() if not passes} == failing
        if not failing:
            assert {"upscale.minimum_seconds", "upscale.billing", "tariff.upscale.1080p"} <= set(outcomes)

    def test_upscale_of_an_unknown_input_costs_a_multiple_of_the_rate(self, new_history: Factory) -> None:
        for charge, passes in ((0.225, True), (0.405, True), (0.09, False)):
            outcomes = get_record(new_history("apimodels").complete(operation=Operation.UPSCALE), charge).outcomes(
                RECORD
            )
            assert outcomes == {"billing.completion": True, "upscale.minimum_seconds": passes}
        outcomes = get_record(new_history("apimodels").complete(operation=Operation.UPSCALE), 0.25).outcomes(RECORD)
        assert outcomes == {"billing.completion": True, "upscale.billing": False}


class TestBalances:
    def balance_after_task(self, new_history: Factory, amount: Any, **changes: Any) -> Any:
        return get_balance(get_balance(new_history("apimodels"), 10).complete(**changes), 10 - Decimal(str(amount)))

    def test_balance_falls_by_the_price(self, new_history: Factory) -> None:
        assert self.balance_after_task(new_history, 0.588).outcomes(BALANCE) == {
            "tariff.standard.720p": True, "billing": True, "billing.tokens": True,
        }  # fmt: skip
        assert self.balance_after_task(new_history, 0.594125).severities(BALANCE) == {"billing": Severity.INFO}
        assert (
            self.balance_after_task(new_history, 1.176).severities(BALANCE)["tariff.standard.720p"] is Severity.BREAKING
        )
        assert self.balance_after_task(new_history, 0).outcomes(BALANCE)["tariff.standard.720p"] is False

    @pytest.mark.parametrize(("drop", "passes"), [(0, True), (0.588, False), (-0.5, False)])
    def test_failed_or_rejected_orders_are_not_charged(self, new_history: Factory, drop: float, passes: bool) -> None:
        history = get_balance(new_history("apimodels"), 10).order().poll("failed")
        assert get_balance(history, 10 - drop).outcomes(BALANCE) == {"billing.success": passes}
        history = get_balance(new_history("apimodels"), 10).respond_enveloped(
            Operation.CREATE, None, request={"model": "x"}, status=400
        )
        assert get_balance(history, 10 - drop).outcomes(BALANCE) == {"billing.success": passes}

    @pytest.mark.parametrize(("drop", "passes"), [(0, True), (0.588, False)])
    def test_order_is_charged_once(self, new_history: Factory, drop: float, passes: bool) -> None:
        history = (
            get_balance(get_balance(new_history("apimodels"), 10).complete(), 9.412)
            .poll("completed", link=LINK)
            .fetch()
        )
        assert get_balance(history, 9.412 - drop).outcomes(BALANCE) == {"billing.completion": passes}

    def test_balance_falls_by_the_sum_of_orders(self, new_history: Factory) -> None:
        for drop, passes in (("1.176", True), ("0.588", False)):
            history = (
                get_balance(new_history("apimodels"), 10)
                .complete()
                .complete("t2", link=OTHER)
                .order("t3")
                .poll("failed", "t3")
            )
            outcomes = get_balance(history, 10 - Decimal(drop)).outcomes(BALANCE)
            expected = {"tariff.standard.720p": True, "billing.success": True, "billing": True}
            assert outcomes == (expected if passes else {"tariff.standard.720p": False})
        history = get_balance(new_history("apimodels"), 10).complete().order("t3").poll("failed", "t3")
        assert get_balance(history, 10 - Decimal("1.176")).outcomes(BALANCE) == {"billing.success": False}

    def test_balance_is_not_checked_while_a_task_is_open(self, new_history: Factory) -> None:
        assert get_balance(get_balance(new_history("apimodels"), 10).order(), 9).outcomes(BALANCE) == {}
        assert (
            get_balance(get_balance(new_history("apimodels").order(), 10).poll("completed", link=LINK), 9).outcomes(
                BALANCE
            )
            == {}
        )
        history = get_balance(new_history("apimodels"), 10).respond_enveloped(
            Operation.CREATE, None, request={"model": "x"}, status=502
        )
        assert get_balance(history, 9).outcomes(BALANCE) == {}
        assert get_balance(new_history("apimodels").complete(), 9).outcomes(BALANCE) == {}
        assert get_balance(get_balance(new_history("apimodels"), 1).complete(), 0).outcomes(BALANCE) == {}

    def test_orders_of_another_key_do_not_count(self, new_history: Factory) -> None:
        history = get_balance(new_history("apimodels"), 10).complete().complete("t2", link=OTHER, caller="second")
        assert get_balance(history, 10 - PRICE).outcomes(BALANCE)["tariff.standard.720p"] is True

    def test_asset_fee_is_charged_on_success(self, new_history: Factory) -> None:
        face = {"url": "https://example.com/a.png", "asset_type": "Image", "group_id": 1}
        for spelling, drop, expected in (
            ("Active", "0.01", {"assets.create.fee": True}),
            ("Active", "0.02", {"assets.create.fee": False}),
            ("Failed", "0", {"assets.fee_on_success": True}),
            ("Failed", "0.01", {"assets.fee_on_success": False}),
            ("Processing", "0.01", {}),
        ):
            history = get_balance(new_history("apimodels"), 10)
            history.respond_enveloped(Operation.ASSET_CREATE, {"id": "asset-1", "status": "Processing"}, request=face)
            history.respond_enveloped(
                Operation.ASSET_GET, {"id": "asset-1", "status": spelling}, request={"id": "asset-1"}
            )
            assert get_balance(history, 10 - Decimal(drop)).outcomes(BALANCE) == expected
        history = get_balance(new_history("apimodels"), 10).respond_enveloped(
            Operation.ASSET_CREATE, None, request=face, status=422
        )
        assert get_balance(history, 10).outcomes(BALANCE) == {"assets.fee_on_success": True}


def test_upstream_without_prices_is_not_checked(new_history: Factory) -> None:
    history = new_history("opeai").complete().fetch()
    assert [check for check in billing.CHECKS if history.outcomes(check)] == []
