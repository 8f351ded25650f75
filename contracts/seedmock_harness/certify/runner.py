"""A whole certification: every scenario on a few benches side by side, judged, and the verdict."""

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
from .adapters import Adapter, Callback, Maker
from .evidence import Evidence
from .invariants import judged
from .random_scenarios import generated
from .scenario import Scenario
from .scenario_catalog import scenarios
from .testbed import Testbed, bench
from .trial import GRACE, POLL_SECONDS, QUIET, shrunk, trial

TRIED_FIRST = 2
"""The most trials that are run alone: a client that does nothing in them does nothing at all."""
WORTH_SHRINKING = 3
"""The steps from which a scenario is made smaller."""
TIMED = frozenset({Invariant.BOUNDED_WAIT, Invariant.PACED_POLLS, Invariant.RETRY_AFTER})
"""What is judged by the clock, and looked at twice before anybody is blamed: a busy machine is late by itself."""
ENOUGH, HOPELESS = 8, 0.8
"""So many trials that had to be stopped, and such a share of all, are enough."""
SEEDS = 1 << 32
Progress = Callable[[Scenario, Sequence[InvariantViolation]], None]


def run_certification(
    client: Maker | Adapter,
    *,
    upstream: str,
    only: Iterable[str] = (),
    seed: int | None = None,
    deep: bool = False,
    progress: Progress | None = None,
) -> Certification:
    """Certify a Python client: `client(surroundings)` gives a callable that takes an order and gives its outcome.

    The order, the outcome and what `surroundings` holds are those of `seedmock certify`. An adapter runs other clients.
    `only` names scenarios. Raises LookupError for an upstream or a scenario that there is not.
    """
    adapter = Callback(client) if callable(client) else client
    seed = fresh_seed() % SEEDS if seed is None else seed
    wanted, clock = chosen(upstream, only, seed, deep), Clock()
    begun = clock.now()
    with tempfile.TemporaryDirectory(prefix="seedmock-certify-") as folder:
        certifier = Certifier(adapter, partial(bench, upstream), seed, Path(folder), progress)
        trouble = certifier.run(wanted)
    return certifier.certification(upstream, wanted, trouble, clock.now() - begun)


def chosen(upstream: str, only: Iterable[str], seed: int, deep: bool = False) -> list[Scenario]:
    """The scenarios with these names, or all. Raises LookupError, which says which there are."""
    known = {one.name: one for one in (*scenarios(upstream), *generated(upstream, seed, deep=deep))}
    names = list(only)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise LookupError(f"no scenario {unknown[0]!r}; there are: {', '.join(known)}")
    return [one for one in known.values() if not names or one.name in names]


