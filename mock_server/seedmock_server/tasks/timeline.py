"""State of tasks and assets over time: pure functions of a record and a reading of the clock."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from seedmock_contracts.enums import AssetStatus, TaskStatus
from seedmock_contracts.lifecycle import TERMINAL

from .models import AssetRecord, Phase, Task
from .pace import STEP_SECONDS


class TaskState(NamedTuple):
    """State of a task at a time: its status, since when, the time of its end, and its raw status if a fate sets one."""

    status: TaskStatus
    since: float
    ends_at: float
    raw_status: str = ""


NEVER = math.inf


# At one pace nearly all tasks have the same phases: shared, they cost a table of 100 000 tasks nothing.
@lru_cache(maxsize=1024)
def standard_phases(queue: float, render: float, end: TaskStatus = TaskStatus.SUCCESS) -> tuple[Phase, ...]:
    """Return the phases of an ordinary task: `queue` seconds queued, `render` seconds in progress, then the end."""
    return (
        Phase(0.0, TaskStatus.QUEUED),
        Phase(queue, TaskStatus.IN_PROGRESS),
        Phase(queue + render, end),
    )


def state_at(task: Task, now: float) -> TaskState:
    """Return the state of a task at a reading of the clock."""
    # A field of the record and not a phase: a cancellation must not rewrite what the task was planned to be.
    cancelled_at = task.cancelled_at
    if cancelled_at is not None and now >= cancelled_at:
        return TaskState(TaskStatus.CANCELLED, cancelled_at, cancelled_at)
    # Compared as a sum, not as a difference: a task has ended at the very float that `ends_at` returns.
    start = task.created_at
    phase = task.phases[0]
    for later in task.phases:
        if now >= start + later.at:
            phase = later
    return TaskState(phase.status, task.created_at + phase.at, ends_at(task), phase.raw_status)


def ends_at(task: Task) -> float:
    """Return the time of a task's end, in seconds since the epoch; NEVER for a task that is stuck."""
    if task.cancelled_at is not None:
        return task.cancelled_at
    last = task.phases[-1]
    return task.created_at + last.at if last.status in TERMINAL else NEVER


def phases_of(task: Task) -> tuple[Phase, ...]:
    """The phases that a task goes through, cut short by its cancellation."""
    if task.cancelled_at is None:
        return task.phases
    cancelled = Phase(task.cancelled_at - task.created_at, TaskStatus.CANCELLED)
    return (*(phase for phase in task.phases if phase.at < cancelled.at), cancelled)


def end_status(task: Task) -> TaskStatus | None:
    """The status that a task ends in; None for one that is stuck."""
    last = phases_of(task)[-1].status
    return last if last in TERMINAL else None


def step_clock(task: Task, queries: int) -> float:
    """Return the reading of a task's own clock after so many queries, under the pace `step`."""
    return task.created_at + max(0, queries - 1) * STEP_SECONDS


def progress_at(task: Task, now: float) -> int:
    """Return the progress from creation to the end in per cent; 100 only at the end."""
    duration = ends_at(task) - task.created_at
    elapsed = now - task.created_at
    if elapsed >= duration:
        return 100
    # 99 at most: clients take 100 for the end and download, and the clip would not be there yet.
    return max(0, min(99, int(100 * elapsed / duration)))


def next_change_at(task: Task, now: float) -> float:
    """Return the next time after `now` at which a task's state changes; NEVER if it does not."""
    times = [task.created_at + phase.at for phase in task.phases]
    if task.cancelled_at is not None:
        times = [*(time for time in times if time < task.cancelled_at), task.cancelled_at]
    # A late clip changes no status, but `clock next` should stop where it comes.
    if task.clip_delay:
        times.append(ends_at(task) + task.clip_delay)
    return min((time for time in times if time > now), default=NEVER)


def asset_next_change_at(asset: AssetRecord, now: float) -> float:
    """Return the time at which an asset leaves processing; NEVER if it has."""
    end = asset.created_at + asset.processing_seconds
    return end if end > now else NEVER


def asset_status_at(asset: AssetRecord, now: float) -> AssetStatus:
    """Return the status of an asset at a reading of the clock."""
    if now < asset.created_at + asset.processing_seconds:
        return AssetStatus.PROCESSING
    return AssetStatus.ACTIVE if asset.failure is None else AssetStatus.FAILED
