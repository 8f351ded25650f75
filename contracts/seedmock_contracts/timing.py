"""Timing of an upstream: latency of its tasks, and attempts to reach a callback URL."""

from __future__ import annotations

from msgspec import Struct

from .facts import Amount, Evidence


class Latency(Struct, frozen=True):
    """Seconds from creation to success: the median and the ninetieth percentile."""

    p50: float
    p90: float
    evidence: Evidence


class CallbackPlan(Struct, frozen=True, kw_only=True):
    """Posts to a callback URL, in seconds: timeout, first retries, later retries, and the time after which they stop.

    `attempt` is the timeout of one, `backoff` the waits before the first retries, `interval` that between later ones;
    no attempt begins later than `lasting` after the task's end.
    """

    attempt: Amount
    backoff: tuple[Amount, ...]
    interval: Amount
    lasting: Amount