class Certifier:
    """Runs trials on benches, and keeps what broke in the order of the scenarios."""

    def __init__(
        self,
        adapter: Adapter,
        make_bench: Callable[[int], AbstractContextManager[Testbed]],
        seed: int,
        folder: Path,
        progress: Progress | None,
    ) -> None:
        self._adapter, self._make_bench, self._seed, self._folder = adapter, make_bench, seed, folder
        self._progress = progress
        self._lock = threading.Lock()
        self._quiet = QUIET
        self._stopped = 0
        self._found: dict[str, list[InvariantViolation]] = {}
        self._lives: dict[str, TrialRecord] = {}
        self._waiting: queue.SimpleQueue[Scenario] = queue.SimpleQueue()
        self._troubles: list[BaseException] = []

    def run(self, wanted: Sequence[Scenario]) -> str:
        """Run every trial; gives why the client cannot be judged, in a sentence, or nothing."""
        with self._make_bench(self._seed) as first:
            trouble = self._try_out(first, wanted[:TRIED_FIRST])
            if not trouble:
                self._run_side_by_side(first, [one for one in wanted if one.name not in self._found])
            return trouble

    def _try_out(self, bench: Testbed, wanted: Sequence[Scenario]) -> str:
        """Run the first trials alone: a client that neither sends nor says anything does so in all of them."""
        said = ""
        for scenario in wanted:
            seen = self._tried(bench, scenario)
            if not seen.heard and seen.run.outcome is None:
                return f"the adapter sent nothing: {seen.run.trouble}"
            if seen.run.outcome is not None or seen.run.stopped:
                return ""
            said = f"the adapter says nothing that can be read: {seen.run.trouble}"
        return said

    def _run_side_by_side(self, first: Testbed, wanted: Sequence[Scenario]) -> None:
        """Run trials on several benches, one on each at a time."""
        for scenario in wanted:
            self._waiting.put(scenario)
        threads = [
            threading.Thread(target=self._beside, args=(n,)) for n in range(1, min(self._adapter.together, len(wanted)))
        ]
        for thread in threads:
            thread.start()
        self._work(first)
        for thread in threads:
            thread.join()
        if self._troubles:
            raise self._troubles[0]

    def _beside(self, number: int) -> None:
        try:
            with self._make_bench(self._seed + number) as own:
                self._work(own)
        except BaseException as trouble:
            self._troubles.append(trouble)

    def _work(self, bench: Testbed) -> None:
        while not (self._troubles or self._is_hopeless):
            try:
                self._tried(bench, self._waiting.get_nowait())
            except queue.Empty:
                return
            except BaseException as trouble:
                self._troubles.append(trouble)

    @property
    def _is_hopeless(self) -> bool:
        """Whether the client hangs whatever happens: that need not be seen in every scenario."""
        return self._stopped >= ENOUGH and self._stopped > HOPELESS * len(self._found)

    def _tried(self, bench: Testbed, scenario: Scenario) -> Evidence:
        seen = self._trial(bench, scenario)
        found = [sure for one in judged(seen) if (sure := self._sure(bench, scenario, seen, one)) is not None]
        with self._lock:
            self._stopped += seen.run.stopped
            self._found[scenario.name], self._lives[scenario.name] = found, seen.life
            if self._progress is not None:
                self._progress(scenario, found)
        return seen

    def _trial(self, bench: Testbed, scenario: Scenario) -> Evidence:
        folder = self._folder / f"{id(bench)}"
        folder.mkdir(exist_ok=True)
        seen = trial(bench, self._adapter, scenario, folder, POLL_SECONDS, self._quiet)
        if seen.run.stopped:  # who has hung once is not waited for as long again
            self._quiet = max(GRACE, self._quiet / 2)
        return seen

    def _sure(
        self, bench: Testbed, scenario: Scenario, seen: Evidence, broken: InvariantViolation
    ) -> InvariantViolation | None:
        """What broke, in as few steps as still break it; None if it was a busy machine's doing."""
        if broken.invariant in TIMED and not seen.run.stopped:
            again = self._breaking(bench, scenario, broken)
            if again is None:
                return None
        if len(scenario.steps) < WORTH_SHRINKING or seen.run.stopped:
            return broken
        smallest = broken

        def breaks(smaller: Scenario) -> bool:
            nonlocal smallest
            found = self._breaking(bench, smaller, broken)
            smallest = found or smallest
            return found is not None

        shrunk(scenario, breaks)
        return smallest

    def _breaking(self, bench: Testbed, scenario: Scenario, broken: InvariantViolation) -> InvariantViolation | None:
        """The same invariant's breaking in another trial, if it breaks there."""
        found = judged(self._trial(bench, scenario))
        return next((one for one in found if one.invariant is broken.invariant), None)

    def certification(self, upstream: str, wanted: Sequence[Scenario], trouble: str, seconds: float) -> Certification:
        """What it all comes to."""
        tried = [scenario.name for scenario in wanted if scenario.name in self._found]
        broken = tuple(one for name in tried for one in self._found[name])
        verdict = CertificationVerdict.NOT_CERTIFIED if broken else CertificationVerdict.CERTIFIED
        verdict = CertificationVerdict.COULD_NOT_RUN if trouble else verdict
        lives = tuple(self._lives[name] for name in tried)
        return Certification(upstream, self._adapter.name, verdict, tuple(tried), broken, trouble, seconds, lives)
