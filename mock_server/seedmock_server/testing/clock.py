"""Clock of one API key. Other tests, and the shared clock, are not affected."""

from __future__ import annotations

from datetime import datetime

from .accounts import KeyAccount

START = 1_780_000_000.0
"""Time at which a frozen clock starts, in each test and each run: 2026-05-28 20:26:40 UTC."""


class AccountClock:
    """Clock of one key, in seconds since the epoch."""

    def __init__(self, account: KeyAccount) -> None:
        self._account = account

    def __repr__(self) -> str:
        now, rate = self._account.reading()
        return f"<{type(self).__name__} {now:.3f} at rate {rate:g}>"

    def now(self) -> float:
        """Return the time."""
        return self._account.reading()[0]

    def advance(self, by: float | str) -> float:
        """Advance by seconds, or by a string such as "15m"; return the new time. Raises ValueError."""
        return self._account.advance(by)

    def sleep(self, seconds: float) -> None:
        """Advance without waiting, in the place of `time.sleep`."""
        self.advance(max(0.0, seconds))

    async def async_sleep(self, seconds: float) -> None:
        """Advance without waiting, in the place of `asyncio.sleep`."""
        self.sleep(seconds)

    def set(self, at: float | datetime) -> float:
        """Advance to a time; return it. Raises ValueError for an earlier one."""
        return self._account.set_time(at.timestamp() if isinstance(at, datetime) else at)

    def set_rate(self, rate: float) -> None:
        """Run at a rate: 1 is real time, 60 a minute each second, 0 frozen. Raises ValueError."""
        self._account.set_rate(rate)

    def freeze(self) -> None:
        """Freeze the clock until it is advanced."""
        self.set_rate(0.0)

    def freeze_at(self, at: float = START) -> None:
        """Freeze the clock at a time, which may be an earlier one."""
        self._account.freeze_at(at)

    def next(self) -> float:
        """Advance to the next event of this key; return the new time. Raises ValueError when nothing is due."""
        return self._account.advance_to_next()
