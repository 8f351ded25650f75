"""Order log of a verification: each paid request is logged before it is sent, its outcome afterwards.

One JSON object a line. An interrupted run is resumed from it, so no order is paid twice. Contains no API key.
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

from ..errors import HarnessError

RESUME_SECONDS = 86_400.0
"""Age up to which an interrupted run is resumed; the upstreams delete clips after a day."""


class OrderLogError(HarnessError):
    """The order log cannot be read or written, or is another file; the message says what to do."""


@dataclass
class LoggedOrder:
    """One paid request and, once it has a response, its outcome."""

    step: str
    number: int
    price: Decimal
    at: float
    task: str = ""
    response: Mapping[str, Any] | None = None
    responded_at: float = 0.0
    rejected: bool = False
    released: bool = False
    """True once its task has failed without being charged."""

    @property
    def outcome_unknown(self) -> bool:
        """True if the upstream may have accepted the order without the log knowing a task."""
        return self.response is None and not self.rejected and not self.task


@dataclass
class LoggedRun:
    """One verification in the order log; `finished` once it has reached its verdict."""

    id: str
    at: float
    orders: list[LoggedOrder] = field(default_factory=list)
    finished: bool = False

    def order(self, step: str, number: int) -> LoggedOrder | None:
        """Return the order with this number in a step, unless it was rejected."""
        return next((order for order in self._accepted() if (order.step, order.number) == (step, number)), None)

    @property
    def spent(self) -> Decimal:
        """Upper bound of the cost in USD: every order that was neither rejected nor released."""
        return sum((order.price for order in self._accepted() if not order.released), Decimal(0))

    @property
    def paid_steps(self) -> set[str]:
        return {order.step for order in self._accepted()}

    def _accepted(self) -> Iterator[LoggedOrder]:
        return (order for order in self.orders if not order.rejected)


def state_file(name: str) -> Path:
    """Return the path of a file in the user's state folder."""
    return Path(platformdirs.user_state_dir("seedmock", appauthor=False)) / name


def fingerprint(upstream: str, target: str, key: str) -> str:
    """Return an id for an upstream, an address and a key, from which the key cannot be recovered."""
    return blake2b("\n".join((upstream, target, key)).encode(), digest_size=8).hexdigest()


class OrderLog:
    """The logged runs against one target. With `path` None nothing is written."""

    def __init__(self, path: Path | None, target: str) -> None:
        """`target` is a fingerprint. Raises OrderLogError."""
        self._path, self._target = path, target
        self._file: IO[str] | None = None
        self.runs = {run.id: run for run in self._read()} if path is not None and path.exists() else {}
        self.run = LoggedRun("", 0.0)

    def interrupted_run(self, now: float) -> LoggedRun | None:
        """Return the latest run if it did not finish, has orders and is recent enough to be resumed."""
        latest = max(self.runs.values(), key=lambda run: run.at, default=None)
        if latest is None or latest.finished or not latest.orders or now - latest.at > RESUME_SECONDS:
            return None
        return latest

    def start_run(self, now: float, resumed: LoggedRun | None = None) -> None:
        """Start a run, or resume one. Raises OrderLogError."""
        self.run = resumed or LoggedRun(f"{now:.6f}", now)
        if resumed is None:
            self._write("run_started", now)

    def log_order(self, step: str, price: Decimal, now: float) -> LoggedOrder:
        """Log an order that is about to be sent. Raises OrderLogError; then it must not be sent."""
        number = sum(order.step == step for order in self.run.orders)
        order = LoggedOrder(step, number, price, now)
        self._write("order_pending", now, step=step, number=number, price=str(price))
        self.run.orders.append(order)
        return order

    def log_outcome(
        self, order: LoggedOrder, now: float, task: str, response: Mapping[str, Any] | None, rejected: bool
    ) -> None:
        """Log the response to an order. Raises OrderLogError."""
        order.task, order.response, order.responded_at, order.rejected = task, response, now, rejected
        event = "order_rejected" if rejected else "order_accepted"
        self._write(event, now, step=order.step, number=order.number, task_id=task, response=response)

    def log_release(self, order: LoggedOrder, now: float) -> None:
        """Log that an order will not be charged, since its task has failed. Raises OrderLogError."""
        self._write("order_released", now, step=order.step, number=order.number)
        order.released = True

    def finish_run(self, now: float, verdict: str) -> None:
        """Log that the run reached its verdict: it will not be resumed."""
        self.run.finished = True
        self._write("run_finished", now, verdict=verdict)

    def close(self) -> None:
        """Close the file and release its lock."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, event: str, now: float, **fields: Any) -> None:
        if self._path is None:
            return
        line = json.dumps({"run": self.run.id, "target": self._target, "event": event, "at": now, **fields})
        try:
            if self._file is None:
                self._file = self._open(self._path)
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())  # the order is sent only once this line survives a power cut
        except OSError as error:
            raise OrderLogError(
                f"cannot write the order log {self._path}: {error.strerror}; nothing was sent"
            ) from error

    @staticmethod
    def _open(path: Path) -> IO[str]:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8")
        try:
            _lock(file, path)
        except OrderLogError:
            file.close()
            raise
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            file.write("\n")  # a process was killed in the middle of a line
        return file

    def _read(self) -> Iterator[LoggedRun]:
        assert self._path is not None
        try:
            # What a power cut has left may be no UTF-8.
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise OrderLogError(f"cannot read the order log {self._path}: {error.strerror}") from error
        runs: dict[str, LoggedRun] = {}
        for number, line in enumerate(lines, 1):
            entry = _parse_entry(line)
            # Later lines, or an only one, may be what a killed process has left.
            if entry is None and number < len(lines) and number == 1:
                raise OrderLogError(f"{self._path} is not an order log of `seedmock verify`: line 1 is {line[:60]!r}")
            if entry is not None and entry.get("target") == self._target:
                _apply_entry(entry, runs)
        yield from runs.values()


def _parse_entry(line: str) -> dict[str, Any] | None:
    """Return the object of a line; None for a truncated one."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and {"run", "event", "at"} <= set(entry) else None


def _apply_entry(entry: dict[str, Any], runs: dict[str, LoggedRun]) -> None:
    run = runs.setdefault(entry["run"], LoggedRun(entry["run"], float(entry["at"])))
    if entry["event"] == "order_pending":
        price = _parse_price(entry.get("price"))
        run.orders.append(LoggedOrder(entry["step"], entry["number"], price, float(entry["at"])))
    elif entry["event"] in ("order_accepted", "order_rejected"):
        order = run.order(entry["step"], entry["number"])
        if order is not None:
            order.task, order.response = entry.get("task_id") or "", entry.get("response")
            order.responded_at, order.rejected = float(entry["at"]), entry["event"] == "order_rejected"
    elif entry["event"] == "order_released":
        order = run.order(entry["step"], entry["number"])
        if order is not None:
            order.released = True
    elif entry["event"] == "run_finished":
        run.finished = True


def _parse_price(text: Any) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return Decimal(0)


def _lock(file: IO[str], path: Path) -> None:
    """Lock the file against other verifications; the lock ends with the process."""
    try:
        import fcntl
    except ImportError:  # Windows has no advisory locks
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise OrderLogError(
            f"another verification is writing the order log {path}: wait for it, or give --order-log FILE"
        ) from error
