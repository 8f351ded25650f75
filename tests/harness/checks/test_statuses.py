"""Checks of statuses and failure reasons: spellings per context, transitions, stable terminal responses."""

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

SPELLING_CHECK, ORDER_CHECK = status_spellings_are_documented, statuses_move_forward
SPELLINGS = [spelling for contract in contracts() for spelling in contract.status_spellings]
QUERY_SPELLINGS = [spelling for spelling in SPELLINGS if spelling.context is StatusContext.QUERY]
ALIASES = [spelling for spelling in SPELLINGS if spelling.context is StatusContext.ALIAS]
STATUS_FIELD = {"opeai": "status", "apimodels": "state"}


def upstream_of(spelling: StatusSpelling) -> str:
    return spelling.id.partition(".")[0]


def test_initial_status_is_confirmed(new_history: Callable[..., Any]) -> None:
    assert new_history("opeai").order().passed(SPELLING_CHECK) == {"opeai.status.created.queued"}
    assert new_history("apimodels").order().passed(SPELLING_CHECK) == {"apimodels.status.created"}


@pytest.mark.parametrize("spelling", QUERY_SPELLINGS, ids=lambda spelling: spelling.id)
def test_each_query_status_is_confirmed(new_history: Callable[..., Any], spelling: StatusSpelling) -> None:
    assert new_history(upstream_of(spelling)).order().poll(spelling.spelling).passed(SPELLING_CHECK) == {spelling.id}


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
def test_other_status_at_create_fails(new_history: Callable[..., Any], name: str, status: str, fact: str) -> None:
    assert new_history(name).order(**{STATUS_FIELD[name]: status}).failed(SPELLING_CHECK).keys() == {fact}


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
def test_other_spelling_at_query_fails_the_status_that_it_means(
    new_history: Callable[..., Any], name: str, status: str, fact: str
) -> None:
    failures = new_history(name).order().poll(status).failed(SPELLING_CHECK)
    assert failures == {fact: (Severity.BREAKING, "a status has another spelling")}


@pytest.mark.parametrize(("name", "field"), [("opeai", "status"), ("apimodels", "state")])
def test_unknown_spelling_fails(new_history: Callable[..., Any], name: str, field: str) -> None:
    failures = new_history(name).order().poll("PONDERING").failed(SPELLING_CHECK)
    assert failures == {f"{name}.query.response.{field}": (Severity.BREAKING, "a status has an unknown spelling")}


@pytest.mark.parametrize("status", ["NOT_START", "SUBMITTED", "UNKNOWN"])
def test_undocumented_vendor_status_is_information(new_history: Callable[..., Any], status: str) -> None:
    failures = new_history("opeai").order().poll(status).failed(SPELLING_CHECK)
    assert [severity for severity, _ in failures.values()] == [Severity.INFO]


@pytest.mark.parametrize("alias", ALIASES, ids=lambda spelling: spelling.id)
def test_alias_is_never_a_documented_spelling(new_history: Callable[..., Any], alias: StatusSpelling) -> None:
    current = {spelling.spelling for spelling in QUERY_SPELLINGS if upstream_of(spelling) == upstream_of(alias)}
    history = new_history(upstream_of(alias)).order().poll(alias.spelling)
    assert alias.spelling in current or history.passed(SPELLING_CHECK) == set()
    assert alias.spelling in current or len(history.failed(SPELLING_CHECK)) == 1
    assert history.failed(SPELLING_CHECK).get(alias.id) is None


@pytest.mark.parametrize("alias", ALIASES, ids=lambda spelling: spelling.id)
def test_alias_is_confirmed_by_its_place_in_the_lifecycle(
    new_history: Callable[..., Any], alias: StatusSpelling
) -> None:
    name = upstream_of(alias)
    assert alias.id in new_history(name).order().poll(alias.spelling).passed(ORDER_CHECK)
    success = "SUCCESS" if name == "opeai" else "completed"
    failure = "FAILURE" if name == "opeai" else "failed"
    end = failure if alias.status.value == "SUCCESS" else success
    assert alias.id in new_history(name).order().poll(end).poll(alias.spelling).failed(ORDER_CHECK)


