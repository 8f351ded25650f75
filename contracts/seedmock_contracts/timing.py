"""Behaviour of an upstream in time: latency of its tasks, and attempts to reach a callback URL."""

from __future__ import annotations

from dataclasses import dataclass

from .facts import Amount, Evidence


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from creation to success: the median and the ninetieth percentile."""

    p50: float
    p90: float
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPlan:
    """Posts to a callback URL: `attempt` seconds each, retried after each of `backoff`, then every `interval`.

    `lasting` seconds after the task's end no more is tried.
    """

    attempt: Amount
    backoff: tuple[Amount, ...]
    interval: Amount
    lasting: Amount
