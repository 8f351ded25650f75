"""A test's own clock. Moves one key's time; other tests and the world's clock never notice."""

from __future__ import annotations

from datetime import datetime

from ..clock import Clock
from ..control.clock import next_due_at
from ..control.context import ControlContext
from ..fates.rules import duration
from ..tasks.timeline import NEVER

START = 1_780_000_000.0
"""Where a clock that stands still begins: 2026-05-28 20:26:40 UTC, in each test and each run."""


class KeyClock:
    """The clock of one key: seconds since the epoch."""

    def __init__(self, world: ControlContext, account: str) -> None:
        self._world, self._account = world, account

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.now():.3f} at rate {self._clock.rate:g}>"

    @property
    def _clock(self) -> Clock:
        return self._world.clocks.fork_for(self._account)

    def now(self) -> float:
        """What the clock reads."""
        return self._clock.now()

    def advance(self, by: float | str) -> float:
        """Move on by seconds, or by a text such as "15m"; gives the new reading. Raises ValueError."""
        self._clock.advance(duration(by, "advance"))
        return self.now()

    def sleep(self, seconds: float) -> None:
        """Sleep without waiting: to be used in the place of `time.sleep`."""
        self.advance(max(0.0, seconds))

    async def asleep(self, seconds: float) -> None:
        """Sleep without waiting: to be used in the place of `asyncio.sleep`."""
        self.sleep(seconds)

    def set(self, at: float | datetime) -> float:
        """Move on to a moment; gives the new reading. Raises ValueError for one that has gone by."""
        self._clock.set(at.timestamp() if isinstance(at, datetime) else at)
        return self.now()

    def rate(self, rate: float) -> None:
        """Run at a rate from now on: 1 is real time, 60 a minute each second, 0 stands still. Raises ValueError."""
        self._clock.set_rate(rate)

    def freeze(self) -> None:
        """Stand still from now on."""
        self.rate(0.0)

    def stand(self, at: float = START) -> None:
        """Stand still at a moment, whatever the clock has read before."""
        self._clock.restore(at, 0.0)

    def next(self) -> float:
        """Move on to the next moment at which anything of this key changes; gives the new reading.

        Raises ValueError when nothing will change any more.
        """
        due = next_due_at(self._world, self._account)
        if due == NEVER:
            raise ValueError("nothing is due: no task, asset or callback of this test changes any more")
        return self.advance(max(0.0, due - self.now()))
