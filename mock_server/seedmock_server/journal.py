"""What was said: a ring of exchanges, bounded in number and in bytes.

Holds no header, so no key can get in; bodies are cut, and read only when somebody looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

BODY_BYTES = 4096
PATH_SIGNS = 500
NOTES = 20


class Entry(NamedTuple):
    """One exchange. `at` is a reading of the clock; bodies, path and notes are cut; `notes` are sentences."""

    at: float
    upstream: str
    operation: str
    account: str
    method: str
    path: str
    status: int
    sent: bytes
    answered: bytes
    notes: tuple[str, ...]


class Journal:
    """The last `entries` exchanges."""

    def __init__(self, entries: int) -> None:
        self._ring: deque[Entry] = deque(maxlen=entries)
        self._first = 0

    def append(self, entry: Entry) -> None:
        self._first += len(self._ring) == self._ring.maxlen
        self._ring.append(entry)

    def __len__(self) -> int:
        return len(self._ring)

    def read(self, upstream: str | None = None, account: str | None = None) -> Iterator[dict[str, Any]]:
        """The exchanges as JSON values, oldest first; `number` counts all since the start."""
        for number, entry in enumerate(tuple(self._ring), self._first):
            if upstream in (None, entry.upstream) and account in (None, entry.account):
                said = entry._asdict() | {"sent": _text(entry.sent), "answered": _text(entry.answered)}
                yield {"number": number, **said}


def cut(body: bytes) -> bytes:
    """The part of a body that the journal keeps."""
    return body if len(body) <= BODY_BYTES else body[:BODY_BYTES]


def fewer(notes: tuple[str, ...]) -> tuple[str, ...]:
    """The notes that the journal keeps, and how many it does not."""
    return notes if len(notes) <= NOTES else (*notes[:NOTES], f"and {len(notes) - NOTES} more")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
