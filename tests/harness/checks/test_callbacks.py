"""The upstream's own calls: once, at the end, unsigned, to where they were ordered, telling what a query tells."""

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

ONCE, THERE, SAME = (
    callbacks_are_sent_once_at_the_end,
    callbacks_go_to_the_ordered_url,
    callback_bodies_match_queries,
)
HOME = "https://example.com/done"
ORDER = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A heron waits.", "duration": 4, "callback_url": HOME}
JSON = {"content-type": "application/json"}


def called(
    talk: Any, data: Any, *, url: str = HOME, method: str = "POST", headers: Mapping[str, str] = JSON, answer: int = 200
) -> Any:
    """The upstream calls, with this as its own part."""
    body = json.dumps({"code": 200, "msg": "success", "data": data})
    asked = Request(method, url, tuple(headers.items()), body)
    talk.turn = talk.conversation.interaction(Exchange("callback", asked, Response(answer), "first", talk.at))
    talk.looks = list(run_checks(talk.turn))
    talk.conversation.add(talk.turn)
    return talk


def ended(talk: Callable[..., Any], word: str = "completed") -> tuple[Any, dict[str, Any]]:
    begun = talk("apimodels").order(ORDER).poll(word)
    return begun, dict(begun.turn.data)


def test_an_honest_callback_is_confirmed(talk: Callable[..., Any]) -> None:
    for word in ("completed", "failed"):
        begun, data = ended(talk, word)
        called(begun, data)
        assert begun.held(ONCE) | begun.held(THERE) == {"apimodels.callback"}
        assert begun.held(SAME) == {"apimodels.callback.body"}
        assert [look for _, look in begun.looks if not look.passed] == []


@pytest.mark.parametrize(
    ("change", "more", "title"),
    [
        ({}, {"method": "PUT"}, "a callback is not a POST of a task"),
        ({}, {"headers": {**JSON, "X-Signature": "abc"}}, "a callback is signed"),
        ({"state": "processing"}, {}, "a callback comes before the end"),
        ({"state": "pondering"}, {}, "a callback comes before the end"),
    ],
)
def test_another_callback_is_found(
    talk: Callable[..., Any], change: dict[str, Any], more: dict[str, Any], title: str
) -> None:
    begun, data = ended(talk)
    found = called(begun, {**data, **change}, **more).broken(ONCE)
    assert found == {"apimodels.callback": (Severity.BREAKING, title)}


def test_a_callback_of_nothing_is_found(talk: Callable[..., Any]) -> None:
    assert called(talk("apimodels"), None).broken(ONCE)["apimodels.callback"][1] == "a callback is not a POST of a task"


def test_a_callback_comes_again_until_it_is_taken(talk: Callable[..., Any]) -> None:
    begun, data = ended(talk)
    for answer in (500, 302, 0, 204):
        assert called(begun, data, answer=answer).held(ONCE)
    assert called(begun, data).broken(ONCE)["apimodels.callback"][1] == "a callback is repeated after it was accepted"


def test_a_callback_goes_where_its_order_says(talk: Callable[..., Any]) -> None:
    begun, data = ended(talk)
    found = called(begun, data, url="https://example.com/other").broken(THERE)
    assert found["apimodels.callback"][1] == "a callback goes to another URL than the ordered one"
    assert called(talk("apimodels"), data).of(THERE) == [], "nobody saw the order"


def test_a_callback_tells_what_a_query_tells(talk: Callable[..., Any]) -> None:
    begun, data = ended(talk)
    title = "a callback differs from the response to a query"
    assert called(begun, {**data, "resultUrls": []}).broken(SAME) == {"apimodels.callback.body": (Severity.INFO, title)}
    assert called(begun, {**data, "taskStatus": 3}).broken(SAME)["apimodels.callback.body"][1].endswith("no query has")
    early = talk("apimodels").order(ORDER)
    assert called(early, data).held(SAME) == {"apimodels.callback.body"}


def test_the_names_of_early_2026_are_read_too(talk: Callable[..., Any]) -> None:
    data = {"task_id": "cl0123456789abcdefghijklm", "status": "completed", "videos": []}
    begun = talk("apimodels").order(ORDER)
    assert called(begun, data).held(ONCE)
    assert begun.held(SAME)
    assert talk("opeai").order().of(ONCE) == []
