"""Checks of the response schema: missing, renamed, retyped and new fields, formats, and the order of keys."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_contracts.facts import ResponseField
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_harness.checks.response_shape import (
    keys_keep_their_order,
    responses_match_their_schema,
    responses_settle_variants,
)
from seedmock_harness.results.checks import Severity

from ...each_case import each_case

SHAPE = responses_match_their_schema
ORDER = {"opeai": "opeai.create.response", "apimodels": "apimodels.envelope"}
SPELLINGS = {"opeai": ("QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"),
         "apimodels": ("pending", "processing", "completed", "failed")}  # fmt: skip
REQUIRED = [
    field
    for contract in contracts()
    for field in contract.response_fields
    if field.operation in (Operation.CREATE, Operation.QUERY)
    and field.required
    and (not field.variant or contract.defaults[field.variant] == field.option)
]


def local_path(field: ResponseField) -> str:
    return field.path.removeprefix("data.")


def respond_with(history: Any, field: ResponseField, **changes: Any) -> Any:
    """Add the order or the query whose response has the field, with `changes` applied."""
    if field.operation is Operation.CREATE:
        return history.order(**changes)
    spelling = (
        SPELLINGS[history.contract.name][list(TaskStatus).index(field.statuses[0])] if field.statuses else "processing"
    )
    return history.order().poll(
        "IN_PROGRESS" if history.contract.name == "opeai" and not field.statuses else spelling, **changes
    )


@each_case("field", REQUIRED)
def test_documented_field_is_confirmed(new_history: Callable[..., Any], field: ResponseField) -> None:
    history = respond_with(new_history(field.id.partition(".")[0]), field)
    assert field.id in history.passed(SHAPE)
    assert history.failed(SHAPE) == {}


TOP_LEVEL = [field for field in REQUIRED if "." not in local_path(field) and "[]" not in field.path]


def expected_severity(field: ResponseField) -> Severity:
    return Severity.INFO if field.basis == "assumed" else Severity.BREAKING


# The status selects the fields that are required, and a missing error is another documented option.
REMOVABLE = [field for field in TOP_LEVEL if local_path(field) not in ("status", "state", "error")]


@each_case("field", REMOVABLE)
def test_missing_field_fails(new_history: Callable[..., Any], field: ResponseField) -> None:
    failures = respond_with(new_history(field.id.partition(".")[0]), field, **{local_path(field): ...}).failed(SHAPE)
    assert failures[field.id] == (expected_severity(field), f"{local_path(field)} is missing")


@each_case("field", REMOVABLE)
def test_renamed_field_fails_with_its_new_name(new_history: Callable[..., Any], field: ResponseField) -> None:
    history = respond_with(new_history(field.id.partition(".")[0]), field, **{local_path(field): ..., "newName": 1})
    assert history.failed(SHAPE)[field.id] == (
        expected_severity(field),
        f"{local_path(field)} is missing; newName is new",
    )


@each_case("field, value", list(product(REMOVABLE, (True, None, [[]], 1.5))))
def test_field_of_another_type_fails(new_history: Callable[..., Any], field: ResponseField, value: Any) -> None:
    if value == [[]] and field.types == ("array",):
        value = "a"
    failures = respond_with(new_history(field.id.partition(".")[0]), field, **{local_path(field): value}).failed(SHAPE)
    assert failures[field.id] == (expected_severity(field), f"{local_path(field)} has another type")


@pytest.mark.parametrize(
    ("name", "spelling", "change", "fact"),
    [
        ("opeai", "SUCCESS", {"object": "movie"}, "opeai.query.response.object"),
        ("opeai", "SUCCESS", {"size": "720p"}, "opeai.query.response.size"),
        ("apimodels", "completed", {"resultUrls": ["ftp://a"]}, "apimodels.query.response.resultUrls.item"),
        ("apimodels", "failed", {"failCode": "busy"}, "apimodels.query.response.failCode"),
        ("apimodels", "completed", {"modelType": "text"}, "apimodels.query.response.modelType"),
    ],
)
def test_string_in_another_format_fails(
    new_history: Callable[..., Any], name: str, spelling: str, change: dict[str, Any], fact: str
) -> None:
    severity, title = new_history(name).order().poll(spelling, **change).failed(SHAPE)[fact]
    assert severity is Severity.BREAKING
    assert title.endswith("has another format")


def test_missing_or_non_string_status_fails(new_history: Callable[..., Any]) -> None:
    for value in (..., 3, None):
        assert "opeai.query.response.status" in new_history("opeai").order().poll("QUEUED", status=value).failed(SHAPE)
        assert "apimodels.query.response.state" in new_history("apimodels").order().poll("pending", state=value).failed(
            SHAPE
        )


def test_missing_data_lacks_each_of_its_fields(new_history: Callable[..., Any]) -> None:
    for data in ({"code": 200, "msg": "success"}, {"code": 200, "msg": "success", "data": None}):
        failures = new_history("apimodels").respond(Operation.CREATE, data, request={"model": "x"}).failed(SHAPE)
        assert {"apimodels.create.response.taskId", "apimodels.create.response.state"} <= failures.keys()


@pytest.mark.parametrize("name", ["opeai", "apimodels"])
def test_new_keys_are_reported_as_one_information(new_history: Callable[..., Any], name: str) -> None:
    history = new_history(name).order(trace="x", zone={"a": 1})
    ((fact, (severity, _)),) = history.failed(SHAPE).items()
    assert (fact, severity) == (ORDER[name], Severity.INFO)
    (result,) = [result for result in history.results_of(SHAPE) if not result.passed]
    assert result.observed == ("trace, zone" if name == "opeai" else "data.trace, data.zone")


def test_new_keys_of_items_are_reported_once(new_history: Callable[..., Any]) -> None:
    rows = [{"id": f"m{at}", "modality": "video", "endpoint": "/v", "price": at} for at in range(3)]
    history = new_history("apimodels").respond(Operation.MODELS, {"code": 200, "msg": "success", "data": rows})
    (result,) = [result for result in history.results_of(SHAPE) if not result.passed]
    assert result.observed == "data[].price"


def test_missing_key_of_one_item_fails(new_history: Callable[..., Any]) -> None:
    rows = [{"id": "m", "modality": "video", "endpoint": "/v"}, {"id": "m", "modality": "smell"}]
    failures = (
        new_history("apimodels").respond(Operation.MODELS, {"code": 200, "msg": "success", "data": rows}).failed(SHAPE)
    )
    assert {id_: title for id_, (_, title) in failures.items()} == {
        "apimodels.models.response.endpoint": "endpoint is missing",
        "apimodels.models.response.modality": "modality has another format",
    }


def test_key_of_another_status_is_information(new_history: Callable[..., Any]) -> None:
    failures = new_history("apimodels").order().poll("processing", resultUrls=[]).failed(SHAPE)
    assert failures == {"apimodels.envelope": (Severity.INFO, "the response has undocumented keys")}


@pytest.mark.parametrize(
    ("option", "spelling", "change"),
    [
        ("opeai.progress=percent", "IN_PROGRESS", {"progress": "50%"}),
        ("opeai.failure_reason=fail_reason", "FAILURE", {"error": ..., "fail_reason": "it broke"}),
        ("opeai.failure_reason=none", "FAILURE", {"error": ...}),
    ],
)
def test_keys_of_another_option_settle_the_variant(
    new_history: Callable[..., Any], option: str, spelling: str, change: dict[str, Any]
) -> None:
    id_, _, value = option.partition("=")
    history = new_history("opeai").order().poll(spelling, **change)
    assert history.failed(SHAPE) == {}
    assert history.failed(responses_settle_variants) == {id_: (Severity.INFO, "another option holds than the default")}
    pinned = new_history("opeai", {id_: value}).order().poll(spelling, **change)
    assert pinned.failed(responses_settle_variants) == pinned.failed(SHAPE) == {}
    default = new_history("opeai", {id_: get_contract("opeai").defaults[id_]}).order().poll(spelling, **change)
    assert default.failed(SHAPE) != {}


def test_default_option_is_confirmed(new_history: Callable[..., Any]) -> None:
    assert "opeai.failure_reason" in new_history("opeai").order().poll("FAILURE").passed(responses_settle_variants)
    assert new_history("opeai").order().poll("QUEUED").passed(responses_settle_variants) == {
        "opeai.status",
        "opeai.progress",
    }
    assert new_history("apimodels").order().passed(responses_settle_variants) == {"apimodels.keys"}


def test_openai_keys_require_openai_statuses(new_history: Callable[..., Any]) -> None:
    extra = {"progress": 50, "seconds": "4", "completed_at": None, "error": None}
    history = new_history("opeai").order(progress=0, seconds="4", size="1280x720").poll("in_progress", **extra)
    assert history.failed(SHAPE) == {}
    assert "opeai.query.response.openai.progress" in history.passed(SHAPE)
    retyped = new_history("opeai").order().poll("in_progress", **{**extra, "progress": "50%"})
    assert "opeai.query.response.openai.progress" in retyped.failed(SHAPE)


def test_keys_in_another_order_are_information(new_history: Callable[..., Any]) -> None:
    order_history, query_history = new_history("opeai").order(), new_history("opeai").order().poll("SUCCESS")
    for fact, history in (("opeai.create.response", order_history), ("opeai.query.response", query_history)):
        body = dict(reversed(history.interaction.body.items()))
        params = {"task_id": "x"} if history is query_history else {}
        reordered = history.respond(history.interaction.operation, body, **params)
        assert reordered.failed(keys_keep_their_order) == {fact: (Severity.INFO, "the keys come in another order")}


def test_keys_in_documented_order_are_confirmed_except_for_openai(
    new_history: Callable[..., Any],
) -> None:
    history = new_history("opeai").order()
    assert history.passed(keys_keep_their_order) == {"opeai.create.response"}
    assert history.poll("SUCCESS").passed(keys_keep_their_order) == {"opeai.query.response"}
    assert history.poll("completed", progress=100).results_of(keys_keep_their_order) == []
    assert new_history("apimodels").order().results_of(keys_keep_their_order) == []


@pytest.mark.parametrize("body", ['{"id": "cut' + " " * 5000, "", "<html>"])
def test_unreadable_body_has_no_shape(new_history: Callable[..., Any], body: str) -> None:
    assert new_history("opeai").respond(Operation.CREATE, body, request={}).results_of(SHAPE) == []
