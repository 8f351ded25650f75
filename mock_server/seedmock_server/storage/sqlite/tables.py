"""Tables of the database, their version, and the opening of a file: what can be wrong with it is said in a sentence."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from seedmock_contracts import __version__

from ...clock import pause
from ..models import StoreError
from .database import BUSY_SECONDS
from .explanations import explain

# A second in all: processes that start at once, as workers do, open the same new database.
SWITCH_ATTEMPTS, SWITCH_PAUSE = 40, 0.025
APPLICATION_ID = 0x53444D4B
"""Marks the file as ours, for us and for the program `file`: SDMK."""
VERSION_1 = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, upstream TEXT NOT NULL,
    ends_at REAL, queries INTEGER NOT NULL DEFAULT 0, amount TEXT, refund_at REAL, body BLOB NOT NULL
);
CREATE INDEX tasks_by_end ON tasks (account, upstream, ends_at);
CREATE INDEX tasks_refunded ON tasks (account, upstream, refund_at) WHERE refund_at IS NOT NULL;
CREATE TABLE groups (
    account TEXT NOT NULL, id INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE TABLE assets (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, account TEXT NOT NULL, upstream TEXT NOT NULL, group_id INTEGER NOT NULL,
    removed INTEGER, amount TEXT, refund_at REAL, body BLOB NOT NULL
);
CREATE INDEX assets_by_account ON assets (account, id);
CREATE TABLE counters (
    kind TEXT NOT NULL, account TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (kind, account)
) WITHOUT ROWID;
CREATE TABLE rule_counts (
    kind TEXT NOT NULL, label TEXT NOT NULL, account TEXT NOT NULL, matched INTEGER NOT NULL DEFAULT 0,
    applied INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, label, account)
) WITHOUT ROWID;
CREATE TABLE calls (
    upstream TEXT NOT NULL, account TEXT NOT NULL, times BLOB NOT NULL, PRIMARY KEY (account, upstream)
) WITHOUT ROWID;
CREATE TABLE sums (
    account TEXT NOT NULL, upstream TEXT NOT NULL, quoted TEXT NOT NULL, PRIMARY KEY (account, upstream)
) WITHOUT ROWID;
CREATE TABLE callbacks (
    seq INTEGER PRIMARY KEY, task_id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, at REAL NOT NULL,
    started_at REAL NOT NULL, attempts INTEGER NOT NULL, paused INTEGER NOT NULL
);
CREATE INDEX callbacks_by_account ON callbacks (account, at);
CREATE TABLE journal (number INTEGER PRIMARY KEY, account TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE documents (name TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB) WITHOUT ROWID;
CREATE INDEX documents_by_version ON documents (version);
CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, expires_at REAL NOT NULL) WITHOUT ROWID;
"""
MAX_LOG_PAGES = 16_000
"""Pages of the log at which a commit waits for a checkpoint, which has little to do then; 64 MB."""
MIGRATIONS: Sequence[str] = (VERSION_1,)
"""Statements that lead from each version to the next; version 0 is an empty file. Never edited, only appended to."""


def checkpoint(connection: sqlite3.Connection) -> None:
    """Bring commits from the log to the database, as far as that keeps no reader and no writer waiting."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def open_connection(path: Path) -> sqlite3.Connection:
    """Open a database, and bring it to the present version. Raises StoreError, with nothing changed."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
    except sqlite3.Error as error:
        raise StoreError(f"the database {path} can't be opened: {explain(path, error)}") from error
    try:
        with contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            _prepare(connection, path)
            stack.pop_all()
    except sqlite3.Error as error:
        raise StoreError(f"the database {path} can't be used: {explain(path, error)}") from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Check whose the file is before anything is written to it."""
    connection.execute("BEGIN")  # one look: a process that starts at the same time may be making the tables
    owner, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    has_tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
    connection.execute("COMMIT")
    if (owner, version) != (0, 0) or has_tables:
        if owner != APPLICATION_ID:
            raise StoreError(f"{path} is another program's database; expected one of seedmock, or no file")
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{path} was written by a newer seedmock (schema {version}); this is {__version__}, which reads up to "
                f"{len(MIGRATIONS)}: update seedmock, or take another file"
            )
    # Commits survive the death of this process, however it dies; the last ones can be lost when the machine dies.
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -16000")
    connection.execute(f"PRAGMA wal_autocheckpoint = {MAX_LOG_PAGES}")
    if version < len(MIGRATIONS):
        _migrate(connection)
    else:
        # Nothing to write, but whoever cannot write must learn it now.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Write ahead; SQLite itself does not wait for a process that does the same to a new file at this moment."""
    for attempt in range(SWITCH_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == SWITCH_ATTEMPTS - 1:
                raise
            pause(SWITCH_PAUSE)


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again with the lock: another process may have done it meanwhile.
        for script in MIGRATIONS[_pragma(connection, "user_version") :]:
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
