"""Writes that are gathered: commands to Redis, orders in SQLite, and entries of the journal."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import hiredis
import pytest

from seedmock_server.journal import JournalEntry
from seedmock_server.storage.models import ID_TAKEN, TooManyTasks
from seedmock_server.storage.redis.redis_protocol import ConnectionClosed, RedisProtocol
from seedmock_server.storage.spaced_call import SpacedCall
from seedmock_server.storage.sqlite import store as sqlite_store_module
from seedmock_server.storage.sqlite.database import Database

from ..conftest import order_of, sqlite_store, task_of


def packed(*command: str) -> bytes:
    return hiredis.pack_command(command)  # type: ignore[arg-type]


class RecordingTransport(asyncio.Transport):
    """Transport that keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: Any) -> None:
        self.sent.append(bytes(data))


async def next_turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_commands_wait_for_the_replies_to_those_before_and_leave_together() -> None:
    async def main() -> None:
        protocol, transport = RedisProtocol(asyncio.get_running_loop()), RecordingTransport()
        protocol.connection_made(transport)
        first, second = protocol.send(packed("GET", "a")), protocol.send(packed("GET", "b"))
        await next_turns()
        later = [protocol.send(packed("GET", name)) for name in "cd"]
        shared = [protocol.send_shared(packed("GET", "e")) for _ in range(3)]
        await next_turns()
        protocol.data_received(b"+1\r\n")
        await next_turns()
        assert transport.sent == [packed("GET", "a") + packed("GET", "b")]
        protocol.data_received(b"+2\r\n")
        await next_turns()
        assert transport.sent[1:] == [packed("GET", "c") + packed("GET", "d") + packed("GET", "e")]
        late = protocol.send_shared(packed("GET", "e"))  # one that has left is not shared any more
        protocol.data_received(b"+3\r\n+4\r\n+5\r\n")
        await next_turns()
        assert transport.sent[2:] == [packed("GET", "e")]
        protocol.connection_lost(None)
        assert [await reply for reply in (first, second, *later, *shared)] == [b"1", b"2", b"3", b"4", b"5", b"5", b"5"]
        with pytest.raises(ConnectionClosed):
            await late

    asyncio.run(main())


def test_orders_of_one_turn_are_stored_together_and_one_with_a_taken_id_alone_is_not(tmp_path: Path) -> None:
    async def main() -> None:
        async with sqlite_store(tmp_path) as store:
            assert await store.accept(order_of(task_of(1))) is None
            orders = [order_of(task_of(number)) for number in (2, 3, 1, 4, 3)]
            refusals = await asyncio.gather(*map(store.accept, orders))
            assert refusals == [None, None, ID_TAKEN, None, ID_TAKEN]
            assert [task.id for task in await store.tasks("key-a")] == [task_of(number).id for number in (1, 2, 3, 4)]
            assert await store.outstanding("key-a", "opeai", 0.0) == Decimal("6.0")

    asyncio.run(main())


def test_orders_of_one_turn_count_for_the_limit_of_each_other(tmp_path: Path) -> None:
    async def main() -> None:
        async with sqlite_store(tmp_path) as store:
            orders = [order_of(task_of(number), concurrency=3) for number in range(1, 6)]
            refusals = await asyncio.gather(*map(store.accept, orders))
            assert refusals == [None, None, None, TooManyTasks(3), TooManyTasks(3)]

    asyncio.run(main())


def test_more_orders_than_a_statement_takes_are_stored_in_their_order(tmp_path: Path) -> None:
    async def main() -> None:
        async with sqlite_store(tmp_path) as store:
            tasks = [task_of(number) for number in range(1, 121)]
            assert await asyncio.gather(*(store.accept(order_of(task)) for task in tasks)) == [None] * 120
            assert [task.id for task in await store.tasks("key-a")] == [task.id for task in tasks]

    asyncio.run(main())


def test_checkpoints_empty_the_log_while_orders_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store_module, "CHECKPOINT_CHANGES", 20)

    async def main() -> None:
        async with sqlite_store(tmp_path) as store:
            (database,) = tmp_path.glob("*.db")
            before = database.stat().st_size
            for number in range(1, 60):
                await store.accept(order_of(task_of(number)))
            await store.tasks("key-a")  # by the connection that carries checkpoints out
            assert database.stat().st_size > before

    asyncio.run(main())


def entry_of(number: int) -> JournalEntry:
    return JournalEntry(float(number), "opeai", "create", "key-a", "POST", "/v1/videos", 200, b"{}", b"{}", ())


def test_a_closed_store_has_written_all_entries(tmp_path: Path) -> None:
    async def main() -> None:
        async with sqlite_store(tmp_path) as store:
            store.journal.append(entry_of(0))
            assert await store.journal.total() == 1
            store.journal.append(entry_of(1))  # waits, since one was written just now
        async with sqlite_store(tmp_path) as store:
            assert [number for number, _ in await store.journal.read()] == [0, 1]

    asyncio.run(main())


class ManualLoop:
    """The part of a loop that schedules, carried out by hand."""

    def __init__(self) -> None:
        self.soon: list[Any] = []
        self.later: list[Any] = []
        self.is_ended = False

    def call_soon(self, function: Any) -> None:
        self.soon.append(function)

    def call_later(self, _: float, function: Any) -> None:
        self.later.append(function)

    def is_closed(self) -> bool:
        return self.is_ended


def test_the_first_of_many_calls_is_made_at_once_and_the_others_together(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, calls = ManualLoop(), list[int]()
    spaced = SpacedCall(lambda: calls.append(1))
    spaced.request()
    assert len(calls) == 1  # there is no loop
    monkeypatch.setattr("seedmock_server.storage.spaced_call._running_loop", lambda: loop)
    for _ in range(3):
        spaced.request()
    assert (len(loop.soon), len(loop.later)) == (1, 1)
    loop.later.pop()()
    assert (len(loop.soon), len(loop.later)) == (2, 1)
    loop.later.pop()()
    assert (len(loop.soon), len(loop.later)) == (2, 0)
    spaced.request()
    loop.is_ended = True
    spaced.request()  # in another loop: the first one was closed before its call
    assert (len(loop.soon), len(loop.later)) == (4, 2)


class LockedConnection(sqlite3.Connection):
    """Connection that gets the lock once other processes have let something else happen."""

    meanwhile: list[Callable[[], object]]

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        if statement == "BEGIN IMMEDIATE" and self.meanwhile:
            self.meanwhile.pop(0)()
        return super().execute(statement, *parameters)


def test_what_comes_while_another_process_holds_the_lock_is_committed_with_what_waits_for_it(tmp_path: Path) -> None:
    path, commits = tmp_path / "db", list[int]()
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=LockedConnection)
    connection.execute("CREATE TABLE numbers (number INTEGER)")
    database = Database(path, connection, on_commit=lambda connection: commits.append(connection.total_changes))

    def insert(number: int) -> Callable[[sqlite3.Connection], object]:
        return lambda connection: connection.execute("INSERT INTO numbers VALUES (?)", (number,))

    def refuse(connection: sqlite3.Connection) -> None:
        raise ValueError("refused")

    connection.meanwhile = [lambda: database.post(insert(2))]
    database.run_now(insert(1))
    assert commits == [2]

    # One that is refused comes again, alone: what joined it then would be taken back with it.
    connection.meanwhile = [lambda: None, lambda: database.post(insert(3))]
    with pytest.raises(ValueError, match="refused"):
        database.run_now(refuse)
    database.close()
    assert commits == [2, 3]
