"""A client on trial: a program that is started once for each, or a Python callable in a thread. And what it answered.

Both are given an order and surroundings, are watched while they run, and are stopped when their time is up.
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

from .sample_orders import Order

KINDS = (
    *("validation", "authentication", "moderation", "balance", "rate_limit", "not_found"),
    *("upstream", "timeout", "submission_unknown", "unknown"),
)
TAIL = 64 * 1024
PIECE = 64 * 1024
GLANCE = 0.02
"""The seconds between two looks at whether a client's time is up."""
SHOWN = 200


@dataclass(frozen=True, slots=True)
class ClientEnvironment:
    """Where a client is on trial: what an adapter is told by its environment."""

    upstream: str
    base_url: str
    api_key: str = field(repr=False)
    out: Path
    poll_seconds: float

    @property
    def environment(self) -> dict[str, str]:
        """The variables of an adapter."""
        return {
            "SEEDMOCK_UPSTREAM": self.upstream,
            "SEEDMOCK_BASE_URL": self.base_url,
            "SEEDMOCK_API_KEY": self.api_key,
            "SEEDMOCK_OUT": str(self.out),
            "SEEDMOCK_POLL_SECONDS": f"{self.poll_seconds:g}",
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a client says became of the order. `kind` is empty if it is well."""

    ok: bool
    kind: str = ""
    task_id: str | None = None

    def __str__(self) -> str:
        task = f", task {self.task_id}" if self.task_id else ", no task"
        return f"ok{task}" if self.ok else f"{self.kind}{task}"


@dataclass(frozen=True, slots=True)
class Run:
    """How a trial went for the client: `trouble` is why there is no outcome. `stopped` when its time was up."""

    outcome: Outcome | None
    ended: float
    stopped: bool = False
    started: bool = True
    trouble: str = ""


class Watch(Protocol):
    """Who watches a run: the time, and whether it is up."""

    def now(self) -> float: ...
    def is_over(self) -> bool: ...


class Adapter(Protocol):
    """How a client is run once."""

    @property
    def name(self) -> str: ...
    @property
    def together(self) -> int:
        """How many may run side by side."""
        ...

    def run(self, order: Order, surroundings: ClientEnvironment, watch: Watch) -> Run: ...


def outcome_from(said: object) -> Outcome:
    """An outcome from its JSON object. Raises ValueError, which says what was found and what is expected."""
    if not isinstance(said, Mapping) or not isinstance(said.get("ok"), bool):
        raise ValueError(f'{_shown(said)} is no outcome; expected {{"ok":true,"task_id":...}}')
    task = said.get("task_id")
    id_ = None if task is None or task == "" else str(task)
    if said["ok"]:
        return Outcome(True, "", id_)
    if said.get("kind") not in KINDS:
        raise ValueError(f"kind is {_shown(said.get('kind'))}; allowed: {', '.join(KINDS)}")
    return Outcome(False, str(said["kind"]), id_)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


# --- a program ---


class Program:
    """A command in any language. Raises ValueError for one that cannot be read."""

    together = 8  # most of a trial is waiting, but a program that starts is not

    def __init__(self, command: str) -> None:
        self.name = command
        self._words = shlex.split(command)
        if not self._words:
            raise ValueError("the adapter's command is empty")

    def run(self, order: Order, surroundings: ClientEnvironment, watch: Watch) -> Run:
        """Start it, give it the order, and read its last line."""
        try:
            process = self._start(surroundings)
        except OSError as error:
            why = error.strerror or str(error)
            return Run(None, watch.now(), started=False, trouble=f"{self._words[0]} cannot be started: {why}")
        said, complaints = _Tail(process.stdout), _Tail(process.stderr)
        with contextlib.suppress(OSError):  # who does not read the order has closed the pipe
            assert process.stdin is not None
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.close()
        try:
            stopped = not _waited(process, watch)
        finally:  # also when somebody interrupts
            _stop(process)
        ended = watch.now()
        outcome, trouble = _read(said.text(), complaints.text(), process.wait(), stopped)
        return Run(outcome, ended, stopped, trouble=trouble)

    def _start(self, surroundings: ClientEnvironment) -> subprocess.Popen[bytes]:
        # A proxy is no way to this very machine, and a variable of ours would be one that nobody was promised.
        left_out = ("SEEDMOCK_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(left_out)}
        return subprocess.Popen(  # noqa: S603 - the command is the user's own
            self._words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**inherited, **surroundings.environment},
            start_new_session=True,
        )


class _Tail:
    """Reads a pipe to its end and keeps the last of it, however much there is."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._kept: deque[bytes] = deque()
        self._size = 0
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[bytes] | None) -> None:
        if pipe is None:
            return
        with contextlib.suppress(OSError, ValueError), pipe:
            while piece := pipe.read1(PIECE):  # type: ignore[attr-defined]  # a pipe of bytes is a BufferedReader
                self._kept.append(piece)
                self._size += len(piece)
                while self._size - len(self._kept[0]) >= TAIL:
                    self._size -= len(self._kept.popleft())

    def text(self) -> str:
        """The end of what was read."""
        self._thread.join(2.0)
        return b"".join(self._kept.copy())[-TAIL:].decode("utf-8", "replace")


