"""What was said: a ring of exchanges, bounded in number and in bytes.

Headers that carry secrets are taken out before they get in; bodies are summed up and cut, and read only when somebody
looks.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from seedmock_contracts.exchange import BODY_BYTES, HIDDEN, summary
from seedmock_contracts.exchange import SECRET as SECRET_TEXTS

PATH_SIGNS = 500
NOTES = 20
HEADER_BYTES = 500
SECRET = frozenset(name.encode() for name in SECRET_TEXTS)


class LoggedViolation(NamedTuple):
    """Where a request broke the contract: the fact that says so (empty for a field that no page names) and a sentence.

    `advice` is for what the page advises against and the upstream takes all the same.
    """

    fact: str
    field: str
    message: str
    advice: bool = False


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
    breaches: tuple[LoggedViolation, ...] = ()

    @property
    def kind(self) -> Kind:
        """How it went, by the status, and by the body of an upstream that refuses with HTTP 200 and a `code`."""
        if self.status == 0:
            return Kind.LOST
        code = _code(self.answered) if self.status == 200 and b'"code"' in self.answered[:20] else self.status
        return Kind.OK if code < 400 else Kind.REFUSED if code < 500 else Kind.FAILED


class Kind(StrEnum):
    """How an exchange went, and two things that can be said of it besides."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"
    LOST = "lost"
    FAULTED = "faulted"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFilter:
    """Which exchanges somebody wants to see; None takes any. `since` is the number of the first."""

    upstream: str | None = None
    account: str | None = None
    operation: str | None = None
    task: str | None = None
    kind: Kind | None = None
    since: int = 0

    def takes(self, number: int, entry: Entry) -> bool:
        """Whether an exchange is one of them."""
        return (
            number >= self.since
            and self.upstream in (None, entry.upstream)
            and self.account in (None, entry.account)
            and self.operation in (None, entry.operation)
            and (self.kind is None or self._is_of_kind(entry))
            and (self.task is None or _names(entry, self.task))
        )

    def _is_of_kind(self, entry: Entry) -> bool:
        if self.kind is Kind.FAULTED:
            return bool(entry.faults)
        return bool(entry.breaches) if self.kind is Kind.BREACHED else entry.kind is self.kind


class LazyEntry(Protocol):
    """An exchange that is written up when somebody looks: most never are, and writing costs as much as a poll."""

    def entry(self) -> Entry:
        """What the journal says of the exchange."""
        ...


class Journal:
    """The last `entries` exchanges; each has a number, which counts all since the start."""

    def __init__(self, entries: int) -> None:
        self._ring: deque[tuple[int, Entry | LazyEntry]] = deque(maxlen=entries)
        self.count = 0

    def append(self, entry: Entry) -> None:
        self._ring.append((self.count, entry))
        self.count += 1

    def append_later(self, unwritten: LazyEntry, size: int) -> None:
        """Keep an exchange of so many bytes, to be written up when somebody looks; a large one is written at once."""
        self._ring.append((self.count, unwritten if size <= BODY_BYTES else unwritten.entry()))
        self.count += 1

    def __len__(self) -> int:
        return len(self._ring)

    def read(self, wanted: JournalFilter | None = None) -> Iterator[tuple[int, Entry]]:
        """The exchanges with their numbers, oldest first."""
        takes: Callable[[int, Entry], bool] = (wanted or JournalFilter()).takes
        return (pair for pair in self._written() if takes(*pair))

    def _written(self) -> Iterator[tuple[int, Entry]]:
        for number, kept in tuple(self._ring):
            yield number, kept if isinstance(kept, Entry) else kept.entry()

    def restore(self, count: int, pairs: Iterable[tuple[int, Entry]]) -> None:
        """Keep these, the last of them if there is no room for all, and count on."""
        kept = tuple(pairs)
        self._ring.clear()
        self._ring.extend(kept)
        self.count = count

    def forget(self, account: str | None = None) -> None:
        """Forget all and count from 0, or what an account said; the others' exchanges keep their numbers."""
        if account is None:
            self.restore(0, ())
        else:
            self.restore(self.count, [pair for pair in self._written() if pair[1].account != account])


def cut(body: bytes) -> bytes:
    """The part of a body that the journal keeps."""
    return summary(body, BODY_BYTES)


def without_secrets(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Headers with the values of those that authenticate replaced, and none longer than the journal keeps."""
    hidden = HIDDEN.encode()
    return tuple((name, hidden if name.lower() in SECRET else value[:HEADER_BYTES]) for name, value in headers)


def fewer(notes: tuple[str, ...]) -> tuple[str, ...]:
    """The notes that the journal keeps, and how many it does not."""
    return notes if len(notes) <= NOTES else (*notes[:NOTES], f"and {len(notes) - NOTES} more")


def _names(entry: Entry, task: str) -> bool:
    """Whether a task's id stands in an exchange, by itself and not within a longer word."""
    alone = rf"(?<![\w-]){re.escape(task)}(?![\w-])"
    texts = (entry.path, entry.query, entry.sent.decode("utf-8", "replace"), entry.answered.decode("utf-8", "replace"))
    return any(re.search(alone, text) for text in texts)


def _code(body: bytes) -> int:
    try:
        return msgspec.json.decode(body, type=_Coded).code
    except msgspec.DecodeError:
        return 200


class _Coded(msgspec.Struct):
    code: int = 200