def test_immediate_failure_is_confirmed_for_apimodels(new_history: Callable[..., Any]) -> None:
    history = new_history("apimodels").order(
        state="failed", failCode="CONTENT_MODERATION", failMsg="no", retryable=False
    )
    assert history.passed(SPELLING_CHECK) == {"apimodels.status.failure"}
    assert new_history("opeai").order(status="FAILURE").failed(SPELLING_CHECK).keys() == {"opeai.status.created.queued"}


def test_spellings_settle_the_status_variant(new_history: Callable[..., Any]) -> None:
    check = statuses_settle_variants
    assert new_history("opeai").order().poll("SUCCESS").passed(check) == {"opeai.status"}
    assert new_history("opeai").order().poll("completed").failed(check) == {
        "opeai.status": (Severity.INFO, "another option holds than the default")
    }
    assert new_history("opeai", {"opeai.status": "openai"}).order().poll("completed").results_of(check) == []
    assert new_history("apimodels").order().poll("completed").results_of(check) == []
    assert new_history("opeai").order().poll("PONDERING").results_of(check) == [], "a word of no option settles nothing"


def test_spellings_of_another_option_fail_when_pinned(new_history: Callable[..., Any]) -> None:
    history = new_history("opeai", {"opeai.status": "documented"}).order()
    assert history.poll("completed").failed(SPELLING_CHECK).keys() == {"opeai.status.success"}
    history = new_history("opeai", {"opeai.status": "openai"}).order()
    assert history.poll("SUCCESS").failed(SPELLING_CHECK).keys() == {"opeai.status.openai.success"}
    assert history.poll("failed").passed(SPELLING_CHECK) == {"opeai.status.openai.failure"}


LIFECYCLES = {"opeai": ("QUEUED", "IN_PROGRESS", "SUCCESS"), "apimodels": ("pending", "processing", "completed")}


@pytest.mark.parametrize("name", LIFECYCLES)
def test_forward_statuses_are_confirmed(new_history: Callable[..., Any], name: str) -> None:
    history = new_history(name).order()
    for spelling in LIFECYCLES[name]:
        assert (
            history.poll(spelling).passed(ORDER_CHECK)
            == {f"{name}.status.moves"}
            == history.poll(spelling).passed(ORDER_CHECK)
        )


@pytest.mark.parametrize("name", LIFECYCLES)
@pytest.mark.parametrize(("first", "then"), [(1, 0), (2, 0), (2, 1)])
def test_backward_status_fails(new_history: Callable[..., Any], name: str, first: int, then: int) -> None:
    spellings = LIFECYCLES[name]
    failures = new_history(name).order().poll(spellings[first]).poll(spellings[then]).failed(ORDER_CHECK)
    assert failures[f"{name}.status.moves"][0] is Severity.BREAKING
    assert spellings[then] in failures[f"{name}.status.moves"][1]


def test_terminal_status_does_not_change(new_history: Callable[..., Any]) -> None:
    assert new_history("opeai").order().poll("SUCCESS").poll("FAILURE").failed(ORDER_CHECK)
    assert new_history("apimodels").order().poll("failed").poll("completed").failed(ORDER_CHECK)


def test_statuses_without_a_known_order_are_not_compared(new_history: Callable[..., Any]) -> None:
    assert new_history("opeai").poll("SUCCESS").poll("QUEUED").results_of(ORDER_CHECK) == [], "nobody saw it made"


