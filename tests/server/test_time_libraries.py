"""freezegun and time-machine: what they move, and agreement of Date with the times in the body."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import freezegun
import httpx
import pytest
import time_machine

from seedmock_server.clock import Clock
from seedmock_server.testing import mocked

NOON = datetime(2026, 3, 29, 12, 0, 0, 300_000, tzinfo=UTC)
LIBRARIES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "freezegun": lambda: freezegun.freeze_time(NOON),
    "time-machine": lambda: time_machine.travel(NOON, tick=False),
}
ORDER = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}


def submit(upstreams: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {upstreams.api_key}"}
    return httpx.post(upstreams.base_url("opeai") + "/videos", json=ORDER, headers=headers)


def times_of(response: httpx.Response) -> tuple[float, int]:
    return parsedate_to_datetime(response.headers["date"]).timestamp(), response.json()["created_at"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_emulator_follows_a_time_that_is_set(library: str) -> None:
    with mocked(frozen=False) as upstreams:
        assert submit(upstreams).status_code == 200
        with LIBRARIES[library]():
            assert times_of(submit(upstreams)) == (math.floor(NOON.timestamp()),) * 2


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_frozen_clock_is_not_moved_by_a_library(library: str) -> None:
    with mocked() as upstreams:
        before = times_of(submit(upstreams))
        with LIBRARIES[library]():
            assert times_of(submit(upstreams)) == before == (1_780_000_000,) * 2


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_emulator_that_starts_and_stops_in_a_frozen_time_works(library: str) -> None:
    with LIBRARIES[library](), mocked(frozen=False) as upstreams:
        assert times_of(submit(upstreams)) == (math.floor(NOON.timestamp()),) * 2


def test_date_is_that_of_the_account_in_every_response() -> None:
    with mocked() as upstreams:
        task = submit(upstreams).json()["id"]
        upstreams.clock.set(datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC))
        headers = {"Authorization": f"Bearer {upstreams.api_key}"}
        url = upstreams.base_url("opeai") + "/videos/"
        responses = [httpx.get(url + path, headers=headers) for path in (task, f"{task}/content", "cgt-unknown")]
    assert {response.headers["date"] for response in responses} == {"Thu, 02 Jan 2031 03:04:05 GMT"}
    assert [response.status_code for response in responses] == [200, 200, 404]


def advanced(clock: Clock) -> Clock:
    clock.advance(60.0)
    return clock


CHANGES: dict[str, tuple[Callable[[Clock], Clock], float]] = {
    "nothing": (lambda clock: clock, 0.0),
    "a fork": (Clock.fork, 0.0),
    "an advance": (advanced, 60.0),
    "a fork that is advanced": (lambda clock: advanced(clock.fork()), 60.0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_clock_is_a_second_low(change: str) -> None:
    with freezegun.freeze_time(NOON, auto_tick_seconds=1):
        apply, advance = CHANGES[change]
        clock = apply(Clock())
        before, now, after = time.time(), clock.now(), time.time()
    assert (now - before, after - now) == (1.0 + advance, 1.0 - advance)


def test_whole_seconds_stay_whole() -> None:
    with time_machine.travel(1_700_000_000.123456, tick=False) as traveller:
        clock = Clock()
        for second in range(1_790_000_000, 1_790_000_200):
            traveller.move_to(float(second))
            fork = clock.fork()
            fork.set(second + 3600.0)
            assert (clock.now(), fork.now()) == (second, second + 3600)
