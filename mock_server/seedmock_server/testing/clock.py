"""Clock of one API key. Other tests, and the shared clock, are not affected."""

from __future__ import annotations

from datetime import datetime

from ..clock import Clock
from ..control.context import ControlContext
from ..http.coroutines import run_now
from ..matching.syntax import parse_duration
from ..tasks.timeline import NEVER

START = 1_780_000_000.0
"""Time at which a frozen clock starts, in each test and each run: 2026-05-28 20:26:40 UTC."""


class AccountClock:
    """Clock of one key, in seconds since the epoch."""

    def __init__(self, context: ControlContext, account: str) -> None:
        self._context, self._account = context, account

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.now():.3f} at rate {self._clock.rate:g}>"

    @property
    def _clock(self) -> Clock:
        return self._context.clocks.fork_for(self._account)

    def now(self) -> float:
        """Return the time."""
        return self._clock.now()

    def advance(self, by: float | str) -> float:
        """Advance by seconds, or by a string such as "15m"; return the new time. Raises ValueError."""
        self._clock.advance(parse_duration(by, "advance"))
        return self.now()

    def sleep(self, seconds: float) -> None:
        """Advance without waiting, in the place of `time.sleep`."""
        self.advance(max(0.0, seconds))

    async def async_sleep(self, seconds: float) -> None:
        """Advance without waiting, in the place of `asyncio.sleep`."""
        self.sleep(seconds)

    def set(self, at: float | datetime) -> float:
        """Advance to a time; return it. Raises ValueError for an earlier one."""
        self._clock.set(at.timestamp() if isinstance(at, datetime) else at)
        return self.now()

    def set_rate(self, rate: float) -> None:
        """Run at a rate: 1 is real time, 60 a minute each second, 0 frozen. Raises ValueError."""
        self._clock.set_rate(rate)

    def freeze(self) -> None:
        """Freeze the clock until it is advanced."""
        self.set_rate(0.0)

    def freeze_at(self, at: float = START) -> None:
        """Freeze the clock at a time, which may be an earlier one."""
        self._clock.restore(at, 0.0)

    def next(self) -> float:
        """Advance to the next event of this key; return the new time. Raises ValueError when nothing is due."""
        from ..control.clock import next_due_at  # with the control API, which few tests need

        due = run_now(next_due_at(self._context, self._account))
        if due == NEVER:
            raise ValueError("nothing is due: no task, asset or callback of this test changes any more")
        self._clock.advance(max(0.0, due - self.now()))
        return self.now()
