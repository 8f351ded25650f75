"""Statuses: their words at each moment, that they move on, that the end is the end; and why a task failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation, StatusContext, TaskStatus
from seedmock_contracts.facts import StatusSpelling
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_contracts.upstreams import contracts
from seedmock_harness.checks.failure_reasons import failed_tasks_have_a_reason
from seedmock_harness.checks.statuses import (
    initial_status_is_not_success,
    status_spellings_are_documented,
    statuses_move_forward,
    statuses_settle_variants,
    terminal_responses_are_stable,
)
from seedmock_harness.results.checks import Severity

SPELT, MOVES = status_spellings_are_documented, statuses_move_forward
WORDS = [word for said in contracts() for word in said.status_spellings]
QUERIED = [word for word in WORDS if word.context is StatusContext.QUERY]
ALIASES = [word for word in WORDS if word.context is StatusContext.ALIAS]
KEY = {"opeai": "status", "apimodels": "state"}


def name_of(word: StatusSpelling) -> str:
    return word.id.partition(".")[0]


def test_the_word_of_a_new_task_is_confirmed(talk: Callable[..., Any]) -> None:
    assert talk("opeai").order().held(SPELT) == {"opeai.status.created.queued"}
    assert talk("apimodels").order().held(SPELT) == {"apimodels.status.created"}


@pytest.mark.parametrize("word", QUERIED, ids=lambda word: word.id)
def test_each_word_of_a_query_is_confirmed(talk: Callable[..., Any], word: StatusSpelling) -> None:
    assert talk(name_of(word)).order().poll(word.spelling).held(SPELT) == {word.id}


@pytest.mark.parametrize(
    ("name", "status", "fact"),
    [
        ("opeai", "QUEUED", "opeai.status.created.queued"),
        ("opeai", "NOT_START", "opeai.status.created.queued"),
        ("opeai", "whatever", "opeai.status.created.queued"),
        ("apimodels", "queued", "apimodels.status.created"),
        ("apimodels", "PENDING", "apimodels.status.created"),
    ],
)
def test_another_word_at_create_is_found(talk: Callable[..., Any], name: str, status: str, fact: str) -> None:
    assert talk(name).order(**{KEY[name]: status}).broken(SPELT).keys() == {fact}


@pytest.mark.parametrize(
    ("name", "status", "fact"),
    [
        ("opeai", "Success", "opeai.status.success"),
        ("opeai", "succeeded", "opeai.status.success"),
        ("opeai", "running", "opeai.status.in_progress"),
        ("opeai", "expired", "opeai.status.failure"),
        ("apimodels", "COMPLETED", "apimodels.status.success"),
        ("apimodels", "queued", "apimodels.status.queued"),
        ("apimodels", "error", "apimodels.status.failure"),
    ],
)
def test_another_word_at_query_is_found_by_what_it_means(
    talk: Callable[..., Any], name: str, status: str, fact: str
) -> None:
    found = talk(name).order().poll(status).broken(SPELT)
    assert found == {fact: (Severity.BREAKING, "a status has another spelling")}


@pytest.mark.parametrize(("name", "field"), [("opeai", "status"), ("apimodels", "state")])
def test_a_word_that_nobody_knows_is_found(talk: Callable[..., Any], name: str, field: str) -> None:
    found = talk(name).order().poll("PONDERING").broken(SPELT)
    assert found == {f"{name}.query.answer.{field}": (Severity.BREAKING, "a status has an unknown spelling")}


@pytest.mark.parametrize("status", ["NOT_START", "SUBMITTED", "UNKNOWN"])
def test_a_word_that_the_vendor_has_elsewhere_is_news(talk: Callable[..., Any], status: str) -> None:
    found = talk("opeai").order().poll(status).broken(SPELT)
    assert [severity for severity, _ in found.values()] == [Severity.INFO]


@pytest.mark.parametrize("alias", ALIASES, ids=lambda word: word.id)
def test_an_alias_is_never_the_right_word_of_its_moment(talk: Callable[..., Any], alias: StatusSpelling) -> None:
    spoken = {word.spelling for word in QUERIED if name_of(word) == name_of(alias)}
    seen = talk(name_of(alias)).order().poll(alias.spelling)
    assert alias.spelling in spoken or seen.held(SPELT) == set()
    assert alias.spelling in spoken or len(seen.broken(SPELT)) == 1
    assert seen.broken(SPELT).get(alias.id) is None


@pytest.mark.parametrize("alias", ALIASES, ids=lambda word: word.id)
def test_an_alias_is_confirmed_by_where_it_stands_in_a_life(talk: Callable[..., Any], alias: StatusSpelling) -> None:
    name = name_of(alias)
    assert alias.id in talk(name).order().poll(alias.spelling).held(MOVES)
    over = "SUCCESS" if name == "opeai" else "completed"
    other = "FAILURE" if name == "opeai" else "failed"
    end = other if alias.status.value == "SUCCESS" else over
    assert alias.id in talk(name).order().poll(end).poll(alias.spelling).broken(MOVES)


def test_a_create_of_a_that_fails_at_once_says_so(talk: Callable[..., Any]) -> None:
    made = talk("apimodels").order(state="failed", failCode="CONTENT_MODERATION", failMsg="no", retryable=False)
    assert made.held(SPELT) == {"apimodels.status.failure"}
    assert talk("opeai").order(status="FAILURE").broken(SPELT).keys() == {"opeai.status.created.queued"}


def test_words_settle_their_option(talk: Callable[..., Any]) -> None:
    check = statuses_settle_variants
    assert talk("opeai").order().poll("SUCCESS").held(check) == {"opeai.status"}
    assert talk("opeai").order().poll("completed").broken(check) == {
        "opeai.status": (Severity.INFO, "another option holds than the default")
    }
    assert talk("opeai", {"opeai.status": "openai"}).order().poll("completed").of(check) == []
    assert talk("apimodels").order().poll("completed").of(check) == []
    assert talk("opeai").order().poll("PONDERING").of(check) == [], "a word of no option settles nothing"


def test_where_an_option_is_known_the_other_s_words_are_wrong(talk: Callable[..., Any]) -> None:
    told = talk("opeai", {"opeai.status": "documented"}).order()
    assert told.poll("completed").broken(SPELT).keys() == {"opeai.status.success"}
    told = talk("opeai", {"opeai.status": "openai"}).order()
    assert told.poll("SUCCESS").broken(SPELT).keys() == {"opeai.status.openai.success"}
    assert told.poll("failed").held(SPELT) == {"opeai.status.openai.failure"}


LIVES = {"opeai": ("QUEUED", "IN_PROGRESS", "SUCCESS"), "apimodels": ("pending", "processing", "completed")}


@pytest.mark.parametrize("name", LIVES)
def test_a_life_moves_on(talk: Callable[..., Any], name: str) -> None:
    life = talk(name).order()
    for word in LIVES[name]:
        assert life.poll(word).held(MOVES) == {f"{name}.status.moves"} == life.poll(word).held(MOVES)


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize(("first", "then"), [(1, 0), (2, 0), (2, 1)])
def test_a_life_that_runs_backwards_is_found(talk: Callable[..., Any], name: str, first: int, then: int) -> None:
    words = LIVES[name]
    found = talk(name).order().poll(words[first]).poll(words[then]).broken(MOVES)
    assert found[f"{name}.status.moves"][0] is Severity.BREAKING
    assert words[then] in found[f"{name}.status.moves"][1]


def test_one_end_does_not_become_another(talk: Callable[..., Any]) -> None:
    assert talk("opeai").order().poll("SUCCESS").poll("FAILURE").broken(MOVES)
    assert talk("apimodels").order().poll("failed").poll("completed").broken(MOVES)


def test_two_tasks_are_told_apart(talk: Callable[..., Any]) -> None:
    assert talk("opeai").poll("SUCCESS").poll("QUEUED").of(MOVES) == [], "nobody saw it made"


@pytest.mark.parametrize("name", LIVES)
def test_what_has_ended_is_told_the_same_each_time(talk: Callable[..., Any], name: str) -> None:
    over = LIVES[name][-1]
    life = talk(name).order().poll(over)
    assert life.of(terminal_responses_are_stable) == []
    assert life.poll(over).held(terminal_responses_are_stable) == {f"{name}.status.final"}
    for change in ({"model": "other"}, {"more": 1}, {"model": ...}):
        found = life.poll(over, **change).broken(terminal_responses_are_stable)
        title = "the response about a finished task has changed"
        assert found == {f"{name}.status.final": (Severity.INFO, title)}
    sent = {"task_id": life.turn.requested_id} if name == "apimodels" else None
    unreadable = life.hear(Operation.QUERY, "<html>", sent=sent, task_id=life.turn.requested_id)
    assert unreadable.of(terminal_responses_are_stable) == [], "that it is no JSON is found elsewhere"


@pytest.mark.parametrize("name", LIVES)
def test_a_new_task_begins_its_life(talk: Callable[..., Any], name: str) -> None:
    assert talk(name).order().held(initial_status_is_not_success) == {f"{name}.status.moves"}
    lie = talk(name).order(**{KEY[name]: LIVES[name][-1]}).broken(initial_status_is_not_success)
    assert lie == {f"{name}.status.moves": (Severity.BREAKING, "a task has succeeded when it is created")}


def test_words_that_mean_an_end_are_the_ends_of_a_life() -> None:
    ends = TERMINAL - {TaskStatus.CANCELLED, TaskStatus.EXPIRED}
    assert {word.status for word in QUERIED if word.spelling in ("SUCCESS", "failed", "FAILURE")} == ends


# Why a task failed.


def test_a_failed_task_that_says_why_is_confirmed(talk: Callable[..., Any]) -> None:
    check = failed_tasks_have_a_reason
    assert talk("opeai").order().poll("FAILURE").held(check) == {
        "opeai.code.InternalServiceError",
        "opeai.query.answer.error.message",
    }
    assert talk("apimodels").order().poll("failed").held(check) == {
        "apimodels.code.busy",
        "apimodels.query.answer.failMsg",
    }
    assert talk("opeai").order().poll("SUCCESS").of(check) == []


@pytest.mark.parametrize("message", ["", "  "])
def test_a_failed_task_that_says_nothing_is_found(talk: Callable[..., Any], message: str) -> None:
    lie = talk("apimodels").order().poll("failed", failMsg=message).broken(failed_tasks_have_a_reason)
    assert lie["apimodels.query.answer.failMsg"] == (Severity.BREAKING, "a failed task has no message")
    error = {"code": "QuotaExceeded", "message": message}
    other = talk("opeai").order().poll("FAILURE", error=error).broken(failed_tasks_have_a_reason)
    assert other["opeai.query.answer.error.message"][0] is Severity.INFO, "that there is an error is our reading"
    assert other["opeai.code.QuotaExceeded"][0] is Severity.BREAKING


def test_whether_to_try_again_is_judged(talk: Callable[..., Any]) -> None:
    lie = talk("apimodels").order().poll("failed", retryable=False).broken(failed_tasks_have_a_reason)
    assert lie == {"apimodels.code.busy": (Severity.BREAKING, "retryable has another value")}


@pytest.mark.parametrize(
    ("message", "fact"),
    [("the output audio did not pass", "output.audio"), ("the output video did not pass", "output.video"),
     ("审核", "output.video")],
)  # fmt: skip
def test_one_code_for_several_reasons_is_told_by_its_sentence(
    talk: Callable[..., Any], message: str, fact: str
) -> None:
    said = {"failCode": "CONTENT_MODERATION", "failMsg": message, "retryable": False}
    seen = talk("apimodels").order().poll("failed", **said)
    assert f"apimodels.code.{fact}" in seen.held(failed_tasks_have_a_reason)


def test_a_code_that_is_not_known_is_news(talk: Callable[..., Any]) -> None:
    found = talk("apimodels").order().poll("failed", failCode="SOLAR_FLARE").broken(failed_tasks_have_a_reason)
    assert found == {"apimodels.query.answer.failCode": (Severity.INFO, "a task failed with an undocumented code")}
