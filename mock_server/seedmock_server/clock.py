"""Clocks of the emulator: one shared by all accounts, and one for each account that has moved its own.

The only module that may read the system's time. Knows no task.
"""

from __future__ import annotations

import time
from collections.abc import Callable

# Latest time of a clock, in the year 5138: calendars of most languages end in 9999, and ids and journals spell dates.
MAX_TIME = 1e11
# A day passes in a tenth of a second; faster, and two calls of one client would be months apart.
MAX_RATE = 1e6
# Longest delay of anything, 31 years: MAX_TIME and some of these are still in a calendar.
MAX_DURATION = 1e9


def pause(seconds: float) -> None:
    """Sleep in real time: for callers of a live upstream, whose clock cannot be advanced."""
    time.sleep(seconds)


system_time = time.time
"""Return the machine's time in seconds since the epoch: for what is between processes, and none of an account's."""

stopwatch = time.perf_counter
"""Return a reading in real seconds, from which a later one is subtracted."""


class Clock:
    """Clock in seconds since the epoch, running at `rate` seconds a second: 1 follows the system, 0 is frozen.

    A reading is one tuple, replaced whole: a test may move the clock of a server that runs in another thread.
    Every method that moves it raises ValueError for a time outside 0 to MAX_TIME, and a running clock stops there:
    no date that is computed from a reading can overflow.
    """

    def __init__(self, at: float | None = None, *, rate: float = 1.0) -> None:
        check_reading(0.0 if at is None else at, rate)
        self._initial = (at, rate)
        self._callbacks: list[Callable[[], None]] = []
        self.reset()

    def reset(self) -> None:
        """Return to the initial time and rate; without an initial time, to the system's time."""
        at, rate = self._initial
        system_now = time.time()
        if at is None and rate == 1.0:
            # Reads the system's time itself: a sum of differences can be a hair less, and a second in whole seconds.
            self._change(0.0, 0.0, rate)
        else:
            self._change(system_now if at is None else at, system_now, rate)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever this clock, or one forked from it, is moved, in the thread that moves it."""
        self._callbacks.append(callback)

    def _change(self, at: float, anchor: float, rate: float) -> None:
        self._reading = (at, anchor, rate)
        for callback in self._callbacks:
            callback()

    def now(self) -> float:
        at, anchor, rate = self._reading
        reading = at if rate == 0.0 else at + (time.time() - anchor) * rate
        return reading if reading < MAX_TIME else MAX_TIME

    @property
    def rate(self) -> float:
        return self._reading[2]

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`. Raises ValueError for a negative number."""
        _check_forward(seconds)
        check_reading(self.now() + seconds, self.rate)
        at, anchor, rate = self._reading
        self._change(at + seconds, anchor, rate)

    sleep = advance
    """The `sleep` of a client that shares this clock: `Client(sleep=clock.sleep, now=clock.now)` polls at once."""

    def set(self, at: float) -> None:
        """Move forward to a time. Raises ValueError for one in the past."""
        check_reading(at, self.rate)
        _check_forward(at - self.now())
        self._change(at, time.time(), self.rate)

    def set_rate(self, rate: float) -> None:
        """Run at another rate from now on; 0 freezes. Raises ValueError for one outside 0 to MAX_RATE."""
        at = self.now()
        check_reading(at, rate)
        self._change(at, time.time(), rate)

    def restore(self, at: float, rate: float) -> None:
        """Set time and rate from a snapshot, even to a time in the past."""
        check_reading(at, rate)
        self._change(at, time.time(), rate)

    @property
    def reading(self) -> tuple[float, float, float]:
        """Time, the system's time when it was that, and the rate: a clock that has the same three agrees."""
        return self._reading

    def adopt(self, reading: tuple[float, float, float]) -> None:
        """Become what a clock of another process is."""
        self._change(*reading)

    def fork(self) -> Clock:
        """Return an independent clock with the same time, rate and change callbacks."""
        clock = Clock(self.now(), rate=self.rate)
        clock._reading = self._reading
        clock._callbacks = self._callbacks
        return clock


class ManualClock(Clock):
    """Frozen clock, moved only by hand."""

    def __init__(self, at: float = 1_780_000_000.0) -> None:
        super().__init__(at, rate=0.0)


class Clocks:
    """The shared clock, and a clock for each account that has moved its own, so that tests do not affect each other."""

    def __init__(self, shared: Clock) -> None:
        self.shared = shared
        self._forks: dict[str, Clock] = {}

    def for_account(self, account: str | None) -> Clock:
        """Return the clock in effect for an account; None stands for the shared one."""
        return self._forks.get(account, self.shared) if account is not None else self.shared

    def now(self, account: str) -> float:
        return self._forks.get(account, self.shared).now()

    def fork_for(self, account: str) -> Clock:
        """Return an account's own clock, forked from the shared one at the first call."""
        if account not in self._forks:
            self._forks[account] = self.shared.fork()
        return self._forks[account]

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts that have a clock of their own."""
        return tuple(self._forks)

    def reset(self, account: str | None = None) -> None:
        """Return an account, or all accounts, to the shared clock."""
        if account is None:
            self._forks.clear()
        else:
            self._forks.pop(account, None)


def _check_forward(seconds: float) -> None:
    if not seconds >= 0:
        raise ValueError(f"seconds is {seconds}; a clock moves forward only: allowed: 0 or more")


def time_problem(at: float, name: str) -> str:
    """Return why a time is none that a clock can show, and what is allowed; empty for one that it can."""
    if 0 <= at <= MAX_TIME:
        return ""
    # Milliseconds are what JavaScript calls a time; the two ranges of plausible times do not meet.
    milliseconds = f"; this looks like milliseconds: {at / 1000:.0f}" if MAX_TIME < at <= MAX_TIME * 1000 else ""
    return f"{name} is {at:.16g}; allowed: seconds since the epoch, from 0 to {MAX_TIME:.0f}{milliseconds}"


def check_reading(at: float, rate: float) -> None:
    """Raise ValueError for a time or a rate that no clock has."""
    problem = time_problem(at, "time")
    if problem:
        raise ValueError(problem)
    if not 0 <= rate <= MAX_RATE:
        raise ValueError(f"rate is {rate}; allowed: 0 (frozen) to {MAX_RATE:.0f}")
