"""The time, and nothing else. The only module that may ask the system for it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch, as a float."""

    def now(self) -> float: ...


class RealClock:
    """The system's time."""

    def now(self) -> float:
        return time.time()


class ManualClock:
    """A time that stands still until it is moved."""

    def __init__(self, at: float = 1_780_000_000.0) -> None:
        self._at = at

    def now(self) -> float:
        return self._at

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds. Raises ValueError for a move backwards."""
        if seconds < 0:
            raise ValueError(f"seconds is {seconds}; a clock moves forward only")
        self._at += seconds