@pytest.mark.parametrize("name", LIFECYCLES)
def test_terminal_response_is_stable(new_history: Callable[..., Any], name: str) -> None:
    final = LIFECYCLES[name][-1]
    history = new_history(name).order().poll(final)
    assert history.results_of(terminal_responses_are_stable) == []
    assert history.poll(final).passed(terminal_responses_are_stable) == {f"{name}.status.final"}
    for change in ({"model": "other"}, {"more": 1}, {"model": ...}):
        failures = history.poll(final, **change).failed(terminal_responses_are_stable)
        title = "the response about a finished task has changed"
        assert failures == {f"{name}.status.final": (Severity.INFO, title)}
    request = {"task_id": history.interaction.requested_id} if name == "apimodels" else None
    unreadable = history.respond(Operation.QUERY, "<html>", request=request, task_id=history.interaction.requested_id)
    assert unreadable.results_of(terminal_responses_are_stable) == [], "that it is no JSON is found elsewhere"


@pytest.mark.parametrize("name", LIFECYCLES)
def test_initial_status_is_not_success(new_history: Callable[..., Any], name: str) -> None:
    assert new_history(name).order().passed(initial_status_is_not_success) == {f"{name}.status.moves"}
    failures = (
        new_history(name).order(**{STATUS_FIELD[name]: LIFECYCLES[name][-1]}).failed(initial_status_is_not_success)
    )
    assert failures == {f"{name}.status.moves": (Severity.BREAKING, "a task has succeeded when it is created")}


def test_terminal_spellings_map_to_terminal_statuses() -> None:
    ends = TERMINAL - {TaskStatus.CANCELLED, TaskStatus.EXPIRED}
    assert {
        spelling.status for spelling in QUERY_SPELLINGS if spelling.spelling in ("SUCCESS", "failed", "FAILURE")
    } == ends


def test_failed_task_with_a_reason_is_confirmed(new_history: Callable[..., Any]) -> None:
    check = failed_tasks_have_a_reason
    assert new_history("opeai").order().poll("FAILURE").passed(check) == {
        "opeai.code.InternalServiceError",
        "opeai.query.response.error.message",
    }
    assert new_history("apimodels").order().poll("failed").passed(check) == {
        "apimodels.code.busy",
        "apimodels.query.response.failMsg",
    }
    assert new_history("opeai").order().poll("SUCCESS").results_of(check) == []


@pytest.mark.parametrize("message", ["", "  "])
def test_failed_task_without_a_message_fails(new_history: Callable[..., Any], message: str) -> None:
    failures = new_history("apimodels").order().poll("failed", failMsg=message).failed(failed_tasks_have_a_reason)
    assert failures["apimodels.query.response.failMsg"] == (Severity.BREAKING, "a failed task has no message")
    error = {"code": "QuotaExceeded", "message": message}
    failures = new_history("opeai").order().poll("FAILURE", error=error).failed(failed_tasks_have_a_reason)
    assert failures["opeai.query.response.error.message"][0] is Severity.INFO, "that there is an error is our reading"
    assert failures["opeai.code.QuotaExceeded"][0] is Severity.BREAKING


def test_retryable_value_is_checked(new_history: Callable[..., Any]) -> None:
    failures = new_history("apimodels").order().poll("failed", retryable=False).failed(failed_tasks_have_a_reason)
    assert failures == {"apimodels.code.busy": (Severity.BREAKING, "retryable has another value")}


@pytest.mark.parametrize(
    ("message", "fact"),
    [("the output audio did not pass", "output.audio"), ("the output video did not pass", "output.video"),
     ("审核", "output.video")],
)  # fmt: skip
def test_shared_code_is_resolved_by_its_message(new_history: Callable[..., Any], message: str, fact: str) -> None:
    reason = {"failCode": "CONTENT_MODERATION", "failMsg": message, "retryable": False}
    history = new_history("apimodels").order().poll("failed", **reason)
    assert f"apimodels.code.{fact}" in history.passed(failed_tasks_have_a_reason)


def test_unknown_failure_code_is_information(new_history: Callable[..., Any]) -> None:
    failures = (
        new_history("apimodels").order().poll("failed", failCode="SOLAR_FLARE").failed(failed_tasks_have_a_reason)
    )
    assert failures == {"apimodels.query.response.failCode": (Severity.INFO, "a task failed with an undocumented code")}
