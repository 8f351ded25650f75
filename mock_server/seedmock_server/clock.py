"""The time, and nothing else. The only module that may ask the system for it."""

from __future__ import annotations

import time
from collections.abc import Callable


def pause(seconds: float) -> None:
    """Wait in earnest: for those who ask an upstream whose clock is not ours."""
    time.sleep(seconds)


class Clock:
    """A time of its own, in seconds since the epoch, that runs at a rate: 1 like the system's, 0 stands still.

    One reading is one tuple, swapped whole: a test may move the clock of a server in another thread.
    """

    def __init__(self, at: float | None = None, *, rate: float = 1.0) -> None:
        self._made = (at, rate)
        self._watchers: list[Callable[[], None]] = []
        self.reset()

    def reset(self) -> None:
        """Begin again as the clock was made: at its moment, or at the system's if it was given none."""
        here = time.time()
        at, rate = self._made
        self._turn(here if at is None else at, here, rate)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this whenever the clock, or one forked from it, is moved, in the thread that moves it."""
        self._watchers.append(watcher)

    def _turn(self, at: float, anchor: float, rate: float) -> None:
        self._line = (at, anchor, rate)
        for watcher in self._watchers:
            watcher()

    def now(self) -> float:
        at, anchor, rate = self._line
        return at if rate == 0.0 else at + (time.time() - anchor) * rate

    @property
    def rate(self) -> float:
        return self._line[2]

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds. Raises ValueError for a move backwards."""
        if not seconds >= 0:
            raise ValueError(f"seconds is {seconds}; a clock moves forward only: allowed: 0 or more")
        self._turn(self.now() + seconds, time.time(), self.rate)

    sleep = advance
    """What a client of this clock sleeps: `Client(sleep=clock.sleep, now=clock.now)` waits without waiting."""

    def set(self, at: float) -> None:
        """Move on to a moment. Raises ValueError for one that has gone by."""
        self.advance(at - self.now())

    def run(self, rate: float) -> None:
        """Go on at another rate; 0 freezes. Raises ValueError for a negative one."""
        if not 0 <= rate < float("inf"):
            raise ValueError(f"rate is {rate}; allowed: 0 (stands still) or more")
        self._turn(self.now(), time.time(), rate)

    def restore(self, at: float, rate: float) -> None:
        """Read what a clock read when it was put away, also if that is earlier than now."""
        self._turn(at, time.time(), rate)

    def fork(self) -> Clock:
        """Another clock that reads the same now and runs at the same rate."""
        forked = Clock(self.now(), rate=self.rate)
        forked._watchers = self._watchers
        return forked


class ManualClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self, at: float = 1_780_000_000.0) -> None:
        super().__init__(at, rate=0.0)


class Clocks:
    """The world's clock, and one for each account that has moved its own, so that tests do not move each other's."""

    def __init__(self, world: Clock) -> None:
        self.world = world
        self._own: dict[str, Clock] = {}

    def of(self, account: str | None) -> Clock:
        """The clock that holds for an account; None is the world's."""
        return self._own.get(account, self.world) if account is not None else self.world

    def now(self, account: str) -> float:
        """An account's time."""
        return self._own.get(account, self.world).now()

    def own(self, account: str) -> Clock:
        """An account's own clock, forked from the world's at the first call."""
        if account not in self._own:
            self._own[account] = self.world.fork()
        return self._own[account]

    @property
    def owners(self) -> tuple[str, ...]:
        """The accounts that have clocks of their own."""
        return tuple(self._own)

    def forget(self, account: str | None = None) -> None:
        """Let an account, or all, go by the world's clock again."""
        if account is None:
            self._own.clear()
        else:
            self._own.pop(account, None)
