"""Paces of the emulator: how long tasks and assets take. Pure; knows no clock."""

from __future__ import annotations

import math
from enum import StrEnum

from msgspec import Struct

from ..clock import MAX_DURATION
from ..randomness import SeededRandom


class Pace(StrEnum):
    """Speed of tasks: at once, about 2 s, as measured by the vendor, or one query a state."""

    INSTANT = "instant"
    FAST = "fast"
    REALISTIC = "realistic"
    STEP = "step"


# Share of a realistic latency that is spent in the queue: our guess, no page says it.
QUEUED_SHARE = 0.15
# Seconds by which a query advances a task's own clock under the pace `step`.
STEP_SECONDS = 1.0


class LogNormal(Struct, frozen=True):
    """Log-normal distribution of latencies, in seconds, by its median and 90th percentile."""

    p50: float
    p90: float

    def quantile(self, fraction: float) -> float:
        """Return the quantile of a fraction in [0, 1]; the extremes are clipped, since they are infinite."""
        from statistics import NormalDist  # with fractions and decimals, which few emulators need

        # A rule may name p50=1ms and p90=1d: its tail would lie beyond any calendar.
        spread = math.log(self.p90 / self.p50) / NormalDist().inv_cdf(0.9)
        quantile = self.p50 * math.exp(spread * NormalDist().inv_cdf(min(max(fraction, 1e-6), 1 - 1e-6)))
        return min(quantile, MAX_DURATION)


# Seconds in the queue and in rendering under the pace `fast`: clients that poll every second see each status.
FAST = (0.6, 1.4)


def durations_at_pace(pace: Pace, latency: LogNormal, random: SeededRandom, *labels: object) -> tuple[float, float]:
    """Return the seconds in the queue and in rendering of a new task; `labels` are those of its draw."""
    if pace is Pace.FAST:
        return FAST
    if pace is Pace.STEP:
        return STEP_SECONDS, STEP_SECONDS
    if pace is Pace.INSTANT:
        return 0.0, 0.0
    total = latency.quantile(random.uniform("latency", *labels))
    return total * QUEUED_SHARE, total * (1 - QUEUED_SHARE)


def asset_processing_seconds(pace: Pace, fast: float) -> float:
    """Return how long an asset is in processing; `fast` is the contract's figure."""
    return {Pace.INSTANT: 0.0, Pace.FAST: fast, Pace.STEP: STEP_SECONDS, Pace.REALISTIC: 10 * fast}[pace]
