"""SQLite database with one thread for all statements. What is waiting is committed together (group commit)."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

from ...http.coroutines import MAY_BLOCK
from ..models import StoreUnavailable
from .explanations import explain

T = TypeVar("T")
Statement = Callable[[sqlite3.Connection], T]
MAX_GROUP = 500
"""Jobs of one commit: more would make the first of them wait."""
BUSY_SECONDS = 10.0
"""Wait for another process's commit; it holds the lock for milliseconds, unless it is stuck."""


class _Job:
    """Function of the connection, and the future that gets its result after the commit."""

    __slots__ = ("alone", "error", "future", "loop", "result", "run", "writes")

    def __init__(
        self,
        run: Statement[Any],
        writes: bool,
        loop: asyncio.AbstractEventLoop | None,
        alone: Statement[Any] | None = None,
    ) -> None:
        self.run, self.alone, self.writes, self.loop = run, alone or run, writes, loop
        self.future: Any = None if loop is None else loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None


class Database:
    """Connection in a thread of its own. Any thread and any event loop may call it."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        flush: Statement[None] | None = None,
        discard: Callable[[], None] | None = None,
        on_commit: Statement[None] | None = None,
    ) -> None:
        """`flush` is called before each commit, `on_commit` after it, `discard` when a transaction was rolled back."""
        self._path, self._connection = path, connection
        self._flush, self._discard, self._on_commit = flush, discard, on_commit
        self._jobs: SimpleQueue[Sequence[_Job] | None] = SimpleQueue()
        self._gathering = threading.Lock()
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        """Jobs of the present turn of each loop."""
        self._is_closed = False
        self._is_last = False
        """No jobs come after those of the present group. Belongs to the thread."""
        self._thread = threading.Thread(target=self._work, name="seedmock sqlite", daemon=True)
        self._thread.start()

    async def read(self, run: Statement[T]) -> T:
        """Run a function that writes nothing. Raises StoreUnavailable."""
        return await self._call(run, writes=False)

    async def write(self, run: Statement[T], alone: Statement[T] | None = None) -> T:
        """Run a function in a transaction, and return its result after the commit. Raises StoreUnavailable.

        If one of its group has failed it is run again, in a transaction of its own; or `alone` is, in its place.
        """
        return await self._call(run, writes=True, alone=alone)

    def run_now(self, run: Statement[T]) -> T:
        """Run a function in a transaction, and block this thread until the commit. Raises StoreUnavailable."""
        job = _Job(run, True, None)
        job.future = Future[Any]()
        self._put(job)
        return cast(T, job.future.result())

    def post(self, run: Statement[object], *, writes: bool = True) -> None:
        """Run a function with the next commit, and wait for nothing; a failure is dropped."""
        self._put(_Job(run, writes, None))

    async def _call(self, run: Statement[T], *, writes: bool, alone: Statement[T] | None = None) -> T:
        if MAY_BLOCK.get():
            job = _Job(run, writes, None, alone)
            job.future = Future[Any]()
            self._put(job)
            return cast(T, job.future.result())
        job = _Job(run, writes, asyncio.get_running_loop(), alone)
        self._put(job)
        return cast(T, await job.future)

    def _put(self, job: _Job) -> None:
        with self._gathering:
            if self._is_closed:
                raise StoreUnavailable(f"the database {self._path} is closed")
            loop = job.loop
            if loop is None:
                self._send_all()  # what was asked for before is done before
                self._jobs.put([job])
            elif loop in self._gathered:
                self._gathered[loop].append(job)
            else:
                # Sent after this turn of the loop: a thread that gets the first job alone also commits it alone.
                self._gathered[loop] = [job]
                loop.call_soon(self._send, loop)

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._gathering:
            if loop in self._gathered:
                self._jobs.put(self._gathered.pop(loop))

    def _send_all(self) -> None:
        for jobs in self._gathered.values():
            self._jobs.put(jobs)
        self._gathered.clear()

    def close(self) -> None:
        """Commit what is waiting, and close the connection."""
        with self._gathering:
            if self._is_closed:
                return
            self._is_closed = True
            self._send_all()
            self._jobs.put(None)
        self._thread.join()

    # --- in the thread ---

    def _work(self) -> None:
        while not self._is_last:
            group: list[_Job] = []
            self._add_to(group, self._jobs.get())
            if group:
                self._run_group(group)
                _deliver(group)
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA optimize")
        self._connection.close()

    def _add_to(self, group: list[_Job], jobs: Sequence[_Job] | None = ()) -> None:
        """Add jobs to a group, and those that wait behind them."""
        while jobs is not None:
            group += jobs
            if len(group) >= MAX_GROUP:
                return
            try:
                jobs = self._jobs.get_nowait()
            except Empty:
                return
        self._is_last = True

    def _run_group(self, group: list[_Job]) -> None:
        try:
            self._run_together(group, grows=True)
        except Exception:
            # One of them, or the commit. None has been delivered, so each gets a transaction of its own.
            for job in group:
                job.run = job.alone
                self._run_alone(job)

    def _run_together(self, group: list[_Job], *, grows: bool = False) -> None:
        connection, writes = self._connection, any(job.writes for job in group)
        if writes:
            connection.execute("BEGIN IMMEDIATE")
            if grows:  # by what has come while another process held the lock
                self._add_to(group)
        try:
            for job in group:
                job.result = job.run(connection)
            if writes:
                if self._flush is not None:
                    self._flush(connection)
                connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        if writes and self._on_commit is not None:
            self._on_commit(connection)

    def _run_alone(self, job: _Job) -> None:
        try:
            self._run_together([job])
        except sqlite3.Error as error:
            reason = explain(self._path, error)
            job.error = StoreUnavailable(f"the database {self._path} can't be used now: {reason}")
        except Exception as error:
            job.error = error

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite itself rolls back where a disk is full
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
        if self._discard is not None:
            self._discard()


def _deliver(group: Sequence[_Job]) -> None:
    """Hand results over, once for each event loop: waking a loop costs more than most statements."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in group:
        if job.loop is not None:
            by_loop.setdefault(job.loop, []).append(job)
        elif job.future is not None:
            _finish([job])
    for loop, jobs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(_finish, jobs)


def _finish(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # cancelled
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)
