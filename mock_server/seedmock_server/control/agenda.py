"""Agenda endpoint: what the clocks have brought, or will bring, in a span of time."""

from __future__ import annotations

from collections.abc import Iterator

from ..storage import DueCallback
from ..tasks.models import AssetRecord, Task
from ..tasks.timeline import NEVER, asset_status_at, end_status, ends_at, phases_of
from .catalog_models import DueEvent, DueResponse
from .context import ControlContext
from .endpoints import ACCOUNT_QUERY, ControlEndpoint, ControlRequest
from .query_parameters import time, whole_number

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000


async def read(context: ControlContext, request: ControlRequest) -> DueResponse:
    """Return the changes after `since` (default: now), up to `until` (default: for ever)."""
    since = request.query.get("since", context.clocks.for_account(request.account).now())
    until = request.query.get("until", NEVER)
    accounts = await context.store.accounts() if request.account is None else [request.account]
    events: list[DueEvent] = []
    for account in accounts:
        for task in await context.store.tasks(account):
            events += _task_events(task)
        for asset in await context.store.assets(account):
            events += _asset_events(asset)
        for callback in await context.store.callbacks(account):
            events.append(await _callback_event(context, callback))
    events = [event for event in events if since < event.at <= until]
    events.sort(key=lambda event: event.at)
    limit = request.query.get("limit", DEFAULT_LIMIT)
    return DueResponse(events=events[:limit], total=len(events), since=since, until=None if until == NEVER else until)


def _task_events(task: Task) -> Iterator[DueEvent]:
    for phase in phases_of(task):
        yield _event(task, task.created_at + phase.at, "task", phase.status)
    if task.clip_delay and ends_at(task) != NEVER:
        yield _event(task, ends_at(task) + task.clip_delay, "clip", end_status(task) or "")


def _asset_events(asset: AssetRecord) -> Iterator[DueEvent]:
    end = asset.created_at + asset.processing_seconds
    yield _event(asset, end, "asset", asset_status_at(asset, end))


async def _callback_event(context: ControlContext, callback: DueCallback) -> DueEvent:
    task = await context.store.task(callback.task_id)
    return DueEvent(
        at=callback.at,
        kind="callback",
        id=callback.task_id,
        upstream="" if task is None else task.upstream,
        account=callback.account,
        status=f"attempt {callback.attempts + 1}",
    )


def _event(record: Task | AssetRecord, at: float, kind: str, status: str) -> DueEvent:
    return DueEvent(at=at, kind=kind, id=record.id, upstream=record.upstream, account=record.account, status=status)


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/agenda",
        handler=read,
        summary="List what becomes due on the clocks in a span of time: statuses, clips, assets and pending callbacks.",
        query={
            "since": time("changes after this time, in seconds since the epoch; default: now"),
            "until": time("changes up to this time; default: for ever"),
            "limit": whole_number(MAX_LIMIT, "maximum number of changes, the first ones", DEFAULT_LIMIT),
            **ACCOUNT_QUERY,
        },
        response=DueResponse,
    ),
)
