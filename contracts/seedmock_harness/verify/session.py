"""Run one verification from its plan to its verdict: steps, budget, findings, and the emulator's values beside them.

Knows no command line: progress goes to an observer, and the result is returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, product

from msgspec import Struct
from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import Variants
from seedmock_server.clock import Clock

from ..driver.client import Step
from ..errors import HarnessError
from ..probes.free_steps import free_steps
from ..probes.paid_options import HOSTED_MEDIA, PaidOptions, inline_media
from ..probes.paid_steps import paid_steps
from ..recordings.model import BASIS_HEADER
from ..recordings.source import Source, source_of
from ..results.not_checkable import facts_that_need, not_checkable, unreachable_facts
from ..results.verification import FactResult, FactStatus, Finding, Verification, VerificationVerdict
from .budget import Budget, price_of
from .order_log import LoggedRun, OrderLog, fingerprint
from .paid_transport import PaidTransport, describe_unresolved
from .prevented_looks import name_some, prevented_looks
from .results import Observation, ResultSet, confirmed_assumptions, fact_results, findings, observed_values
from .step_runner import StepRunner, VerificationObserver
from .target import Target, emulator_target

# Each is a run of all steps at an emulator; two open variants with two options each make four.
MAX_COMBINATIONS = 4
"""Combinations of options that are tried where a target's answers leave several possible."""
STEP_GROUPS = ("free", "paid", "minimal")


class UnknownStep(HarnessError, ValueError):
    """A name that is neither a step nor a group; the message lists the available ones."""


class VerificationPlan(Struct, frozen=True):
    """The steps to run; `price` is the cost in USD of the paid ones at most."""

    contract: Contract
    free: tuple[Step, ...]
    paid: tuple[Step, ...]
    options: PaidOptions = PaidOptions()
    is_whole: bool = False
    """True if no step was left out on request."""

    @property
    def price(self) -> Decimal:
        return price_of(self.paid)

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.free, *self.paid)


def plan_steps(contract: Contract, options: PaidOptions, only: Sequence[str] = ()) -> VerificationPlan:
    """Return all steps, or those selected by name or group. Raises UnknownStep."""
    plan = VerificationPlan(contract, free_steps(contract), paid_steps(contract, options), options, is_whole=True)
    names = [step.name for step in plan.steps]
    for name in only:
        if name not in (*names, *STEP_GROUPS):
            raise UnknownStep(f"unknown step {name!r}; available: {', '.join((*STEP_GROUPS, *names))}")
    if not only:
        return plan
    return VerificationPlan(
        contract,
        tuple(step for step in plan.free if _is_selected(step, "free", only)),
        tuple(step for step in plan.paid if _is_selected(step, "paid", only)),
        options,
    )


def _is_selected(step: Step, group: str, only: Sequence[str]) -> bool:
    return step.name in only or group in only or (step.minimal and "minimal" in only)


def paid_options_for(target: Target, *, token_price: Decimal | None = None, deep: bool = False) -> PaidOptions:
    """Return the options of paid steps: an emulator accepts any media URL, a live service must be able to load it."""
    media = HOSTED_MEDIA if target.is_own_emulator else inline_media()
    return PaidOptions(media, token_price, deep, own_clock=target.has_manual_clock)


