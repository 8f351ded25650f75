"""Ids: their form, the time in them, that they name one thing, and that an answer is about that thing."""

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

OTHER = "cgt-20260601090001-aaaaa"
ASSET = "asset-20260601090001-m2x8q"
FACE = {"url": "https://example.com/a.png", "asset_type": "Image", "group_id": 1}


def ok(data: Any) -> dict[str, Any]:
    return {"code": 200, "msg": "success", "data": data}


def asset(talk: Any, id_: str = ASSET, url: str = "") -> Any:
    body = ok({"id": id_, "asset_url": url or f"asset://{id_}", "status": "Processing"})
    return talk.hear(Operation.ASSET_CREATE, body, sent=FACE)


def test_ids_of_their_form_are_confirmed(talk: Callable[..., Any]) -> None:
    assert talk("opeai").order().held(ids_have_the_documented_format) == {"opeai.task_id"}
    assert talk("apimodels").order().held(ids_have_the_documented_format) == {"apimodels.task_id"}
    assert asset(talk("apimodels")).held(ids_have_the_documented_format) == {"apimodels.assets.id"}


@pytest.mark.parametrize("id_", ["task_0123", "cgt-20260601090001-K3V7P", "cgt-20260601090001", "cgt-2026-abcde"])
def test_a_task_s_id_of_another_form_is_found(talk: Callable[..., Any], id_: str) -> None:
    found = talk("opeai").order(id=id_, task_id=id_).broken(ids_have_the_documented_format)
    assert found == {"opeai.task_id": (Severity.BREAKING, "an id has another format")}


def test_a_form_that_is_our_reading_is_settled_only(talk: Callable[..., Any]) -> None:
    found = talk("apimodels").order(taskId="video-123").broken(ids_have_the_documented_format)
    assert found == {"apimodels.task_id": (Severity.INFO, "an id has another format")}


@pytest.mark.parametrize("id_", ["asset-2026-abcd", "20260601090001-m2x8q", "asset-20260601090001-"])
def test_an_asset_s_id_of_another_form_is_found(talk: Callable[..., Any], id_: str) -> None:
    assert asset(talk("apimodels"), id_).broken(ids_have_the_documented_format).keys() == {"apimodels.assets.id"}


@pytest.mark.parametrize("digits", ["20260601010001", "20250601090001", "20261301090001", "99999999999999"])
def test_the_time_in_an_id_is_that_of_its_creation_in_china(talk: Callable[..., Any], digits: str) -> None:
    title = "an id contains another time than that of its creation"
    id_ = f"cgt-{digits}-k3v7p"
    lie = talk("opeai").order(id=id_, task_id=id_)
    assert lie.broken(ids_have_the_documented_format) == {"opeai.task_id": (Severity.BREAKING, title)}
    assert asset(talk("apimodels"), f"asset-{digits}-m2x8q").broken(ids_have_the_documented_format)


def test_the_time_in_an_id_may_be_that_of_another_clock_that_the_answer_shows(talk: Callable[..., Any]) -> None:
    late = talk("opeai")
    late.at += 86400 * 30
    assert late.order().held(ids_have_the_documented_format)
    unknown = talk("opeai")
    unknown.at = 0.0
    assert unknown.order(created_at=0).held(ids_have_the_documented_format)


def test_both_ids_of_a_new_task_are_the_same(talk: Callable[..., Any]) -> None:
    assert talk("opeai").order().held(id_fields_are_equal) == {"opeai.create.response"}
    lie = talk("opeai").order(task_id=OTHER).broken(id_fields_are_equal)
    assert lie == {"opeai.create.response": (Severity.BREAKING, "id and task_id differ")}
    assert talk("opeai").order(task_id=...).of(id_fields_are_equal) == []


def test_an_id_names_one_task(talk: Callable[..., Any]) -> None:
    assert talk("opeai").order().of(ids_are_unique) == [], "the first could be nothing else"
    assert talk("opeai").order().order(id=OTHER).held(ids_are_unique) == {"opeai.create.answer.id"}
    title = "an id is used twice"
    assert talk("opeai").order().order().broken(ids_are_unique) == {
        "opeai.create.answer.id": (Severity.BREAKING, title)
    }
    assert talk("apimodels").order().order().broken(ids_are_unique).keys() == {"apimodels.create.answer.taskId"}
    assert asset(asset(talk("apimodels"))).broken(ids_are_unique).keys() == {"apimodels.assets.create.answer.id"}


def test_an_answer_is_about_what_was_asked(talk: Callable[..., Any]) -> None:
    assert talk("opeai").order().poll("QUEUED").held(responses_name_the_requested_id) == {"opeai.query.answer.id"}
    assert talk("opeai").order().poll("QUEUED", id=OTHER).broken(responses_name_the_requested_id).keys() == {
        "opeai.query.answer.id"
    }
    other = talk("apimodels").order().poll("pending", taskId="cl-other")
    assert other.broken(responses_name_the_requested_id).keys() == {"apimodels.query.answer.taskId"}
    told = {"id": ASSET, "asset_url": f"asset://{ASSET}", "status": "Active"}
    for id_, right in ((ASSET, True), (ASSET + "x", False)):
        seen = talk("apimodels").hear(Operation.ASSET_GET, ok({**told, "id": id_}), sent={"id": ASSET})
        assert [look.passed for look in seen.of(responses_name_the_requested_id)] == [right]


def test_an_asset_s_url_is_its_id(talk: Callable[..., Any]) -> None:
    assert asset(talk("apimodels")).held(asset_urls_contain_their_id) == {"apimodels.assets.url"}
    title = "an asset's URL does not contain its id"
    assert asset(talk("apimodels"), url="asset://asset-other").broken(asset_urls_contain_their_id) == {
        "apimodels.assets.url": (Severity.BREAKING, title)
    }
    items = [{"id": "a", "asset_url": "asset://a"}, {"id": "b", "asset_url": "b"}]
    listed = talk("apimodels").hear(Operation.ASSET_LIST, ok({"items": items}), sent={"page": 1})
    assert [look.passed for look in listed.of(asset_urls_contain_their_id)] == [True, False]


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
def test_a_group_that_is_known_by_something_else_is_found(
    talk: Callable[..., Any], change: dict[str, Any], title: str
) -> None:
    made = talk("apimodels").hear(Operation.GROUP_CREATE, ok({**GROUP, **change}), sent={"name": "cast"})
    assert made.broken(group_ids_and_names_are_generated) == {
        "apimodels.groups.create.response": (Severity.BREAKING, title)
    }


def test_a_group_s_number_is_given_once_to_a_key(talk: Callable[..., Any]) -> None:
    made = talk("apimodels").hear(Operation.GROUP_CREATE, ok(GROUP), sent={"name": "cast"})
    assert made.held(group_ids_and_names_are_generated) == {"apimodels.groups.create.response"}
    made.hear(Operation.GROUP_CREATE, ok(GROUP), sent={"name": "cast"}, caller="second")
    assert made.held(group_ids_and_names_are_generated), "numbers count locally"
    made.hear(Operation.GROUP_CREATE, ok(GROUP), sent={"name": "crew"})
    assert made.broken(group_ids_and_names_are_generated)
