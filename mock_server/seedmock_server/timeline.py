"""What becomes of a record in time: pure functions of the record and a reading of the clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import NamedTuple

from seedmock_contracts.terms import AssetStatus, TaskStatus

from .chance import Chance
from .task import Asset, Task


class Pace(StrEnum):
    """How fast tasks live."""

    INSTANT = "instant"
    FAST = "fast"
    REALISTIC = "realistic"
    STEP = "step"


STEP_SECONDS = 1.0
"""How far one query moves a task's own clock under the pace `step`."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Measured render times in seconds: the median and the ninetieth percentile of a log-normal."""

    p50: float
    p90: float

    def at(self, fraction: float) -> float:
        """The quantile of a fraction of 1."""
        spread = math.log(self.p90 / self.p50) / NormalDist().inv_cdf(0.9)
        return self.p50 * math.exp(spread * NormalDist().inv_cdf(min(max(fraction, 1e-6), 1 - 1e-6)))


class State(NamedTuple):
    """A task at a moment: its status, when it came into it, and when it ended or will end."""

    status: TaskStatus
    since: float
    ends_at: float


def plan(pace: Pace, latency: Latency, chance: Chance, task_id: str) -> tuple[float, float]:
    """Seconds in the queue and in the works for a new task."""
    if pace is Pace.FAST:
        return 0.6, 1.4
    if pace is Pace.STEP:
        return STEP_SECONDS, STEP_SECONDS
    if pace is Pace.INSTANT:
        return 0.0, 0.0
    total = latency.at(chance.fraction("latency", task_id))
    return total * 0.15, total * 0.85


def state_at(task: Task, now: float) -> State:
    """The state of a task at a reading of the clock."""
    started = task.created_at + task.queue_seconds
    ends = started + task.render_seconds
    if now >= ends:
        return State(TaskStatus.SUCCESS if task.failure is None else TaskStatus.FAILURE, ends, ends)
    if now >= started:
        return State(TaskStatus.IN_PROGRESS, started, ends)
    return State(TaskStatus.QUEUED, task.created_at, ends)


def progress_at(task: Task, now: float) -> int:
    """Per cent of the way from creation to the end, 100 only at the end."""
    whole = task.queue_seconds + task.render_seconds
    if now >= task.created_at + whole:
        return 100
    return max(0, min(99, int(100 * (now - task.created_at) / whole)))


def processing_seconds(pace: Pace, fast: float) -> float:
    """How long an asset is in processing; `fast` is the figure of the upstream."""
    return {Pace.INSTANT: 0.0, Pace.FAST: fast, Pace.STEP: STEP_SECONDS, Pace.REALISTIC: 10 * fast}[pace]


def asset_status_at(asset: Asset, now: float) -> AssetStatus:
    """The status of an asset at a reading of the clock."""
    if now < asset.created_at + asset.processing_seconds:
        return AssetStatus.PROCESSING
    return AssetStatus.ACTIVE if asset.failure is None else AssetStatus.FAILED
