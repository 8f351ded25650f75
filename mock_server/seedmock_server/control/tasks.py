"""The tasks of all accounts: what they are now, and what became of one when."""

from __future__ import annotations

from seedmock_contracts.enums import TaskStatus
from seedmock_contracts.upstreams import NAMES

from ..journal import JournalFilter
from ..tasks.models import Task
from ..tasks.timeline import NEVER, ends_at, progress_at
from .activity_models import FailureReason, TaskExchange, TaskPhase, TaskResponse, TasksResponse, TimelineResponse
from .context import ControlContext
from .endpoints import MINE, ControlEndpoint, ControlRequest
from .errors import ControlError

LIMIT, MOST = 100, 1000
ASKED = 500
"""How many of the exchanges about a task its timeline shows: the last ones."""


def read(world: ControlContext, asked: ControlRequest) -> TasksResponse:
    """The tasks that fit, oldest first; `limit` leaves out the oldest."""
    upstream, status = asked.one_of("upstream", NAMES), asked.one_of("status", tuple(TaskStatus))
    limit = asked.whole("limit", LIMIT, MOST)
    accounts = world.store.accounts() if asked.account is None else [asked.account]
    found = [
        task
        for account in accounts
        for task in world.store.tasks(account)
        if upstream in (None, task.upstream) and (status is None or world.engine.state(task).status == status)
    ]
    found.sort(key=lambda task: task.created_at)
    shown = found[max(0, len(found) - limit) :]
    return TasksResponse(tasks=[task_row(world, task) for task in shown], total=len(found))


def one(world: ControlContext, asked: ControlRequest) -> TaskResponse:
    """A task. Raises Trouble 404."""
    return task_row(world, _task(world, asked))


def timeline(world: ControlContext, asked: ControlRequest) -> TimelineResponse:
    """A task's phases, and what was asked about it when. Raises Trouble 404."""
    task = _task(world, asked)
    now = world.engine.now_for(task)
    heard = list(world.journal.read(JournalFilter(account=task.account, task=task.id)))
    phases = [
        TaskPhase(
            at=task.created_at + phase.at,
            status=phase.status,
            word=phase.raw_status,
            reached=now - task.created_at >= phase.at,
        )
        for phase in task.phases
    ]
    told = [
        TaskExchange(
            number=number, at=one.at, operation=one.operation, method=one.method, path=one.path, status=one.status
        )
        for number, one in heard[-ASKED:]
    ]
    return TimelineResponse(task=task_row(world, task), now=now, phases=phases, asked=told)


def _task(world: ControlContext, asked: ControlRequest) -> Task:
    task = world.store.task(asked.params["id"])
    if task is None:
        said = f"no task has the id {asked.params['id'][:100]!r}; GET /_mock/tasks lists those that there are"
        raise ControlError(said, status=404, field="id")
    return task


def task_row(world: ControlContext, task: Task) -> TaskResponse:
    """A task as the control API shows it."""
    state, now, ends, failure = world.engine.state(task), world.engine.now_for(task), ends_at(task), task.failure
    return TaskResponse(
        id=task.id,
        upstream=task.upstream,
        account=task.account,
        status=state.status,
        word=state.raw_status,
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
        queries=world.store.queries(task.id),
    )


FILTERS = {
    "upstream": f"one of {', '.join(NAMES)}",
    "status": f"one of {', '.join(TaskStatus)}",
    "limit": f"how many at most; {LIMIT} unless said, {MOST} at most",
    **MINE,
}
ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks",
        handler=read,
        summary="The tasks of all keys or of one, oldest first; of too many, the newest.",
        query=FILTERS,
        response=TasksResponse,
    ),
    ControlEndpoint(
        method="GET", path="/_mock/tasks/{id}", handler=one, summary="One task as it is now.", response=TaskResponse
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks/{id}/timeline",
        handler=timeline,
        summary="A task's phases with their times, and what was asked about it when.",
        response=TimelineResponse,
    ),
)
"""The rows of the table."""