def _waited(process: subprocess.Popen[bytes], watch: Watch) -> bool:
    """Wait for the end; False when the time is up before."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GLANCE)
            return True
        if watch.is_over():
            return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the program, if it still runs, and whatever it has started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            process.kill()


def _read(said: str, complaints: str, code: int, stopped: bool) -> tuple[Outcome | None, str]:
    lines = [line for line in said.splitlines() if line.strip()]
    if stopped:
        return None, "it did not end, and was stopped"
    last = lines[-1].strip() if lines else ""
    try:
        return outcome_from(json.loads(last)), ""
    except (ValueError, RecursionError) as error:
        why = f"its last line is {_shown(last)}" if last else "it printed nothing"
        if last.startswith("{") and not isinstance(error, json.JSONDecodeError):
            why = str(error)
        crash = next((line.strip() for line in reversed(complaints.splitlines()) if line.strip()), "")
        aside = f": {crash[:SHOWN]}" if crash and code != 0 else ""
        return None, f"it ended with code {code}{aside}; {why}, where one JSON object is expected"


# --- a Python callable ---

Maker = Callable[[ClientEnvironment], Callable[[Order], Any]]


class Callback:
    """A client in this process: what `make` makes is called with the order, in a thread of its own."""

    together = 16

    def __init__(self, make: Maker) -> None:
        self._make = make
        self.name = getattr(make, "__qualname__", repr(make))

    def run(self, order: Order, surroundings: ClientEnvironment, watch: Watch) -> Run:
        """Call it. One that does not end is left behind: a thread cannot be stopped."""
        answers: list[Any] = []

        def call() -> None:
            try:
                answer = self._make(surroundings)(order)
                answers.append(asyncio.run(_awaited(answer)) if inspect.isawaitable(answer) else answer)
            except BaseException as error:
                answers.append(error)

        thread = threading.Thread(target=call, name=f"certify {self.name}", daemon=True)
        thread.start()
        while thread.is_alive() and not watch.is_over():
            thread.join(GLANCE)
        ended = watch.now()
        if not answers:
            return Run(None, ended, stopped=True, trouble="it did not return, and was left behind")
        return Run(*_told(answers[0], ended))


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def _told(answer: object, ended: float) -> tuple[Any, ...]:
    if isinstance(answer, BaseException):
        return None, ended, False, True, f"it raised {type(answer).__name__}: {str(answer)[:SHOWN]}"
    try:
        return outcome_from(answer), ended
    except ValueError as error:
        return None, ended, False, True, str(error)
