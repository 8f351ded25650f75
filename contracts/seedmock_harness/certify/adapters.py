"""Adapters: run a client once, as a subprocess or as a Python callable in a thread, and parse its outcome.

Both get an order and a client environment, and are stopped at a deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import shlex
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from msgspec import Struct

from .sample_orders import Order

ERROR_KINDS = (
    *("validation", "authentication", "moderation", "balance", "rate_limit", "not_found"),
    *("upstream", "timeout", "submission_unknown", "unknown"),
)
MAX_OUTPUT_BYTES = 64 * 1024
"""Bytes at the end of a program's output that are kept: the outcome is its last line."""
CHUNK = 64 * 1024
CHECK_INTERVAL = 0.02
"""Seconds between two checks of the deadline."""
MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ClientEnvironment:
    """Environment of a client in a trial. `out` is the file for the clip."""

    upstream: str
    base_url: str
    api_key: str = field(repr=False)
    out: Path
    poll_seconds: float

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of a subprocess."""
        return {
            "SEEDMOCK_UPSTREAM": self.upstream,
            "SEEDMOCK_BASE_URL": self.base_url,
            "SEEDMOCK_API_KEY": self.api_key,
            "SEEDMOCK_OUT": str(self.out),
            "SEEDMOCK_POLL_SECONDS": f"{self.poll_seconds:g}",
        }


class ClientOutcome(Struct, frozen=True):
    """Outcome that a client reports; `kind` is one of ERROR_KINDS, empty for success."""

    ok: bool
    kind: str = ""
    task_id: str | None = None

    def __str__(self) -> str:
        task = f", task {self.task_id}" if self.task_id else ", no task"
        return f"ok{task}" if self.ok else f"{self.kind}{task}"


class ClientRun(Struct, frozen=True):
    """One run of a client. `problem` says why there is no outcome; `stopped` means that the deadline passed."""

    outcome: ClientOutcome | None
    ended_at: float
    stopped: bool = False
    started: bool = True
    problem: str = ""


class Deadline(Protocol):
    """Clock of a run, and its end."""

    def now(self) -> float: ...
    def expired(self) -> bool: ...


class Adapter(Protocol):
    """Runs a client once."""

    @property
    def name(self) -> str: ...
    @property
    def max_parallel(self) -> int:
        """Maximum number of simultaneous runs."""
        ...

    def run(self, order: Order, environment: ClientEnvironment, deadline: Deadline) -> ClientRun: ...


def parse_outcome(value: object) -> ClientOutcome:
    """Parse the JSON object that a client reports. Raises ValueError with the value and what is expected."""
    if not isinstance(value, Mapping) or not isinstance(value.get("ok"), bool):
        raise ValueError(f'{_shorten(value)} is not an outcome; expected {{"ok":true,"task_id":...}}')
    task = value.get("task_id")
    task_id = None if task is None or task == "" else str(task)
    if value["ok"]:
        return ClientOutcome(True, "", task_id)
    if value.get("kind") not in ERROR_KINDS:
        raise ValueError(f"kind is {_shorten(value.get('kind'))}; allowed: {', '.join(ERROR_KINDS)}")
    return ClientOutcome(False, str(value["kind"]), task_id)


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


# --- subprocess ---


class SubprocessAdapter:
    """Client in any language: a command, started once for each trial. Raises ValueError if it cannot be parsed."""

    max_parallel = 8  # a trial mostly waits, but the start of an interpreter is CPU time

    def __init__(self, command: str) -> None:
        self.name = command
        self._arguments = shlex.split(command)
        if not self._arguments:
            raise ValueError("the adapter's command is empty")

    def run(self, order: Order, environment: ClientEnvironment, deadline: Deadline) -> ClientRun:
        """Start the program, write the order to its standard input, and parse the last line of its output."""
        try:
            process = self._start(environment)
        except OSError as error:
            problem = f"cannot start {self._arguments[0]}: {error.strerror or error}"
            return ClientRun(None, deadline.now(), started=False, problem=problem)
        output, errors = _OutputTail(process.stdout), _OutputTail(process.stderr)
        with contextlib.suppress(OSError):  # a program that does not read its order has closed the pipe
            assert process.stdin is not None
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.close()
        try:
            stopped = not _wait(process, deadline)
        finally:  # after KeyboardInterrupt as well
            _kill(process)
        ended_at = deadline.now()
        outcome, problem = _parse_output(output.text(), errors.text(), process.wait(), stopped)
        return ClientRun(outcome, ended_at, stopped, problem=problem)

    def _start(self, environment: ClientEnvironment) -> subprocess.Popen[bytes]:
        # A proxy cannot reach this machine's loopback, and the protocol promises no SEEDMOCK_ variables but its own.
        dropped = ("SEEDMOCK_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(dropped)}
        return subprocess.Popen(  # noqa: S603 - the command is the user's own
            self._arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**inherited, **environment.variables},
            # A process group of its own: its children are killed with it.
            start_new_session=True,
        )


class _OutputTail:
    """Drains a pipe in a thread, and keeps the last MAX_OUTPUT_BYTES."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[bytes] | None) -> None:
        if pipe is None:
            return
        with contextlib.suppress(OSError, ValueError), pipe:
            while chunk := pipe.read1(CHUNK):  # type: ignore[attr-defined]  # a pipe of bytes is a BufferedReader
                self._chunks.append(chunk)
                self._size += len(chunk)
                while self._size - len(self._chunks[0]) >= MAX_OUTPUT_BYTES:
                    self._size -= len(self._chunks.popleft())

    def text(self) -> str:
        # Not for ever: a child that has left the group can hold the pipe open.
        self._thread.join(2.0)
        return b"".join(self._chunks.copy())[-MAX_OUTPUT_BYTES:].decode("utf-8", "replace")


