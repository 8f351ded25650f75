"""Timelines of tasks, assets and trials: one event for each call. Knows nothing about layout or HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby

from msgspec import Struct

from seedmock_contracts.enums import ORDERS, AssetStatus, Operation, Role, TaskStatus
from seedmock_contracts.exchange import Response
from seedmock_contracts.lifecycle import UNSUCCESSFUL

from ..conversation.history import AssetHistory, History, Interaction, TaskHistory
from ..results.certification import TrialCall, TrialRecord
from .http_text import describe_media

NO_STATUS_CODE = "–"


class Tone(StrEnum):
    """Colour class of an event."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    SERVER_ERROR = "server-error"


class CallKind(StrEnum):
    """Shape class of an event."""

    ORDER = "order"
    POLL = "poll"
    CONTENT = "content"
    OTHER = "other"


STATUS_TONES = {
    TaskStatus.QUEUED: Tone.QUEUED,
    TaskStatus.IN_PROGRESS: Tone.RUNNING,
    TaskStatus.SUCCESS: Tone.SUCCESS,
    **dict.fromkeys(UNSUCCESSFUL, Tone.FAILURE),
}
ASSET_TONES = {
    AssetStatus.PROCESSING: Tone.RUNNING,
    AssetStatus.ACTIVE: Tone.SUCCESS,
    AssetStatus.FAILED: Tone.FAILURE,
}


class Event(Struct, frozen=True):
    """One call. `at` is in seconds since the first event; `raw_status` is the status as it was spelt, or empty.

    `code` is the HTTP status as text, a dash without a response.
    """

    at: float
    kind: CallKind
    tone: Tone
    raw_status: str
    description: str
    code: str = ""


class Timeline(Struct, frozen=True):
    """Events of one task, asset or trial. `subject` is the order or the scenario, `result` how it ended."""

    title: str
    subject: str
    result: str
    events: tuple[Event, ...]

    @property
    def seconds(self) -> float:
        return self.events[-1].at if self.events else 0.0


class RepeatedEvents(Struct, frozen=True):
    """Consecutive equal events: the times of the first and the last, and their number."""

    first_at: float
    last_at: float
    count: int
    event: Event


def group_repeated(events: Iterable[Event]) -> Iterator[RepeatedEvents]:
    """Combine consecutive events with the same call and the same response."""
    for _, group in groupby(events, key=lambda event: (event.kind, event.raw_status, event.description)):
        equal = list(group)
        yield RepeatedEvents(equal[0].at, equal[-1].at, len(equal), equal[0])


def task_timelines(history: History) -> tuple[Timeline, ...]:
    """Return the timelines of all tasks, then of all assets, in the order of their creation."""
    by_id: dict[str, list[Interaction]] = {id_: [] for id_ in (*history.tasks, *history.assets)}
    for interaction in history.interactions:
        id_ = _subject_id(history, interaction)
        if id_ is not None:
            by_id[id_].append(interaction)
    tasks = (_task_timeline(task, by_id[id_] or [task.created]) for id_, task in history.tasks.items())
    assets = (_asset_timeline(asset, by_id[id_] or [asset.created]) for id_, asset in history.assets.items())
    return (*tasks, *assets)


def _subject_id(history: History, interaction: Interaction) -> str | None:
    """Return the id of the task or asset that its owner creates or requests, successfully or not."""
    created, caller = interaction.created_id, interaction.exchange.caller
    task = interaction.task if created is None else history.tasks.get(created)
    if task is not None:
        return task.id if caller == task.caller else None
    asset = history.assets.get(created or interaction.requested_id)
    return asset.id if asset is not None and caller == asset.caller else None


def trial_timeline(trial: TrialRecord) -> Timeline:
    """Return the timeline of a certification trial."""
    return Timeline(trial.scenario, trial.description, trial.outcome, tuple(map(_trial_event, trial.calls)))


# --- tasks and assets ---


def _task_timeline(task: TaskHistory, interactions: Sequence[Interaction]) -> Timeline:
    final = task.final_poll
    result = "it has not ended" if final is None else f"it ended as {final.raw_status}"
    return Timeline(task.id, _describe_order(task), result, _events(interactions))


def _describe_order(task: TaskHistory) -> str:
    order = task.order
    if order is None:
        return "an order that breaks a rule" if task.created.violations else "an order"
    size = order.size.text if order.size else order.resolution
    parsed = (entry.reference for entry in order.references)
    references = [reference.role if reference.role is not Role.REFERENCE else reference.kind for reference in parsed]
    seconds, audio = f"{order.seconds} s" if order.seconds else "", "audio" if order.audio else "no audio"
    return ", ".join(filter(None, [order.model.name, size, seconds, audio, *references]))


def _asset_timeline(asset: AssetHistory, interactions: Sequence[Interaction]) -> Timeline:
    result = "it was deleted" if asset.deletion else "it was not deleted"
    return Timeline(asset.id, "an asset", result, _events(interactions))


def _events(interactions: Sequence[Interaction]) -> tuple[Event, ...]:
    start = interactions[0].exchange.at
    return tuple(_event(interaction, max(0.0, interaction.exchange.at - start)) for interaction in interactions)


def _event(interaction: Interaction, at: float) -> Event:
    kind = _call_kind(interaction.operation)
    has_status = kind is not CallKind.CONTENT and not interaction.is_error
    raw_status = interaction.raw_status or "" if has_status else ""
    description = f"{interaction.operation}: {_describe_response(interaction.exchange.response)}"
    code = str(interaction.status_code or NO_STATUS_CODE)
    return Event(at, kind, _tone(interaction, kind), raw_status, description, code)


def _call_kind(operation: str | None) -> CallKind:
    if operation in ORDERS or operation == Operation.ASSET_CREATE:
        return CallKind.ORDER
    if operation in (Operation.QUERY, Operation.ASSET_GET):
        return CallKind.POLL
    return CallKind.CONTENT if operation == Operation.CONTENT else CallKind.OTHER


def _tone(interaction: Interaction, kind: CallKind) -> Tone:
    if interaction.is_error:
        return Tone.REJECTED if 200 <= interaction.status_code < 500 else Tone.SERVER_ERROR
    if interaction.status is not None:
        return STATUS_TONES[interaction.status]
    if kind is CallKind.CONTENT:
        return Tone.SUCCESS
    terms = interaction.contract.assets
    status = terms.parse_status(interaction.raw_status) if terms is not None else None
    return ASSET_TONES[status] if status is not None else Tone.UNKNOWN


def _describe_response(response: Response) -> str:
    if response.status == 0:
        return "no response"
    media = "" if response.media is None else f", {describe_media(response.media)}"
    return f"HTTP {response.status}{media}"


# --- trials ---


def _trial_event(call: TrialCall) -> Event:
    kind = _call_kind(call.operation)
    response = f"HTTP {call.status}" if call.status else "no response"
    broken_off = ", broken off" if call.status and call.ended_at is None else ""
    faults = f" (fault: {'; '.join(call.faults)})" if call.faults else ""
    description = f"{call.request}: {response}{broken_off}{faults}"
    code = str(call.status or NO_STATUS_CODE)
    return Event(call.at, kind, _trial_tone(call, kind), call.raw_status, description, code)


def _trial_tone(call: TrialCall, kind: CallKind) -> Tone:
    if call.ended_at is None or call.status >= 500 or call.status == 0:
        return Tone.SERVER_ERROR
    if call.status >= 400:
        return Tone.REJECTED
    if call.meaning is not None:
        return STATUS_TONES[call.meaning]
    return Tone.SUCCESS if kind is CallKind.CONTENT and call.status < 300 else Tone.UNKNOWN
