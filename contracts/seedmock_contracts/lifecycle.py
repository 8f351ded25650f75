"""How a task's status may move. Everything about transitions stands here; nothing here knows time or a party."""

from __future__ import annotations

from collections.abc import Mapping

from .enums import TaskStatus

TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.QUEUED: frozenset({TaskStatus.IN_PROGRESS, TaskStatus.SUCCESS, TaskStatus.FAILURE}),
    TaskStatus.IN_PROGRESS: frozenset({TaskStatus.SUCCESS, TaskStatus.FAILURE}),
    TaskStatus.SUCCESS: frozenset(),
    TaskStatus.FAILURE: frozenset(),
}
"""From each status, those that a later look may find; a slow poller can miss IN_PROGRESS."""

TERMINAL: frozenset[TaskStatus] = frozenset(status for status, after in TRANSITIONS.items() if not after)


def may_follow(before: TaskStatus, after: TaskStatus) -> bool:
    """Whether a later look at the same task may find `after` where an earlier one found `before`."""
    return after is before or after in TRANSITIONS[before]
