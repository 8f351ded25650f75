"""What a person sees of a verification: where it is while it runs, and at the end what was found."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import click

from seedmock_contracts.enums import Basis
from seedmock_contracts.exchange import Exchange
from seedmock_server.cli.connection import progress

from ..driver.client import Step
from ..reports.verify.json import repeat
from ..results.verification import FactStatus, Finding, Verification, VerificationVerdict
from .session import Session

COLOURS = {
    VerificationVerdict.CONFORMS: "green",
    VerificationVerdict.DRIFTED: "red",
    VerificationVerdict.COULD_NOT_LOOK: "yellow",
}
SHOWN = 120


class Progress:
    """A watcher with a bar on a terminal, and nothing elsewhere. `heard` gets every exchange."""

    def __init__(self, heard: Callable[[Exchange], None] | None = None) -> None:
        self._heard = heard
        self._show: Callable[..., None] = lambda **_: None

    def step(self, name: str, number: int, of: int, spent: Decimal) -> None:
        """Show where we are."""
        self._show(total=of, completed=number - 1, name=name, message=f"{spent:f} USD")

    def exchange(self, exchange: Exchange) -> None:
        """Pass it on."""
        if self._heard is not None:
            self._heard(exchange)

    @contextlib.contextmanager
    def shown(self) -> Iterator[Progress]:
        """Show a bar while this lasts."""
        with progress() as self._show:
            yield self


def announce(session: Session, limit: Decimal | None) -> None:
    """What is going to happen, and for how much; said before the first call."""
    plan, ordered = session.plan, session.ordered
    click.echo(f"{plan.contract.display_name} at {session.target.name}")
    click.echo(f"free steps: {len(plan.free_steps)}")
    money = session.target.currency
    most = "unlimited" if limit is None else f"{limit:f}"
    click.echo(
        f"paid steps: {len(ordered)} of {len(plan.paid_steps)}, together {session.quoted:f} {money} (budget {most})"
    )
    left = sum((step.price for step in plan.paid_steps if step not in ordered), Decimal(0))
    if left:
        click.echo(f"  not paid for: {len(plan.paid_steps) - len(ordered)} steps, {left:f} {money} more")
    if session.resumed is not None:
        tasks = ", ".join(order.task for order in session.resumed.orders if order.task) or "none with a known id"
        click.echo(f"going on with the run that was interrupted; {session.budget.spent:f} spent, tasks: {tasks}")


def listed(steps: Sequence[Step]) -> None:
    """The steps and their prices."""
    width = max((len(step.name) for step in steps), default=0)
    for step in steps:
        price = f"{step.price:f}" if step.price else "free"
        click.echo(f"{step.name:{width}} {price:>10}  {step.description}{' (minimal)' if step.minimal else ''}")


def conclude(found: Verification) -> None:
    """The table of facts, the findings, and the verdict."""
    _table(found)
    for finding in found.findings:
        _finding(finding)
    for fact, patch in found.confirmed_assumptions:
        click.echo(f"settled  {patch}" if patch.startswith(fact.id) else f"settled  {fact.id}: {patch}")
    for doubtful in found.unresolved_orders:
        click.echo(f"in doubt  {doubtful}")
    if found.tasks and (found.problem or found.verdict is not VerificationVerdict.CONFORMS):
        click.echo(f"tasks that are paid for: {', '.join(found.tasks)}")
    if found.resumable:
        click.echo("the same command goes on with them, and orders none of them anew")
    if found.problem:
        click.echo(f"in the way: {found.problem}")
    left = sum(fact.status is FactStatus.NOT_LOOKED for fact in found.facts)
    if left:
        click.echo(f"not looked at: {left} facts; --report FILE lists them, and why")
    told = f"{found.verdict}: {len(found.tasks)} tasks, {found.spent:f} {found.currency}, {found.seconds:.1f} s"
    click.echo(click.style(told, fg=COLOURS[found.verdict], bold=True))


def _table(found: Verification) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("facts", *(seen.value for seen in FactStatus), box=None, pad_edge=False)
    for basis in Basis:
        of = [fact for fact in found.facts if fact.fact.basis is basis]
        table.add_row(basis.value, *(str(sum(fact.status is seen for fact in of)) for seen in FactStatus))
    Console(width=None if sys.stdout.isatty() else SHOWN).print(table)


def _finding(finding: Finding) -> None:
    head = f"{finding.severity}  {finding.fact.id}  {finding.title}"
    click.echo(head + (f"  ({finding.label})" if finding.label != "drift" else ""))
    click.echo(f"  {finding.fact.basis}: {finding.fact.source}")
    click.echo(f"  expected  {finding.expected}")
    if finding.emulated:
        click.echo(f"  emulated  {finding.emulated}")
    click.echo(f"  observed  {finding.observed}")
    if finding.patch:
        click.echo(f"  settled   {finding.patch}")
    click.echo(f"  repeat    {repeat(finding.exchange)}")
