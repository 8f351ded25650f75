"""What the code under test said to the upstreams, and assertions on it that tell what happened when they fail."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from seedmock_contracts.enums import ORDERS, Operation, TaskStatus
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_contracts.upstreams import get_contract

from ..control.context import ControlContext
from ..journal import JournalEntry, JournalFilter
from ..tasks.models import Task
from .downloads import Deliveries

SHOWN = 40


class Conversation:
    """All that one key said, oldest first. An assertion that fails lists it."""

    def __init__(self, world: ControlContext, account: str, deliveries: Deliveries) -> None:
        self._world, self._account, self._deliveries = world, account, deliveries

    def __repr__(self) -> str:
        return "\n".join(told(self.exchanges)) or "nothing was said"

    def __len__(self) -> int:
        return len(self.exchanges)

    def __iter__(self) -> Iterator[JournalEntry]:
        return iter(self.exchanges)

    @property
    def exchanges(self) -> list[JournalEntry]:
        """Every exchange; `sent` and `answered` are bytes, `sent_headers` come without secrets."""
        return [entry for _, entry in self._world.journal.read(JournalFilter(account=self._account))]

    @property
    def submissions(self) -> list[JournalEntry]:
        """The orders, whatever the answer was."""
        return [entry for entry in self.exchanges if entry.operation in ORDERS]

    @property
    def tasks(self) -> list[Task]:
        """The tasks that were made."""
        return list(self._world.store.tasks(self._account))

    def polls(self, task_id: str) -> list[JournalEntry]:
        """The queries of a task."""
        return [entry for entry in self.exchanges if entry.operation == Operation.QUERY and names(entry, task_id)]

    # --- assertions ---

    def assert_submitted_once(self) -> None:
        """Exactly one order was accepted; refused ones before it are no harm."""
        __tracebackhide__ = True
        if len(self.tasks) != 1:
            made = ", ".join(task.id for task in self.tasks) or "none"
            self._fail(f"expected one task to be made, found {len(self.tasks)}: {made}")

    def assert_polls(self, *, at_most: int | None = None, at_least: int | None = None) -> None:
        """Each task was queried at most, or at least, so often."""
        __tracebackhide__ = True
        if at_most is None and at_least is None:
            raise TypeError("assert_polls needs at_most=, at_least= or both")
        for task in self._made():
            count = len(self.polls(task.id))
            if at_most is not None and count > at_most:
                self._fail(f"expected at most {at_most} polls of {task.id}, found {count}")
            if at_least is not None and count < at_least:
                self._fail(f"expected at least {at_least} polls of {task.id}, found {count}")

    def assert_never_polled_after_end(self) -> None:
        """No task was queried again once an answer had said that it has ended."""
        __tracebackhide__ = True
        for task in self._made():
            polls = self.polls(task.id)
            ends = [number for number, entry in enumerate(polls) if said_status(entry) in TERMINAL]
            if ends and ends[0] + 1 < len(polls):
                status, more = said_status(polls[ends[0]]), len(polls) - ends[0] - 1
                self._fail(f"expected no poll of {task.id} after it was {status}, found {more}", polls)

    def assert_downloaded(self) -> None:
        """The clip of every task that has succeeded was fetched whole; there is at least one."""
        __tracebackhide__ = True
        states = {task.id: self._world.engine.state(task).status for task in self._made()}
        done = [task_id for task_id, status in states.items() if status is TaskStatus.SUCCESS]
        if not done:
            listed = ", ".join(f"{task_id} is {status}" for task_id, status in states.items())
            self._fail(f"expected a download, but no task has succeeded: {listed}")
        for task_id in done:
            if not self._deliveries.is_whole(task_id):
                found = "; ".join(map(str, self._deliveries.of(task_id))) or "it was never asked for"
                self._fail(f"expected the clip of {task_id} to be downloaded whole, found: {found}")

    def assert_no_violations(self, *, strict: bool = False) -> None:
        """No request broke the contract; if `strict`, none had unknown fields or went against advice either."""
        __tracebackhide__ = True
        broken = [
            f"{line_of(entry)}: {breach.message}" + (f" ({breach.fact})" if breach.fact else "")
            for entry in self.exchanges
            for breach in entry.violations
            if strict or not breach.advice
        ]
        if broken:
            self._fail("\n  ".join([f"expected no violation of the contract, found {len(broken)}:", *broken]))

    def _made(self) -> list[Task]:
        __tracebackhide__ = True
        tasks = self.tasks
        if not tasks:
            self._fail("expected a task, but none was made")
        return tasks

    def _fail(self, message: str, entries: Iterable[JournalEntry] | None = None) -> NoReturn:
        __tracebackhide__ = True
        lines = told(self.exchanges if entries is None else list(entries))
        said = "\n  ".join(["what was said:", *lines]) if lines else "nothing was said with this test's key"
        raise AssertionError(f"{message}\n{said}")


def told(entries: list[JournalEntry]) -> list[str]:
    """Exchanges as lines, with their time since the first; of too many, the first and the last."""
    if not entries:
        return []
    start = entries[0].at
    lines = [f"+{entry.at - start:.1f}s {line_of(entry)}{_aside(entry)}" for entry in entries]
    if len(lines) <= SHOWN:
        return lines
    half = SHOWN // 2
    return [*lines[:half], f"... {len(lines) - 2 * half} more ...", *lines[-half:]]


def line_of(entry: JournalEntry) -> str:
    """An exchange in a few words."""
    query = f"?{entry.query}" if entry.query else ""
    return f"{entry.upstream} {entry.method} {entry.path}{query} -> {entry.status or 'no answer'}"


def _aside(entry: JournalEntry) -> str:
    status = said_status(entry)
    asides = [*([status.value] if status else []), *(f"fault: {fault}" for fault in entry.faults)]
    return f" ({', '.join(asides)})" if asides else ""


def names(entry: JournalEntry, task_id: str) -> bool:
    """Whether an exchange's target names a task."""
    return task_id in entry.path.split("/") or task_id in entry.query.replace("&", "=").split("=")


def said_status(entry: JournalEntry) -> TaskStatus | None:
    """The status that an answer told, in whichever of its upstream's words; None where it told none that is known."""
    try:
        body: Any = json.loads(entry.response_body)
    except ValueError:
        return None
    inner = body.get("data") if isinstance(body, dict) else None
    told_by = inner if isinstance(inner, dict) else body if isinstance(body, dict) else {}
    word = told_by.get("state") or told_by.get("status")
    return next(
        (known.status for known in get_contract(entry.upstream).status_spellings if known.spelling == word), None
    )
