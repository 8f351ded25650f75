"""Run a certification: all scenarios on several testbeds in parallel, with repetitions, shrinking and the verdict."""

from __future__ import annotations

import queue
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from seedmock_server.clock import Clock
from seedmock_server.randomness import fresh_seed

from ..results.certification import Certification, CertificationVerdict, Invariant, InvariantViolation, TrialRecord
from .adapters import Adapter, CallableAdapter, ClientFactory
from .evidence import TrialEvidence
from .invariants import find_violations
from .random_scenarios import random_scenarios
from .scenario import TrialScenario
from .scenario_catalog import scenarios
from .testbed import Testbed, open_testbed
from .trial import GRACE_SECONDS, IDLE_TIMEOUT, POLL_SECONDS, run_trial, shrink_scenario

# A command that does not start would otherwise fail each of some ninety scenarios.
MAX_PROBES = 2
"""Trials that run alone at first: a client without any effect in them is not run further."""
MIN_STEPS_TO_SHRINK = 3
TIMING_INVARIANTS = frozenset(
    # On a busy machine a client may give up waiting for the response that has the end, and rightly poll again.
    {Invariant.BOUNDED_WAIT, Invariant.PACED_POLLS, Invariant.RETRY_AFTER, Invariant.NO_POLL_AFTER_END}
)
"""Checked against the clock, and therefore repeated: a busy machine alone can violate them once."""
MIN_STOPPED, STOPPED_SHARE = 8, 0.8
"""Number and share of stopped trials at which the certification ends: the client always hangs."""
SEED_LIMIT = 1 << 32
OnTrial = Callable[[TrialScenario, Sequence[InvariantViolation]], None]


def run_certification(
    client: ClientFactory | Adapter,
    *,
    upstream: str,
    only: Iterable[str] = (),
    seed: int | None = None,
    deep: bool = False,
    progress: OnTrial | None = None,
) -> Certification:
    """Certify a Python client: `client(environment)` returns a callable that takes an order and returns its outcome.

    Order, outcome and environment are those of `seedmock certify`; an Adapter runs any other client. `only` selects
    scenarios by name, `seed` draws the random ones, `deep` draws ten times as many. `progress` is called after each
    trial.

    Raises LookupError for an unknown upstream or scenario.
    """
    adapter = CallableAdapter(client) if callable(client) else client
    seed = fresh_seed() % SEED_LIMIT if seed is None else seed
    selected, clock = select_scenarios(upstream, only, seed, deep), Clock()
    started_at = clock.now()
    with tempfile.TemporaryDirectory(prefix="seedmock-certify-") as folder:
        runner = CertificationRunner(adapter, partial(open_testbed, upstream), seed, Path(folder), progress)
        problem = runner.run(selected)
    return runner.certification(upstream, selected, problem, clock.now() - started_at)


def select_scenarios(upstream: str, only: Iterable[str], seed: int, deep: bool = False) -> list[TrialScenario]:
    """Return the scenarios with these names; all of them without names. Raises LookupError."""
    every = (*scenarios(upstream), *random_scenarios(upstream, seed, deep=deep))
    available = {scenario.name: scenario for scenario in every}
    names = list(only)
    unknown = [name for name in names if name not in available]
    if unknown:
        raise LookupError(f"unknown scenario {unknown[0]!r}; available: {', '.join(available)}")
    return [scenario for scenario in available.values() if not names or scenario.name in names]


