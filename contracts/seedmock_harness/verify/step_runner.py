"""Run the steps of a verification one after another, and decide when to stop.

Prints nothing and writes no report: an observer is notified of each step and exchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import BILLABLE, Operation
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import Fact
from seedmock_contracts.pricing import asset_fee

from ..checks.error_responses import shorten_response
from ..conversation.history import Interaction
from ..driver.client import CheckedInteraction, Driver, Step, UnexpectedTask
from ..driver.http_transport import NoResponse
from ..errors import HarnessError
from ..probes.paid_options import PaidOptions, priced_sizes
from ..probes.task_flows import TaskNotFinished
from ..results.checks import CheckResult, Severity, failed
from .expected_responses import ResponseKind, UnexpectedResponse, expected_kinds, unexpected_responses
from .order_log import OrderLogError
from .paid_transport import OrderingStopped, OrderOutcomeUnknown, PaidTransport
from .preflight import PREFLIGHT, preflight_problem
from .results import Observation, ResultSet

# One may be due to its own request; at a target that is down, each further step would cost its timeouts.
MAX_SILENT_STEPS = 2
"""Consecutive steps without any response after which the run stops."""


class VerificationObserver(Protocol):
    """Receives the progress of a verification."""

    def step(self, name: str, number: int, of: int, spent: Decimal) -> None:
        """A step starts; `number` counts from 1."""

    def exchange(self, exchange: Exchange) -> None:
        """A response arrived."""


class StopVerification(HarnessError):
    """No further step can be run; the message says why in one sentence."""


@dataclass
class StepRunner:
    """Runs steps against one target. `problem` is the first thing that prevented a check."""

    contract: Contract
    transport: PaidTransport
    observer: VerificationObserver
    results: ResultSet = field(default_factory=ResultSet)
    problem: str = ""
    finished: bool = True
    """False if a resumed run could still complete a step, such as a task that has not ended."""
    completed: list[str] = field(default_factory=list)
    incomplete: dict[str, str] = field(default_factory=dict)
    """Steps that could not be completed, and the reason."""
    observations: list[Observation] = field(default_factory=list)
    unexpected: dict[str, list[UnexpectedResponse]] = field(default_factory=dict)
    """By step, the responses that kept facts from being looked at."""

    def __post_init__(self) -> None:
        target = self.transport.target
        self.driver = Driver(
            self.contract, self.transport.send, target.keys, self.transport.now, target.sleep, self._add_checked
        )
        self._step = PREFLIGHT
        self._silent_steps = 0
        self._responses: list[tuple[Interaction, frozenset[ResponseKind]]] = []
        """Interactions of the current step with the kinds of responses that were expected when they were made."""
        self._contingency_spent = False
        """A contingent step has cost an order: the others are left out, so that they cost one together."""

    def run(self, free: Sequence[Step], paid: Sequence[Step]) -> None:
        """Run the preflight, the free steps, then the paid ones; a step with a failure is repeated once."""
        try:
            self._preflight()
            for number, (step, billable) in enumerate(_with_billable(free, paid), 1):
                self.observer.step(step.name, number, len(free) + len(paid), self.transport.budget.spent)
                self._run_step(step, billable)
        except StopVerification as stop:
            self.problem = self.problem or str(stop)
        except OrderLogError as error:
            self.finished, self.problem = False, str(error)
        except KeyboardInterrupt:
            self.finished, self.problem = False, "interrupted"

    def _preflight(self) -> None:
        self._attempt(PREFLIGHT, billable=False)
        if self._silent_steps:
            raise StopVerification(self.incomplete[PREFLIGHT.name])
        problem = preflight_problem(self.driver.history.interactions)
        if problem:
            # Results about another API, or about one that serves nothing, would be findings about no fact.
            self.results = ResultSet()
            self.unexpected.clear()
            raise StopVerification(problem)
        self._repeat_on_failure(PREFLIGHT, billable=False)

    def _run_step(self, step: Step, billable: bool) -> None:
        if billable and not self._is_logged(step) and not self.transport.budget.allows(step.price):
            return
        if step.contingent and self._contingency_spent:
            return
        spent = self.transport.budget.spent
        self._attempt(step, billable)
        has_cost_an_order = step.contingent and self.transport.budget.spent > spent
        self._contingency_spent = self._contingency_spent or has_cost_an_order
        if step.name not in self.incomplete:
            if not billable or step.contingent or self._responses:
                self.completed.append(step.name)
            if not has_cost_an_order:  # an accepted order is no flake, and would be paid again
                self._repeat_on_failure(step, billable)
        elif self._silent_steps >= MAX_SILENT_STEPS:
            raise StopVerification(self.incomplete[step.name])

    def _is_logged(self, step: Step) -> bool:
        return self.transport.order_log.run.order(step.name, 0) is not None

    def _attempt(self, step: Step, billable: bool) -> None:
        """Run a step once; each result that it yields is about its latest interaction."""
        self._step, self.driver.allow_orders = step, billable
        if billable:
            self.transport.begin(step)
        try:
            self._take(step, billable)
        except NoResponse as error:
            self._silent_steps += 1
            self._mark_incomplete(step, str(error), resumable=billable)
            return
        except UnexpectedTask as error:
            self._report_unexpected_task(error.interaction)
        except OrderOutcomeUnknown as error:
            self._mark_incomplete(step, str(error))
        except TaskNotFinished as error:
            self._mark_incomplete(step, str(error), resumable=True)
        except OrderingStopped as error:
            self._mark_incomplete(step, str(error), resumable=True)
            raise StopVerification(str(error)) from error
        except (OrderLogError, StopVerification):
            raise
        except Exception as error:  # a malformed response must not lose the ids of tasks that are paid for
            reason = f"step {step.name} failed: {type(error).__name__}: {error}"
            self._mark_incomplete(step, reason, resumable=billable)
        finally:
            self.transport.end()
        self._silent_steps = 0

    def _mark_incomplete(self, step: Step, reason: str, resumable: bool = False) -> None:
        self.finished = self.finished and not resumable
        self.incomplete[step.name] = reason
        self.problem = self.problem or reason

    def _take(self, step: Step, billable: bool) -> None:
        """Take a step to its end, and judge the responses as a whole."""
        self._responses.clear()
        for result in step.run(self.driver):
            self._add(step.name, result, self.driver.current.exchange)
        self._judge_responses(step, billable)

    def _judge_responses(self, step: Step, billable: bool) -> None:
        """Note the responses that kept facts from being looked at. An order with an unknown outcome ends the step."""
        entries = list(unexpected_responses(step.name, self._responses))
        lost = [entry for entry in entries if billable and entry.is_lost_order]
        self.unexpected[step.name] = [entry for entry in entries if entry not in lost]
        for entry in lost:
            self._mark_incomplete(step, f"step {step.name} could not look: {entry.name} got {entry.observed}")
        if billable and step.must_order and not (entries or self.results.failures_of(step.name)):
            self._check_ordered(step)

    def _check_ordered(self, step: Step) -> None:
        """An order that is refused for a reason that is not in the request keeps its step from looking at anything."""
        orders = [interaction for interaction, _ in self._responses if interaction.operation in BILLABLE]
        if orders and all(order.created_id is None for order in orders):
            observed = shorten_response(orders[0])
            self._mark_incomplete(step, f"step {step.name} could not look: its order was refused with {observed}")

    def _repeat_on_failure(self, step: Step, billable: bool) -> None:
        """Repeat a step that failed, if the budget allows: a finding that does not reappear is a flake.

        The repetition also shows what unexpected responses kept from being looked at before.
        """
        failures, unexpected = self.results.failures_of(step.name), self.unexpected.get(step.name, [])
        if not (failures or unexpected) or (billable and not self.transport.budget.allows(step.price)):
            return
        first, self.results = self.results, ResultSet()
        problem = self.problem
        try:
            self._attempt(step, billable)
        except StopVerification:
            first.failed.update(self.results.failed)
            raise
        finally:
            repetition, self.results = self.results, first
        if self.incomplete.pop(step.name, None) is not None:
            self.problem = problem
        self.results.confirm(repetition, failures)
        if unexpected:
            self.results.add_missing(repetition)
            again = {entry.cause for entry in self.unexpected.get(step.name, ())}
            self.unexpected[step.name] = [entry for entry in unexpected if entry.cause in again]

    def _add_checked(self, checked: CheckedInteraction) -> None:
        self.observer.exchange(checked.interaction.exchange)
        self._responses.append((checked.interaction, expected_kinds(checked.interaction)))
        if self.transport.resumed and checked.interaction.operation is Operation.BALANCE:
            return  # orders answered from the log were charged before this run: its balances do not add up
        for check, result in checked.results:
            self._add(check, result, checked.interaction.exchange)

    def _add(self, check: str, result: CheckResult, exchange: Exchange) -> None:
        observation = Observation(self._step.name, check, result, exchange)
        self.observations.append(observation)
        self.results.add(observation)

    def _report_unexpected_task(self, interaction: Interaction) -> None:
        """Report a request that should have been rejected and created a task; stop, since it may be charged."""
        price, task = highest_price(self.contract, interaction.operation), interaction.created_id
        self.transport.tasks.append(task or "")
        # Spent and logged before the run stops: a resumed one must not take the money for unspent.
        self.transport.budget.spend(price)
        log, now = self.transport.order_log, self.transport.target.now
        log.log_outcome(log.log_order(self._step.name, price, now()), now(), task or "", None, rejected=False)
        cost = f"{price} {self.transport.target.currency}"
        kind = "asset" if interaction.operation is Operation.ASSET_CREATE else "task"
        title = f"{kind} {task} was created by a request that must be rejected; it may cost up to {cost}"
        fact = _violated_fact(interaction)
        result = failed(fact, title, f"an error, and no {kind}", f"{kind} {task}", Severity.BREAKING)
        self._add("no_unexpected_task", result, interaction.exchange)
        raise StopVerification(title)


def highest_price(contract: Contract, operation: Operation | None) -> Decimal:
    """Return the price in USD that an asset, or an order of unknown size and model, costs at most."""
    if operation is Operation.ASSET_CREATE:
        return asset_fee(contract.name).value
    return max(row.price for row in priced_sizes(contract, PaidOptions()))


def _violated_fact(interaction: Interaction) -> Fact:
    """Return the fact that should have prevented a task: a broken rule, the authentication, or the endpoint."""
    contract = interaction.contract
    if interaction.violations:
        return interaction.violations[0].fact
    if interaction.exchange.caller != "first":
        return contract.own_fact("auth")
    return next(endpoint for endpoint in contract.endpoints if endpoint.operation is Operation.CREATE)


def _with_billable(free: Iterable[Step], paid: Iterable[Step]) -> Iterator[tuple[Step, bool]]:
    yield from ((step, False) for step in free)
    yield from ((step, True) for step in paid)
