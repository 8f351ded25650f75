"""The shape of answers: fields that are gone, renamed, retyped, of another form or new, and the order of keys."""

from __future__ import annotations

from collections.abc import Callable
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

SHAPE = responses_match_their_schema
ORDER = {"opeai": "opeai.create.response", "apimodels": "apimodels.envelope"}
WORDS = {"opeai": ("QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"),
         "apimodels": ("pending", "processing", "completed", "failed")}  # fmt: skip
NEEDED = [
    field
    for said in contracts()
    for field in said.response_fields
    if field.operation in (Operation.CREATE, Operation.QUERY)
    and field.required
    and (not field.variant or said.defaults[field.variant] == field.option)
]


def own(field: ResponseField) -> str:
    return field.path.removeprefix("data.")


def told(talk: Any, field: ResponseField, **changes: Any) -> Any:
    """An order, or a query in a state in which the field is told, with these changes."""
    if field.operation is Operation.CREATE:
        return talk.order(**changes)
    word = WORDS[talk.contract.name][list(TaskStatus).index(field.statuses[0])] if field.statuses else "processing"
    return talk.order().poll("IN_PROGRESS" if talk.contract.name == "opeai" and not field.statuses else word, **changes)


@pytest.mark.parametrize("field", NEEDED, ids=lambda field: field.id)
def test_an_honest_field_is_confirmed(talk: Callable[..., Any], field: ResponseField) -> None:
    honest = told(talk(field.id.partition(".")[0]), field)
    assert field.id in honest.held(SHAPE)
    assert honest.broken(SHAPE) == {}


OUTER = [field for field in NEEDED if "." not in own(field) and "[]" not in field.path]


def expected_severity(field: ResponseField) -> Severity:
    return Severity.INFO if field.basis == "assumed" else Severity.BREAKING


# A status that is not told has no word, and an error that is not there is another option's silence.
SPEAKING = [field for field in OUTER if own(field) not in ("status", "state", "error")]


@pytest.mark.parametrize("field", SPEAKING, ids=lambda field: field.id)
def test_a_field_that_is_gone_is_missed(talk: Callable[..., Any], field: ResponseField) -> None:
    found = told(talk(field.id.partition(".")[0]), field, **{own(field): ...}).broken(SHAPE)
    assert found[field.id] == (expected_severity(field), f"{own(field)} is missing")


@pytest.mark.parametrize("field", SPEAKING, ids=lambda field: field.id)
def test_a_field_that_is_renamed_is_told_with_its_new_name(talk: Callable[..., Any], field: ResponseField) -> None:
    lie = told(talk(field.id.partition(".")[0]), field, **{own(field): ..., "newName": 1})
    assert lie.broken(SHAPE)[field.id] == (expected_severity(field), f"{own(field)} is missing; newName is new")


@pytest.mark.parametrize("field", SPEAKING, ids=lambda field: field.id)
@pytest.mark.parametrize("value", [True, None, [[]], 1.5])
def test_a_field_of_another_type_is_found(talk: Callable[..., Any], field: ResponseField, value: Any) -> None:
    if value == [[]] and field.types == ("array",):
        value = "a"
    found = told(talk(field.id.partition(".")[0]), field, **{own(field): value}).broken(SHAPE)
    assert found[field.id] == (expected_severity(field), f"{own(field)} has another type")


@pytest.mark.parametrize(
    ("name", "word", "change", "fact"),
    [
        ("opeai", "SUCCESS", {"object": "movie"}, "opeai.query.answer.object"),
        ("opeai", "SUCCESS", {"size": "720p"}, "opeai.query.answer.size"),
        ("apimodels", "completed", {"resultUrls": ["ftp://a"]}, "apimodels.query.answer.resultUrls.item"),
        ("apimodels", "failed", {"failCode": "busy"}, "apimodels.query.answer.failCode"),
        ("apimodels", "completed", {"modelType": "text"}, "apimodels.query.answer.modelType"),
    ],
)
def test_a_text_of_another_form_is_found(
    talk: Callable[..., Any], name: str, word: str, change: dict[str, Any], fact: str
) -> None:
    severity, title = talk(name).order().poll(word, **change).broken(SHAPE)[fact]
    assert severity is Severity.BREAKING
    assert title.endswith("has another format")


def test_a_status_that_is_gone_or_no_text_is_found(talk: Callable[..., Any]) -> None:
    for value in (..., 3, None):
        assert "opeai.query.answer.status" in talk("opeai").order().poll("QUEUED", status=value).broken(SHAPE)
        assert "apimodels.query.answer.state" in talk("apimodels").order().poll("pending", state=value).broken(SHAPE)


def test_an_own_part_that_is_not_there_lacks_each_of_its_fields(talk: Callable[..., Any]) -> None:
    for data in ({"code": 200, "msg": "success"}, {"code": 200, "msg": "success", "data": None}):
        found = talk("apimodels").hear(Operation.CREATE, data, sent={"model": "x"}).broken(SHAPE)
        assert {"apimodels.create.answer.taskId", "apimodels.create.answer.state"} <= found.keys()