class CertificationRunner:
    """Runs trials on testbeds, and collects the violations in the order of the scenarios."""

    def __init__(
        self,
        adapter: Adapter,
        open_testbed: Callable[[int], AbstractContextManager[Testbed]],
        seed: int,
        folder: Path,
        progress: OnTrial | None,
    ) -> None:
        self._adapter, self._open_testbed, self._seed, self._folder = adapter, open_testbed, seed, folder
        self._progress = progress
        self._lock = threading.Lock()
        self._idle_timeout = IDLE_TIMEOUT
        self._stopped = 0
        self._violations: dict[str, list[InvariantViolation]] = {}
        self._records: dict[str, TrialRecord] = {}
        self._queue: queue.SimpleQueue[TrialScenario] = queue.SimpleQueue()
        self._errors: list[BaseException] = []

    def run(self, selected: Sequence[TrialScenario]) -> str:
        """Run every trial; return in one sentence why the client cannot be certified, or an empty text."""
        with self._open_testbed(self._seed) as testbed:
            problem = self._probe(testbed, selected[:MAX_PROBES])
            if not problem:
                self._run_parallel(
                    testbed, [scenario for scenario in selected if scenario.name not in self._violations]
                )
            return problem

    def _probe(self, testbed: Testbed, selected: Sequence[TrialScenario]) -> str:
        """Run the first trials alone: a client that neither sends nor reports anything never will."""
        problem = ""
        for scenario in selected:
            evidence = self._certify(testbed, scenario)
            if not evidence.calls and evidence.outcome is None:
                return f"the adapter sent no request: {evidence.run.problem}"
            if evidence.outcome is not None or evidence.run.stopped:
                return ""
            problem = f"the adapter reported no outcome: {evidence.run.problem}"
        return problem

    def _run_parallel(self, first: Testbed, selected: Sequence[TrialScenario]) -> None:
        for scenario in selected:
            self._queue.put(scenario)
        count = min(self._adapter.max_parallel, len(selected))
        # One fewer: this thread runs trials too, on the testbed of the first ones.
        threads = [threading.Thread(target=self._run_worker, args=(number,)) for number in range(1, count)]
        for thread in threads:
            thread.start()
        self._run_queue(first)
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _run_worker(self, number: int) -> None:
        try:
            with self._open_testbed(self._seed + number) as testbed:
                self._run_queue(testbed)
        except BaseException as error:
            self._errors.append(error)

    def _run_queue(self, testbed: Testbed) -> None:
        while not (self._errors or self._always_hangs):
            try:
                self._certify(testbed, self._queue.get_nowait())
            except queue.Empty:
                return
            except BaseException as error:
                self._errors.append(error)

    @property
    def _always_hangs(self) -> bool:
        return self._stopped >= MIN_STOPPED and self._stopped > STOPPED_SHARE * len(self._violations)

    def _certify(self, testbed: Testbed, scenario: TrialScenario) -> TrialEvidence:
        evidence = self._run_trial(testbed, scenario)
        candidates = (self._confirm(testbed, scenario, evidence, violation) for violation in find_violations(evidence))
        violations = [violation for violation in candidates if violation is not None]
        with self._lock:
            self._stopped += evidence.run.stopped
            self._violations[scenario.name], self._records[scenario.name] = violations, evidence.record
            if self._progress is not None:
                self._progress(scenario, violations)
        return evidence

    def _run_trial(self, testbed: Testbed, scenario: TrialScenario) -> TrialEvidence:
        folder = self._folder / f"{id(testbed)}"
        folder.mkdir(exist_ok=True)
        evidence = run_trial(testbed, self._adapter, scenario, folder, POLL_SECONDS, self._idle_timeout)
        if evidence.run.stopped:  # a client that has hung once is given less time from now on
            self._idle_timeout = max(GRACE_SECONDS, self._idle_timeout / 2)
        return evidence

    def _confirm(
        self, testbed: Testbed, scenario: TrialScenario, evidence: TrialEvidence, violation: InvariantViolation
    ) -> InvariantViolation | None:
        """Return the violation in the smallest scenario that shows it; None if its timing is not reproducible."""
        is_timing = violation.invariant in TIMING_INVARIANTS and not evidence.run.stopped
        if is_timing and self._reproduce(testbed, scenario, violation) is None:
            return None
        if len(scenario.steps) < MIN_STEPS_TO_SHRINK or evidence.run.stopped:
            return violation
        smallest = violation

        def fails(smaller: TrialScenario) -> bool:
            nonlocal smallest
            reproduced = self._reproduce(testbed, smaller, violation)
            smallest = reproduced or smallest
            return reproduced is not None

        shrink_scenario(scenario, fails)
        return smallest

    def _reproduce(
        self, testbed: Testbed, scenario: TrialScenario, violation: InvariantViolation
    ) -> InvariantViolation | None:
        """Run another trial; return its violation of the same invariant."""
        violations = find_violations(self._run_trial(testbed, scenario))
        return next((again for again in violations if again.invariant is violation.invariant), None)

    def certification(
        self, upstream: str, selected: Sequence[TrialScenario], problem: str, seconds: float
    ) -> Certification:
        """Return the result of the trials that were run."""
        trials = tuple(scenario.name for scenario in selected if scenario.name in self._violations)
        violations = tuple(violation for name in trials for violation in self._violations[name])
        verdict = CertificationVerdict.NOT_CERTIFIED if violations else CertificationVerdict.CERTIFIED
        verdict = CertificationVerdict.COULD_NOT_RUN if problem else verdict
        records = tuple(self._records[name] for name in trials)
        return Certification(upstream, self._adapter.name, verdict, trials, violations, problem, seconds, records)
