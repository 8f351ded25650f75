"""Checks of cancellations and of lists of tasks."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.documents.paths import values_at
from seedmock_contracts.enums import ErrorKind, Operation, TaskStatus
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_contracts.response_format import first_value

from ..conversation.history import UNAUTHENTICATED, Interaction, TaskHistory
from ..results.checks import CheckResult, compare, failed, passed
from .assets import endpoint_fact
from .error_responses import check_error


def running_tasks_can_be_cancelled(interaction: Interaction) -> Iterator[CheckResult]:
    """A running task can be cancelled, and every later query reports it as cancelled."""
    task = _own_task(interaction)
    if task is None or interaction.is_error:
        return
    if interaction.operation is Operation.CANCEL and not _has_ended(task):
        yield passed(endpoint_fact(interaction, Operation.CANCEL), str(interaction.status_code))
    elif interaction.operation is Operation.QUERY and task.cancellation is not None and interaction.status is not None:
        fact = endpoint_fact(interaction, Operation.CANCEL)
        yield compare(fact, "a cancelled task has another status", TaskStatus.CANCELLED, interaction.status)


def ended_tasks_cannot_be_cancelled(interaction: Interaction) -> Iterator[CheckResult]:
    """Cancelling a finished task is a state conflict."""
    task = _own_task(interaction)
    if interaction.operation is not Operation.CANCEL or task is None or not _has_ended(task):
        return
    if interaction.is_error:
        yield from check_error(interaction, (ErrorKind.STATE_CONFLICT,))
    else:
        case = interaction.contract.error_case(ErrorKind.STATE_CONFLICT)
        yield failed(case, "a finished task can be cancelled", case.status, interaction.status_code)


def task_lists_show_the_callers_tasks(interaction: Interaction) -> Iterator[CheckResult]:
    """A list of tasks has the latest one of the caller, and none of another key."""
    caller = interaction.caller
    if interaction.operation is not Operation.TASK_LIST or interaction.is_error or not interaction.is_authenticated:
        return
    listed, fact = _listed_ids(interaction), endpoint_fact(interaction, Operation.TASK_LIST)
    tasks = interaction.history.tasks.values()
    own = [task.id for task in tasks if task.caller == caller]
    foreign = sorted(listed & {task.id for task in tasks if task.caller not in (caller, *UNAUTHENTICATED)})
    if foreign:
        yield failed(fact, "tasks of another key are listed", "the caller's tasks", ", ".join(foreign))
    elif own and own[-1] not in listed:
        yield failed(fact, "the latest task is not listed", own[-1], f"{len(listed)} others")
    elif own:
        yield passed(fact, own[-1])


def _has_ended(task: TaskHistory) -> bool:
    return task.status in TERMINAL or task.cancellation is not None


def _own_task(interaction: Interaction) -> TaskHistory | None:
    task = interaction.task
    return task if task is not None and task.caller == interaction.caller else None


def _listed_ids(interaction: Interaction) -> set[str]:
    response, data = interaction.contract.response, interaction.data
    rows = values_at(data, f"{response.list_path}[]") if isinstance(data, dict) else []
    return {str(first_value(row, response.id_paths)) for _, row in rows if isinstance(row, dict)}


CHECKS = (running_tasks_can_be_cancelled, ended_tasks_cannot_be_cancelled, task_lists_show_the_callers_tasks)
