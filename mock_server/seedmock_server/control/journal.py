"""What was said: as rows, as HAR, as curl commands; and where it broke the contract."""

from __future__ import annotations

from seedmock_contracts.terms import Operation
from seedmock_contracts.upstreams import NAMES

from ..journal import Entry, Kind, Wanted
from .records import BreachRow, EntryRow, JournalRow
from .table import MINE, Asked, Verb
from .world import World

LIMIT, MOST = 1000, 10_000
LONGEST = 200


def wanted(asked: Asked) -> Wanted:
    """Which exchanges a query means. Raises Trouble."""
    kind = asked.one_of("kind", tuple(Kind))
    return Wanted(
        upstream=asked.one_of("upstream", NAMES),
        account=asked.account,
        operation=asked.one_of("operation", tuple(Operation)),
        task=asked.query.get("task", "")[:LONGEST] or None,
        kind=Kind(kind) if kind else None,
        since=asked.whole("since", 0, 10**15),
    )


def read(world: World, asked: Asked) -> JournalRow:
    """The exchanges that fit. With `since` the first of them, without it the last."""
    found, limit = list(world.journal.read(wanted(asked))), asked.whole("limit", LIMIT, MOST)
    shown = found[:limit] if "since" in asked.query else found[max(0, len(found) - limit) :]
    following = shown[-1][0] + 1 if shown and len(shown) < len(found) else world.journal.count
    return JournalRow(
        exchanges=[entry_row(number, entry) for number, entry in shown],
        total=len(found),
        next=following if "since" in asked.query else world.journal.count,
    )


def entry_row(number: int, entry: Entry) -> EntryRow:
    """An exchange as the control API shows it."""
    return EntryRow(
        number=number,
        kind=entry.kind,
        sent=_text(entry.sent),
        answered=_text(entry.answered),
        sent_headers=_pairs(entry.sent_headers),
        answered_headers=_pairs(entry.answered_headers),
        breaches=[BreachRow(**one._asdict()) for one in entry.breaches],
        at=entry.at,
        upstream=entry.upstream,
        operation=entry.operation,
        account=entry.account,
        method=entry.method,
        path=entry.path,
        query=entry.query,
        status=entry.status,
        notes=entry.notes,
        faults=entry.faults,
    )


def _pairs(headers: tuple[tuple[bytes, bytes], ...]) -> list[tuple[str, str]]:
    return [(_text(name), _text(value)) for name, value in headers]


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


FILTERS = {
    "upstream": f"one of {', '.join(NAMES)}",
    "operation": f"one of {', '.join(Operation)}",
    "task": "a task's id: the exchanges that name it",
    "kind": f"one of {', '.join(Kind)}",
    "since": "a number: from this exchange on, oldest first; `next` of an answer continues it",
    "limit": f"how many at most; {LIMIT} unless said, {MOST} at most",
    **MINE,
}
ROWS: tuple[Verb, ...] = (
    Verb(
        method="GET",
        path="/_mock/journal",
        act=read,
        says="What was said, oldest first; of too many, the newest.",
        query=FILTERS,
        gives=JournalRow,
    ),
)
"""The rows of the table."""
