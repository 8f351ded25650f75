"""Terminal output of a certification: a progress bar, the violations with a transcript, and the verdict."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from seedmock_server.cli.connection import echo, progress

from ..results.certification import (
    INVARIANT_DESCRIPTIONS,
    Certification,
    CertificationVerdict,
    Invariant,
    InvariantViolation,
)
from .scenario import TrialScenario

COLOURS = {
    CertificationVerdict.CERTIFIED: "green",
    CertificationVerdict.NOT_CERTIFIED: "red",
    CertificationVerdict.COULD_NOT_RUN: "yellow",
}
MAX_TRANSCRIPTS = 1
"""Transcripts printed for each invariant; a report has all of them."""


class CertificationProgress:
    """Progress bar on a terminal."""

    def __init__(self, of: int) -> None:
        self._of, self._done, self._failed = of, 0, 0
        self._update: Callable[..., None] = lambda **_: None

    def trial(self, scenario: TrialScenario, violations: Sequence[InvariantViolation]) -> None:
        """Count a finished trial."""
        self._done += 1
        self._failed += bool(violations)
        failed = f"{self._failed} failed" if self._failed else ""
        self._update(completed=self._done, name=scenario.name, message=failed)

    @contextlib.contextmanager
    def bar(self) -> Iterator[CertificationProgress]:
        """Show the bar inside the block."""
        with progress(self._of, "red") as self._update:
            yield self


def print_scenarios(scenarios: Sequence[TrialScenario]) -> None:
    """Print a line for each scenario: name and description."""
    width = max(len(scenario.name) for scenario in scenarios)
    for scenario in scenarios:
        echo(f"{scenario.name:{width}}  {scenario.description}")


def print_certification(certification: Certification) -> None:
    """Print the violations by invariant, and the verdict."""
    for invariant in Invariant:
        violations = [violation for violation in certification.violations if violation.invariant is invariant]
        if violations:
            _print_violations(invariant, violations)
    if certification.problem:
        echo(f"problem: {certification.problem}")
    satisfied = len(Invariant) - len({violation.invariant for violation in certification.violations})
    counts = "" if certification.problem else f", {satisfied} of {len(Invariant)} invariants satisfied"
    count = len(certification.trials)
    trials = f"{count} {'scenario' if count == 1 else 'scenarios'} of {certification.upstream}"
    line = f"{certification.verdict}: {trials}{counts}, {certification.seconds:.0f} s"
    echo(line, fg=COLOURS[certification.verdict], bold=True)


def _print_violations(invariant: Invariant, violations: Sequence[InvariantViolation]) -> None:
    echo(f"{invariant.value}  {INVARIANT_DESCRIPTIONS[invariant]}  ({violations[0].severity})", bold=True)
    for number, violation in enumerate(violations):
        echo(f"  {violation.scenario}: {violation.detail}")
        if number < MAX_TRANSCRIPTS:
            for line in violation.transcript:
                echo(f"    {line}")
