"""Request journal: a ring buffer of exchanges, bounded in number and in bytes. Knows no upstream and no HTTP library.

Headers that authenticate are redacted before they are stored; bodies are summarized and truncated.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

import msgspec
from msgspec import Struct

from seedmock_contracts.exchange import MAX_BODY_BYTES, REDACTED, SECRET_HEADERS, hide_url_users, summarize_body

PATH_CHARS = 500
MAX_NOTES = 20
HEADER_BYTES = 500
SECRET_NAMES = frozenset(name.encode() for name in SECRET_HEADERS)


class ViolationSeverity(StrEnum):
    """Weight of a contract violation, heaviest first.

    A `violation` is forbidden. With an `unused_reference` the upstream accepts the order, and makes (and charges) a
    clip without a picture, video or sound that the order carries. `advice`: the request is accepted and carried out.
    """

    VIOLATION = "violation"
    UNUSED_REFERENCE = "unused_reference"
    ADVICE = "advice"


class LoggedViolation(NamedTuple):
    """Contract violation by a request: the violated fact's id (empty for a field that no page names) and a sentence."""

    fact: str
    field: str
    message: str
    severity: ViolationSeverity = ViolationSeverity.VIOLATION

    @property
    def advice(self) -> bool:
        """True for what the upstream accepts all the same, and no reference is lost by."""
        return self.severity is ViolationSeverity.ADVICE


class ClipDownload(NamedTuple):
    """Response with a task's clip or a part of it: `sent` bytes from `start` on, of a clip of `size` bytes.

    Bytes that the server no longer sent, since a fault or the client had ended the connection, do not count; nor do
    those of a response with a wrong length, of which no client can tell how many are the clip's.
    """

    task: str
    start: int
    sent: int
    size: int

    @property
    def is_whole(self) -> bool:
        return is_covered([self])


class JournalEntry(NamedTuple):
    """One exchange, as it is stored. `at` is a reading of the account's clock; bodies, path and notes are truncated.

    `request_headers` are redacted; `response_headers` are those before faults on the way out. `server` is the address
    that the request came to, `seconds` the real time until the end of the response. `faults` name the faults that were
    applied; `notes` are sentences.
    """

    at: float
    upstream: str
    operation: str
    account: str
    method: str
    path: str
    status: int
    request_body: bytes
    response_body: bytes
    notes: tuple[str, ...]
    query: str = ""
    request_headers: tuple[tuple[bytes, bytes], ...] = ()
    response_headers: tuple[tuple[bytes, bytes], ...] = ()
    faults: tuple[str, ...] = ()
    violations: tuple[LoggedViolation, ...] = ()
    server: str = ""
    seconds: float = 0.0
    download: ClipDownload | None = None

    @property
    def kind(self) -> ExchangeKind:
        if self.status == 0:
            return ExchangeKind.LOST
        # One upstream rejects requests with HTTP 200 and the real status as the first field of the body.
        in_body = self.status == 200 and b'"code"' in self.response_body[:20]
        status = _code(self.response_body) if in_body else self.status
        return ExchangeKind.OK if status < 400 else ExchangeKind.REFUSED if status < 500 else ExchangeKind.FAILED


class ExchangeKind(StrEnum):
    """Outcome of an exchange; the last two apply in addition to one of the others."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"
    LOST = "lost"
    FAULTED = "faulted"
    VIOLATING = "violating"


class JournalFilter(Struct, frozen=True, kw_only=True):
    """Selection of exchanges; None matches any. `since` is the number of the first one, `task` an id they mention."""

    upstream: str | None = None
    account: str | None = None
    operation: str | None = None
    task: str | None = None
    kind: ExchangeKind | None = None
    since: int = 0

    def matches(self, number: int, entry: JournalEntry) -> bool:
        return (
            number >= self.since
            and self.upstream in (None, entry.upstream)
            and self.account in (None, entry.account)
            and self.operation in (None, entry.operation)
            and (self.kind is None or self._is_of_kind(entry))
            and (self.task is None or _mentions(entry, self.task))
        )

    def _is_of_kind(self, entry: JournalEntry) -> bool:
        if self.kind is ExchangeKind.FAULTED:
            return bool(entry.faults)
        return bool(entry.violations) if self.kind is ExchangeKind.VIOLATING else entry.kind is self.kind


class LazyEntry(Protocol):
    """Journal entry built lazily: most entries are never read, and building one costs as much as serving a poll."""

    def entry(self) -> JournalEntry: ...


class Journal(Protocol):
    """The last exchanges, bounded in number. Each has a number, counted from 0."""

    def append(self, entry: JournalEntry) -> None: ...

    def append_lazy(self, entry: LazyEntry, size: int) -> None:
        """Store an exchange whose bodies have `size` bytes; a large one is built at once, so that its bodies can go."""
        ...

    async def read(self, selection: JournalFilter | None = None) -> Sequence[tuple[int, JournalEntry]]:
        """Return exchanges with their numbers, oldest first."""
        ...

    async def total(self) -> int:
        """Return the number of all exchanges so far, which is that of the next one."""
        ...

    async def restore(self, total: int, pairs: Iterable[tuple[int, JournalEntry]]) -> None:
        """Replace the content by numbered exchanges (the last ones if there are too many), and count on from there."""
        ...

    async def clear(self, account: str | None = None) -> None:
        """Remove everything and count from 0, or remove one account's exchanges; the others keep their numbers."""
        ...


