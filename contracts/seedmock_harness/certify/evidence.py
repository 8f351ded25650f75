"""Evidence of a trial: the recorded calls, tasks, charges, the saved file and the reported outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ORDERS, ErrorKind, Operation, StatusContext, TaskStatus
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_server.billing.statement import Statement
from seedmock_server.journal import JournalEntry
from seedmock_server.tasks.models import Task

from ..conversation.history import History, Interaction
from ..results.certification import TrialCall, TrialRecord
from .adapters import ClientOutcome, ClientRun
from .sample_orders import Order
from .scenario import TrialScenario
from .traffic_recorder import CapturedCall

MODERATION = (ErrorKind.MODERATION_INPUT, ErrorKind.MODERATION_OUTPUT)
REQUEST_TIMEOUT = 408
CLOCK_TOLERANCE = 0.1
"""Seconds by which two clocks of one busy machine may differ."""
MAX_TRANSCRIPT_LINES = 40
MAX_URL, MAX_ORDER = 120, 300
"""Characters of a URL and of an order in a transcript."""


class RecordedCall(Struct, frozen=True, eq=False):
    """A captured call with its interpretation, and its journal entry if there is one."""

    call: CapturedCall
    interaction: Interaction
    entry: JournalEntry | None

    @property
    def operation(self) -> str:
        return self.call.operation

    @property
    def response_sequence(self) -> float:
        """Position of the response among all arrivals and responses; infinite without a response."""
        return math.inf if self.call.response_sequence is None else self.call.response_sequence

    @property
    def ended_at(self) -> float:
        """End of the response in seconds since the epoch; infinite without one."""
        return math.inf if self.call.ended_at is None else self.call.ended_at

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults that the scenario applied to the call."""
        return () if self.entry is None else self.entry.faults

    @property
    def is_complete(self) -> bool:
        """True if the response was sent with its announced length."""
        call = self.call
        return call.status > 0 and (call.announced_bytes is None or call.sent_bytes == call.announced_bytes)

    @property
    def is_success(self) -> bool:
        """True for a complete JSON object that is not an error."""
        return self.is_complete and not self.interaction.is_error and isinstance(self.interaction.body, dict)

    @property
    def status(self) -> TaskStatus | None:
        """Status in a successful response, if it is a known one."""
        return self.interaction.status if self.is_success else None

    @property
    def raw_status(self) -> str | None:
        """Status in a successful response as it was spelt."""
        return self.interaction.raw_status if self.is_success else None

    @property
    def is_moderation_error(self) -> bool:
        text = self.interaction.exchange.response.body
        is_final = self.status is TaskStatus.FAILURE or self.interaction.is_error
        codes = (code.code for code in self.interaction.contract.fail_codes if code.kind in MODERATION)
        # In the text, not at a path: a gateway may nest the error in its own message (F12).
        return is_final and any(code in text for code in codes)

    @property
    def retry_at(self) -> float | None:
        """The time before which Retry-After forbids the next call; None without the header."""
        text = self.call.response_header("retry-after").strip()
        if not text or self.call.ended_at is None:
            return None
        if text.isdigit():
            return self.call.ended_at + int(text)
        try:
            date = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        # The zone -0000 is UTC, too, and gives a datetime without a zone.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True, eq=False, kw_only=True)
