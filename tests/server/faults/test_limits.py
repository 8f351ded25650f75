"""Limits: calls a minute and tasks at once, of a key, by its clock, refused in each upstream's words."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_server.matching.rules import InvalidRule
from seedmock_server.rate_limits import RateLimit, RateLimits, admit
from seedmock_server.settings import InvalidSetting, parse_settings


@given(st.integers(1, 5), st.lists(st.floats(0, 40), max_size=60))
def test_no_minute_has_more_calls_than_the_limit_and_waiting_suffices(rate: int, gaps: list[float]) -> None:
    calls: deque[float] = deque()
    taken, now = [], 0.0
    for gap in gaps:
        now += gap
        wait = admit(calls, now, rate)
        assert 0 <= wait <= 60
        if wait == 0:
            taken.append(now)
        else:
            assert admit(deque(calls), now + wait + 1e-6, rate) == 0
    for call in taken:
        assert sum(call <= other < call + 60 for other in taken) <= rate


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_a_call_too_many_is_refused_until_a_minute_has_gone(wire: Any, upstream: str) -> None:
    wired = wire(rate_limit=2)
    assert [wired.create(upstream=upstream).status_code for _ in range(2)] == [200, 200]
    wired.app.clock.advance(20)
    answer = wired.create(upstream=upstream)
    assert answer.status_code == 429
    if upstream == "apimodels":
        assert answer.json()["code"] == 429
        assert answer.headers["retry-after"] == "40"
    else:
        assert answer.json()["error"]["code"] == "RateLimitExceeded.EndpointRPMExceeded"
        assert "retry-after" not in answer.headers
    assert "allowed: 2 calls a minute" in answer.text
    wired.app.clock.advance(39.9)
    assert wired.create(upstream=upstream).status_code == 429
    wired.app.clock.advance(0.2)
    assert wired.create(upstream=upstream).status_code == 200


def test_every_operation_of_the_key_counts_and_refused_ones_do_not(wire: Any) -> None:
    wired = wire(rate_limit=3)
    task_id = wired.made()
    statuses = [wired.ask("GET", f"/v1/videos/{task_id}{end}").status_code for end in ("", "/content", "", "")]
    assert statuses == [200, 200, 429, 429]
    wired.app.clock.advance(60)
    assert wired.ask("GET", f"/v1/videos/{task_id}").status_code == 200


def test_keys_and_upstreams_are_counted_apart(wire: Any) -> None:
    wired = wire(rate_limit=1)
    assert wired.create().status_code == 200
    assert wired.create().status_code == 429
    assert wired.create(key="other").status_code == 200
    assert wired.create(upstream="apimodels").status_code == 200


@pytest.mark.parametrize(("upstream", "code"), [("apimodels", 429), ("opeai", "QuotaExceeded")])
def test_a_task_too_many_is_refused_until_one_has_ended(wire: Any, upstream: str, code: Any) -> None:
    wired = wire(concurrency_limit=2, pace="fast")
    assert [wired.create(upstream=upstream).status_code for _ in range(2)] == [200, 200]
    answer = wired.create(upstream=upstream)
    assert answer.status_code == 429
    body = answer.json()
    assert (body["code"] if upstream == "apimodels" else body["error"]["code"]) == code
    assert "2 tasks have not ended; allowed at once: 2" in answer.text
    assert wired.create(key="other", upstream=upstream).status_code == 200
    wired.app.clock.advance(2.1)
    assert wired.create(upstream=upstream).status_code == 200


def test_queries_are_not_held_by_the_number_of_tasks(wire: Any) -> None:
    wired = wire(concurrency_limit=1, pace="fast")
    task_id = wired.made()
    assert wired.ask("GET", f"/v1/videos/{task_id}").status_code == 200


def test_limits_are_set_and_taken_back_while_it_runs(wired: Any) -> None:
    limits = wired.app.limits
    assert not limits.is_active
    account = wired.account()
    limits.set(RateLimit(rate=1), account)
    assert limits.is_active
    assert [wired.create().status_code for _ in range(2)] == [200, 429]
    assert wired.create(key="other").status_code == 200
    assert limits.rows() == [
        {"account": None, "rate": None, "concurrency": None},
        {"account": account, "rate": 1, "concurrency": None},
    ]
    limits.clear(account)
    assert not limits.is_active
    limits.set(RateLimit(rate=1))
    assert [wired.create(key="third").status_code for _ in range(2)] == [200, 429]
    limits.clear()
    assert wired.create(key="third").status_code == 200


def test_clearing_goes_back_to_the_settings() -> None:
    limits = RateLimits(RateLimit(rate=5))
    limits.set(RateLimit(concurrency=1))
    limits.clear()
    assert limits.of("anybody") == RateLimit(rate=5)


def test_limits_are_off_unless_set(wired: Any) -> None:
    assert all(wired.create().status_code == 200 for _ in range(30))


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "many"])
def test_a_limit_that_cannot_be_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRule, match=r"rate is .*; allowed: a whole number from 1"):
        RateLimit(rate=value)
    with pytest.raises(InvalidRule, match=r"concurrency is .*; allowed"):
        RateLimit(concurrency=value)


@pytest.mark.parametrize("name", ["rate_limit", "concurrency_limit"])
def test_a_setting_that_cannot_be_is_refused(name: str) -> None:
    assert getattr(parse_settings({name: "7"}), name) == 7
    for value in ("0", "many"):
        with pytest.raises(InvalidSetting, match=f"{name} is .*; allowed"):
            parse_settings({name: value})
