"""What is known of a trial when it is over: what was heard, made, charged, saved and reported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ORDERS, ErrorKind, Operation, StatusContext, TaskStatus
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_server.billing.statement import Statement
from seedmock_server.journal import JournalEntry
from seedmock_server.tasks.models import Task

from ..conversation.history import History, Interaction
from ..results.certification import TrialCall as CallOfLife
from ..results.certification import TrialRecord
from .adapters import Outcome, Run
from .sample_orders import Order
from .scenario import Scenario
from .traffic_recorder import Call

MODERATION = (ErrorKind.MODERATION_INPUT, ErrorKind.MODERATION_OUTPUT)
LOST = 408
SLACK = 0.1
"""The seconds by which two clocks of one machine, and a busy one, may differ."""


@dataclass(frozen=True, eq=False)
class Heard:
    """One call and what it means: the turn of a conversation, and the journal's entry if there is one."""

    call: Call
    turn: Interaction
    entry: JournalEntry | None

    @property
    def operation(self) -> str:
        return self.call.operation

    @property
    def told(self) -> float:
        """The place of its answer among all that was heard; behind everything, if there was none."""
        return math.inf if self.call.told is None else self.call.told

    @property
    def ended(self) -> float:
        """When the answer was there; never, if it never was."""
        return math.inf if self.call.ended is None else self.call.ended

    @property
    def faults(self) -> tuple[str, ...]:
        """What was done to it on purpose."""
        return () if self.entry is None else self.entry.faults

    @property
    def is_whole(self) -> bool:
        """Whether the answer went out as it was announced."""
        return self.call.status > 0 and (self.call.size is None or self.call.sent == self.call.size)

    @property
    def is_good(self) -> bool:
        """Whether it was answered, and not with a refusal or with what nobody can read."""
        return self.is_whole and not self.turn.is_error and isinstance(self.turn.body, dict)

    @property
    def status(self) -> TaskStatus | None:
        """The status that a good answer told, if it is a known one."""
        return self.turn.status if self.is_good else None

    @property
    def word(self) -> str | None:
        """The status word that a good answer told."""
        return self.turn.raw_status if self.is_good else None

    @property
    def is_moderation(self) -> bool:
        """Whether the answer says that moderation objects."""
        text = self.turn.exchange.response.body
        ended = self.status is TaskStatus.FAILURE or self.turn.is_error
        return ended and any(code.code in text for code in self.turn.contract.fail_codes if code.kind in MODERATION)

    @property
    def due(self) -> float | None:
        """The moment before which the caller is asked not to come back; None if it is not asked."""
        text = self.call.header("retry-after").strip()
        if not text or self.call.ended is None:
            return None
        if text.isdigit():
            return self.call.ended + int(text)
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """All that one trial showed. `clips` are the whole clips of the tasks, `saved` what stands in the file."""

    contract: Contract
    scenario: Scenario
    order: Order
    key: str = field(repr=False)
    run: Run
    heard: tuple[Heard, ...]
    elsewhere: tuple[Call, ...]
    tasks: tuple[Task, ...]
    statement: Statement
    clips: Mapping[str, bytes]
    saved: bytes | None
    poll_seconds: float
    begun: float
    allowed: float
    """The seconds from the first call after which a client should have ended."""

    @property
    def outcome(self) -> Outcome | None:
        return self.run.outcome

    def of(self, operation: Operation) -> tuple[Heard, ...]:
        """The calls of an operation, in the order of their arrival."""
        return tuple(heard for heard in self.heard if heard.operation == operation)

    @cached_property
    def creates(self) -> tuple[Heard, ...]:
        """The orders."""
        return tuple(heard for heard in self.heard if heard.operation in ORDERS)

    @cached_property
    def told_ids(self) -> tuple[str, ...]:
        """The ids of tasks that good answers to orders told."""
        made = {task.id for task in self.tasks}
        texts = [heard.turn.exchange.response.body for heard in self.creates if heard.is_good]
        return tuple(task_id for task_id in made if any(task_id in text for text in texts))

    @cached_property
    def ambiguous(self) -> tuple[Heard, ...]:
        """The orders whose answer does not tell whether there is a task."""
        return tuple(heard for heard in self.creates if _is_ambiguous(heard))

    @cached_property
    def polls(self) -> tuple[Heard, ...]:
        """The polls of the task that was asked about last: what was told of another task says nothing of this one."""
        polls = self.of(Operation.QUERY)
        return tuple(heard for heard in polls if heard.turn.requested_id == polls[-1].turn.requested_id)

    @cached_property
    def contents(self) -> tuple[Heard, ...]:
        return self.of(Operation.CONTENT)

    @cached_property
    def last_told(self) -> Heard | None:
        """The last good answer to a poll, if no poll was answered otherwise after it."""
        return self.polls[-1] if self.polls and self.polls[-1].is_good else None

    @cached_property
    def end(self) -> Heard | None:
        """The first answer to a poll that told a known end."""
        return next((heard for heard in self.polls if heard.status in TERMINAL), None)

    @cached_property
    def early_contents(self) -> tuple[Heard, ...]:
        """The requests for content that came before success was told, by an answer or by a callback."""
        told = min((heard.told for heard in self.polls if heard.status is TaskStatus.SUCCESS), default=math.inf)
        called = min((_succeeds_at(task) for task in self.tasks if task.callback_url), default=math.inf)
        return tuple(one for one in self.contents if one.call.came < told and one.call.arrived < called - SLACK)

    def before(self, later: Heard) -> Heard | None:
        """The last good answer to a poll before another call came."""
        told = [heard for heard in self.polls if heard.is_good and heard.told < later.call.came]
        return told[-1] if told else None

    def is_usual(self, word: str | None) -> bool:
        """Whether a word is the page's own for its moment, in a query."""
        words = (self.contract.spelling(status, StatusContext.QUERY) for status in self.contract.statuses)
        return word in tuple(words)

    @cached_property
    def waited(self) -> float:
        """The seconds from the first call to the client's end; from its start, if it has sent nothing."""
        return self.run.ended - (self.heard[0].call.arrived if self.heard else self.begun)

    @property
    def conversation(self) -> tuple[str, ...]:
        """What was said, a line for each call, and the outcome."""
        steps = [f"step: {step}" for step in self.scenario.steps]
        start = self.heard[0].call.arrived if self.heard else 0.0
        lines = [*map(_line(start), self.heard), *(f"elsewhere: {one.method} {one.url}" for one in self.elsewhere)]
        said = str(self.outcome) if self.outcome else self.run.trouble
        return (*steps, *_shortened(lines), f"+{self.waited:.2f}s outcome: {said}")

    @property
    def life(self) -> TrialRecord:
        """The trial to look at: its calls with their times since the first."""
        start = self.heard[0].call.arrived if self.heard else 0.0
        steps = tuple(str(step) for step in self.scenario.steps)
        said = str(self.outcome) if self.outcome else self.run.trouble
        calls = tuple(_spoken(heard, start) for heard in self.heard)
        return TrialRecord(self.scenario.name, self.scenario.says, steps, calls, said, self.waited)