def _wait(process: subprocess.Popen[bytes], deadline: Deadline) -> bool:
    """Wait for the process; return False if the deadline comes first."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(CHECK_INTERVAL)
            return True
        if deadline.expired():
            return False


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group: the program, if it still runs, and its children."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            process.kill()


def _parse_output(output: str, errors: str, code: int, stopped: bool) -> tuple[ClientOutcome | None, str]:
    lines = [line for line in output.splitlines() if line.strip()]
    if stopped:
        return None, "it did not end, and was stopped"
    last = lines[-1].strip() if lines else ""
    try:
        return parse_outcome(json.loads(last)), ""
    except (ValueError, RecursionError) as error:
        reason = f"its last line is {_shorten(last)}" if last else "it printed nothing"
        if last.startswith("{") and not isinstance(error, json.JSONDecodeError):
            reason = str(error)
        last_error = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), "")
        crash = f": {last_error[:MAX_SHOWN]}" if last_error and code != 0 else ""
        return None, f"it exited with code {code}{crash}; {reason}; expected one JSON object"


# --- Python callable ---

ClientFactory = Callable[[ClientEnvironment], Callable[[Order], Any]]


class CallableAdapter:
    """Client in this process: `factory(environment)` returns a callable that takes the order, run in a thread."""

    # More than of programs: no interpreter is started for a trial.
    max_parallel = 16

    def __init__(self, factory: ClientFactory) -> None:
        self._factory = factory
        self.name = getattr(factory, "__qualname__", repr(factory))

    def run(self, order: Order, environment: ClientEnvironment, deadline: Deadline) -> ClientRun:
        """Call the client. A thread cannot be killed: a client beyond its deadline is abandoned."""
        results: list[Any] = []

        def call() -> None:
            try:
                result = self._factory(environment)(order)
                results.append(asyncio.run(_await(result)) if inspect.isawaitable(result) else result)
            except BaseException as error:
                results.append(error)

        thread = threading.Thread(target=call, name=f"certify {self.name}", daemon=True)
        thread.start()
        while thread.is_alive() and not deadline.expired():
            thread.join(CHECK_INTERVAL)
        ended_at = deadline.now()
        if not results:
            return ClientRun(None, ended_at, stopped=True, problem="it did not return, and was abandoned")
        return _run_from(results[0], ended_at)


async def _await(result: Awaitable[Any]) -> Any:
    return await result


def _run_from(result: object, ended_at: float) -> ClientRun:
    if isinstance(result, BaseException):
        problem = f"it raised {type(result).__name__}: {str(result)[:MAX_SHOWN]}"
        return ClientRun(None, ended_at, problem=problem)
    try:
        return ClientRun(parse_outcome(result), ended_at)
    except ValueError as error:
        return ClientRun(None, ended_at, problem=str(error))
