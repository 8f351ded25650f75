"""How long to wait, how often to ask, and what Retry-After means. Pure: no clock, no I/O."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import chain, repeat

VENDOR_PACING = (3.0, 3.0, 5.0, 5.0, 5.0, 8.0, 8.0, 10.0, 15.0)
"""Seconds between polls as A's own script has them; the last repeats."""
_MOST_PAUSE = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Every limit on waiting and repeating. Seconds are real unless the client was given another clock."""

    wait_seconds: float = 900.0
    """From the first look at a task to giving up on it."""
    asset_seconds: float = 120.0
    """The same for an asset to become Active."""
    create_seconds: float = 120.0
    """For a create, its refusals with 429 included."""
    request_seconds: float = 60.0
    """For one request and its answer."""
    download_seconds: float = 900.0
    """For one file, broken connections included."""
    pacing: tuple[float, ...] = VENDOR_PACING
    """Pauses between polls; the last repeats."""
    create_tries: int = 4
    """How often a create is sent while it is refused with 429 or cannot be received. Nothing else repeats a create."""
    missing_polls: int = 5
    """How many refusals in a row, such as 404, a poll takes before it believes them."""
    linkless_polls: int = 5
    """How many more polls a success without a result link gets."""
    content_pacing: tuple[float, ...] = (1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0)
    """Pauses while content that should be there is not: it follows success by up to 15 seconds."""
    download_tries: int = 5
    """How many times in a row a download may fail without a byte of progress."""

    def __post_init__(self) -> None:
        pauses = (*self.pacing, *self.content_pacing)
        if not self.pacing or not all(math.isfinite(pause) and pause > 0 for pause in pauses):
            raise ValueError("pacing must be one or more positive numbers of seconds")
        waits = (self.wait_seconds, self.asset_seconds, self.create_seconds)
        if not all(math.isfinite(most) and most > 0 for most in (*waits, self.request_seconds, self.download_seconds)):
            raise ValueError("every limit must be a positive, finite number of seconds")

    def pauses(self) -> Iterator[float]:
        """The pauses between polls, without end."""
        return chain(self.pacing, repeat(self.pacing[-1]))


def backoff(attempt: int, first: float = 1.0, most: float = 30.0) -> float:
    """The pause after the attempt with this number (from 0) where nobody said how long: doubling, bounded."""
    return min(most, first * 2.0 ** min(attempt, 16))


def retry_after(headers: Mapping[str, str], received: float) -> float | None:
    """The seconds that an answer asks to wait, from a number or an HTTP date; None if it does not say.

    A date is read against the answer's own Date where it has one, else against `received` (epoch seconds).
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return min(float(text), _MOST_PAUSE)
    until = _epoch(text)
    if until is None:
        return None
    return max(0.0, until - (_epoch(headers.get("date", "")) or received))


def _epoch(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
