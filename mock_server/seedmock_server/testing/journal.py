"""Journal of one API key, with assertions that list its exchanges when they fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from seedmock_contracts.enums import ORDERS, Operation, TaskStatus
from seedmock_contracts.lifecycle import TERMINAL

from ..journal import JournalEntry, is_covered
from ..tasks.models import Task
from .accounts import KeyAccount

if TYPE_CHECKING:
    from ..control.activity_models import TaskResponse

MAX_LINES = 40


class AccountJournal:
    """Exchanges of one key, oldest first."""

    def __init__(self, account: KeyAccount) -> None:
        self._account = account

    def __repr__(self) -> str:
        return "\n".join(describe_all(self.exchanges)) or "no exchanges"

    def __len__(self) -> int:
        return len(self.exchanges)

    def __iter__(self) -> Iterator[JournalEntry]:
        return iter(self.exchanges)

    @property
    def exchanges(self) -> list[JournalEntry]:
        """All exchanges; bodies are bytes, and headers that authenticate are redacted."""
        return list(self._account.exchanges())

    @property
    def submissions(self) -> list[JournalEntry]:
        """The orders, accepted or not."""
        return [entry for entry in self.exchanges if entry.operation in ORDERS]

    @property
    def tasks(self) -> Sequence[Task] | Sequence[TaskResponse]:
        """The tasks that were created: records, or what the control API of a shared server shows of them."""
        return self._account.tasks()

    def polls(self, task_id: str) -> list[JournalEntry]:
        """Return the queries of a task."""
        return [entry for entry in self.exchanges if entry.operation == Operation.QUERY and is_about(entry, task_id)]

    def downloads(self, task_id: str) -> list[JournalEntry]:
        """Return the requests for a task's clip, by its content endpoint or its result link, errors included."""
        return [entry for entry in self.exchanges if entry.operation == Operation.CONTENT and is_about(entry, task_id)]

    def forget(self) -> None:
        """Begin anew, as for the next example of a property: delete this test's exchanges, tasks and charges.

        Its draws, and the requests that its rules match, count from 0 again. Rules, credit and the clock remain.
        """
        self._account.forget()

    # --- assertions ---

    def assert_submitted_once(self) -> None:
        """Assert that exactly one order was accepted; rejected ones do not count."""
        __tracebackhide__ = True
        if len(self.tasks) != 1:
            ids = ", ".join(task.id for task in self.tasks) or "none"
            self._fail(f"expected one task, found {len(self.tasks)}: {ids}")

    def assert_polls(self, *, at_most: int | None = None, at_least: int | None = None) -> None:
        """Assert how often each task was queried."""
        __tracebackhide__ = True
        if at_most is None and at_least is None:
            raise TypeError("assert_polls needs at_most=, at_least= or both")
        for task in self._tasks_or_fail():
            count = len(self.polls(task.id))
            if at_most is not None and count > at_most:
                self._fail(f"expected at most {at_most} polls of {task.id}, found {count}")
            if at_least is not None and count < at_least:
                self._fail(f"expected at least {at_least} polls of {task.id}, found {count}")

    def assert_never_polled_after_end(self) -> None:
        """Assert that no task was queried again after a response with a terminal status."""
        __tracebackhide__ = True
        for task in self._tasks_or_fail():
            polls = self.polls(task.id)
            ends = [number for number, entry in enumerate(polls) if _task_status(entry) in TERMINAL]
            if ends and ends[0] + 1 < len(polls):
                status, more = _task_status(polls[ends[0]]), len(polls) - ends[0] - 1
                self._fail(f"expected no poll of {task.id} after it was {status}, found {more}", polls)

    def assert_downloaded(self) -> None:
        """Assert that a task has succeeded, and that the clip of each such task was downloaded completely."""
        __tracebackhide__ = True
        self._tasks_or_fail()
        states = self._account.statuses()
        successes = [task_id for task_id, status in states.items() if status is TaskStatus.SUCCESS]
        if not successes:
            listed = ", ".join(f"{task_id} is {status}" for task_id, status in states.items())
            self._fail(f"expected a download, but no task has succeeded: {listed}")
        for task_id in successes:
            entries = self.downloads(task_id)
            if not is_covered(entry.download for entry in entries if entry.download is not None):
                listed = "; ".join(map(_describe_download, entries)) or "no download"
                self._fail(f"expected a complete download of the clip of {task_id}, found: {listed}")

    def assert_no_violations(self, *, strict: bool = False) -> None:
        """Assert that no request broke the contract, and that no accepted order carried a reference that is not used.

        `strict` counts unknown fields and advice too.
        """
        __tracebackhide__ = True
        violations = [
            f"{describe(entry)}: {violation.message}" + (f" ({violation.fact})" if violation.fact else "")
            for entry in self.exchanges
            for violation in entry.violations
            if strict or not violation.advice
        ]
        if violations:
            self._fail("\n  ".join([f"expected no contract violation, found {len(violations)}:", *violations]))

    def _tasks_or_fail(self) -> Sequence[Task] | Sequence[TaskResponse]:
        __tracebackhide__ = True
        tasks = self.tasks
        if not tasks:
            self._fail("expected a task, found none")
        return tasks

    def _fail(self, message: str, entries: Iterable[JournalEntry] | None = None) -> NoReturn:
        __tracebackhide__ = True
        lines = describe_all(self.exchanges if entries is None else list(entries))
        listing = "\n  ".join(["exchanges:", *lines]) if lines else "no exchanges with this test's key"
        raise AssertionError(f"{message}\n{listing}")


def describe_all(entries: list[JournalEntry]) -> list[str]:
    """Describe exchanges, with their time since the first; of too many, the first and the last."""
    if not entries:
        return []
    start = entries[0].at
    lines = [f"+{entry.at - start:.1f}s {describe(entry)}{_remarks(entry)}" for entry in entries]
    if len(lines) <= MAX_LINES:
        return lines
    half = MAX_LINES // 2
    return [*lines[:half], f"... {len(lines) - 2 * half} more ...", *lines[-half:]]


def describe(entry: JournalEntry) -> str:
    """Describe an exchange in a few words."""
    query = f"?{entry.query}" if entry.query else ""
    return f"{entry.upstream} {entry.method} {entry.path}{query} -> {entry.status or 'no response'}"


def _describe_download(entry: JournalEntry) -> str:
    part = entry.download
    sent = "" if part is None else f", {part.sent} of {part.size} bytes" + (f" from {part.start} on" * (part.start > 0))
    return f"{entry.status or 'no response'}{sent}"


def _task_status(entry: JournalEntry) -> TaskStatus | None:
    from ..control.journal import task_status  # with the control API, which few tests need

    return task_status(entry)


def _remarks(entry: JournalEntry) -> str:
    status = _task_status(entry)
    remarks = [*([status.value] if status else []), *(f"fault: {fault}" for fault in entry.faults)]
    return f" ({', '.join(remarks)})" if remarks else ""


def is_about(entry: JournalEntry, task_id: str) -> bool:
    """Tell whether the path or the query of a request has a task's id."""
    return task_id in entry.path.split("/") or task_id in entry.query.replace("&", "=").split("=")
