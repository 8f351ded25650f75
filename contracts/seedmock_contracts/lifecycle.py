"""Allowed transitions between the statuses of a task. Knows no clock and no role."""

from __future__ import annotations

from collections.abc import Mapping

from .enums import TaskStatus

_ENDS = frozenset({TaskStatus.SUCCESS, TaskStatus.FAILURE, TaskStatus.CANCELLED, TaskStatus.EXPIRED})

TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.QUEUED: frozenset({TaskStatus.IN_PROGRESS, *_ENDS}),
    TaskStatus.IN_PROGRESS: _ENDS,
    **{status: frozenset() for status in _ENDS},
}
"""For each status, the different ones that a later query may report; a slow poller can miss IN_PROGRESS."""

TERMINAL: frozenset[TaskStatus] = frozenset(status for status, after in TRANSITIONS.items() if not after)

UNSUCCESSFUL: frozenset[TaskStatus] = TERMINAL - {TaskStatus.SUCCESS}
"""The statuses of a task that has ended without a clip."""


def may_follow(before: TaskStatus, after: TaskStatus) -> bool:
    """Test if a query may report `after` when an earlier query of the same task reported `before`."""
    return after is before or after in TRANSITIONS[before]
