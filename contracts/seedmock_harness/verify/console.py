"""Terminal output of a verification: the plan, a progress bar, and the result."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from seedmock_contracts.enums import Basis
from seedmock_contracts.exchange import Exchange
from seedmock_server.cli.connection import echo, progress

from ..driver.client import Step
from ..reports.verify.json import repeat_command
from ..results.verification import FactStatus, Finding, Verification, VerificationVerdict
from .budget import price_of
from .session import Session

COLOURS = {
    VerificationVerdict.CONFORMS: "green",
    VerificationVerdict.DRIFTED: "red",
    VerificationVerdict.INCONCLUSIVE: "yellow",
}
PIPE_COLUMNS = 120
"""Width of the table where the output is not a terminal."""


class VerificationProgress:
    """Observer with a progress bar on a terminal; passes every exchange on to `on_exchange`."""

    def __init__(self, on_exchange: Callable[[Exchange], None] | None = None) -> None:
        self._on_exchange = on_exchange
        self._update: Callable[..., None] = lambda **_: None

    def step(self, name: str, number: int, of: int, spent: Decimal) -> None:
        self._update(total=of, completed=number - 1, name=name, message=f"{spent:f} USD")

    def exchange(self, exchange: Exchange) -> None:
        if self._on_exchange is not None:
            self._on_exchange(exchange)

    @contextlib.contextmanager
    def bar(self) -> Iterator[VerificationProgress]:
        """Show the bar inside the block."""
        with progress() as self._update:
            yield self


def print_plan(session: Session, limit: Decimal | None) -> None:
    """Print the target, the steps and the quote, before the first request."""
    plan, affordable, currency = session.plan, session.affordable_steps, session.target.currency
    echo(f"{plan.contract.display_name} at {session.target.name}")
    echo(f"free steps: {len(plan.free)}")
    budget = "unlimited" if limit is None else f"{limit:f}"
    echo(f"paid steps: {len(affordable)} of {len(plan.paid)}, at most {session.quote:f} {currency} (budget {budget})")
    missing = price_of(step for step in plan.paid if step not in affordable)
    if missing:
        echo(f"  beyond the budget: {len(plan.paid) - len(affordable)} steps, {missing:f} {currency} more")
    if session.resumed is not None:
        tasks = ", ".join(order.task for order in session.resumed.orders if order.task) or "none with a known id"
        echo(f"resuming an interrupted run; {session.budget.spent:f} {currency} spent, tasks: {tasks}")


def print_steps(steps: Sequence[Step]) -> None:
    """Print a line for each step: name, price, description."""
    width = max((len(step.name) for step in steps), default=0)
    for step in steps:
        price = f"{step.price:f}" if step.price else "free"
        echo(f"{step.name:{width}} {price:>10}  {step.description}{' (minimal)' if step.minimal else ''}")


def print_result(verification: Verification) -> None:
    """Print the table of facts, the findings and the verdict."""
    _print_table(verification)
    for finding in verification.findings:
        _print_finding(finding)
    for fact, patch in verification.confirmed_assumptions:
        echo(f"confirmed assumption  {patch if patch.startswith(fact.id) else f'{fact.id}: {patch}'}")
    for order in verification.unresolved_orders:
        echo(f"unresolved order  {order}")
    _print_paid_tasks(verification)
    if verification.problem:
        echo(f"problem: {verification.problem}")
    unchecked = sum(fact.status is FactStatus.NOT_CHECKED for fact in verification.facts)
    if unchecked:
        echo(f"not checked: {unchecked} facts; --report FILE lists them with the reasons")
    cost = f"{verification.spent:f} {verification.currency}"
    line = f"{verification.verdict}: {len(verification.tasks)} tasks, {cost}, {verification.seconds:.1f} s"
    echo(line, fg=COLOURS[verification.verdict], bold=True)


def _print_paid_tasks(verification: Verification) -> None:
    conforms = verification.verdict is VerificationVerdict.CONFORMS
    if verification.tasks and (verification.problem or not conforms):
        echo(f"paid tasks: {', '.join(verification.tasks)}")
    if verification.resumable:
        echo("the same command resumes this run, and repeats no order")


def _print_table(verification: Verification) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("facts", *(status.value for status in FactStatus), box=None, pad_edge=False)
    for basis in Basis:
        facts = [fact for fact in verification.facts if fact.fact.basis is basis]
        table.add_row(basis.value, *(str(sum(fact.status is status for fact in facts)) for status in FactStatus))
    Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS).print(table)


def _print_finding(finding: Finding) -> None:
    head = f"{finding.severity}  {finding.fact.id}  {finding.title}"
    echo(head + (f"  ({finding.label})" if finding.label != "drift" else ""))
    echo(f"  {finding.fact.basis}: {finding.fact.source}")
    echo(f"  expected  {finding.expected}")
    if finding.emulated:
        echo(f"  emulated  {finding.emulated}")
    echo(f"  observed  {finding.observed}")
    if finding.patch:
        echo(f"  patch     {finding.patch}")
    echo(f"  repeat    {repeat_command(finding.exchange)}")
