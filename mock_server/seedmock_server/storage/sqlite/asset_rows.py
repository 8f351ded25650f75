"""Statements on groups and assets. Each function is part of one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from sqlite3 import Connection

from ...tasks.models import AssetGroup, AssetRecord
from ..codec import Codec
from ..models import Booking, NotCovered, Refusal
from .counter_rows import count
from .task_rows import add_to_sum, money, outstanding

GROUP = "group"


def add_group(connection: Connection, codec: Codec, draft: AssetGroup) -> AssetGroup:
    group = AssetGroup(
        id=count(connection, GROUP, draft.account),
        upstream=draft.upstream,
        account=draft.account,
        name=draft.name,
        group_name=draft.group_name,
        created_at=draft.created_at,
    )
    connection.execute("INSERT INTO groups VALUES (?, ?, ?)", (group.account, group.id, codec.encode(group)))
    return group


def group(connection: Connection, codec: Codec, account: str, group_id: int) -> AssetGroup | None:
    if abs(group_id) >= 1 << 63:  # more than the database's integers hold, so that no group has it
        return None
    row = connection.execute("SELECT body FROM groups WHERE account = ? AND id = ?", (account, group_id)).fetchone()
    return None if row is None else codec.decode(row[0], AssetGroup)


def groups(connection: Connection, codec: Codec, account: str) -> Sequence[AssetGroup]:
    rows = connection.execute("SELECT body FROM groups WHERE account = ? ORDER BY id", (account,))
    return [codec.decode(body, AssetGroup) for (body,) in rows]


def remove_group(connection: Connection, account: str, group_id: int) -> None:
    in_group = connection.execute(
        "SELECT seq FROM assets WHERE account = ? AND group_id = ? AND removed IS NULL ORDER BY seq",
        (account, group_id),
    ).fetchall()
    for (seq,) in in_group:
        _remove(connection, seq, account)
    connection.execute("DELETE FROM groups WHERE account = ? AND id = ?", (account, group_id))


def _remove(connection: Connection, seq: int, account: str) -> None:
    # Numbered, since removed assets are listed in the order of their removal.
    connection.execute(
        "UPDATE assets SET removed = 1 + (SELECT coalesce(max(removed), 0) FROM assets WHERE account = ?) "
        "WHERE seq = ?",
        (account, seq),
    )


def add_asset(
    connection: Connection, asset: AssetRecord, body: bytes, booking: Booking | None, credit: Decimal | None
) -> Refusal | None:
    if booking is not None and credit is not None:
        # At the time of its creation, which is the present.
        remaining = credit - outstanding(connection, asset.account, asset.upstream, asset.created_at)
        if remaining < booking.amount:
            return NotCovered(remaining)
    insert_asset(connection, asset, body, booking, None)
    if booking is not None:
        add_to_sum(connection, asset.account, asset.upstream, booking.amount)
    return None


def insert_asset(
    connection: Connection, asset: AssetRecord, body: bytes, booking: Booking | None, removed: int | None
) -> None:
    connection.execute(
        "INSERT INTO assets (id, account, upstream, group_id, removed, amount, refund_at, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            asset.id,
            asset.account,
            asset.upstream,
            asset.group_id,
            removed,
            *money(booking),
            body,
        ),
    )


def replace_asset(connection: Connection, asset: AssetRecord, body: bytes) -> None:
    connection.execute(
        "UPDATE assets SET body = ? WHERE account = ? AND id = ? AND removed IS NULL", (body, asset.account, asset.id)
    )


def asset(connection: Connection, codec: Codec, account: str, asset_id: str) -> AssetRecord | None:
    row = connection.execute(
        "SELECT body FROM assets WHERE account = ? AND id = ? AND removed IS NULL", (account, asset_id)
    ).fetchone()
    return None if row is None else codec.decode(row[0], AssetRecord)


def assets(connection: Connection, codec: Codec, account: str) -> Sequence[AssetRecord]:
    rows = connection.execute("SELECT body FROM assets WHERE account = ? AND removed IS NULL ORDER BY seq", (account,))
    return [codec.decode(body, AssetRecord) for (body,) in rows]


def remove_asset(connection: Connection, account: str, asset_id: str) -> None:
    row = connection.execute(
        "SELECT seq FROM assets WHERE account = ? AND id = ? AND removed IS NULL", (account, asset_id)
    ).fetchone()
    if row is not None:
        _remove(connection, row[0], account)


def removed_assets(connection: Connection, codec: Codec, account: str) -> Sequence[AssetRecord]:
    rows = connection.execute(
        "SELECT body FROM assets WHERE account = ? AND removed IS NOT NULL ORDER BY removed", (account,)
    )
    return [codec.decode(body, AssetRecord) for (body,) in rows]