class MemoryJournal:
    """Journal in the memory of this process. No coroutine suspends."""

    def __init__(self, entries: int) -> None:
        self._ring: deque[tuple[int, JournalEntry | LazyEntry]] = deque(maxlen=entries)
        self._count = 0

    def append(self, entry: JournalEntry) -> None:
        self._ring.append((self._count, entry))
        self._count += 1

    def append_lazy(self, entry: LazyEntry, size: int) -> None:
        self._ring.append((self._count, entry if size <= MAX_BODY_BYTES else entry.entry()))
        self._count += 1

    async def read(self, selection: JournalFilter | None = None) -> Sequence[tuple[int, JournalEntry]]:
        matches: Callable[[int, JournalEntry], bool] = (selection or JournalFilter()).matches
        return [pair for pair in self._built() if matches(*pair)]

    async def total(self) -> int:
        return self._count

    def _built(self) -> Iterator[tuple[int, JournalEntry]]:
        for number, entry in tuple(self._ring):
            yield number, entry if isinstance(entry, JournalEntry) else entry.entry()

    async def restore(self, total: int, pairs: Iterable[tuple[int, JournalEntry]]) -> None:
        pairs = tuple(pairs)
        self._ring.clear()
        self._ring.extend(pairs)
        self._count = total

    async def clear(self, account: str | None = None) -> None:
        if account is None:
            await self.restore(0, ())
        else:
            await self.restore(self._count, [pair for pair in self._built() if pair[1].account != account])


def is_covered(downloads: Iterable[ClipDownload]) -> bool:
    """Tell whether downloads of a clip have together sent each byte of it, in any order."""
    position, size = 0, 0
    for download in sorted(downloads, key=lambda download: download.start):
        size = max(size, download.size)
        if download.start <= position:
            position = max(position, download.start + download.sent)
    return 0 < size <= position


def truncated_body(body: bytes, files: Mapping[int, int] = MappingProxyType({})) -> bytes:
    """Return the part of a body that the journal stores. `files` are as for `summarize_body`."""
    return summarize_body(body, MAX_BODY_BYTES, files=files)


def redacted_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers without the values of those that authenticate, each truncated to HEADER_BYTES."""
    hidden = REDACTED.encode()
    # From a list: that takes half the time of a generator, and every exchange has headers.
    return tuple([(name, hidden if name.lower() in SECRET_NAMES else value[:HEADER_BYTES]) for name, value in headers])


def capped_notes(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Return at most MAX_NOTES notes, and a last one that counts the rest, without users and passwords of URLs."""
    if not notes:
        return ()
    shown = tuple(hidden_users(note) for note in notes[:MAX_NOTES])
    return shown if len(notes) <= MAX_NOTES else (*shown, f"and {len(notes) - MAX_NOTES} more")


def hidden_users(text: str) -> str:
    """Return a sentence with *** in the place of the user and the password of each URL."""
    return hide_url_users(text.encode("utf-8", "replace")).decode() if "@" in text or "%40" in text else text


def _mentions(entry: JournalEntry, task: str) -> bool:
    """Search for a task's id as a word of its own: an id may be the beginning of another one."""
    pattern = rf"(?<![\w-]){re.escape(task)}(?![\w-])"
    bodies = (entry.request_body.decode("utf-8", "replace"), entry.response_body.decode("utf-8", "replace"))
    return any(re.search(pattern, text) for text in (entry.path, entry.query, *bodies))


def _code(body: bytes) -> int:
    try:
        return msgspec.json.decode(body, type=_BodyStatus).code
    except msgspec.DecodeError:
        return 200


class _BodyStatus(msgspec.Struct):
    code: int = 200
