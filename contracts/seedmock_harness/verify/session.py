"""One verification from its plan to its verdict: which steps, for how much, what they found, and what an emulator says.

Knows no command line: everything that is to be shown is told to a watcher, and stands in what is returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from seedmock_contracts.contract import Contract
from seedmock_contracts.exchange import Exchange
from seedmock_server.clock import Clock

from ..driver.client import Step
from ..probes.free_steps import free_steps
from ..probes.paid_steps import HOSTED_MEDIA, PaidOptions, inline_media, paid_steps
from ..results.verification import FactStatus, Finding, Verification, VerificationVerdict
from .budget import Budget
from .order_log import OrderLog, Run, fingerprint
from .paid_transport import PaidTransport, doubt
from .results import Key, facts_seen, findings, observed, settled
from .runner import Runner, Watcher
from .target import Target, own

GROUPS = ("free", "paid", "minimal")
BASIS = "x-mock-basis"
"""A header by which our emulator labels what is assumed: what it confirms is only itself."""


class UnknownStep(ValueError):
    """A name that is no step's; the message has those that there are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps to be made, and what those that cost money cost together."""

    contract: Contract
    free_steps: tuple[Step, ...]
    paid_steps: tuple[Step, ...]

    @property
    def price(self) -> Decimal:
        return sum((step.price for step in self.paid_steps), Decimal(0))

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.free_steps, *self.paid_steps)


def plan(contract: Contract, terms: PaidOptions, only: Sequence[str] = ()) -> Plan:
    """All steps, or those named: each by its own name, or by a group's. Raises UnknownStep."""
    whole = Plan(contract, free_steps(contract), paid_steps(contract, terms))
    names = [step.name for step in whole.steps]
    for name in only:
        if name not in (*names, *GROUPS):
            raise UnknownStep(f"there is no step {name!r}; allowed: {', '.join((*GROUPS, *names))}")
    if not only:
        return whole
    return Plan(
        contract,
        tuple(step for step in whole.free_steps if _wanted(step, "free", only)),
        tuple(step for step in whole.paid_steps if _wanted(step, "paid", only)),
    )


def _wanted(step: Step, group: str, only: Sequence[str]) -> bool:
    return step.name in only or group in only or (step.minimal and "minimal" in only)


def terms_for(target: Target, *, token_price: Decimal | None = None, deep: bool = False) -> PaidOptions:
    """How orders are made for a target: an emulator takes addresses at their word, anybody else must read them."""
    props = HOSTED_MEDIA if target.own else inline_media()
    return PaidOptions(props, token_price, deep, own_clock=target.moves)


