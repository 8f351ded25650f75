"""Checks of the codes of moderation errors and of failed assets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import FailCode
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_harness.checks.failure_reasons import failed_assets_have_a_reason, moderation_errors_have_a_reason
from seedmock_harness.results.checks import Severity

ORDER_REASON, ASSET_REASON = moderation_errors_have_a_reason, failed_assets_have_a_reason
INPUT_CODES = [row for contract in contracts() for row in contract.fail_codes if row.kind is ErrorKind.MODERATION_INPUT]
ASSET_CODES = [row for row in get_contract("apimodels").fail_codes if row.kind is ErrorKind.ASSET_REFUSED]
OPEAI_ORDER = {"model": "seedance-2-0-fast", "prompt": "A heron waits.", "size": "1280x720", "seconds": "4"}
APIMODELS_ORDER = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A heron waits.", "duration": 4}


def reject_order(new_history: Any, row: FailCode, status: int = 400, **more: Any) -> Any:
    if row.id.startswith("opeai"):
        body: Any = {"error": {"message": row.message, "type": "BadRequest", "param": "", "code": row.code}}
        return new_history("opeai").respond(Operation.CREATE, {**body, **more}, status=status, request=OPEAI_ORDER)
    data = {"failCode": row.code, "failMsg": row.message, "retryable": False}
    body = {"code": status, "msg": row.message, "data": data}
    return new_history("apimodels").respond(Operation.CREATE, {**body, **more}, status=status, request=APIMODELS_ORDER)


@pytest.mark.parametrize("row", INPUT_CODES, ids=lambda row: row.id)
def test_moderation_error_is_identified_by_its_code(new_history: Callable[..., Any], row: FailCode) -> None:
    assert row.id in reject_order(new_history, row).passed(ORDER_REASON)


@pytest.mark.parametrize("row", INPUT_CODES, ids=lambda row: row.id)
def test_moderation_error_with_another_status_fails(new_history: Callable[..., Any], row: FailCode) -> None:
    failures = reject_order(new_history, row, 403).failed(ORDER_REASON)
    assert failures[row.id][1] == "moderation rejects with another status"
    assert (failures[row.id][0] is Severity.INFO) == (row.basis == "assumed")


def test_moderation_status_settles_the_variant(new_history: Callable[..., Any]) -> None:
    row = next(row for row in INPUT_CODES if row.id == "apimodels.code.moderation.text")
    assert "apimodels.moderation" in reject_order(new_history, row).passed(ORDER_REASON)
    assert reject_order(new_history, row, 422).failed(ORDER_REASON)["apimodels.moderation"][0] is Severity.INFO


def test_code_in_nested_json_text_is_read(new_history: Callable[..., Any]) -> None:
    row = next(row for row in INPUT_CODES if row.id.startswith("opeai"))
    inner = json.dumps({"error": {"code": row.code, "message": row.message, "param": "", "type": "BadRequest"}})
    body = {"code": "fail_to_fetch_task", "message": inner, "data": None}
    assert new_history("opeai").respond(Operation.CREATE, body, status=400, request=OPEAI_ORDER).passed(
        ORDER_REASON
    ) == {row.id}
    for message in ("no json", "[]", '{"error": 3}'):
        history = new_history("opeai").respond(
            Operation.CREATE, {**body, "message": message}, status=400, request=OPEAI_ORDER
        )
        assert history.results_of(ORDER_REASON) == []


def test_other_errors_are_not_checked(new_history: Callable[..., Any]) -> None:
    body = {"code": 400, "msg": "no", "data": None}
    assert (
        new_history("apimodels")
        .respond(Operation.CREATE, body, status=400, request=APIMODELS_ORDER)
        .results_of(ORDER_REASON)
        == []
    )
    assert new_history("apimodels").order().results_of(ORDER_REASON) == []


def get_asset(new_history: Any, error: Any, status: str = "Failed") -> Any:
    data = {"id": "asset-1", "asset_url": "asset://asset-1", "status": status, "error": error}
    body = {"code": 200, "msg": "success", "data": data}
    return new_history("apimodels").respond(Operation.ASSET_GET, body, request={"id": "asset-1"})


@pytest.mark.parametrize("row", ASSET_CODES, ids=lambda row: row.id)
def test_failed_asset_needs_code_and_message(new_history: Callable[..., Any], row: FailCode) -> None:
    assert get_asset(new_history, {"code": row.code, "message": row.message}).passed(ASSET_REASON) == {row.id}
    failures = get_asset(new_history, {"code": row.code, "message": " "}).failed(ASSET_REASON)
    assert failures == {row.id: (Severity.BREAKING, "a failed asset has no message")}


def test_failed_asset_with_missing_or_unknown_code_fails(new_history: Callable[..., Any]) -> None:
    field = "apimodels.assets.get.response.error"
    for error in (None, {}, {"code": "TypeMismatch"}):
        assert len(get_asset(new_history, error).failed(ASSET_REASON)) == 1
    assert get_asset(new_history, None).failed(ASSET_REASON)[field][1] == "a failed asset has no message"
    failures = get_asset(new_history, {"code": "SolarFlare", "message": "no"}).failed(ASSET_REASON)
    assert failures == {field: (Severity.INFO, "an asset failed with an undocumented code")}
    assert get_asset(new_history, None, "Active").results_of(ASSET_REASON) == []
