"""A task's or a trial's life as it is drawn: what was said when, in which colour. Knows no HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from seedmock_contracts.enums import ORDERS, AssetStatus, Operation, Role, TaskStatus
from seedmock_contracts.exchange import Response
from seedmock_contracts.lifecycle import UNSUCCESSFUL

from ..conversation.history import AssetHistory, History, Interaction, TaskHistory
from ..results.certification import TrialCall, TrialRecord
from .http_text import measured


class Tone(StrEnum):
    """What something looks like."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    TROUBLE = "trouble"


class Mark(StrEnum):
    """What kind of call it is."""

    ORDER = "order"
    POLL = "poll"
    CONTENT = "content"
    OTHER = "other"


TONES = {
    TaskStatus.QUEUED: Tone.QUEUED,
    TaskStatus.IN_PROGRESS: Tone.RUNNING,
    TaskStatus.SUCCESS: Tone.SUCCESS,
    **dict.fromkeys(UNSUCCESSFUL, Tone.FAILURE),
}
ASSETS = {
    AssetStatus.PROCESSING.lower(): Tone.RUNNING,
    AssetStatus.ACTIVE.lower(): Tone.SUCCESS,
    AssetStatus.FAILED.lower(): Tone.FAILURE,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One call. `at` is in seconds since the life's first; `word` is a status as it was spoken, empty for none.

    `code` is the answer's HTTP status, or a dash for none.
    """

    at: float
    mark: Mark
    tone: Tone
    word: str
    says: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One life: `about` says what was ordered, or what happens in the scenario, `end` what came of it."""

    title: str
    about: str
    end: str
    events: tuple[Event, ...]

    @property
    def seconds(self) -> float:
        return self.events[-1].at if self.events else 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """Calls in a row that were answered alike: the first's time and the last's."""

    since: float
    until: float
    count: int
    event: Event


def runs(events: Iterable[Event]) -> Iterator[Run]:
    """A life in fewer lines: what was asked again and answered alike is one."""
    for _, alike in groupby(events, key=lambda event: (event.mark, event.word, event.says)):
        same = list(alike)
        yield Run(same[0].at, same[-1].at, len(same), same[0])


def lives(conversation: History) -> tuple[Drawn, ...]:
    """The lives of all tasks of a conversation, then of all assets, in the order of their making."""
    said: dict[str, list[Interaction]] = {id_: [] for id_ in (*conversation.tasks, *conversation.assets)}
    for turn in conversation.interactions:
        about = _about(conversation, turn)
        if about is not None:
            said[about].append(turn)
    tasks = (_task(story, said[id_] or [story.created]) for id_, story in conversation.tasks.items())
    assets = (_asset(thing, said[id_] or [thing.created]) for id_, thing in conversation.assets.items())
    return (*tasks, *assets)


def _about(conversation: History, turn: Interaction) -> str | None:
    """The id of the task or asset that its owner asks about, or makes; refusals are part of its life, too."""
    story = turn.task if turn.created_id is None else conversation.tasks.get(turn.created_id)
    if story is not None:
        return story.id if turn.exchange.caller == story.caller else None
    thing = conversation.assets.get(turn.created_id or turn.requested_id)
    return thing.id if thing is not None and turn.exchange.caller == thing.caller else None


def trial(life: TrialRecord) -> Drawn:
    """The life of a trial."""
    events = tuple(_call(call) for call in life.calls)
    return Drawn(life.scenario, life.description, life.outcome, events)


# --- conversations ---


def _task(story: TaskHistory, turns: Sequence[Interaction]) -> Drawn:
    ended = story.final_poll
    end = "it did not come to its end" if ended is None else f"it ended as {ended.raw_status}"
    return Drawn(story.id, _ordered(story), end, _events(turns))


def _ordered(story: TaskHistory) -> str:
    order = story.order
    if order is None:
        return "an order that breaks a rule" if story.created.violations else "an order"
    size = order.size.text if order.size else order.resolution
    references = [
        found.reference.role if found.reference.role is not Role.REFERENCE else found.reference.kind
        for found in order.references
    ]
    parts = [order.model.name, size, f"{order.seconds} s" if order.seconds else "", "sound" if order.audio else "mute"]
    return ", ".join(filter(None, [*parts, *references]))


def _asset(thing: AssetHistory, turns: Sequence[Interaction]) -> Drawn:
    return Drawn(thing.id, "an asset", "it was deleted" if thing.deletion else "it was kept", _events(turns))


def _events(turns: Sequence[Interaction]) -> tuple[Event, ...]:
    start = turns[0].exchange.at
    return tuple(_event(turn, max(0.0, turn.exchange.at - start)) for turn in turns)


def _event(turn: Interaction, at: float) -> Event:
    mark = _mark(turn.operation)
    word = turn.raw_status or "" if mark is not Mark.CONTENT and not turn.is_error else ""
    says = f"{turn.operation}: {_told(turn.exchange.response)}"
    return Event(at, mark, _tone(turn, mark), word, says, str(turn.status_code or "–"))


def _mark(operation: str | None) -> Mark:
    if operation in ORDERS or operation == Operation.ASSET_CREATE:
        return Mark.ORDER
    if operation in (Operation.QUERY, Operation.ASSET_GET):
        return Mark.POLL
    return Mark.CONTENT if operation == Operation.CONTENT else Mark.OTHER


def _tone(turn: Interaction, mark: Mark) -> Tone:
    if turn.is_error:
        return Tone.REFUSED if 200 <= turn.status_code < 500 else Tone.TROUBLE
    if turn.status is not None:
        return TONES[turn.status]
    if mark is Mark.CONTENT:
        return Tone.SUCCESS
    return ASSETS.get((turn.raw_status or "").lower(), Tone.UNKNOWN)


def _told(answer: Response) -> str:
    if answer.status == 0:
        return "no answer"
    return f"HTTP {answer.status}" if answer.media is None else f"HTTP {answer.status}, {measured(answer.media)}"


# --- trials ---


def _call(call: TrialCall) -> Event:
    mark = _mark(call.operation)
    told = f"HTTP {call.status}" if call.status else "no answer"
    broken_off = ", broken off" if call.status and call.ended_at is None else ""
    faults = f" (fault: {'; '.join(call.faults)})" if call.faults else ""
    says = f"{call.request}: {told}{broken_off}{faults}"
    return Event(call.at, mark, _tone_of(call, mark), call.raw_status, says, str(call.status or "–"))


def _tone_of(call: TrialCall, mark: Mark) -> Tone:
    if call.ended_at is None or call.status >= 500 or call.status == 0:
        return Tone.TROUBLE
    if call.status >= 400:
        return Tone.REFUSED
    if call.meaning is not None:
        return TONES[call.meaning]
    return Tone.SUCCESS if mark is Mark.CONTENT and call.status < 300 else Tone.UNKNOWN