class TrialEvidence:
    """Everything known about a finished trial. `clips` are the whole clips by task, `saved_file` the client's file."""

    contract: Contract
    scenario: TrialScenario
    order: Order
    key: str = field(repr=False)
    run: ClientRun
    calls: tuple[RecordedCall, ...]
    other_origin_calls: tuple[CapturedCall, ...]
    tasks: tuple[Task, ...]
    statement: Statement
    clips: Mapping[str, bytes]
    saved_file: bytes | None
    poll_seconds: float
    started_at: float
    allowed_seconds: float
    """Seconds from the first call within which the client should have ended."""

    @property
    def outcome(self) -> ClientOutcome | None:
        return self.run.outcome

    @property
    def first_call_at(self) -> float:
        """Arrival of the first call; the start of the trial if there is none."""
        return self.calls[0].call.arrived_at if self.calls else self.started_at

    def calls_of(self, operation: Operation) -> tuple[RecordedCall, ...]:
        """Return the calls of an operation in the order of their arrival."""
        return tuple(call for call in self.calls if call.operation == operation)

    @cached_property
    def creates(self) -> tuple[RecordedCall, ...]:
        return tuple(call for call in self.calls if call.operation in ORDERS)

    @cached_property
    def received_ids(self) -> tuple[str, ...]:
        """Ids of the tasks that successful responses to orders named."""
        bodies = [create.interaction.exchange.response.body for create in self.creates if create.is_success]
        created = {task.id for task in self.tasks}
        return tuple(task_id for task_id in created if any(task_id in body for body in bodies))

    @cached_property
    def ambiguous_creates(self) -> tuple[RecordedCall, ...]:
        """Orders whose response does not tell whether a task was created."""
        return tuple(create for create in self.creates if _is_ambiguous(create))

    @cached_property
    def polls(self) -> tuple[RecordedCall, ...]:
        """Polls of the task that was polled last: statuses of another task say nothing about it."""
        polls = self.calls_of(Operation.QUERY)
        return tuple(poll for poll in polls if poll.interaction.requested_id == polls[-1].interaction.requested_id)

    @cached_property
    def contents(self) -> tuple[RecordedCall, ...]:
        return self.calls_of(Operation.CONTENT)

    @cached_property
    def last_poll(self) -> RecordedCall | None:
        """The last poll, if its response was successful."""
        return self.polls[-1] if self.polls and self.polls[-1].is_success else None

    @cached_property
    def final_poll(self) -> RecordedCall | None:
        """The first poll whose response had a known final status."""
        return next((poll for poll in self.polls if poll.status in TERMINAL), None)

    @cached_property
    def early_contents(self) -> tuple[RecordedCall, ...]:
        """Content requests that arrived before success was reported, by a response or by a callback."""
        successes = (poll for poll in self.polls if poll.status is TaskStatus.SUCCESS)
        sequence = min((poll.response_sequence for poll in successes), default=math.inf)
        called_back_at = min((_succeeds_at(task) for task in self.tasks if task.callback_url), default=math.inf)
        return tuple(
            content
            for content in self.contents
            if content.call.sequence < sequence and content.call.arrived_at < called_back_at - CLOCK_TOLERANCE
        )

    def last_poll_before(self, later: RecordedCall) -> RecordedCall | None:
        """Return the last poll with a successful response before another call arrived."""
        polls = [poll for poll in self.polls if poll.is_success and poll.response_sequence < later.call.sequence]
        return polls[-1] if polls else None

    def is_documented_spelling(self, raw_status: str | None) -> bool:
        """Return True for the spellings that the vendor documents for queries."""
        return raw_status in [self.contract.spelling(status, StatusContext.QUERY) for status in self.contract.statuses]

    @cached_property
    def duration(self) -> float:
        """Seconds from the first call to the end of the client."""
        return self.run.ended_at - self.first_call_at

    @property
    def transcript(self) -> tuple[str, ...]:
        """A line for each step, call and the outcome."""
        steps = [f"step: {step}" for step in self.scenario.steps]
        lines = [_transcript_line(call, self.first_call_at) for call in self.calls]
        lines += [f"other origin: {call.method} {call.url}" for call in self.other_origin_calls]
        return (*steps, *_shorten(lines), f"+{self.duration:.2f}s outcome: {self._outcome_text}")

    @property
    def record(self) -> TrialRecord:
        """The trial for reports, with times relative to its first call."""
        steps = tuple(str(step) for step in self.scenario.steps)
        calls = tuple(_trial_call(call, self.first_call_at) for call in self.calls)
        name, description = self.scenario.name, self.scenario.description
        return TrialRecord(name, description, steps, calls, self._outcome_text, self.duration)

    @property
    def _outcome_text(self) -> str:
        return str(self.outcome) if self.outcome else self.run.problem


def _trial_call(recorded: RecordedCall, start: float) -> TrialCall:
    call = recorded.call
    return TrialCall(
        at=call.arrived_at - start,
        ended_at=call.ended_at - start if call.ended_at is not None and recorded.is_complete else None,
        operation=recorded.operation,
        request=f"{call.method} {call.url[:MAX_URL]}",
        status=call.status,
        raw_status=recorded.raw_status or "",
        meaning=recorded.status,
        faults=recorded.faults,
    )


def interpret_calls(
    contract: Contract, calls: list[CapturedCall], entries: Mapping[int, JournalEntry]
) -> tuple[RecordedCall, ...]:
    """Interpret captured calls as interactions, each with the history before it."""
    history = History(contract)
    recorded = []
    for call in calls:
        request = Request(call.method, call.url, call.headers, call.body.decode("utf-8", "replace"))
        response = Response(call.status, call.response_headers, call.response_body.decode("utf-8", "replace"))
        exchange = Exchange(call.operation, request, response, "", call.ended_at or call.arrived_at)
        interaction = history.interaction(exchange)
        history.add(interaction)
        recorded.append(RecordedCall(call, interaction, entries.get(-1 if call.entry is None else call.entry)))
    return tuple(recorded)


def _is_ambiguous(create: RecordedCall) -> bool:
    body, status = create.interaction.body, create.call.status
    if not create.is_complete or status == REQUEST_TIMEOUT or status >= 500:
        return True
    if not 200 <= status < 300:
        return False
    # F9: an HTTP 200 whose envelope has the status.
    code = body.get("code") if isinstance(body, dict) else None
    return not isinstance(body, dict) or (isinstance(code, int) and code >= 500)


def _succeeds_at(task: Task) -> float:
    last = task.phases[-1] if task.phases else None
    return task.created_at + last.at if last is not None and last.status is TaskStatus.SUCCESS else math.inf


def _transcript_line(recorded: RecordedCall, start: float) -> str:
    call = recorded.call
    response = f"{call.status}" if recorded.is_complete else f"{call.status or 'no response'}, broken off"
    status = f" {recorded.raw_status}" if recorded.raw_status else ""
    retry_after = call.response_header("retry-after")
    retry = f", Retry-After: {retry_after}" if retry_after else ""
    is_order = call.body and recorded.operation in ORDERS
    order = f" {call.body[:MAX_ORDER].decode('utf-8', 'replace')}" if is_order else ""
    faults = f"  (fault: {'; '.join(recorded.faults)})" if recorded.faults else ""
    request = f"{call.method} {call.url[:MAX_URL]}{order}"
    return f"+{call.arrived_at - start:.2f}s {request} -> {response}{status}{retry}{faults}"


def _shorten(lines: list[str]) -> list[str]:
    if len(lines) <= MAX_TRANSCRIPT_LINES:
        return lines
    half = MAX_TRANSCRIPT_LINES // 2
    return [*lines[:half], f"... {len(lines) - 2 * half} more ...", *lines[-half:]]