@dataclass
class Session:
    """A verification of one target, to be run once."""

    target: Target
    plan: VerificationPlan
    budget: Budget
    order_log: OrderLog
    observer: VerificationObserver
    resumed: LoggedRun | None = None

    @classmethod
    def create(
        cls,
        target: Target,
        plan: VerificationPlan,
        limit: Decimal | None,
        order_log: OrderLog,
        observer: VerificationObserver,
    ) -> Session:
        """Create a session that resumes the interrupted run of the order log, if there is one."""
        resumed = None if target.is_own_emulator else order_log.interrupted_run(target.now())
        budget = Budget(limit, resumed.spent if resumed else Decimal(0))
        return cls(target, plan, budget, order_log, observer, resumed)

    @property
    def affordable_steps(self) -> tuple[Step, ...]:
        """The paid steps within the budget, with those that the resumed run has paid for."""
        paid_before = self._paid_before
        within_budget = self.budget.affordable(step for step in self.plan.paid if step.name not in paid_before)
        return tuple(step for step in self.plan.paid if step.name in paid_before or step in within_budget)

    @property
    def quote(self) -> Decimal:
        """Upper bound in USD of what this run will order."""
        return price_of(step for step in self.affordable_steps if step.name not in self._paid_before)

    @property
    def _paid_before(self) -> set[str]:
        return self.resumed.paid_steps if self.resumed else set()

    def run(self) -> Verification:
        """Run the steps and return the result. Raises OrderLogError."""
        clock, started_at = Clock(), self.target.now()
        try:
            return self._run(clock, started_at)
        finally:
            self.order_log.close()

    def _run(self, clock: Clock, started_at: float) -> Verification:
        at = clock.now()
        self.order_log.start_run(started_at, self.resumed)
        transport = PaidTransport(self.plan.contract, self.target, self.budget, self.order_log)
        transport.unresolved_orders += [
            describe_unresolved(order, "the run was interrupted", self.target.currency)
            for order in self.order_log.run.orders
            if order.outcome_unknown
        ]
        runner = StepRunner(self.plan.contract, transport, self.observer)
        runner.run(self.plan.free, self.affordable_steps)
        verification = self._verification(runner, at)
        if runner.finished:
            self.order_log.finish_run(self.target.now(), verification.verdict)
        return replace(verification, seconds=clock.now() - at)

    def _verification(self, runner: StepRunner, at: float) -> Verification:
        results, transport = runner.results, runner.transport
        emulated = self._emulated(runner)
        self._report_unexpected(runner, emulated)
        reasons = {} if runner.problem else self._allowed_reasons()
        facts = tuple(fact_results(self.plan.contract, results, self._unchecked_reason(runner), reasons))
        checked = bool(runner.completed) and any(fact.status is not FactStatus.NOT_CHECKED for fact in facts)
        problem = runner.problem or (self._overlooked(runner, facts) if checked else self._nothing_checked())
        return Verification(
            contract=self.plan.contract,
            target=self.target.name,
            started_at=at,
            verdict=_verdict(results.has_drift(), problem),
            spent=self.budget.spent,
            facts=facts,
            findings=self._findings(runner, emulated),
            history=runner.driver.history,
            problem=problem,
            tasks=tuple(dict.fromkeys(task for task in transport.tasks if task)),
            unresolved_orders=tuple(dict.fromkeys(transport.unresolved_orders)),
            confirmed_assumptions=tuple(confirmed_assumptions(results, at)) if self._is_live(runner) else (),
            steps=tuple(runner.completed),
            resumable=not runner.finished and bool(self.order_log.run.orders) and not self.target.is_own_emulator,
            play_money=self.target.is_own_emulator,
        )

    def _emulated(self, runner: StepRunner) -> tuple[Observation, ...]:
        """Return what the checks observe at an emulator in the steps that found something or were prevented."""
        steps = {observation.step for observation in runner.results.failed.values()}
        steps = set() if self.target.is_own_emulator else steps
        steps |= {step for step, entries in runner.unexpected.items() if entries}
        return emulated_observations(self.plan, steps) if steps else ()

    def _report_unexpected(self, runner: StepRunner, emulated: Sequence[Observation]) -> None:
        """Add what unexpected responses prevented to the results, or to the problem if it is no drift."""
        looks = list(prevented_looks(runner.unexpected, emulated, runner.results))
        blind = (row for row in looks if row.is_unavailable or row.response.fact.basis is Basis.ASSUMED)
        runner.problem = runner.problem or next((row.sentence for row in blind), "")
        for prevented in looks:
            if not prevented.is_unavailable:
                runner.results.add(prevented.observation())

    def _findings(self, runner: StepRunner, emulated: Sequence[Observation]) -> tuple[Finding, ...]:
        values = {} if self.target.is_own_emulator else observed_values(emulated)
        return tuple(findings(runner.results, values, self.target.absolute_url))

    def _is_live(self, runner: StepRunner) -> bool:
        """Return True if the target is a live service: nothing else can confirm an assumption."""
        # An emulator labels what it assumes, whatever its address is.
        labelled = any(BASIS_HEADER in interaction.headers for interaction in runner.driver.history.interactions)
        return source_of(self.plan.contract, self.target.name, self.target.is_emulator or labelled) is Source.LIVE

    def _unchecked_reason(self, runner: StepRunner) -> str:
        if runner.problem:
            return f"not checked: {runner.problem}"
        unpaid = [step for step in self.plan.paid if step.name not in runner.completed]
        if unpaid:
            price = price_of(unpaid)
            return f"not checked: {len(unpaid)} steps are beyond the budget (--budget {price} more)"
        if "second" not in self.target.keys:
            return "not checked: no completed step checks it (isolation needs --second-api-key)"
        return "not checked: no completed step checks it"

    def _allowed_reasons(self) -> dict[str, str]:
        """Return why some facts cannot be looked at by this run, by their ids."""
        missing = [] if "second" in self.target.keys else ["second_key"]
        missing += [] if self.plan.options.deep else ["deep"]
        missing += [] if self.plan.options.own_clock else ["clock"]
        missing += [] if self.plan.options.media.video else ["video"]
        name = self.plan.contract.name
        reasons = unreachable_facts(name)
        for need in missing:
            reasons |= facts_that_need(name, need)
        return {id_: f"not checked: {reason}" for id_, reason in reasons.items()}

    def _overlooked(self, runner: StepRunner, facts: Sequence[FactResult]) -> str:
        """Return in one sentence which documented facts a whole run did not see; empty if it saw all that it can.

        Nothing is expected of an upstream that does not list its facts that cannot be checked.
        """
        is_whole = self.budget.limit is None and self.plan.is_whole and bool(not_checkable(self.plan.contract.name))
        unseen = [fact.fact for fact in facts if fact.status is FactStatus.NOT_CHECKED]
        ids = [fact.id for fact in unseen if fact.basis is not Basis.ASSUMED and fact.id not in self._allowed_reasons()]
        if not is_whole or not ids:
            return ""
        left_out = [step.name for step in self.plan.paid if step.contingent and step.name not in runner.completed]
        hidden = hidden_facts(self.plan, left_out, runner.results)
        ids = [id_ for id_ in ids if id_ not in hidden]
        number = f"{len(ids)} documented or observed facts"
        return f"no response shows {number}, though every step ran: {name_some(ids)}" if ids else ""

    def _nothing_checked(self) -> str:
        if self.plan.paid and not self.plan.free:
            return f"nothing was checked: the steps cost {self.plan.price} {self.target.currency}; set --budget"
        return "nothing was checked: no response was conclusive"


