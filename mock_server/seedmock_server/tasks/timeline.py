"""What becomes of a record in time: pure functions of the record and a reading of the clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

from seedmock_contracts.enums import AssetStatus, TaskStatus
from seedmock_contracts.lifecycle import TERMINAL

from ..randomness import SeededRandom
from .models import AssetRecord, Phase, Task


class Pace(StrEnum):
    """How fast tasks live."""

    INSTANT = "instant"
    FAST = "fast"
    REALISTIC = "realistic"
    STEP = "step"


QUEUED_SHARE = 0.15
"""How much of a realistic life is spent in the queue: our guess."""

STEP_SECONDS = 1.0
"""How far one query moves a task's own clock under the pace `step`."""


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Measured render times in seconds: the median and the ninetieth percentile of a log-normal."""

    p50: float
    p90: float

    def quantile(self, fraction: float) -> float:
        """The quantile of a fraction of 1."""
        spread = math.log(self.p90 / self.p50) / NormalDist().inv_cdf(0.9)
        return self.p50 * math.exp(spread * NormalDist().inv_cdf(min(max(fraction, 1e-6), 1 - 1e-6)))


class TaskState(NamedTuple):
    """A task at a moment: its status, when it came into it, when it will have ended, and a word if it has its own."""

    status: TaskStatus
    since: float
    ends_at: float
    raw_status: str = ""


NEVER = math.inf


@lru_cache(maxsize=1024)
def standard_phases(queue: float, render: float, end: TaskStatus = TaskStatus.SUCCESS) -> tuple[Phase, ...]:
    """The phases of an ordinary task: seconds in the queue, seconds in the works, the end."""
    return (
        Phase(0.0, TaskStatus.QUEUED),
        Phase(queue, TaskStatus.IN_PROGRESS),
        Phase(queue + render, end),
    )


FAST = (0.6, 1.4)


def durations_at_pace(pace: Pace, latency: LogNormal, random: SeededRandom, number: int) -> tuple[float, float]:
    """Seconds in the queue and in the works for a new task, drawn by its number."""
    if pace is Pace.FAST:
        return FAST
    if pace is Pace.STEP:
        return STEP_SECONDS, STEP_SECONDS
    if pace is Pace.INSTANT:
        return 0.0, 0.0
    total = latency.quantile(random.uniform("latency", number))
    return total * QUEUED_SHARE, total * (1 - QUEUED_SHARE)


def state_at(task: Task, now: float) -> TaskState:
    """The state of a task at a reading of the clock."""
    begun = task.created_at  # added to, not taken off: so a task has ended at the very float that `ends_at` returns
    phase = next((phase for phase in reversed(task.phases) if now >= begun + phase.at), task.phases[0])
    return TaskState(phase.status, task.created_at + phase.at, ends_at(task), phase.raw_status)


def ends_at(task: Task) -> float:
    """When a task comes into its last status, seconds since the epoch; NEVER for one that is stuck."""
    last = task.phases[-1]
    return task.created_at + last.at if last.status in TERMINAL else NEVER


def step_clock(task: Task, queries: int) -> float:
    """What a task's own clock reads after so many queries, under the pace `step`."""
    return task.created_at + max(0, queries - 1) * STEP_SECONDS


def progress_at(task: Task, now: float) -> int:
    """Per cent of the way from creation to the end, 100 only at the end."""
    whole = ends_at(task) - task.created_at
    if now - task.created_at >= whole:
        return 100
    return max(0, min(99, int(100 * (now - task.created_at) / whole)))


def next_change_at(task: Task, now: float) -> float:
    """The next moment after `now` at which a task's state changes; NEVER when none is left."""
    moments = [task.created_at + phase.at for phase in task.phases]
    if task.clip_delay:
        moments.append(ends_at(task) + task.clip_delay)
    return min((moment for moment in moments if moment > now), default=NEVER)


def asset_next_change_at(asset: AssetRecord, now: float) -> float:
    """When an asset comes out of processing; NEVER when it has."""
    ends = asset.created_at + asset.processing_seconds
    return ends if ends > now else NEVER


def asset_processing_seconds(pace: Pace, fast: float) -> float:
    """How long an asset is in processing; `fast` is the figure of the upstream."""
    return {Pace.INSTANT: 0.0, Pace.FAST: fast, Pace.STEP: STEP_SECONDS, Pace.REALISTIC: 10 * fast}[pace]


def asset_status_at(asset: AssetRecord, now: float) -> AssetStatus:
    """The status of an asset at a reading of the clock."""
    if now < asset.created_at + asset.processing_seconds:
        return AssetStatus.PROCESSING
    return AssetStatus.ACTIVE if asset.failure is None else AssetStatus.FAILED
