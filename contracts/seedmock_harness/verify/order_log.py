"""The file in which a verification writes each paid call before it makes it, and the task's id after it.

One JSON object a line. From it an interrupted run goes on: what was ordered is not ordered again. It holds no key.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import platformdirs

RESUMABLE = 86_400.0
"""Seconds for which an interrupted run is gone on with; later its clips are no longer there."""


class UnreadableOrderLog(Exception):
    """The file is no such book, or cannot be written; the message says what to do."""


@dataclass
class LoggedOrder:
    """One paid call: begun, and then, if an answer came, taken or refused."""

    step: str
    number: int
    price: Decimal
    at: float
    task: str = ""
    answer: Mapping[str, Any] | None = None
    answered_at: float = 0.0
    refused: bool = False

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows if the order was taken."""
        return self.answer is None and not self.refused and not self.task


@dataclass
class Run:
    """One verification as the book has it; `closed` once it came to its end."""

    id: str
    at: float
    orders: list[LoggedOrder] = field(default_factory=list)
    closed: bool = False

    def order(self, step: str, number: int) -> LoggedOrder | None:
        """The order of this number in a step, as far as it may have been taken."""
        return next((one for one in self.orders if (one.step, one.number) == (step, number) and not one.refused), None)

    @property
    def spent(self) -> Decimal:
        """What the orders cost at most that were taken or may have been."""
        return sum((order.price for order in self.orders if not order.refused), Decimal(0))


def state_file(name: str) -> Path:
    """A file in the folder in which this system keeps a user's state."""
    return Path(platformdirs.user_state_dir("seedmock", appauthor=False)) / name


def fingerprint(upstream: str, target: str, key: str) -> str:
    """Stands for an upstream, an address and a key; the key cannot be read from it."""
    return blake2b("\n".join((upstream, target, key)).encode(), digest_size=8).hexdigest()


class OrderLog:
    """The runs against one target. `path` None keeps nothing beyond this process."""

    def __init__(self, path: Path | None, about: str) -> None:
        """Raises UnreadableOrderLog."""
        self._path, self._about = path, about
        self._file: IO[str] | None = None
        self.runs = {run.id: run for run in self._read()} if path is not None and path.exists() else {}
        self.run = Run("", 0.0)

    def interrupted(self, now: float) -> Run | None:
        """The latest run against this target that never came to its end, if it is young enough to go on with."""
        latest = max(self.runs.values(), key=lambda run: run.at, default=None)
        if latest is None or latest.closed or not latest.orders or now - latest.at > RESUMABLE:
            return None
        return latest

    def open(self, now: float, resumed: Run | None = None) -> None:
        """Begin a run, or go on with one. Raises UnreadableOrderLog."""
        self.run = resumed or Run(f"{now:.6f}", now)
        if resumed is None:
            self._write("opened", now)

    def ordering(self, step: str, price: Decimal, now: float) -> LoggedOrder:
        """Write that a paid call is about to be made. Raises UnreadableOrderLog: then it must not be made."""
        number = sum(order.step == step for order in self.run.orders)
        order = LoggedOrder(step, number, price, now)
        self._write("ordering", now, step=step, number=number, price=str(price))
        self.run.orders.append(order)
        return order

    def answered(
        self, order: LoggedOrder, now: float, task: str, answer: Mapping[str, Any] | None, refused: bool
    ) -> None:
        """Write what became of a paid call."""
        order.task, order.answer, order.answered_at, order.refused = task, answer, now, refused
        self._write(
            "refused" if refused else "taken", now, step=order.step, number=order.number, task_id=task, answer=answer
        )

    def close(self, now: float, verdict: str) -> None:
        """Write that the run came to its end."""
        self.run.closed = True
        self._write("closed", now, verdict=verdict)

    def put_away(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, event: str, now: float, **more: Any) -> None:
        if self._path is None:
            return
        line = json.dumps({"run": self.run.id, "about": self._about, "event": event, "at": now, **more})
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("a", encoding="utf-8")
                _lock(self._file, self._path)
                if self._path.stat().st_size and not self._path.read_bytes().endswith(b"\n"):
                    self._file.write("\n")  # the last run was killed in the middle of a line
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise UnreadableOrderLog(
                f"the ledger {self._path} cannot be written: {error.strerror}: nothing was sent"
            ) from error

    def _read(self) -> Iterator[Run]:
        assert self._path is not None
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise UnreadableOrderLog(f"the ledger {self._path} cannot be read: {error.strerror}") from error
        runs: dict[str, Run] = {}
        for number, line in enumerate(lines, 1):
            entry = _entry(line)
            if entry is None and number < len(lines) and number == 1:
                raise UnreadableOrderLog(f"{self._path} is no ledger of `seedmock verify`: line 1 is {line[:60]!r}")
            if entry is not None and entry.get("about") == self._about:
                _apply(entry, runs)
        yield from runs.values()


def _entry(line: str) -> dict[str, Any] | None:
    """A line's object; None for a line that was cut off."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and {"run", "event", "at"} <= set(entry) else None


def _apply(entry: dict[str, Any], runs: dict[str, Run]) -> None:
    run = runs.setdefault(entry["run"], Run(entry["run"], float(entry["at"])))
    if entry["event"] == "ordering":
        run.orders.append(LoggedOrder(entry["step"], entry["number"], _price(entry.get("price")), float(entry["at"])))
    elif entry["event"] in ("taken", "refused"):
        order = run.order(entry["step"], entry["number"])
        if order is not None:
            order.task, order.answer = entry.get("task_id") or "", entry.get("answer")
            order.answered_at, order.refused = float(entry["at"]), entry["event"] == "refused"
    elif entry["event"] == "closed":
        run.closed = True


def _price(text: Any) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return Decimal(0)


def _lock(file: IO[str], path: Path) -> None:
    """Keep other verifications away from the book while this one writes it; the lock ends with the process."""
    try:
        import fcntl
    except ImportError:  # Windows: nobody keeps them away
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise UnreadableOrderLog(
            f"another verification is writing the ledger {path}: wait for it, or give --ledger FILE"
        ) from error