def _verdict(has_drift: bool, problem: str) -> VerificationVerdict:
    # A contradiction is one, whatever else could not be looked at.
    if has_drift:
        return VerificationVerdict.DRIFTED
    return VerificationVerdict.INCONCLUSIVE if problem else VerificationVerdict.CONFORMS


def hidden_facts(plan: VerificationPlan, left_out: Sequence[str], results: ResultSet) -> set[str]:
    """Return the ids of facts that a conforming target hides, given what this one has shown.

    Under another option of a variant some facts do not occur, and after a contingent step that cost an order the
    others are left out. An emulator with the same options is asked in the same steps: what it does not show is hidden.
    """
    shown = {key[1]: entry.result for key, entry in results.failed.items() if isinstance(entry.result.fact, Variants)}
    choices = {id_: result.observed.split(" or ") for id_, result in shown.items()}
    steps = [step.name for step in plan.steps if step.name not in left_out]
    hidden: set[str] = set()
    for combination in islice(product(*choices.values()), MAX_COMBINATIONS if choices or left_out else 0):
        options = {id_: text for id_, text in zip(choices, combination, strict=True) if _is_option(plan, id_, text)}
        observed = {entry.result.fact.id for entry in emulated_observations(plan, steps, options)}
        hidden |= {fact.id for fact in plan.contract.facts()} - observed
    return hidden


def _is_option(plan: VerificationPlan, id_: str, option: str) -> bool:
    return any(variant.id == id_ and option in variant.options for variant in plan.contract.variants)


class NullObserver:
    """Observer that ignores everything."""

    def step(self, name: str, number: int, of: int, spent: Decimal) -> None:
        pass

    def exchange(self, exchange: Exchange) -> None:
        pass


def emulated_observations(
    plan: VerificationPlan, steps: Iterable[str], options: Mapping[str, str] | None = None
) -> tuple[Observation, ...]:
    """Run some steps against an emulator with some options of variants, and return what the checks observe there."""
    contract, names = plan.contract, set(steps)
    if names & {step.name for step in plan.paid}:
        names.add("text")  # later steps continue with the clip of this one
    with emulator_target(variants=dict(options or {})) as target:
        transport = PaidTransport(contract, target, Budget(None), OrderLog(None, ""))
        runner = StepRunner(contract, transport, NullObserver())
        runner.run(tuple(_with_names(plan.free, names)), tuple(_with_names(plan.paid, names)))
    return tuple(runner.observations)


def _with_names(steps: Iterable[Step], names: set[str]) -> Iterator[Step]:
    return (step for step in steps if step.name in names)


def target_fingerprint(contract: Contract, target: Target) -> str:
    """Return the id under which a target's orders are logged."""
    return fingerprint(contract.name, target.name, target.keys["first"])
