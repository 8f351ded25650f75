"""Insertion of many rows by few statements: each one hands the interpreter to other threads and back, several times."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from sqlite3 import Connection
from typing import Any

MAX_ROWS = 50
"""Rows of one statement. Each number of rows is a statement of its own, which the connection keeps prepared."""


def insert_rows(connection: Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows in their order; `into` is the table and its columns. Raises IntegrityError."""
    for start in range(0, len(rows), MAX_ROWS):
        some = rows[start : start + MAX_ROWS]
        row = f"({', '.join('?' * len(some[0]))})"
        connection.execute(f"INSERT INTO {into} VALUES {', '.join([row] * len(some))}", tuple(chain(*some)))  # noqa: S608
