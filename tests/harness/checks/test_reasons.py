"""Why something was refused for what it shows, or why an asset failed: the codes of both upstreams."""

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

WHY, ASSET = moderation_errors_have_a_reason, failed_assets_have_a_reason
INPUTS = [row for said in contracts() for row in said.fail_codes if row.kind is ErrorKind.MODERATION_INPUT]
OF_ASSETS = [row for row in get_contract("apimodels").fail_codes if row.kind is ErrorKind.ASSET_REFUSED]
ORDER_B = {"model": "seedance-2-0-fast", "prompt": "A heron waits.", "size": "1280x720", "seconds": "4"}
ORDER_A = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A heron waits.", "duration": 4}


def refused(talk: Any, row: FailCode, status: int = 400, **more: Any) -> Any:
    if row.id.startswith("opeai"):
        body: Any = {"error": {"message": row.message, "type": "BadRequest", "param": "", "code": row.code}}
        return talk("opeai").hear(Operation.CREATE, {**body, **more}, status=status, sent=ORDER_B)
    data = {"failCode": row.code, "failMsg": row.message, "retryable": False}
    body = {"code": status, "msg": row.message, "data": data}
    return talk("apimodels").hear(Operation.CREATE, {**body, **more}, status=status, sent=ORDER_A)


@pytest.mark.parametrize("row", INPUTS, ids=lambda row: row.id)
def test_a_refusal_by_moderation_is_known_by_its_code(talk: Callable[..., Any], row: FailCode) -> None:
    assert row.id in refused(talk, row).held(WHY)


@pytest.mark.parametrize("row", INPUTS, ids=lambda row: row.id)
def test_a_refusal_by_moderation_with_another_status_is_found(talk: Callable[..., Any], row: FailCode) -> None:
    found = refused(talk, row, 403).broken(WHY)
    assert found[row.id][1] == "moderation rejects with another status"
    assert (found[row.id][0] is Severity.INFO) == (row.basis == "assumed")


def test_the_status_of_moderation_is_settled(talk: Callable[..., Any]) -> None:
    row = next(row for row in INPUTS if row.id == "apimodels.code.moderation.text")
    assert "apimodels.moderation" in refused(talk, row).held(WHY)
    assert refused(talk, row, 422).broken(WHY)["apimodels.moderation"][0] is Severity.INFO


def test_a_code_in_a_text_in_a_text_is_read(talk: Callable[..., Any]) -> None:
    row = next(row for row in INPUTS if row.id.startswith("opeai"))
    inner = json.dumps({"error": {"code": row.code, "message": row.message, "param": "", "type": "BadRequest"}})
    body = {"code": "fail_to_fetch_task", "message": inner, "data": None}
    assert talk("opeai").hear(Operation.CREATE, body, status=400, sent=ORDER_B).held(WHY) == {row.id}
    for odd in ("no json", "[]", '{"error": 3}'):
        seen = talk("opeai").hear(Operation.CREATE, {**body, "message": odd}, status=400, sent=ORDER_B)
        assert seen.of(WHY) == []


def test_what_is_refused_for_something_else_is_not_judged(talk: Callable[..., Any]) -> None:
    body = {"code": 400, "msg": "no", "data": None}
    assert talk("apimodels").hear(Operation.CREATE, body, status=400, sent=ORDER_A).of(WHY) == []
    assert talk("apimodels").order().of(WHY) == []


def look_at(talk: Any, error: Any, status: str = "Failed") -> Any:
    data = {"id": "asset-1", "asset_url": "asset://asset-1", "status": status, "error": error}
    body = {"code": 200, "msg": "success", "data": data}
    return talk("apimodels").hear(Operation.ASSET_GET, body, sent={"id": "asset-1"})


@pytest.mark.parametrize("row", OF_ASSETS, ids=lambda row: row.id)
def test_a_failed_asset_s_code_is_confirmed_or_comes_without_a_sentence(
    talk: Callable[..., Any], row: FailCode
) -> None:
    assert look_at(talk, {"code": row.code, "message": row.message}).held(ASSET) == {row.id}
    lie = look_at(talk, {"code": row.code, "message": " "}).broken(ASSET)
    assert lie == {row.id: (Severity.BREAKING, "a failed asset has no message")}


def test_a_failed_asset_that_says_nothing_or_something_new_is_found(talk: Callable[..., Any]) -> None:
    field = "apimodels.assets.get.answer.error"
    for error in (None, {}, {"code": "TypeMismatch"}):
        assert len(look_at(talk, error).broken(ASSET)) == 1
    assert look_at(talk, None).broken(ASSET)[field][1] == "a failed asset has no message"
    new = look_at(talk, {"code": "SolarFlare", "message": "no"}).broken(ASSET)
    assert new == {field: (Severity.INFO, "an asset failed with an undocumented code")}
    assert look_at(talk, None, "Active").of(ASSET) == []
