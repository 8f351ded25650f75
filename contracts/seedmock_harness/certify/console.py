"""What a person sees of a certification: where it is while it runs, and at the end what broke, where and how."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import click

from seedmock_server.cli.connection import progress

from ..results.certification import (
    INVARIANT_DESCRIPTIONS,
    Certification,
    CertificationVerdict,
    Invariant,
    InvariantViolation,
)
from .scenario import Scenario

COLOURS = {
    CertificationVerdict.CERTIFIED: "green",
    CertificationVerdict.NOT_CERTIFIED: "red",
    CertificationVerdict.COULD_NOT_RUN: "yellow",
}
MOST_CONVERSATIONS = 1
"""How many conversations are shown of an invariant that broke in many scenarios; a report has them all."""


class Progress:
    """A bar on a terminal, a line for what broke elsewhere."""

    def __init__(self, of: int) -> None:
        self._of, self._done, self._broken = of, 0, 0
        self._show: Callable[..., None] = lambda **_: None

    def tried(self, scenario: Scenario, broken: Sequence[InvariantViolation]) -> None:
        """A trial is over."""
        self._done += 1
        self._broken += bool(broken)
        said = f"{self._broken} broken" if self._broken else ""
        self._show(completed=self._done, name=scenario.name, message=said)

    @contextlib.contextmanager
    def shown(self) -> Iterator[Progress]:
        """Show a bar while this lasts."""
        with progress(self._of, "red") as self._show:
            yield self


def listed(wanted: Sequence[Scenario]) -> None:
    """The scenarios, and what each shows."""
    width = max(len(scenario.name) for scenario in wanted)
    for scenario in wanted:
        click.echo(f"{scenario.name:{width}}  {scenario.says}")


def conclude(found: Certification) -> None:
    """What broke, invariant by invariant, and the verdict."""
    for invariant in Invariant:
        broken = [one for one in found.violations if one.invariant is invariant]
        if broken:
            _told(invariant, broken)
    if found.problem:
        click.echo(f"in the way: {found.problem}")
    kept = len(Invariant) - len({one.invariant for one in found.violations})
    counts = "" if found.problem else f", {kept} of {len(Invariant)} invariants hold"
    told = f"{found.verdict}: {len(found.trials)} scenarios of {found.upstream}{counts}, {found.seconds:.0f} s"
    click.echo(click.style(told, fg=COLOURS[found.verdict], bold=True))


def _told(invariant: Invariant, broken: Sequence[InvariantViolation]) -> None:
    head = click.style(invariant.value, bold=True)
    click.echo(f"{head}  {INVARIANT_DESCRIPTIONS[invariant]}  ({broken[0].severity})")
    for number, one in enumerate(broken):
        click.echo(f"  {one.scenario}: {one.detail}")
        if number < MOST_CONVERSATIONS:
            for line in one.transcript:
                click.echo(f"    {line}")
