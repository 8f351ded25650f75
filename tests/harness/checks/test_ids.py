"""Checks of ids: format, creation time, uniqueness, and the id that a response names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks.ids import (
    asset_urls_contain_their_id,
    group_ids_and_names_are_generated,
    id_fields_are_equal,
    ids_are_unique,
    ids_have_the_documented_format,
    responses_name_the_requested_id,
)
from seedmock_harness.results.checks import Severity

OTHER_TASK = "cgt-20260601090001-aaaaa"
ASSET = "asset-20260601090001-m2x8q"
FACE = {"url": "https://example.com/a.png", "asset_type": "Image", "group_id": 1}


def enveloped(data: Any) -> dict[str, Any]:
    return {"code": 200, "msg": "success", "data": data}


def create_asset(history: Any, id_: str = ASSET, url: str = "") -> Any:
    body = enveloped({"id": id_, "asset_url": url or f"asset://{id_}", "status": "Processing"})
    return history.respond(Operation.ASSET_CREATE, body, request=FACE)


def test_documented_id_format_is_confirmed(new_history: Callable[..., Any]) -> None:
    assert new_history("opeai").order().passed(ids_have_the_documented_format) == {"opeai.task_id"}
    assert new_history("apimodels").order().passed(ids_have_the_documented_format) == {"apimodels.task_id"}
    assert create_asset(new_history("apimodels")).passed(ids_have_the_documented_format) == {"apimodels.assets.id"}


@pytest.mark.parametrize("id_", ["task_0123", "cgt-20260601090001-K3V7P", "cgt-20260601090001", "cgt-2026-abcde"])
def test_task_id_in_another_format_fails(new_history: Callable[..., Any], id_: str) -> None:
    failures = new_history("opeai").order(id=id_, task_id=id_).failed(ids_have_the_documented_format)
    assert failures == {"opeai.task_id": (Severity.BREAKING, "an id has another format")}


def test_assumed_id_format_is_information(new_history: Callable[..., Any]) -> None:
    failures = new_history("apimodels").order(taskId="video-123").failed(ids_have_the_documented_format)
    assert failures == {"apimodels.task_id": (Severity.INFO, "an id has another format")}


@pytest.mark.parametrize("id_", ["asset-2026-abcd", "20260601090001-m2x8q", "asset-20260601090001-"])
def test_asset_id_in_another_format_fails(new_history: Callable[..., Any], id_: str) -> None:
    assert create_asset(new_history("apimodels"), id_).failed(ids_have_the_documented_format).keys() == {
        "apimodels.assets.id"
    }


@pytest.mark.parametrize("digits", ["20260601010001", "20250601090001", "20261301090001", "99999999999999"])
def test_time_in_an_id_is_its_creation_time_in_china(new_history: Callable[..., Any], digits: str) -> None:
    title = "an id contains another time than that of its creation"
    id_ = f"cgt-{digits}-k3v7p"
    history = new_history("opeai").order(id=id_, task_id=id_)
    assert history.failed(ids_have_the_documented_format) == {"opeai.task_id": (Severity.BREAKING, title)}
    assert create_asset(new_history("apimodels"), f"asset-{digits}-m2x8q").failed(ids_have_the_documented_format)


def test_time_in_an_id_may_follow_the_clock_of_the_response(new_history: Callable[..., Any]) -> None:
    history = new_history("opeai")
    history.now += 86400 * 30
    assert history.order().passed(ids_have_the_documented_format)
    history = new_history("opeai")
    history.now = 0.0
    assert history.order(created_at=0).passed(ids_have_the_documented_format)


def test_id_and_task_id_are_equal(new_history: Callable[..., Any]) -> None:
    assert new_history("opeai").order().passed(id_fields_are_equal) == {"opeai.create.response"}
    failures = new_history("opeai").order(task_id=OTHER_TASK).failed(id_fields_are_equal)
    assert failures == {"opeai.create.response": (Severity.BREAKING, "id and task_id differ")}
    assert new_history("opeai").order(task_id=...).results_of(id_fields_are_equal) == []


def test_task_ids_are_unique(new_history: Callable[..., Any]) -> None:
    assert new_history("opeai").order().results_of(ids_are_unique) == [], "the first could be nothing else"
    assert new_history("opeai").order().order(id=OTHER_TASK).passed(ids_are_unique) == {"opeai.create.response.id"}
    title = "an id is used twice"
    assert new_history("opeai").order().order().failed(ids_are_unique) == {
        "opeai.create.response.id": (Severity.BREAKING, title)
    }
    assert new_history("apimodels").order().order().failed(ids_are_unique).keys() == {
        "apimodels.create.response.taskId"
    }
    assert create_asset(create_asset(new_history("apimodels"))).failed(ids_are_unique).keys() == {
        "apimodels.assets.create.response.id"
    }


def test_response_names_the_requested_id(new_history: Callable[..., Any]) -> None:
    assert new_history("opeai").order().poll("QUEUED").passed(responses_name_the_requested_id) == {
        "opeai.query.response.id"
    }
    assert new_history("opeai").order().poll("QUEUED", id=OTHER_TASK).failed(
        responses_name_the_requested_id
    ).keys() == {"opeai.query.response.id"}
    history = new_history("apimodels").order().poll("pending", taskId="cl-other")
    assert history.failed(responses_name_the_requested_id).keys() == {"apimodels.query.response.taskId"}
    document = {"id": ASSET, "asset_url": f"asset://{ASSET}", "status": "Active"}
    for id_, passes in ((ASSET, True), (ASSET + "x", False)):
        history = new_history("apimodels").respond(
            Operation.ASSET_GET, enveloped({**document, "id": id_}), request={"id": ASSET}
        )
        assert [result.passed for result in history.results_of(responses_name_the_requested_id)] == [passes]


def test_asset_url_contains_its_id(new_history: Callable[..., Any]) -> None:
    assert create_asset(new_history("apimodels")).passed(asset_urls_contain_their_id) == {"apimodels.assets.url"}
    title = "an asset's URL does not contain its id"
    assert create_asset(new_history("apimodels"), url="asset://asset-other").failed(asset_urls_contain_their_id) == {
        "apimodels.assets.url": (Severity.BREAKING, title)
    }
    items = [{"id": "a", "asset_url": "asset://a"}, {"id": "b", "asset_url": "b"}]
    history = new_history("apimodels").respond(Operation.ASSET_LIST, enveloped({"items": items}), request={"page": 1})
    assert [result.passed for result in history.results_of(asset_urls_contain_their_id)] == [True, False]


GROUP = {"id": 1, "group_name": "group-20260601090000-w5t1z"}


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({"id": "1"}, "a group's id is not a number"),
        ({"id": True}, "a group's id is not a number"),
        ({"id": "group-1"}, "a group's id is not a number"),
        ({"group_name": "cast"}, "a group's name is not a generated one"),
        ({"group_name": None}, "a group's name is not a generated one"),
    ],
)
def test_group_with_another_id_or_name_format_fails(
    new_history: Callable[..., Any], change: dict[str, Any], title: str
) -> None:
    history = new_history("apimodels").respond(
        Operation.GROUP_CREATE, enveloped({**GROUP, **change}), request={"name": "cast"}
    )
    assert history.failed(group_ids_and_names_are_generated) == {
        "apimodels.groups.create.response": (Severity.BREAKING, title)
    }


def test_group_number_is_unique_per_key(new_history: Callable[..., Any]) -> None:
    history = new_history("apimodels").respond(Operation.GROUP_CREATE, enveloped(GROUP), request={"name": "cast"})
    assert history.passed(group_ids_and_names_are_generated) == {"apimodels.groups.create.response"}
    history.respond(Operation.GROUP_CREATE, enveloped(GROUP), request={"name": "cast"}, caller="second")
    assert history.passed(group_ids_and_names_are_generated), "numbers count locally"
    history.respond(Operation.GROUP_CREATE, enveloped(GROUP), request={"name": "crew"})
    assert history.failed(group_ids_and_names_are_generated)
