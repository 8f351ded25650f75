"""Running one trial: a client once, watched until it ends or its time is up, and the evidence of what it did."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from seedmock_server.tasks.models import Task
from seedmock_server.upstreams.context import RESULTS

from .adapters import Adapter, ClientEnvironment
from .evidence import Evidence, heard_from
from .sample_orders import order_of
from .scenario import Scenario
from .testbed import Testbed
from .traffic_recorder import Call

POLL_SECONDS = 0.05
DOWNLOAD_SHARE = 0.5
"""By how much of timeout_seconds a download may outlive it."""
GRACE = 3.0
"""The seconds that a busy machine may cost."""
QUIET = 20.0
"""The seconds that a client may say nothing: the vendor's own pacing goes up to 15."""
MOST = 60.0
"""The seconds that a trial may take beyond its time, however slowly a client polls."""
PLAIN = "text"
MOST_TRIES = 30

Breaks = Callable[[Scenario], bool]


@dataclass(slots=True)
class Watchdog:
    """Watches one run. A client that goes on is stopped soon after its time, one that is silent a good while later."""

    bench: Testbed
    seconds: float
    begun: float
    quiet: float = QUIET

    def now(self) -> float:
        """The time."""
        return self.bench.clock.now()

    @property
    def longest_gap(self) -> float:
        """The longest pause between two of its calls: a client that polls seldom notices late that its time is up."""
        arrivals = [call.arrived for call in list(self.bench.heard.calls)]
        return max((later - before for before, later in pairwise(arrivals)), default=0.0)

    @property
    def allowed(self) -> float:
        """The seconds from the first call after which it should have ended."""
        return self.seconds * (1 + DOWNLOAD_SHARE) + GRACE + self.longest_gap

    def is_over(self) -> bool:
        """Whether the time is up."""
        arrivals = [call.arrived for call in list(self.bench.heard.calls)]
        now = self.now()
        if not arrivals:
            return now - self.begun > max(self.seconds * (1 + DOWNLOAD_SHARE) + GRACE, self.quiet)
        first, last = arrivals[0], arrivals[-1]
        if now - first > self.seconds * (1 + DOWNLOAD_SHARE) + MOST:
            return True
        if last - first > self.allowed + self.longest_gap:
            return True
        return now - first > self.allowed and now - last > self.quiet


def trial(
    bench: Testbed, adapter: Adapter, scenario: Scenario, folder: Path, poll_seconds: float, quiet: float = QUIET
) -> Evidence:
    """Run a client through a scenario, and gather what it did."""
    bench.prepare(scenario)
    order = order_of(bench.contract, scenario.order, scenario.seconds)
    out = folder / f"{bench.number}.mp4"
    surroundings = ClientEnvironment(bench.contract.name, bench.url, bench.key, out, poll_seconds)
    sentry = Watchdog(bench, scenario.seconds, bench.clock.now(), quiet)
    run = adapter.run(order, surroundings, sentry)
    tasks = bench.tasks
    calls = [call for call in bench.heard.calls if not _is_of_another(call, tasks)]
    try:
        return Evidence(
            contract=bench.contract,
            scenario=scenario,
            order=order,
            key=bench.key,
            run=run,
            heard=heard_from(bench.contract, calls, bench.entries),
            elsewhere=tuple(bench.heard_elsewhere.calls),
            tasks=tuple(tasks),
            statement=bench.statement,
            clips=_clips(bench, tasks) if out.exists() else {},
            saved=_saved(out),
            poll_seconds=poll_seconds,
            begun=sentry.begun,
            allowed=sentry.allowed,
        )
    finally:
        with contextlib.suppress(OSError):
            out.unlink()


def _is_of_another(call: Call, tasks: list[Task]) -> bool:
    """Whether a result's link, which has no key, is one of a task that is not this trial's."""
    return call.path.startswith(f"{RESULTS}/") and not any(f"/{task.id}/" in call.path for task in tasks)


def _clips(bench: Testbed, tasks: list[Task]) -> dict[str, bytes]:
    return {task.id: bench.clip_of(task) for task in tasks}


def _saved(out: Path) -> bytes | None:
    """What stands in the file; a folder or what cannot be read is no clip."""
    try:
        return out.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def shrunk(scenario: Scenario, breaks: Breaks, most: int = MOST_TRIES) -> Scenario:
    """Leave out steps while `breaks` still holds, and take the plainest order if that does; so many tries at most."""
    left = most
    if scenario.order != PLAIN:
        left -= 1
        plain = replace(scenario, order=PLAIN)
        scenario = plain if breaks(plain) else scenario
    number = len(scenario.steps) - 1
    while number >= 0 and left > 0:
        left -= 1
        smaller = scenario.without(number)
        if breaks(smaller):
            scenario, number = smaller, len(smaller.steps)
        number -= 1
    return scenario
