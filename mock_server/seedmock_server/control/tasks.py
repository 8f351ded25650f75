"""Task endpoints: the tasks of all accounts, and the timeline of one."""

from __future__ import annotations

from seedmock_contracts.enums import TaskStatus
from seedmock_contracts.upstreams import NAMES

from ..journal import JournalFilter
from ..tasks.models import Phase, Task
from ..tasks.timeline import NEVER, ends_at, phases_of, progress_at
from .activity_models import FailureReason, TaskExchange, TaskPhase, TaskResponse, TasksResponse, TimelineResponse
from .context import ControlContext
from .endpoints import ACCOUNT_QUERY, ControlEndpoint, ControlRequest
from .errors import ControlError
from .query_parameters import choice, whole_number

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
MAX_EXCHANGES = 500
"""Exchanges that a timeline shows, the last ones: a client may have polled a task for days."""


def list_tasks(context: ControlContext, request: ControlRequest) -> TasksResponse:
    """Return the tasks that match, oldest first; beyond `limit`, the newest."""
    upstream, status = request.query.get("upstream"), request.query.get("status")
    limit = request.query.get("limit", DEFAULT_LIMIT)
    accounts = context.store.accounts() if request.account is None else [request.account]
    matches = [
        task
        for account in accounts
        for task in context.store.tasks(account)
        if upstream in (None, task.upstream) and (status is None or context.engine.state(task).status == status)
    ]
    matches.sort(key=lambda task: task.created_at)
    page = matches[max(0, len(matches) - limit) :]
    return TasksResponse(tasks=[task_response(context, task) for task in page], total=len(matches))


def read(context: ControlContext, request: ControlRequest) -> TaskResponse:
    return task_response(context, _task(context, request))


def timeline(context: ControlContext, request: ControlRequest) -> TimelineResponse:
    """Return the phases of a task and the exchanges about it."""
    task = _task(context, request)
    now = context.engine.now_for(task)
    return TimelineResponse(
        task=task_response(context, task),
        now=now,
        phases=[phase_response(task, phase, now) for phase in phases_of(task)],
        exchanges=_exchanges(context, task),
    )


def phase_response(task: Task, phase: Phase, now: float) -> TaskPhase:
    at = task.created_at + phase.at
    return TaskPhase(at=at, status=phase.status, raw_status=phase.raw_status, reached=now - task.created_at >= phase.at)


def _exchanges(context: ControlContext, task: Task) -> list[TaskExchange]:
    entries = list(context.journal.read(JournalFilter(account=task.account, task=task.id)))
    return [
        TaskExchange(
            number=number,
            at=entry.at,
            operation=entry.operation,
            method=entry.method,
            path=entry.path,
            status=entry.status,
        )
        for number, entry in entries[-MAX_EXCHANGES:]
    ]


def _task(context: ControlContext, request: ControlRequest) -> Task:
    task_id = request.params["id"]
    task = context.store.task(task_id)
    if task is None:
        message = f"unknown task {task_id[:100]!r}; GET /_mock/tasks lists all"
        raise ControlError(message, status=404, field="id")
    return task


def task_response(context: ControlContext, task: Task) -> TaskResponse:
    state, now, ends, failure = context.engine.state(task), context.engine.now_for(task), ends_at(task), task.failure
    return TaskResponse(
        id=task.id,
        upstream=task.upstream,
        account=task.account,
        status=state.status,
        raw_status=state.raw_status,
        progress=progress_at(task, now),
        mode=task.mode,
        model=task.model,
        prompt=task.prompt,
        size=f"{task.width}x{task.height}",
        resolution=task.resolution,
        ratio=task.ratio,
        seconds=task.seconds,
        audio=task.audio,
        seed=task.seed,
        fate=task.fate,
        created_at=task.created_at,
        ends_at=None if ends == NEVER else ends,
        failure=FailureReason(kind=failure.kind, code=failure.code, message=failure.message) if failure else None,
        queries=context.store.queries(task.id),
    )


FILTER_QUERY = {
    "upstream": choice(NAMES, "tasks of this upstream"),
    "status": choice(TaskStatus, "tasks with this status"),
    "limit": whole_number(MAX_LIMIT, "maximum number of tasks", DEFAULT_LIMIT),
    **ACCOUNT_QUERY,
}
ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks",
        handler=list_tasks,
        summary="List the tasks of all keys or of one, oldest first; beyond the limit, the newest.",
        query=FILTER_QUERY,
        response=TasksResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks/{id}",
        handler=read,
        summary="Show a task as it is now.",
        response=TaskResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks/{id}/timeline",
        handler=timeline,
        summary="Show the phases of a task with their times, and the exchanges about it.",
        response=TimelineResponse,
    ),
)
