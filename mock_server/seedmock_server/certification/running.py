"""A whole certification: every scenario on a few benches side by side, judged, and the verdict."""

from __future__ import annotations

import queue
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from ..chance import fresh_seed
from .adapters import Adapter, Callback, Maker
from .bench import Bench, bench
from .evidence import Evidence
from .invariants import judged
from .records import Broken, Certification, Verdict
from .scenarios import scenarios
from .steps import Scenario
from .trials import GRACE, POLL_SECONDS, QUIET, trial

WORKERS = 4
Progress = Callable[[Scenario, Sequence[Broken]], None]


def run_certification(
    make_client: Maker,
    *,
    upstream: str,
    only: Iterable[str] = (),
    seed: int | None = None,
    deep: bool = False,
    progress: Progress | None = None,
) -> Certification:
    """Certify a Python client: `make_client(surroundings)` gives a callable that takes an order and gives its outcome.

    The order, the outcome and what `surroundings` holds are those of `seedmock certify`. `only` names scenarios.
    Raises LookupError for an upstream or a scenario that there is not.
    """
    return certify(Callback(make_client), upstream=upstream, only=only, seed=seed, deep=deep, progress=progress)


def certify(
    adapter: Adapter,
    *,
    upstream: str,
    only: Iterable[str] = (),
    seed: int | None = None,
    deep: bool = False,
    progress: Progress | None = None,
) -> Certification:
    """Run a client through every scenario. Raises LookupError as `run_certification` does."""
    wanted = chosen(upstream, only)
    seed = fresh_seed() if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="seedmock-certify-") as folder, ExitStack() as stack:
        benches = [stack.enter_context(bench(upstream, seed + number)) for number in range(WORKERS)]
        certifier = Certifier(adapter, benches, Path(folder), progress)
        trouble = certifier.try_out(wanted[0])
        if not trouble:
            certifier.run(wanted[1:])
    return certifier.verdict(upstream, wanted, trouble)


def chosen(upstream: str, only: Iterable[str]) -> list[Scenario]:
    """The scenarios with these names, or all. Raises LookupError, which says which there are."""
    known = {one.name: one for one in scenarios(upstream)}
    names = list(only)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise LookupError(f"no scenario {unknown[0]!r}; there are: {', '.join(known)}")
    return [one for one in known.values() if not names or one.name in names]


class Certifier:
    """Runs trials on benches, and keeps what broke in the order of the scenarios."""

    def __init__(self, adapter: Adapter, benches: list[Bench], folder: Path, progress: Progress | None) -> None:
        self._adapter, self._benches, self._folder = adapter, benches, folder
        self._progress = progress
        self._lock = threading.Lock()
        self._quiet = QUIET
        self._found: dict[str, list[Broken]] = {}
        self._answered = False

    def try_out(self, scenario: Scenario) -> str:
        """Run the first trial alone; gives why the client cannot be judged, if it has done nothing at all."""
        seen = self._tried(self._benches[0], scenario)
        if seen.run.outcome is None and not seen.heard:
            return f"the adapter sent nothing: {seen.run.trouble}"
        return ""

    def run(self, wanted: Sequence[Scenario]) -> None:
        """Run trials side by side, one on each bench at a time."""
        waiting: queue.SimpleQueue[Scenario] = queue.SimpleQueue()
        for scenario in wanted:
            waiting.put(scenario)
        troubles: list[BaseException] = []
        threads = [threading.Thread(target=self._work, args=(one, waiting, troubles)) for one in self._benches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if troubles:
            raise troubles[0]

    def _work(self, bench: Bench, waiting: queue.SimpleQueue[Scenario], troubles: list[BaseException]) -> None:
        while not troubles:
            try:
                self._tried(bench, waiting.get_nowait())
            except queue.Empty:
                return
            except BaseException as trouble:
                troubles.append(trouble)

    def _tried(self, bench: Bench, scenario: Scenario) -> Evidence:
        folder = self._folder / str(id(bench))
        folder.mkdir(exist_ok=True)
        seen = trial(bench, self._adapter, scenario, folder, POLL_SECONDS, self._quiet)
        found = judged(seen)
        with self._lock:
            self._answered = self._answered or seen.run.outcome is not None
            if seen.run.stopped:  # who has hung once is not waited for as long again
                self._quiet = max(GRACE, self._quiet / 2)
            self._found[scenario.name] = found
            if self._progress is not None:
                self._progress(scenario, found)
        return seen

    def verdict(self, upstream: str, wanted: Sequence[Scenario], trouble: str) -> Certification:
        """What it all comes to."""
        broken = tuple(one for scenario in wanted for one in self._found.get(scenario.name, ()))
        names = tuple(scenario.name for scenario in wanted if scenario.name in self._found)
        verdict = Verdict.NOT_CERTIFIED if broken else Verdict.CERTIFIED
        if trouble:
            verdict, broken = Verdict.COULD_NOT_RUN, ()
        return Certification(upstream, self._adapter.name, verdict, names, broken, trouble)
