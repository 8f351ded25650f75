"""Rate limits: requests a minute and unfinished tasks of a key, by its clock."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_server.matching.rules import InvalidRule
from seedmock_server.rate_limits import RateLimit, RateLimits
from seedmock_server.settings import InvalidSetting, parse_settings
from seedmock_server.storage import MemoryStore
from seedmock_server.storage.call_windows import admit


@given(st.integers(1, 5), st.lists(st.floats(0, 40), max_size=60))
def test_no_minute_has_more_requests_than_the_limit_and_waiting_suffices(rate: int, gaps: list[float]) -> None:
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
def test_requests_over_the_limit_are_rejected_until_a_minute_has_passed(
    start_socket_server: Any, upstream: str
) -> None:
    socket_server = start_socket_server(rate_limit=2)
    assert [socket_server.create(upstream=upstream).status_code for _ in range(2)] == [200, 200]
    socket_server.app.clock.advance(20)
    response = socket_server.create(upstream=upstream)
    assert response.status_code == 429
    if upstream == "apimodels":
        assert response.json()["code"] == 429
        assert response.headers["retry-after"] == "40"
    else:
        assert response.json()["error"]["code"] == "RateLimitExceeded.EndpointRPMExceeded"
        assert "retry-after" not in response.headers
    assert "allowed: 2 calls a minute" in response.text
    socket_server.app.clock.advance(39.9)
    assert socket_server.create(upstream=upstream).status_code == 429
    socket_server.app.clock.advance(0.2)
    assert socket_server.create(upstream=upstream).status_code == 200


def test_every_operation_counts_and_rejected_requests_do_not(start_socket_server: Any) -> None:
    socket_server = start_socket_server(rate_limit=3)
    task_id = socket_server.finished_opeai()
    statuses = [socket_server.ask("GET", f"/v1/videos/{task_id}{end}").status_code for end in ("", "/content", "", "")]
    assert statuses == [200, 200, 429, 429]
    socket_server.app.clock.advance(60)
    assert socket_server.ask("GET", f"/v1/videos/{task_id}").status_code == 200


def test_keys_and_upstreams_are_counted_separately(start_socket_server: Any) -> None:
    socket_server = start_socket_server(rate_limit=1)
    assert socket_server.create().status_code == 200
    assert socket_server.create().status_code == 429
    assert socket_server.create(key="other").status_code == 200
    assert socket_server.create(upstream="apimodels").status_code == 200


@pytest.mark.parametrize(("upstream", "code"), [("apimodels", 429), ("opeai", "QuotaExceeded")])
def test_tasks_over_the_limit_are_rejected_until_one_has_ended(
    start_socket_server: Any, upstream: str, code: Any
) -> None:
    socket_server = start_socket_server(concurrency_limit=2, pace="fast")
    assert [socket_server.create(upstream=upstream).status_code for _ in range(2)] == [200, 200]
    response = socket_server.create(upstream=upstream)
    assert response.status_code == 429
    body = response.json()
    assert (body["code"] if upstream == "apimodels" else body["error"]["code"]) == code
    assert "2 tasks have not ended; allowed at once: 2" in response.text
    assert socket_server.create(key="other", upstream=upstream).status_code == 200
    socket_server.app.clock.advance(2.1)
    assert socket_server.create(upstream=upstream).status_code == 200


def test_the_concurrency_limit_does_not_apply_to_queries(start_socket_server: Any) -> None:
    socket_server = start_socket_server(concurrency_limit=1, pace="fast")
    task_id = socket_server.finished_opeai()
    assert socket_server.ask("GET", f"/v1/videos/{task_id}").status_code == 200


def test_limits_can_be_set_and_cleared_at_run_time(socket_server: Any) -> None:
    limits = socket_server.app.limits
    assert not limits.is_active
    account = socket_server.account()
    limits.set(RateLimit(rate=1), account)
    assert limits.is_active
    assert [socket_server.create().status_code for _ in range(2)] == [200, 429]
    assert socket_server.create(key="other").status_code == 200
    assert limits.rows() == [
        {"account": None, "rate": None, "concurrency": None},
        {"account": account, "rate": 1, "concurrency": None},
    ]
    limits.clear(account)
    assert not limits.is_active
    limits.set(RateLimit(rate=1))
    assert [socket_server.create(key="third").status_code for _ in range(2)] == [200, 429]
    limits.clear()
    assert socket_server.create(key="third").status_code == 200


def test_clearing_restores_the_limit_of_the_settings() -> None:
    limits = RateLimits(MemoryStore(), RateLimit(rate=5))
    limits.set(RateLimit(concurrency=1))
    limits.clear()
    assert limits.of("anybody") == RateLimit(rate=5)


def test_limits_are_off_by_default(socket_server: Any) -> None:
    assert all(socket_server.create().status_code == 200 for _ in range(30))


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "many"])
def test_an_invalid_limit_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidRule, match=r"rate is .*; allowed: a whole number from 1"):
        RateLimit(rate=value)
    with pytest.raises(InvalidRule, match=r"concurrency is .*; allowed"):
        RateLimit(concurrency=value)


@pytest.mark.parametrize("name", ["rate_limit", "concurrency_limit"])
def test_an_invalid_limit_in_the_settings_is_rejected(name: str) -> None:
    assert getattr(parse_settings({name: "7"}), name) == 7
    for value in ("0", "many"):
        with pytest.raises(InvalidSetting, match=f"{name} is .*; allowed"):
            parse_settings({name: value})
