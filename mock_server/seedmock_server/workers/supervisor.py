"""Starts workers on one listening socket, replaces those that die, and ends them all. Knows no application.

Why not uvicorn's own supervisor: docs/decisions/0016-a-supervisor-of-our-own.md.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from ..clock import stopwatch
from ..errors import SeedmockServerError
from .barrier import Barriers
from .messages import COUNTED, FAILED, READY, SETTLE, SETTLED, Message
from .worker_process import Listener, WorkerProcess, describe_status

START_PAUSES: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each further start of a worker that dies at its start; after the last one the supervisor gives up."""
START_SECONDS: Final = 60.0
"""A worker that is not ready by then hangs, and counts as one that died."""
STEADY_SECONDS: Final = 5.0
"""A worker that lived as long was well; an earlier death delays the next start, as one at the start does."""
# After a second Ctrl-C: connections are cut at once, and what is left of a worker is the time to write its journal.
FORCE_SECONDS: Final = 1.0


class WorkerFailure(SeedmockServerError):
    """Workers can't start, or die at their start again and again. The message says why; `status` is an exit code."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Supervisor:
    """One worker for each listening socket. They stay open here: what waits in one outlives the worker that has it."""

    def __init__(
        self,
        module: str,
        listeners: Sequence[Listener],
        settings: Mapping[str, Any],
        *,
        stop_seconds: float,
        log: Callable[[str], None],
    ) -> None:
        """`module` has the function `main` of a worker, which gets the numbers of the socket and of its pipe.

        `settings` are plain values, which become JSON. `stop_seconds`: then a worker that does not end is killed.
        """
        self._module, self._listeners, self._settings = module, listeners, settings
        self._stop_seconds, self._log = stop_seconds, log
        self._workers: set[WorkerProcess] = set()
        self._starts: list[tuple[float, Listener]] = []
        self._barriers = Barriers()
        self._selector = selectors.DefaultSelector()
        self._early_deaths = 0
        self._has_started = False
        self._stops = 0
        self._kill_at = float("inf")
        self._failure: WorkerFailure | None = None

    def run(self, on_ready: Callable[[Message], None]) -> None:
        """Serve until Ctrl-C or SIGTERM. Call it from the main thread.

        `on_ready` receives what a worker said when it was ready, once all are. Raises WorkerFailure.
        """
        self._on_ready = on_ready
        with self._signals(), self._selector:
            self._starts = [(0.0, listener) for listener in self._listeners]
            try:
                while self._workers or (self._starts and not self._stops):
                    self._start_due()
                    self._wait()
                    self._kill_late()
            finally:
                for worker in self._workers:  # after an error of ours: none may stay behind
                    worker.signal(signal.SIGKILL)
                    worker.close()
        if self._failure is not None:
            raise self._failure

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Wake the loop by signals, also by one that another thread has raised."""
        self._signal_pipe, wake = os.pipe()
        for end in (self._signal_pipe, wake):
            os.set_blocking(end, False)
        self._selector.register(self._signal_pipe, selectors.EVENT_READ)
        handlers = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
        previous = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            os.close(self._signal_pipe)
            os.close(wake)

    # --- the loop ---

    def _wait(self) -> None:
        for key, _ in self._selector.select(self._sleep_seconds()):
            if key.data is None:
                for number in os.read(self._signal_pipe, 64):
                    self._stop(number)
            else:
                self._read(key.data)

    def _sleep_seconds(self) -> float | None:
        times = [self._kill_at, *(worker.started_at + START_SECONDS for worker in self._workers if not worker.ready)]
        if not self._stops:
            times += [at for at, _ in self._starts]
        first = min(times)
        return None if first == float("inf") else max(0.0, first - stopwatch())

    def _start_due(self) -> None:
        if self._stops:
            return
        now = stopwatch()
        due = [listener for at, listener in self._starts if at <= now]
        self._starts = [start for start in self._starts if start[0] > now]
        for listener in due:
            worker = WorkerProcess(self._module, listener, now)
            self._workers.add(worker)
            self._selector.register(worker, selectors.EVENT_READ, worker)
            worker.send("settings", workers=len(self._listeners), settings=self._settings)

    def _kill_late(self) -> None:
        now = stopwatch()
        for worker in self._workers:
            if now >= self._kill_at or (not worker.ready and now >= worker.started_at + START_SECONDS):
                worker.signal(signal.SIGKILL)

    def _read(self, worker: WorkerProcess) -> None:
        for message in worker.reader.read():
            self._receive(worker, message)
        if worker.reader.is_ended:
            self._selector.unregister(worker)
            self._workers.discard(worker)
            self._barriers.forget(worker)
            self._bury(worker, worker.close())

    def _receive(self, worker: WorkerProcess, message: Message) -> None:
        kind = message["kind"]
        if kind == READY:
            worker.ready = message
            if not self._has_started and all(other.ready for other in self._workers):
                self._has_started = True
                self._on_ready(message)
        elif kind == FAILED:
            worker.error = message["error"]
        elif kind == SETTLE:
            self._barriers.open(worker, message["id"], {other for other in self._workers if other.ready} - {worker})
        elif kind == SETTLED:
            self._barriers.pass_by(worker, message["id"], Counter(message["statistics"]))
        elif kind == COUNTED:
            self._barriers.count(worker, Counter(message["statistics"]))

    # --- ends ---

    def _bury(self, worker: WorkerProcess, status: int) -> None:
        """Plan a replacement for a worker that has ended, unless all are to end."""
        if self._stops:
            return
        how = worker.error or describe_status(status)
        if not self._has_started:
            self._give_up(f"a worker did not start: it {how}" if not worker.error else how, status)
            return
        seconds = stopwatch() - worker.started_at
        self._early_deaths = self._early_deaths + 1 if not worker.ready or seconds < STEADY_SECONDS else 0
        if self._early_deaths >= len(START_PAUSES) and not worker.ready:
            self._give_up(f"no worker starts any more; the last of {self._early_deaths} in a row: {how}", status)
            return
        pause = START_PAUSES[min(self._early_deaths, len(START_PAUSES) - 1)]
        self._starts.append((stopwatch() + pause, worker.listener))
        after = f"in {pause:g} s" if pause else "now"
        self._log(f"seedmock: worker {worker.pid} {describe_status(status)}; another one starts {after}")

    def _give_up(self, message: str, status: int) -> None:
        self._failure = WorkerFailure(message, status if status > 0 else 1)
        self._stop(signal.SIGTERM)

    def _stop(self, number: int) -> None:
        """End all workers after their responses; a second Ctrl-C aborts them."""
        is_forced = self._stops > 0 and number == signal.SIGINT
        if self._stops and not is_forced:
            return
        self._stops += 1
        for listener in self._listeners:
            listener.close()
        self._kill_at = stopwatch() + (FORCE_SECONDS if is_forced else self._stop_seconds)
        for worker in self._workers:
            # One that is still starting has no handler of signals yet, and no connection.
            starting = signal.SIGKILL if is_forced else signal.SIGTERM
            worker.signal(number if worker.ready and is_forced else starting)


def _ignore(*_: object) -> None:
    """Let the wakeup descriptor tell of the signal."""
