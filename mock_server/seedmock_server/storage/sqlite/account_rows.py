"""Statements on all records of an account. Each function is part of one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from sqlite3 import Connection

from ...tasks.models import AccountRecords, AssetRecord, Task
from ...tasks.timeline import NEVER, ends_at
from ..codec import Codec
from ..models import Booking
from . import asset_rows, counter_rows, task_rows

# Jumps from one account to the next along the indexes, instead of reading a million rows.
ACCOUNTS = " UNION ".join(
    f"SELECT name FROM (WITH RECURSIVE names(name) AS (SELECT min(account) FROM {table} UNION ALL "  # noqa: S608
    f"SELECT (SELECT min(account) FROM {table} WHERE account > name) FROM names WHERE name IS NOT NULL) "
    "SELECT name FROM names WHERE name IS NOT NULL)"
    for table in ("tasks", "assets")
)
TABLES = ("tasks", "groups", "assets", "sums")


def accounts(connection: Connection) -> Sequence[str]:
    rows = connection.execute(
        f"{ACCOUNTS} UNION SELECT account FROM counters WHERE kind = ? ORDER BY 1",  # noqa: S608 - a constant
        (asset_rows.GROUP,),
    )
    return [account for (account,) in rows]


def account_records(connection: Connection, codec: Codec, account: str) -> AccountRecords:
    tasks = task_rows.raw_tasks(connection, codec, account)
    return AccountRecords(
        account=account,
        tasks=tuple(task for task, _ in tasks),
        queries={task.id: queries for task, queries in tasks if queries},
        groups=tuple(asset_rows.groups(connection, codec, account)),
        last_group=counter_rows.last(connection, asset_rows.GROUP, account),
        assets=tuple(asset_rows.assets(connection, codec, account)),
        removed_assets=tuple(asset_rows.removed_assets(connection, codec, account)),
    )


def replace_account(
    connection: Connection, codec: Codec, records: AccountRecords, bookings: Mapping[str, Booking]
) -> None:
    account = records.account
    _remove_records(connection, account)
    for task in records.tasks:
        booking, end = bookings.get(task.id), ends_at(task)
        row = (task.id, account, task.upstream, None if end == NEVER else end, records.queries.get(task.id, 0))
        connection.execute(
            "INSERT INTO tasks (id, account, upstream, ends_at, queries, amount, refund_at, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, *task_rows.money(booking), codec.encode(task)),
        )
    for group in records.groups:
        connection.execute("INSERT INTO groups VALUES (?, ?, ?)", (account, group.id, codec.encode(group)))
    removed = enumerate(records.removed_assets, 1)
    placed: list[tuple[int | None, AssetRecord]] = [*removed, *((None, asset) for asset in records.assets)]
    for place, asset in placed:
        asset_rows.insert_asset(connection, asset, codec.encode(asset), bookings.get(asset.id), place)
    _restore_sums(connection, records, bookings)
    last_group = max((records.last_group, *(group.id for group in records.groups)))
    if last_group:
        connection.execute("INSERT INTO counters VALUES (?, ?, ?)", (asset_rows.GROUP, account, last_group))


def _restore_sums(connection: Connection, records: AccountRecords, bookings: Mapping[str, Booking]) -> None:
    sums: dict[str, Decimal] = {}
    priced: list[Task | AssetRecord] = [*records.tasks, *records.assets, *records.removed_assets]
    for record in priced:
        booking = bookings.get(record.id)
        if booking is not None:
            sums[record.upstream] = sums.get(record.upstream, Decimal(0)) + booking.amount
    for upstream, amount in sums.items():
        task_rows.add_to_sum(connection, records.account, upstream, amount)


def remove_account(connection: Connection, account: str) -> None:
    _remove_records(connection, account)
    connection.execute("DELETE FROM counters WHERE account = ?", (account,))
    connection.execute("DELETE FROM calls WHERE account = ?", (account,))
    connection.execute("DELETE FROM callbacks WHERE account = ?", (account,))


def _remove_records(connection: Connection, account: str) -> None:
    for table in TABLES:
        connection.execute(f"DELETE FROM {table} WHERE account = ?", (account,))  # noqa: S608 - constants
    connection.execute("DELETE FROM counters WHERE kind = ? AND account = ?", (asset_rows.GROUP, account))
