"""Task endpoints: the tasks of all accounts, and the timeline of one."""

from __future__ import annotations

from starlette.responses import FileResponse

from seedmock_contracts.enums import TaskStatus
from seedmock_contracts.upstreams import NAMES

from ..billing.statement import format_amount
from ..errors import ApiError
from ..journal import JournalFilter
from ..media.errors import Unrenderable
from ..tasks.models import Phase, Task
from ..tasks.timeline import NEVER, ends_at, phases_of, progress_at
from .activity_models import FailureReason, TaskExchange, TaskPhase, TaskResponse, TasksResponse, TimelineResponse
from .context import ControlContext
from .endpoints import ACCOUNT_QUERY, ControlEndpoint, ControlRequest
from .errors import ControlError, abbreviated
from .query_parameters import choice, string, whole_number

DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 100, 1000, 10**9
OLDEST, NEWEST = "oldest", "newest"
MAX_EXCHANGES = 500
"""Exchanges that a timeline shows, the last ones: a client may have polled a task for days."""


async def list_tasks(context: ControlContext, request: ControlRequest) -> TasksResponse:
    """Return the tasks that match: without a place to begin at the newest ones, otherwise the `limit` from there."""
    query = request.query
    limit = query.get("limit", DEFAULT_LIMIT)
    matches = await _matching(context, request)
    is_newest_first = query.get("order") == NEWEST
    if is_newest_first:
        matches.reverse()
    if "after" in query or "offset" in query or is_newest_first:
        start = _index_after(matches, query.get("after")) + query.get("offset", 0)
    else:
        start = max(0, len(matches) - limit)
    page = matches[start : start + limit]
    return TasksResponse(tasks=[task_response(context, task) for task in page], total=len(matches))


async def _matching(context: ControlContext, request: ControlRequest) -> list[Task]:
    upstream, status = request.query.get("upstream"), request.query.get("status")
    terms = request.query.get("text", "").lower().split()
    accounts = await context.store.accounts() if request.account is None else [request.account]
    matches = [
        task
        for account in accounts
        for task in await context.store.tasks(account)
        if upstream in (None, task.upstream)
        and (not terms or _has_terms(task, terms))
        and (status is None or context.engine.state(task).status == status)
    ]
    matches.sort(key=lambda task: task.created_at)
    return matches


def _has_terms(task: Task, terms: list[str]) -> bool:
    text = " ".join((task.id, task.model, task.prompt, task.fate, task.account)).lower()
    return all(word in text for word in terms)


def _index_after(tasks: list[Task], task_id: str | None) -> int:
    """Return the index of the task that follows one. Raises ControlError for one that is not among the tasks."""
    if task_id is None:
        return 0
    index = next((index for index, task in enumerate(tasks) if task.id == task_id), None)
    if index is None:
        message = f"after is {abbreviated(task_id)}; allowed: the id of a task that matches the other parameters"
        raise ControlError(message, field="after")
    return index + 1


async def read(context: ControlContext, request: ControlRequest) -> TaskResponse:
    return task_response(context, await find_task(context, request))


async def timeline(context: ControlContext, request: ControlRequest) -> TimelineResponse:
    """Return the phases of a task and the exchanges about it."""
    task = await find_task(context, request)
    now = context.engine.now_for(task)
    return TimelineResponse(
        task=task_response(context, task),
        now=now,
        phases=[phase_response(task, phase, now) for phase in phases_of(task)],
        exchanges=await _exchanges(context, task),
    )


def phase_response(task: Task, phase: Phase, now: float) -> TaskPhase:
    at = task.created_at + phase.at
    return TaskPhase(at=at, status=phase.status, raw_status=phase.raw_status, reached=now - task.created_at >= phase.at)


async def _exchanges(context: ControlContext, task: Task) -> list[TaskExchange]:
    entries = await context.journal.read(JournalFilter(account=task.account, task=task.id))
    return [
        TaskExchange(
            number=number,
            at=entry.at,
            operation=entry.operation,
            method=entry.method,
            path=entry.path,
            status=entry.status,
            faults=entry.faults,
            violations=sum(not violation.advice for violation in entry.violations),
        )
        for number, entry in entries[-MAX_EXCHANGES:]
    ]


async def find_task(context: ControlContext, request: ControlRequest) -> Task:
    """Return the task of the path. Raises ControlError 404."""
    task_id = request.params["id"]
    task = await context.store.task(task_id)
    if task is None:
        message = f"unknown task {task_id[:100]!r}; GET /_mock/tasks lists all"
        raise ControlError(message, status=404, field="id")
    return task


def task_response(context: ControlContext, task: Task) -> TaskResponse:
    state, now, ends, failure = context.engine.state(task), context.engine.now_for(task), ends_at(task), task.failure
    line = context.engine.ledger.line(task)
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
        queries=task.queries,
        age=max(0.0, now - task.created_at),
        cost=format_amount(line.quote.amount),
        billing="on_hold" if line.settled_at is None else "charged" if line.charged else "refunded",
    )


async def clip(context: ControlContext, request: ControlRequest) -> FileResponse:
    """Return the clip of a task for people to look at: it is not journaled, and meets no fault."""
    task = await find_task(context, request)
    try:
        rendered = await context.engine.clip(task)
    except (ApiError, Unrenderable) as error:
        raise ControlError(f"there is no clip to show: {error}", status=409, field="id") from error
    headers = {"etag": rendered.etag, "cache-control": "no-store"}
    return FileResponse(rendered.path, media_type="video/mp4", headers=headers)


FILTER_QUERY = {
    "upstream": choice(NAMES, "tasks of this upstream"),
    "status": choice(TaskStatus, "tasks with this status"),
    "text": string("words that the id, model, prompt, fate or account contains, in either case"),
    "order": choice((OLDEST, NEWEST), "which comes first; default: oldest"),
    "after": string("the id of a task: those that follow it, in the order"),
    "offset": whole_number(MAX_OFFSET, "number of tasks to pass over, in the order"),
    "limit": whole_number(MAX_LIMIT, "maximum number of tasks", DEFAULT_LIMIT),
    **ACCOUNT_QUERY,
}
ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks",
        handler=list_tasks,
        summary="List the tasks of all keys or of one, oldest first; beyond the limit, the newest unless told a place.",
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
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks/{id}/clip",
        handler=clip,
        summary="Download a task's clip without a trace in the journal, whatever faults and links say.",
        response=bytes,
        media_type="video/mp4",
    ),
)
