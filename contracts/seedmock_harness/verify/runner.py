"""Makes the steps of a verification, one after the other, and knows when to stop.

Says nothing to people and writes no report: it is watched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import Fact

from ..conversation.history import Interaction
from ..driver.client import CheckedInteraction, Driver, Step, UnexpectedTask
from ..driver.http_transport import NoResponse
from ..probes.paid_steps import PaidOptions, priced_sizes
from ..probes.task_flows import TaskNotFinished
from ..results.checks import CheckResult, Severity, failed
from . import preflight as doorstep
from .order_log import UnreadableOrderLog
from .paid_transport import OrderingStopped, OrderOutcomeUnknown, PaidTransport
from .results import Observation, ResultSet

SILENCES = 2
"""Steps in a row that may go without an answer before the rest is given up."""


class Watcher(Protocol):
    """Is told what happens, while it happens."""

    def step(self, name: str, number: int, of: int, spent: Decimal) -> None:
        """A step begins."""

    def exchange(self, exchange: Exchange) -> None:
        """A request was answered."""


class Stop(Exception):
    """No further step is made; the text says why, in one sentence."""


@dataclass
class Runner:
    """Makes steps on one target. What it saw is in `gathered`; `trouble` says what was in the way."""

    contract: Contract
    till: PaidTransport
    watcher: Watcher
    gathered: ResultSet = field(default_factory=ResultSet)
    trouble: str = ""
    ended: bool = True
    """Whether every task came to its end: if not, another run can go on with it."""
    made: list[str] = field(default_factory=list)
    missed: dict[str, str] = field(default_factory=dict)
    """Steps that were begun and could not be made, and why."""
    sights: list[Observation] = field(default_factory=list)

    def __post_init__(self) -> None:
        target = self.till.target
        self.speaker = Driver(self.contract, self.till.send, target.keys, self.till.now, target.sleep, self._hear)
        self._step = doorstep.STEP
        self._silent = 0

    def run(self, free: Sequence[Step], paid: Sequence[Step]) -> None:
        """The free steps, then the paid ones; each that shows something red once more."""
        try:
            self._knock()
            for number, (step, pays) in enumerate(_marked(free, paid), 1):
                self.watcher.step(step.name, number, len(free) + len(paid), self.till.budget.spent)
                self._make(step, pays)
        except Stop as stop:
            self.trouble = self.trouble or str(stop)
        except UnreadableOrderLog as error:
            self.ended, self.trouble = False, str(error)
        except KeyboardInterrupt:
            self.ended, self.trouble = False, "interrupted"

    def _knock(self) -> None:
        self._attempt(doorstep.STEP, pays=False)
        if self._silent:
            raise Stop(self.missed[doorstep.STEP.name])
        why = doorstep.trouble(self.speaker.history.interactions)
        if why:
            self.gathered = ResultSet()
            raise Stop(why)
        self._look_again(doorstep.STEP, pays=False)

    def _make(self, step: Step, pays: bool) -> None:
        if pays and self.till.book.run.order(step.name, 0) is None and not self.till.budget.affords(step.price):
            return
        self._attempt(step, pays)
        if step.name not in self.missed:
            self.made.append(step.name)
            self._look_again(step, pays)
        elif self._silent >= SILENCES:
            raise Stop(self.missed[step.name])

    def _attempt(self, step: Step, pays: bool) -> None:
        """Make a step once; what it yields belongs to its latest exchange."""
        self._step, self.speaker.allow_orders = step, pays
        if pays:
            self.till.begin(step)
        try:
            for look in step.run(self.speaker):
                self._add(step.name, look, self.speaker.current.exchange)
        except NoResponse as error:
            self._silent += 1
            self._miss(step, str(error), goes_on=pays)
            return
        except UnexpectedTask as made:
            self._unwanted(made.interaction)
        except OrderOutcomeUnknown as error:
            self._miss(step, str(error))
        except TaskNotFinished as error:
            self._miss(step, str(error), goes_on=True)
        except OrderingStopped as error:
            self._miss(step, str(error), goes_on=True)
            raise Stop(str(error)) from error
        except (UnreadableOrderLog, Stop):
            raise
        except Exception as error:  # whatever a stranger answers, the tasks that are paid for must be named
            self._miss(step, f"step {step.name} broke off: {type(error).__name__}: {error}", goes_on=pays)
        finally:
            self.till.end()
        self._silent = 0

    def _miss(self, step: Step, why: str, goes_on: bool = False) -> None:
        """A step could not be made; whether another run shall go on with this one."""
        self.ended = self.ended and not goes_on
        self.missed[step.name] = why
        self.trouble = self.trouble or why

    def _look_again(self, step: Step, pays: bool) -> None:
        """Make a step once more that showed something red, if the money allows it."""
        red = self.gathered.red(step.name)
        if not red or (pays and not self.till.budget.affords(step.price)):
            return
        before, self.gathered = self.gathered, ResultSet()
        trouble = self.trouble
        try:
            self._attempt(step, pays)
        except Stop:
            before.broken.update(self.gathered.broken)
            raise
        finally:
            second, self.gathered = self.gathered, before
        if self.missed.pop(step.name, None) is not None:
            self.trouble = trouble
        self.gathered.confirm(second, red)

    def _hear(self, judged: CheckedInteraction) -> None:
        self.watcher.exchange(judged.interaction.exchange)
        if self.till.resumed and judged.interaction.operation is Operation.BALANCE:
            return  # between two balances of this run lies nothing of what the interrupted one has paid
        for check, look in judged.results:
            self._add(check, look, judged.interaction.exchange)

    def _add(self, check: str, look: CheckResult, exchange: Exchange) -> None:
        sight = Observation(self._step.name, check, look, exchange)
        self.sights.append(sight)
        self.gathered.add(sight)

    def _unwanted(self, turn: Interaction) -> None:
        """A question that must cost nothing was taken as an order: the worst that can be found, and the last."""
        price = dearest(self.contract)
        self.till.tasks.append(turn.created_id or "")
        self.till.budget.spend(price)
        order = self.till.book.ordering(self._step.name, price, self.till.target.now())
        self.till.book.answered(order, self.till.target.now(), turn.created_id or "", None, refused=False)
        cost = f"{price} {self.till.target.currency}"
        title = f"task {turn.created_id} was made by a question that must be refused; it may cost up to {cost}"
        look = failed(_fact(turn), title, "a refusal, and no task", f"task {turn.created_id}", Severity.BREAKING)
        self._add("nothing_is_made_unasked", look, turn.exchange)
        raise Stop(title)


def dearest(contract: Contract) -> Decimal:
    """The most that an order can cost whose terms are not known."""
    return max(row.price for row in priced_sizes(contract, PaidOptions()))


def _fact(turn: Interaction) -> Fact:
    """What should have kept a task from being made: a rule that was broken, else the endpoint."""
    if turn.violations:
        return turn.violations[0].fact
    if turn.exchange.caller != "first":
        return turn.contract.fact(f"{turn.contract.name}.auth")
    return next(endpoint for endpoint in turn.contract.endpoints if endpoint.operation is Operation.CREATE)


def _marked(free: Iterable[Step], paid: Iterable[Step]) -> Iterator[tuple[Step, bool]]:
    yield from ((step, False) for step in free)
    yield from ((step, True) for step in paid)