@pytest.mark.parametrize("name", ["opeai", "apimodels"])
def test_new_keys_are_one_piece_of_news(talk: Callable[..., Any], name: str) -> None:
    lie = talk(name).order(trace="x", zone={"a": 1})
    ((fact, (severity, _)),) = lie.broken(SHAPE).items()
    assert (fact, severity) == (ORDER[name], Severity.INFO)
    (look,) = [look for look in lie.of(SHAPE) if not look.passed]
    assert look.observed == ("trace, zone" if name == "opeai" else "data.trace, data.zone")


def test_new_keys_of_items_are_told_once(talk: Callable[..., Any]) -> None:
    rows = [{"id": f"m{at}", "modality": "video", "endpoint": "/v", "price": at} for at in range(3)]
    lie = talk("apimodels").hear(Operation.MODELS, {"code": 200, "msg": "success", "data": rows})
    (look,) = [look for look in lie.of(SHAPE) if not look.passed]
    assert look.observed == "data[].price"


def test_what_one_item_lacks_is_found(talk: Callable[..., Any]) -> None:
    rows = [{"id": "m", "modality": "video", "endpoint": "/v"}, {"id": "m", "modality": "smell"}]
    found = talk("apimodels").hear(Operation.MODELS, {"code": 200, "msg": "success", "data": rows}).broken(SHAPE)
    assert {id_: title for id_, (_, title) in found.items()} == {
        "apimodels.models.answer.endpoint": "endpoint is missing",
        "apimodels.models.answer.modality": "modality has another format",
    }


def test_what_belongs_to_another_state_is_news(talk: Callable[..., Any]) -> None:
    found = talk("apimodels").order().poll("processing", resultUrls=[]).broken(SHAPE)
    assert found == {"apimodels.envelope": (Severity.INFO, "the response has undocumented keys")}


@pytest.mark.parametrize(
    ("option", "word", "change"),
    [
        ("opeai.progress=percent", "IN_PROGRESS", {"progress": "50%"}),
        ("opeai.failure_reason=fail_reason", "FAILURE", {"error": ..., "fail_reason": "it broke"}),
        ("opeai.failure_reason=none", "FAILURE", {"error": ...}),
    ],
)
def test_keys_that_show_another_option_settle_it(
    talk: Callable[..., Any], option: str, word: str, change: dict[str, Any]
) -> None:
    id_, _, value = option.partition("=")
    seen = talk("opeai").order().poll(word, **change)
    assert seen.broken(SHAPE) == {}
    assert seen.broken(responses_settle_variants) == {id_: (Severity.INFO, "another option holds than the default")}
    known = talk("opeai", {id_: value}).order().poll(word, **change)
    assert known.broken(responses_settle_variants) == known.broken(SHAPE) == {}
    otherwise = talk("opeai", {id_: get_contract("opeai").defaults[id_]}).order().poll(word, **change)
    assert otherwise.broken(SHAPE) != {}


def test_the_default_option_is_confirmed(talk: Callable[..., Any]) -> None:
    assert "opeai.failure_reason" in talk("opeai").order().poll("FAILURE").held(responses_settle_variants)
    assert talk("opeai").order().poll("QUEUED").held(responses_settle_variants) == {"opeai.status", "opeai.progress"}
    assert talk("apimodels").order().held(responses_settle_variants) == {"apimodels.keys"}


def test_openai_s_keys_are_right_with_openai_s_words_only(talk: Callable[..., Any]) -> None:
    more = {"progress": 50, "seconds": "4", "completed_at": None, "error": None}
    other = talk("opeai").order(progress=0, seconds="4", size="1280x720").poll("in_progress", **more)
    assert other.broken(SHAPE) == {}
    assert "opeai.query.answer.openai.progress" in other.held(SHAPE)
    retyped = talk("opeai").order().poll("in_progress", **{**more, "progress": "50%"})
    assert "opeai.query.answer.openai.progress" in retyped.broken(SHAPE)


def test_keys_in_another_order_are_a_warning(talk: Callable[..., Any]) -> None:
    created, queried = talk("opeai").order(), talk("opeai").order().poll("SUCCESS")
    for fact, honest in (("opeai.create.response", created), ("opeai.query.response", queried)):
        body = dict(reversed(honest.turn.body.items()))
        params = {"task_id": "x"} if honest is queried else {}
        lie = honest.hear(honest.turn.operation, body, **params)
        assert lie.broken(keys_keep_their_order) == {fact: (Severity.WARNING, "the keys come in another order")}


def test_keys_in_their_order_confirm_it_and_openai_s_words_have_one_of_their_own(talk: Callable[..., Any]) -> None:
    honest = talk("opeai").order()
    assert honest.held(keys_keep_their_order) == {"opeai.create.response"}
    assert honest.poll("SUCCESS").held(keys_keep_their_order) == {"opeai.query.response"}
    assert honest.poll("completed", progress=100).of(keys_keep_their_order) == []
    assert talk("apimodels").order().of(keys_keep_their_order) == []


@pytest.mark.parametrize("body", ['{"id": "cut' + " " * 5000, "", "<html>"])
def test_what_cannot_be_read_has_no_shape(talk: Callable[..., Any], body: str) -> None:
    assert talk("opeai").hear(Operation.CREATE, body, sent={}).of(SHAPE) == []
