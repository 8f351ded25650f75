"""One worker, as its supervisor sees it: a fresh interpreter that inherits the listening socket, and two pipes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from select import PIPE_BUF, select
from typing import Any, Final, Protocol

from .messages import MessageReader, encode_message

# The path of this interpreter, and not the one that -m would make: that begins with the working directory, where a
# user's own `client` or `random.py` lies.
BOOTSTRAP: Final = """\
import sys
sys.path[:] = sys.argv[4:]
from importlib import import_module
import_module(sys.argv[1]).main(int(sys.argv[2]), int(sys.argv[3]))
"""
CLOSE_SECONDS: Final = 5.0
"""Time for a process to end after its pipe: it is in the interpreter's exit by then."""


class Listener(Protocol):
    """Listening socket."""

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class WorkerProcess:
    """Process of a worker. Its standard input is one of the pipes; the other outputs are the supervisor's."""

    def __init__(self, module: str, listener: Listener, started_at: float) -> None:
        """Start a module as a worker; it gets the numbers of the socket and of the pipe as arguments."""
        self.listener, self.started_at = listener, started_at
        self.ready: dict[str, Any] | None = None
        """Message by which the worker was ready."""
        self.error = ""
        self._reports, reports = os.pipe()
        try:
            numbers = (listener.fileno(), reports)
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and this package
                [sys.executable, "-c", BOOTSTRAP, module, *map(str, numbers), *sys.path],
                stdin=subprocess.PIPE,
                pass_fds=numbers,
                process_group=0,  # Ctrl-C goes to the supervisor alone, which then stops its workers
                bufsize=0,
            )
        finally:
            os.close(reports)
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self.reader = MessageReader(self._reports)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fileno(self) -> int:
        """The pipe that brings messages, for a selector."""
        return self._reports

    def send(self, kind: str, **fields: Any) -> None:
        """Send a message; one to a worker that has died is dropped."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            _write(self._process.stdin.fileno(), encode_message(kind, **fields))

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def close(self) -> int:
        """Wait for the end of a process that has closed its pipe or was killed, and return its status."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            status = self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        os.close(self._reports)
        return status


def _write(descriptor: int, message: bytes) -> None:
    """Write a message; one that a process does not read, because it hangs, is dropped whole."""
    remaining = memoryview(message)
    while remaining:
        try:
            remaining = remaining[os.write(descriptor, remaining) :]
        except BlockingIOError:
            if len(remaining) == len(message) <= PIPE_BUF or not select([], [descriptor], [], CLOSE_SECONDS)[1]:
                return


def describe_status(status: int) -> str:
    """Return how a process has ended, for people."""
    return f"was ended by signal {-status}" if status < 0 else f"ended with exit code {status}"
