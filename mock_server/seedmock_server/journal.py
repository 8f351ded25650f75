"""What was said: a ring of exchanges, bounded in number and in bytes.

Headers that carry secrets are taken out before they get in; bodies are cut, and read only when somebody looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

BODY_BYTES = 4096
PATH_SIGNS = 500
NOTES = 20
HEADER_BYTES = 500
SECRET = frozenset({b"authorization", b"proxy-authorization", b"cookie", b"token", b"x-api-key", b"api-key"})


class Entry(NamedTuple):
    """One exchange. `at` is a reading of the account's clock; bodies, path and notes are cut; `notes` are sentences.

    `sent_headers` are kept without secrets, `faults` name what was done to the wire on purpose.
    """

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
    query: str = ""
    sent_headers: tuple[tuple[bytes, bytes], ...] = ()
    answered_headers: tuple[tuple[bytes, bytes], ...] = ()
    faults: tuple[str, ...] = ()


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
                said = entry._asdict() | {
                    "sent": _text(entry.sent),
                    "answered": _text(entry.answered),
                    "sent_headers": [[_text(name), _text(value)] for name, value in entry.sent_headers],
                    "answered_headers": [[_text(name), _text(value)] for name, value in entry.answered_headers],
                }
                yield {"number": number, **said}


def cut(body: bytes) -> bytes:
    """The part of a body that the journal keeps."""
    return body if len(body) <= BODY_BYTES else body[:BODY_BYTES]


def without_secrets(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Headers with the values of those that authenticate replaced, and none longer than the journal keeps."""
    return tuple((name, b"***" if name in SECRET else value[:HEADER_BYTES]) for name, value in headers)


def fewer(notes: tuple[str, ...]) -> tuple[str, ...]:
    """The notes that the journal keeps, and how many it does not."""
    return notes if len(notes) <= NOTES else (*notes[:NOTES], f"and {len(notes) - NOTES} more")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
