"""Sliding window of the calls of a minute. Pure."""

from __future__ import annotations

from collections import deque

MINUTE = 60.0


def admit(calls: deque[float], now: float, rate: int) -> float:
    """Add a request to the sliding window, or return the seconds until there is room for it."""
    while calls and calls[0] + MINUTE - now <= 0:
        calls.popleft()
    if len(calls) < rate:
        calls.append(now)
        return 0.0
    return min(MINUTE, calls[len(calls) - rate] + MINUTE - now)
