"""Lines of JSON between a supervisor and its workers, over two pipes for each worker.

A worker's first line from the supervisor holds its settings. A pipe that ends means that its other end has died.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, Final

Message = dict[str, Any]
READ_BYTES: Final = 1 << 16

SETTLE: Final = "settle"
"""Write what is waiting to the store, and answer with SETTLED; from a worker, ask all others to."""
SETTLED: Final = "settled"
COUNTED: Final = "counted"
"""Statistics of a worker, now and then, so that its death loses no more than those of a second."""
READY: Final = "ready"
FAILED: Final = "failed"
"""The worker cannot start, for a reason that it states."""


def encode_message(kind: str, **fields: Any) -> bytes:
    return json.dumps({"kind": kind, **fields}).encode() + b"\n"


class MessageReader:
    """Messages of the bytes that a pipe has brought, which may end within one."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self.is_ended = False

    def read(self) -> Iterator[Message]:
        """Read once, and yield the messages that are whole; `is_ended` tells that there will be no more."""
        try:
            chunk = os.read(self._descriptor, READ_BYTES)
        except OSError:
            chunk = b""
        self.is_ended = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)
