"""Limits on waiting and repeating, backoff, and Retry-After. Pure: no clock and no I/O."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import chain, repeat

VENDOR_PACING = (3.0, 3.0, 5.0, 5.0, 5.0, 8.0, 8.0, 10.0, 15.0)
"""Seconds between polls in a vendor's own script; the last repeats."""
_MAX_RETRY_AFTER = 1e9  # about 30 years: a header can have any number of digits


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Limits on waiting and repeating, in seconds of the client's clock and in numbers of tries."""

    # Nine in ten tasks end within 486 s (fact apimodels.latency.p90).
    wait_seconds: float = 900.0
    """Deadline of a wait for a task, from its first poll."""
    asset_seconds: float = 120.0
    """Deadline of a wait for an asset to become Active."""
    create_seconds: float = 120.0
    """Deadline of a create, including its retries after 429."""
    request_seconds: float = 60.0
    """Timeout of one request with its response."""
    download_seconds: float = 900.0
    """Deadline of one download, including its retries."""
    pacing: tuple[float, ...] = VENDOR_PACING
    """Pauses between polls; the last repeats."""
    create_tries: int = 4
    """Maximum number of creates sent, after a 429 or a failed connection only: any other could be paid twice."""
    missing_polls: int = 5
    """Number of errors in a row, such as 404, after which a wait ends: a new task can be unknown for some seconds."""
    linkless_polls: int = 5
    """Maximum number of further polls of a success without a result link."""
    content_pacing: tuple[float, ...] = (1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0)
    """Pauses between tries while a finished task has no content yet; it can follow success by up to 15 seconds."""
    download_tries: int = 5
    """Number of tries in a row without a byte of progress after which a download fails."""

    def __post_init__(self) -> None:
        pauses = (*self.pacing, *self.content_pacing)
        if not self.pacing or not all(math.isfinite(pause) and pause > 0 for pause in pauses):
            raise ValueError("pacing must be one or more positive numbers of seconds")
        waits = (self.wait_seconds, self.asset_seconds, self.create_seconds)
        if not all(
            math.isfinite(limit) and limit > 0 for limit in (*waits, self.request_seconds, self.download_seconds)
        ):
            raise ValueError("every limit must be a positive, finite number of seconds")

    def pauses(self) -> Iterator[float]:
        """Iterate endlessly over the pauses between polls."""
        return chain(self.pacing, repeat(self.pacing[-1]))


def backoff(attempt: int, first: float = 1.0, longest: float = 30.0) -> float:
    """Exponential pause in seconds after an attempt, counted from 0, where the upstream does not give one."""
    return min(longest, first * 2.0 ** min(attempt, 16))  # bounded before the power: 2.0 ** 1024 overflows


def retry_after(headers: Mapping[str, str], received: float) -> float | None:
    """Seconds of a Retry-After header, given as a number or an HTTP date; None without a valid one.

    A date is relative to the Date header of the same response, else to `received` (epoch seconds).
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    # isascii: str.isdigit is true for digits of other scripts, which float() accepts too.
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return min(float(text), _MAX_RETRY_AFTER)
    until = _epoch(text)
    if until is None:
        return None
    # By the server's own Date: against this machine's clock a skew of minutes would be waited for, or skipped.
    return max(0.0, until - (_epoch(headers.get("date", "")) or received))


def _epoch(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    # The zone -0000 is UTC, too, and gives a datetime without a zone.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
