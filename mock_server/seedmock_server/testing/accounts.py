"""One API key of an emulator, as the handles of a test read and change it: `LocalAccount` is one of this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from seedmock_contracts.enums import TaskStatus

from ..billing.statement import Statement
from ..clock import Clock
from ..errors import SeedmockServerError
from ..http.coroutines import run_now
from ..journal import JournalEntry, JournalFilter
from ..matching.syntax import parse_duration
from ..tasks.models import Task
from ..tasks.timeline import NEVER

# The control API is imported on first use: few tests need it.
if TYPE_CHECKING:
    from ..control.activity_models import TaskResponse
    from ..control.context import ControlContext

URL_VARIABLE = "SEEDMOCK_URL"
NOTHING_DUE = "nothing is due: no task, asset or callback of this test changes any more"


class SharedServerError(SeedmockServerError):
    """Tests cannot use the server that SEEDMOCK_URL names; the message says why, and what to do."""


class KeyAccount(Protocol):
    """One key of an emulator. Times are seconds since the epoch, by the key's own clock."""

    name: str

    def exchanges(self) -> Sequence[JournalEntry]:
        """Return all exchanges, those included whose response has just arrived."""
        ...

    def tasks(self) -> Sequence[Task] | Sequence[TaskResponse]: ...

    def statuses(self) -> Mapping[str, TaskStatus]:
        """Return the status of each task by its id."""
        ...

    def statement(self) -> Statement: ...

    def grant(self, upstream: str | None, credit: Decimal) -> None:
        """Set the credit at an upstream, or at each. Raises ValueError."""
        ...

    def forget(self) -> None:
        """Delete exchanges, tasks and charges, and count anew."""
        ...

    def reset(self) -> None:
        """Delete all state of the key."""
        ...

    def reading(self) -> tuple[float, float]:
        """Return the time and the rate."""
        ...

    def advance(self, by: float | str) -> float:
        """Advance the clock; return the new time. Raises ValueError, as those below do."""
        ...

    def set_time(self, at: float) -> float: ...

    def set_rate(self, rate: float) -> None: ...

    def freeze_at(self, at: float) -> None: ...

    def advance_to_next(self) -> float:
        """Advance to the next event; return the new time. Raises ValueError when nothing is due."""
        ...


class LocalAccount:
    """A key of an emulator in this process, which is read without a request."""

    def __init__(self, context: ControlContext, settle: Callable[[], None], name: str) -> None:
        """`settle` waits for the emulator to have logged what was answered."""
        self.name = name
        self._context, self._settle = context, settle

    def exchanges(self) -> Sequence[JournalEntry]:
        self._settle()
        return [entry for _, entry in run_now(self._context.journal.read(JournalFilter(account=self.name)))]

    def tasks(self) -> Sequence[Task]:
        return list(run_now(self._context.store.tasks(self.name)))

    def statuses(self) -> Mapping[str, TaskStatus]:
        return {task.id: self._context.engine.state(task).status for task in self.tasks()}

    def statement(self) -> Statement:
        return run_now(self._context.engine.ledger.statement(self.name))

    def grant(self, upstream: str | None, credit: Decimal) -> None:
        self._change(lambda: self._context.engine.ledger.grant(self.name, upstream, credit))

    def forget(self) -> None:
        self._change(lambda: self._context.checkpoint.forget(self.name))

    def reset(self) -> None:
        self._change(lambda: self._context.checkpoint.reset(self.name))

    def _change(self, apply: Callable[[], Awaitable[None] | None], part: str = "", key: str = "") -> None:
        # As over HTTP: an emulator in process may share a store with others, which must learn of the change.
        run_now(self._context.steering.change(apply, part, key))

    def _change_clock(self, apply: Callable[[], None]) -> None:
        self._change(apply, "clocks", self.name)

    @property
    def _clock(self) -> Clock:
        return self._context.clocks.fork_for(self.name)

    def reading(self) -> tuple[float, float]:
        return self._clock.now(), self._clock.rate

    def advance(self, by: float | str) -> float:
        seconds = parse_duration(by, "advance")
        self._change_clock(lambda: self._clock.advance(seconds))
        return self._clock.now()

    def set_time(self, at: float) -> float:
        self._change_clock(lambda: self._clock.set(at))
        return self._clock.now()

    def set_rate(self, rate: float) -> None:
        self._change_clock(lambda: self._clock.set_rate(rate))

    def freeze_at(self, at: float) -> None:
        self._change_clock(lambda: self._clock.restore(at, 0.0))

    def advance_to_next(self) -> float:
        from ..control.clock import next_due_at

        due = run_now(next_due_at(self._context, self.name))
        if due == NEVER:
            raise ValueError(NOTHING_DUE)
        self._change_clock(lambda: self._clock.advance(max(0.0, due - self._clock.now())))
        return self._clock.now()