@dataclass
class Session:
    """A verification of one target, ready to be run once."""

    target: Target
    plan: Plan
    budget: Budget
    book: OrderLog
    watcher: Watcher
    resumed: Run | None = None

    @classmethod
    def prepared(cls, target: Target, plan: Plan, limit: Decimal | None, book: OrderLog, watcher: Watcher) -> Session:
        """A session that goes on with an interrupted run of the book's, if there is one."""
        resumed = None if target.own else book.interrupted(target.now())
        return cls(target, plan, Budget(limit, resumed.spent if resumed else Decimal(0)), book, watcher, resumed)

    @property
    def ordered(self) -> tuple[Step, ...]:
        """The paid steps that the budget allows, with those that an interrupted run has paid for."""
        had = {order.step for order in self.resumed.orders if not order.refused} if self.resumed else set()
        fresh = self.budget.planned(step for step in self.plan.paid_steps if step.name not in had)
        return tuple(step for step in self.plan.paid_steps if step.name in had or step in fresh)

    @property
    def quoted(self) -> Decimal:
        """What the steps that will be made cost at most, without what is paid already."""
        had = {order.step for order in self.resumed.orders if not order.refused} if self.resumed else set()
        return sum((step.price for step in self.ordered if step.name not in had), Decimal(0))

    def run(self) -> Verification:
        """Make the steps, and tell what they found. Raises book.UnreadableOrderLog."""
        clock, since = Clock(), self.target.now()
        try:
            return self._run(clock, since)
        finally:
            self.book.put_away()

    def _run(self, clock: Clock, since: float) -> Verification:
        at = clock.now()
        self.book.open(since, self.resumed)
        till = PaidTransport(self.plan.contract, self.target, self.budget, self.book)
        doubtful = (order for order in self.book.run.orders if order.in_doubt)
        till.doubts += [doubt(order, "the run was interrupted", self.target.currency) for order in doubtful]
        runner = Runner(self.plan.contract, till, self.watcher)
        runner.run(self.plan.free_steps, self.ordered)
        found = self._found(runner, at)
        if runner.ended:
            self.book.close(self.target.now(), found.verdict)
        return replace(found, seconds=clock.now() - at)

    def _found(self, runner: Runner, at: float) -> Verification:
        gathered, till = runner.gathered, runner.till
        facts = tuple(facts_seen(self.plan.contract, gathered, self._why_not(runner)))
        looked = bool(runner.made) and any(fact.status is not FactStatus.NOT_LOOKED for fact in facts)
        trouble = runner.trouble or ("" if looked else self._nothing())
        return Verification(
            contract=self.plan.contract,
            target=self.target.name,
            started_at=at,
            verdict=_verdict(gathered.drifts(), trouble),
            spent=self.budget.spent,
            facts=facts,
            findings=self._findings(runner),
            history=runner.speaker.history,
            problem=trouble,
            tasks=tuple(dict.fromkeys(task for task in till.tasks if task)),
            unresolved_orders=tuple(dict.fromkeys(till.doubts)),
            confirmed_assumptions=() if self._is_ours(runner) else tuple(settled(gathered, at)),
            steps=tuple(runner.made),
            resumable=not runner.ended and bool(self.book.run.orders) and not self.target.own,
            play_money=self.target.own,
        )

    def _findings(self, runner: Runner) -> tuple[Finding, ...]:
        if not runner.gathered.broken:
            return ()
        steps = {sight.step for sight in runner.gathered.broken.values()}
        emulated = {} if self.target.own else emulate(self.plan, steps)
        return tuple(findings(runner.gathered, emulated, self.target.where))

    def _is_ours(self, runner: Runner) -> bool:
        return self.target.own or any(BASIS in turn.headers for turn in runner.speaker.history.interactions)

    def _why_not(self, runner: Runner) -> str:
        if runner.trouble:
            return f"not looked at: {runner.trouble}"
        left = [step for step in self.plan.paid_steps if step.name not in runner.made]
        if left:
            price = sum((step.price for step in left), Decimal(0))
            return f"not looked at: {len(left)} steps were not paid for (--budget {price} more)"
        if "second" not in self.target.keys:
            return "not looked at: no step that was made looks at it (isolation needs --second-api-key)"
        return "not looked at: no step that was made looks at it"

    def _nothing(self) -> str:
        if self.plan.paid_steps and not self.plan.free_steps:
            return f"nothing was looked at: the steps cost {self.plan.price} {self.target.currency}, give --budget"
        return "nothing was looked at: no answer told anything"


def _verdict(drifts: bool, trouble: str) -> VerificationVerdict:
    if drifts:
        return VerificationVerdict.DRIFTED
    return VerificationVerdict.COULD_NOT_LOOK if trouble else VerificationVerdict.CONFORMS


class Silent:
    """A watcher that tells nobody."""

    def step(self, name: str, number: int, of: int, spent: Decimal) -> None:
        """Nothing."""

    def exchange(self, exchange: Exchange) -> None:
        """Nothing."""


def emulate(plan: Plan, steps: Iterable[str]) -> Mapping[Key, str]:
    """What our emulator says in the places that some steps look at."""
    contract, wanted = plan.contract, set(steps)
    if wanted & {step.name for step in plan.paid_steps}:
        wanted.add("text")  # whose clip others go on with
    with own() as target:
        till = PaidTransport(contract, target, Budget(None), OrderLog(None, ""))
        runner = Runner(contract, till, Silent())
        runner.run(tuple(_named(plan.free_steps, wanted)), tuple(_named(plan.paid_steps, wanted)))
    return observed(runner.sights)


def _named(steps: Iterable[Step], names: set[str]) -> Iterator[Step]:
    return (step for step in steps if step.name in names)


def about(contract: Contract, target: Target) -> str:
    """What a book's lines are about: the upstream, the address and the key, which cannot be read from it."""
    return fingerprint(contract.name, target.name, target.keys["first"])
