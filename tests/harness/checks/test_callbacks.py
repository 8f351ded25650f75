"""Checks of callbacks: time and number, target URL, missing signature and body."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_harness.checks import run_checks
from seedmock_harness.checks.callbacks import (
    callback_bodies_match_queries,
    callbacks_are_sent_once_at_the_end,
    callbacks_go_to_the_ordered_url,
)
from seedmock_harness.results.checks import Severity

SENT_ONCE, TO_ORDERED_URL, MATCHES_QUERY = (
    callbacks_are_sent_once_at_the_end,
    callbacks_go_to_the_ordered_url,
    callback_bodies_match_queries,
)
CALLBACK_URL = "https://example.com/done"
ORDER = {
    "model": "seedance2-a/seedance-2.0-mini",
    "prompt": "A heron waits.",
    "duration": 4,
    "callback_url": CALLBACK_URL,
}
JSON = {"content-type": "application/json"}


def send_callback(
    history: Any,
    data: Any,
    *,
    url: str = CALLBACK_URL,
    method: str = "POST",
    headers: Mapping[str, str] = JSON,
    status: int = 200,
) -> Any:
    """Add a callback with `data` in the envelope of apimodels."""
    body = json.dumps({"code": 200, "msg": "success", "data": data})
    callback = Request(method, url, tuple(headers.items()), body)
    history.interaction = history.history.interaction(
        Exchange("callback", callback, Response(status), "first", history.now)
    )
    history.results = list(run_checks(history.interaction))
    history.history.add(history.interaction)
    return history


def finished_task(new_history: Callable[..., Any], spelling: str = "completed") -> tuple[Any, dict[str, Any]]:
    history = new_history("apimodels").order(ORDER).poll(spelling)
    return history, dict(history.interaction.data)


def test_documented_callback_is_confirmed(new_history: Callable[..., Any]) -> None:
    for spelling in ("completed", "failed"):
        history, data = finished_task(new_history, spelling)
        send_callback(history, data)
        assert history.passed(SENT_ONCE) | history.passed(TO_ORDERED_URL) == {"apimodels.callback"}
        assert history.passed(MATCHES_QUERY) == {"apimodels.callback.body"}
        assert [result for _, result in history.results if not result.passed] == []


@pytest.mark.parametrize(
    ("changes", "options", "title"),
    [
        ({}, {"method": "PUT"}, "a callback is not a POST of a task"),
        ({}, {"headers": {**JSON, "X-Signature": "abc"}}, "a callback is signed"),
        ({"state": "processing"}, {}, "a callback comes before the end"),
        ({"state": "pondering"}, {}, "a callback comes before the end"),
    ],
)
def test_deviating_callback_fails(
    new_history: Callable[..., Any], changes: dict[str, Any], options: dict[str, Any], title: str
) -> None:
    history, data = finished_task(new_history)
    failures = send_callback(history, {**data, **changes}, **options).failed(SENT_ONCE)
    assert failures == {"apimodels.callback": (Severity.BREAKING, title)}


def test_callback_without_task_fails(new_history: Callable[..., Any]) -> None:
    assert (
        send_callback(new_history("apimodels"), None).failed(SENT_ONCE)["apimodels.callback"][1]
        == "a callback is not a POST of a task"
    )


def test_callback_is_retried_until_accepted(new_history: Callable[..., Any]) -> None:
    history, data = finished_task(new_history)
    for status in (500, 302, 0, 204):
        assert send_callback(history, data, status=status).passed(SENT_ONCE)
    assert (
        send_callback(history, data).failed(SENT_ONCE)["apimodels.callback"][1]
        == "a callback is repeated after it was accepted"
    )


def test_callback_goes_to_the_ordered_url(new_history: Callable[..., Any]) -> None:
    history, data = finished_task(new_history)
    failures = send_callback(history, data, url="https://example.com/other").failed(TO_ORDERED_URL)
    assert failures["apimodels.callback"][1] == "a callback goes to another URL than the ordered one"
    assert send_callback(new_history("apimodels"), data).results_of(TO_ORDERED_URL) == [], "nobody saw the order"


def test_callback_body_matches_query_response(new_history: Callable[..., Any]) -> None:
    history, data = finished_task(new_history)
    title = "a callback differs from the response to a query"
    assert send_callback(history, {**data, "resultUrls": []}).failed(MATCHES_QUERY) == {
        "apimodels.callback.body": (Severity.INFO, title)
    }
    assert (
        send_callback(history, {**data, "taskStatus": 3})
        .failed(MATCHES_QUERY)["apimodels.callback.body"][1]
        .endswith("no query has")
    )
    history = new_history("apimodels").order(ORDER)
    assert send_callback(history, data).passed(MATCHES_QUERY) == {"apimodels.callback.body"}


def test_legacy_key_names_are_accepted(new_history: Callable[..., Any]) -> None:
    data = {"task_id": "cl0123456789abcdefghijklm", "status": "completed", "videos": []}
    history = new_history("apimodels").order(ORDER)
    assert send_callback(history, data).passed(SENT_ONCE)
    assert history.passed(MATCHES_QUERY)
    assert new_history("opeai").order().results_of(SENT_ONCE) == []