def _spoken(heard: Heard, start: float) -> CallOfLife:
    call = heard.call
    ended = call.ended - start if call.ended is not None and heard.is_whole else None
    request = f"{call.method} {call.url[:120]}"
    said = (call.status, heard.word or "", heard.status)
    return CallOfLife(call.arrived - start, ended, heard.operation, request, *said, heard.faults)


def heard_from(contract: Contract, calls: list[Call], entries: Mapping[int, JournalEntry]) -> tuple[Heard, ...]:
    """Calls as turns of a conversation, each in the light of those before it."""
    conversation = History(contract)
    found = []
    for call in calls:
        request = Request(call.method, call.url, call.headers, call.body.decode("utf-8", "replace"))
        answer = Response(call.status, call.answered_headers, call.answer.decode("utf-8", "replace"))
        turn = conversation.interaction(Exchange(call.operation, request, answer, "", call.ended or call.arrived))
        conversation.add(turn)
        found.append(Heard(call, turn, entries.get(-1 if call.number is None else call.number)))
    return tuple(found)


def _is_ambiguous(heard: Heard) -> bool:
    code = heard.turn.body.get("code") if isinstance(heard.turn.body, dict) else None
    status = heard.call.status
    if not heard.is_whole or status == LOST or status >= 500:
        return True
    if not 200 <= status < 300:
        return False
    return not isinstance(heard.turn.body, dict) or (isinstance(code, int) and code >= 500)


def _succeeds_at(task: Task) -> float:
    last = task.phases[-1] if task.phases else None
    return task.created_at + last.at if last is not None and last.status is TaskStatus.SUCCESS else math.inf


class _line:
    """Exchanges as lines, with their time since a moment."""

    def __init__(self, start: float) -> None:
        self._start = start

    def __call__(self, heard: Heard) -> str:
        call = heard.call
        at = f"+{call.arrived - self._start:.2f}s"
        said = f"{call.status}" if heard.is_whole else f"{call.status or 'no answer'}, broken off"
        word = f" {heard.word}" if heard.word else ""
        retry = f", Retry-After: {call.header('retry-after')}" if call.header("retry-after") else ""
        sent = f" {call.body[:300].decode('utf-8', 'replace')}" if call.body and heard.operation in ORDERS else ""
        faults = f"  (fault: {'; '.join(heard.faults)})" if heard.faults else ""
        return f"{at} {call.method} {call.url[:120]}{sent} -> {said}{word}{retry}{faults}"


SHOWN = 40


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= SHOWN:
        return lines
    half = SHOWN // 2
    return [*lines[:half], f"... {len(lines) - 2 * half} more ...", *lines[-half:]]
