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

    __slots__ = ("error", "future", "loop", "result", "run", "writes")

    def __init__(self, run: Statement[Any], writes: bool, loop: asyncio.AbstractEventLoop | None) -> None:
        self.run, self.writes, self.loop = run, writes, loop
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
    ) -> None:
        """`flush` is called before each commit, `discard` when a transaction was rolled back."""
        self._path, self._connection = path, connection
        self._flush, self._discard = flush, discard
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="seedmock sqlite", daemon=True)
        self._thread.start()

    async def read(self, run: Statement[T]) -> T:
        """Run a function that writes nothing. Raises StoreUnavailable."""
        return await self._call(run, writes=False)

    async def write(self, run: Statement[T]) -> T:
        """Run a function in a transaction, and return its result after the commit. Raises StoreUnavailable.

        It is run again, alone, if another one of its group has failed.
        """
        return await self._call(run, writes=True)

    def run_now(self, run: Statement[T]) -> T:
        """Run a function in a transaction, and block this thread until the commit. Raises StoreUnavailable."""
        job = _Job(run, True, None)
        job.future = Future[Any]()
        self._put(job)
        return cast(T, job.future.result())

    def post(self, run: Statement[object]) -> None:
        """Run a function with the next commit, and wait for nothing; a failure is dropped."""
        self._put(_Job(run, True, None))

    async def _call(self, run: Statement[T], *, writes: bool) -> T:
        if MAY_BLOCK.get():
            job = _Job(run, writes, None)
            job.future = Future[Any]()
            self._put(job)
            return cast(T, job.future.result())
        job = _Job(run, writes, asyncio.get_running_loop())
        self._put(job)
        return cast(T, await job.future)

    def _put(self, job: _Job) -> None:
        if self._is_closed:
            raise StoreUnavailable(f"the database {self._path} is closed")
        self._jobs.put(job)

    def close(self) -> None:
        """Commit what is waiting, and close the connection."""
        if not self._is_closed:
            self._is_closed = True
            self._jobs.put(None)
            self._thread.join()

    # --- in the thread ---

    def _work(self) -> None:
        is_open = True
        while is_open:
            group, is_open = self._next_group()
            if group:
                self._run_group(group)
                _deliver(group)
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA optimize")
        self._connection.close()

    def _next_group(self) -> tuple[list[_Job], bool]:
        """Wait for a job, and return it with those that wait behind it; False after the last one."""
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) >= MAX_GROUP:
                return group, True
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _run_group(self, group: Sequence[_Job]) -> None:
        try:
            self._run_together(group)
        except Exception:
            # One of them, or the commit. None has been delivered, so each gets a transaction of its own.
            for job in group:
                self._run_alone(job)

    def _run_together(self, group: Sequence[_Job]) -> None:
        connection, writes = self._connection, any(job.writes for job in group)
        if writes:
            connection.execute("BEGIN IMMEDIATE")
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
