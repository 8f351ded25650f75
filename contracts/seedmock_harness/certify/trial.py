"""Run one trial: start the client, stop it at its deadline, collect the evidence; shrink failing scenarios."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from seedmock_server.tasks.models import Task
from seedmock_server.upstreams.context import RESULTS

from .adapters import Adapter, ClientEnvironment
from .evidence import TrialEvidence, interpret_calls
from .sample_orders import sample_order
from .scenario import TrialScenario
from .testbed import Testbed
from .traffic_recorder import CapturedCall

POLL_SECONDS = 0.05
DOWNLOAD_SHARE = 0.5
"""Share of timeout_seconds by which a download may exceed it."""
GRACE_SECONDS = 3.0
"""Delay that a busy machine may cause."""
IDLE_TIMEOUT = 20.0
"""Seconds without a call before a client is stopped; a vendor's own client pauses up to 15 s between polls."""
MAX_OVERTIME = 60.0
"""Seconds beyond the allowed time after which any client is stopped."""
PLAIN_ORDER = "text"
# Each attempt runs the client once more, for up to its timeout.
MAX_SHRINK_ATTEMPTS = 30


@dataclass(slots=True)
class Watchdog:
    """Deadline of one run: soon after its time for a client that calls on, later for a silent one."""

    testbed: Testbed
    seconds: float
    started_at: float
    idle_timeout: float = IDLE_TIMEOUT

    def now(self) -> float:
        return self.testbed.clock.now()

    @property
    def longest_gap(self) -> float:
        """Longest pause between two calls: a client that polls rarely notices its timeout late."""
        return max((later - earlier for earlier, later in pairwise(self._arrivals)), default=0.0)

    @property
    def allowed_seconds(self) -> float:
        """Seconds from the first call within which the client should have ended."""
        return self._time_limit + GRACE_SECONDS + self.longest_gap

    def expired(self) -> bool:
        """Return True if the client must be stopped."""
        arrivals, now = self._arrivals, self.now()
        if not arrivals:
            return now - self.started_at > max(self._time_limit + GRACE_SECONDS, self.idle_timeout)
        first, last = arrivals[0], arrivals[-1]
        if now - first > self._time_limit + MAX_OVERTIME:
            return True
        if last - first > self.allowed_seconds + self.longest_gap:
            return True
        return now - first > self.allowed_seconds and now - last > self.idle_timeout

    @property
    def _time_limit(self) -> float:
        return self.seconds * (1 + DOWNLOAD_SHARE)

    @property
    def _arrivals(self) -> list[float]:
        return [call.arrived_at for call in list(self.testbed.recorder.calls)]  # the server's thread appends to it


def run_trial(
    testbed: Testbed,
    adapter: Adapter,
    scenario: TrialScenario,
    folder: Path,
    poll_seconds: float,
    idle_timeout: float = IDLE_TIMEOUT,
) -> TrialEvidence:
    """Run a client through a scenario and collect the evidence."""
    testbed.prepare(scenario)
    order = sample_order(testbed.contract, scenario.order, scenario.seconds)
    out = folder / f"{testbed.number}.mp4"
    environment = ClientEnvironment(testbed.contract.name, testbed.url, testbed.key, out, poll_seconds)
    watchdog = Watchdog(testbed, scenario.seconds, testbed.clock.now(), idle_timeout)
    run = adapter.run(order, environment, watchdog)
    testbed.settle()
    tasks = testbed.tasks
    calls = [call for call in testbed.recorder.calls if not _is_other_trial(call, tasks)]
    try:
        return TrialEvidence(
            contract=testbed.contract,
            scenario=scenario,
            order=order,
            key=testbed.key,
            run=run,
            calls=interpret_calls(testbed.contract, calls, testbed.entries),
            other_origin_calls=tuple(testbed.other_recorder.calls),
            tasks=tuple(tasks),
            statement=testbed.statement,
            clips={task.id: testbed.clip_bytes(task) for task in tasks} if out.exists() else {},
            saved_file=_read_file(out),
            poll_seconds=poll_seconds,
            started_at=watchdog.started_at,
            allowed_seconds=watchdog.allowed_seconds,
        )
    finally:
        with contextlib.suppress(OSError):
            out.unlink()


def _is_other_trial(call: CapturedCall, tasks: list[Task]) -> bool:
    """Return True for a result link, which carries no key, of a task of another trial."""
    return call.path.startswith(f"{RESULTS}/") and not any(f"/{task.id}/" in call.path for task in tasks)


def _read_file(path: Path) -> bytes | None:
    """Return the content of the client's file; empty if it is a folder or unreadable, so that it is not a clip."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def shrink_scenario(
    scenario: TrialScenario, fails: Callable[[TrialScenario], bool], max_attempts: int = MAX_SHRINK_ATTEMPTS
) -> TrialScenario:
    """Return a smaller scenario that still fails: with the plain order if possible, and without needless steps."""
    attempts = max_attempts
    if scenario.order != PLAIN_ORDER:
        attempts -= 1
        plain = replace(scenario, order=PLAIN_ORDER)
        scenario = plain if fails(plain) else scenario
    index = len(scenario.steps) - 1
    while index >= 0 and attempts > 0:
        attempts -= 1
        smaller = scenario.without_step(index)
        if fails(smaller):
            scenario, index = smaller, len(smaller.steps)
        index -= 1
    return scenario
