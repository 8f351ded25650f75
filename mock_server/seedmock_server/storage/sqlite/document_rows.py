"""Statements on documents, on counts of rules, and on leases. Each function is part of one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection

from ..copies import SET_DRAWS
from ..models import Changes, DocumentChange, RuleCounts
from .counter_rows import count

EPOCH = "epoch"


def epoch(connection: Connection) -> int:
    row = connection.execute("SELECT number FROM counters WHERE kind = ? AND account = ''", (EPOCH,)).fetchone()
    return 0 if row is None else int(row[0])


def next_epoch(connection: Connection) -> int:
    return count(connection, EPOCH, "")


def changes(connection: Connection, since: int) -> Changes:
    rows = connection.execute("SELECT name, version, body FROM documents WHERE version > ?", (since,))
    return Changes(epoch(connection), {name: (version, body) for name, version, body in rows})


def note_set_draws(connection: Connection) -> None:
    """Give the note that draws were set back the version of the present epoch."""
    connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, NULL)", (SET_DRAWS, epoch(connection)))


def put_documents(connection: Connection, documents: Iterable[DocumentChange]) -> int | None:
    documents = list(documents)
    for name, version, _ in documents:
        row = connection.execute("SELECT version FROM documents WHERE name = ?", (name,)).fetchone()
        if (0 if row is None else row[0]) != version:
            return None
    number = next_epoch(connection)
    # A document that was removed leaves its row: copies must learn of the removal.
    connection.executemany(
        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", [(name, number, body) for name, _, body in documents]
    )
    return number


# --- counts of rules: the row without an account has the counts, those with one their draws ---


def claim(
    connection: Connection, kind: str, label: str, account: str, times: int | None, nth: int | None, *, draws: bool
) -> RuleCounts:
    matched, applied = connection.execute(
        "INSERT INTO rule_counts VALUES (?, ?, '', 1, 0) ON CONFLICT DO UPDATE SET matched = matched + 1 "
        "RETURNING matched, applied",
        (kind, label),
    ).fetchone()
    if (times is not None and applied >= times) or (nth is not None and matched != nth):
        return RuleCounts(matched, applied)
    if not draws:
        return RuleCounts(matched, apply(connection, kind, label, times) or applied, is_applied=True)
    number = connection.execute(
        "INSERT INTO rule_counts VALUES (?, ?, ?, 1, 0) ON CONFLICT DO UPDATE SET matched = matched + 1 "
        "RETURNING matched",
        (kind, label, account),
    ).fetchone()[0]
    return RuleCounts(matched, applied, number)


def apply(connection: Connection, kind: str, label: str, times: int | None) -> int | None:
    """Count that a rule is applied, and return how often; None if others have used it up meanwhile."""
    row = connection.execute(
        "UPDATE rule_counts SET applied = applied + 1 WHERE kind = ?1 AND label = ?2 AND account = '' "
        "AND (?3 IS NULL OR applied < ?3) RETURNING applied",
        (kind, label, times),
    ).fetchone()
    return None if row is None else int(row[0])


def rule_counts(connection: Connection, kind: str) -> Mapping[str, tuple[int, int, dict[str, int]]]:
    counts: dict[str, tuple[int, int, dict[str, int]]] = {}
    rows = connection.execute(
        "SELECT label, account, matched, applied FROM rule_counts WHERE kind = ? ORDER BY label, account", (kind,)
    )
    for label, account, matched, applied in rows:
        if account == "":
            counts[label] = (matched, applied, {})
        else:
            counts[label][2][account] = matched
    return counts


def set_rule_counts(
    connection: Connection, kind: str, counts: Mapping[str, tuple[int, int, Mapping[str, int]]]
) -> None:
    connection.execute("DELETE FROM rule_counts WHERE kind = ?", (kind,))
    for label, (matched, applied, draws) in counts.items():
        rows = [
            (kind, label, "", matched, applied),
            *((kind, label, name, number, 0) for name, number in draws.items()),
        ]
        connection.executemany("INSERT INTO rule_counts VALUES (?, ?, ?, ?, ?)", rows)


def remove_rule_counts(connection: Connection, kind: str, labels: Sequence[str]) -> None:
    connection.executemany("DELETE FROM rule_counts WHERE kind = ? AND label = ?", [(kind, label) for label in labels])


# --- leases ---


def lease(connection: Connection, name: str, owner: str, now: float, seconds: float) -> bool:
    """Take or prolong a lease; False while another owner has it."""
    changed = connection.execute(
        "INSERT INTO leases VALUES (?1, ?2, ?4) ON CONFLICT DO UPDATE SET owner = ?2, expires_at = ?4 "
        "WHERE owner = ?2 OR expires_at <= ?3 OR expires_at > ?5",
        (name, owner, now, now + seconds, now + 10 * seconds),  # the last: the machine's clock was set back
    )
    return changed.rowcount > 0


def end_lease(connection: Connection, name: str, owner: str) -> None:
    connection.execute("DELETE FROM leases WHERE name = ? AND owner = ?", (name, owner))
