"""Two stores over the same data, as processes that share a store have them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from seedmock_server.journal import JournalEntry, JournalFilter
from seedmock_server.storage.models import NotCovered, StaleNumber, TooManyTasks
from seedmock_server.storage.protocol import SharedStore

from .conftest import SHARED_STORES, OpenSharedStore, asset_of, callback_of, order_of, task_of

PlayTwo = Callable[[SharedStore, SharedStore], Awaitable[None]]
Run = Callable[[PlayTwo], None]


@pytest.fixture(params=SHARED_STORES)
def open_shared(request: pytest.FixtureRequest) -> OpenSharedStore:
    return SHARED_STORES[request.param]


@pytest.fixture
def run(open_shared: OpenSharedStore, tmp_path: Path) -> Run:
    """Run a coroutine with two stores over the same data, as two processes have them."""

    def start(play: PlayTwo) -> None:
        async def main() -> None:
            async with open_shared(tmp_path) as one, open_shared(tmp_path) as other:
                await play(one, other)

        asyncio.run(main())

    return start


def entry_of(number: int, account: str = "key-a") -> JournalEntry:
    return JournalEntry(float(number), "opeai", "create", account, "POST", "/v1/videos", 200, b"{}", b"\xff", ("note",))


async def changed(store: SharedStore, epoch: int) -> bool:
    is_changed = store.is_changed(epoch)
    return is_changed if isinstance(is_changed, bool) else await is_changed


async def signal(store: SharedStore) -> int:
    number = store.callback_signal()
    return number if isinstance(number, int) else await number


def test_records_outlive_the_process(open_shared: OpenSharedStore, tmp_path: Path) -> None:
    task = task_of(1)

    async def write() -> None:
        async with open_shared(tmp_path) as store:
            await store.accept(order_of(task, callback=callback_of(task, 102.0), number=2))
            group = await store.add_group("apimodels", "key-a", "name", "group", 100.0)
            await store.add_asset(asset_of(1, group.id), None, None)
            store.journal.append(entry_of(0))

    async def read() -> None:
        async with open_shared(tmp_path) as store:
            assert await store.task(task.id) == task
            assert list(await store.callbacks()) == [callback_of(task, 102.0)]
            assert await store.assets("key-a") == [asset_of(1, 1)]
            assert await store.draw("key-a") == 3
            assert await store.journal.read() == [(0, entry_of(0))]
            assert await store.outstanding("key-a", "opeai", 100.0) == Decimal("1.5")

    asyncio.run(write())
    asyncio.run(read())


def test_each_process_sees_at_once_what_the_other_has_stored(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        task = task_of(1, end=None)
        assert await one.accept(order_of(task)) is None
        assert await other.task(task.id) == task
        epoch = (await one.changes(-1)).epoch
        cancelled = replace(task, cancelled_at=101.0)
        await other.replace_task(cancelled, None, None)
        assert await changed(one, epoch) is True
        await one.changes(epoch)
        assert await one.task(task.id) == cancelled
        await other.remove_account("key-a")
        await one.changes(epoch)
        assert await one.task(task.id) is None

    run(play)


def test_no_two_orders_use_one_draw(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        assert (await one.next_draw("key-a"), await one.next_draw("key-a")) == (1, 2)
        assert (await other.next_draw("key-a"), await other.next_draw("key-a")) == (1, 2)
        assert await one.accept(order_of(task_of(1), number=2)) is None
        stale = [await other.accept(order_of(task_of(2), number=number)) for number in (1, 2)]
        assert stale == [StaleNumber(3), StaleNumber(4)]
        assert (await other.task("task-2"), list(await other.tasks("key-a"))) == (None, [task_of(1)])
        assert await other.accept(order_of(task_of(2))) is None
        assert await other.next_draw("key-a") == 5
        assert await one.draw("key-a") == 5

    run(play)


def test_orders_of_one_moment_spend_no_more_than_the_credit(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        orders = [order_of(task_of(number), credit=Decimal(5)) for number in range(20)]
        stores = (one, other)
        refusals = await asyncio.gather(*(stores[n % 2].accept(order) for n, order in enumerate(orders)))
        assert refusals.count(None) == 3
        assert {refusal for refusal in refusals if refusal is not None} == {NotCovered(Decimal("0.5"))}
        assert len(await one.tasks("key-a")) == 3
        asset = asset_of(1, 1)
        fee = await one.add_asset(replace(asset, upstream="opeai"), order_of(task_of(99)).booking, Decimal(5))
        assert fee == NotCovered(Decimal("0.5"))

    run(play)


def test_orders_of_one_moment_respect_the_limit_of_unfinished_tasks(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        orders = [order_of(task_of(number), concurrency=3) for number in range(10)]
        stores = (one, other)
        refusals = await asyncio.gather(*(stores[n % 2].accept(order) for n, order in enumerate(orders)))
        assert sorted(map(str, refusals)) == ["None"] * 3 + [str(TooManyTasks(3))] * 7

    run(play)


def test_money_is_refunded_when_a_task_has_failed(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        await one.accept(order_of(task_of(1), "0.1"))
        await other.accept(order_of(task_of(2), "0.2", refund_at=105.0))
        sums = [await one.outstanding("key-a", "opeai", at) for at in (100.0, 105.0, 104.0)]
        assert sums == [Decimal("0.3"), Decimal("0.1"), Decimal("0.3")]
        await one.replace_task(task_of(2), order_of(task_of(2), "0.2", refund_at=101.0).booking, None)
        assert await other.outstanding("key-a", "opeai", 102.0) == Decimal("0.1")
        records = await one.account_records("key-a")
        booking = order_of(task_of(1), "7").booking
        assert booking is not None
        await one.replace_account(records, {"task-1": booking})
        assert await other.outstanding("key-a", "opeai", 1e9) == Decimal(7)

    run(play)


def test_a_document_is_replaced_only_by_who_has_seen_it(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        before = await one.changes(-1)
        version = await one.put_documents([("clocks:", 0, b"1"), ("fates:", 0, b"2")])
        assert version is not None
        assert await other.put_documents([("limits:", 0, b"3"), ("clocks:", 0, b"4")]) is None
        changes = await other.changes(before.epoch)
        assert changes.documents == {"clocks:": (version, b"1"), "fates:": (version, b"2")}
        assert await changed(other, changes.epoch) is False
        assert await other.put_documents([("clocks:", version, None)])
        assert await changed(one, changes.epoch) is True
        assert {name: body for name, (_, body) in (await one.changes(version)).documents.items()} == {"clocks:": None}

    run(play)


def test_a_rule_is_used_up_by_all_processes_together(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        async def claim(store: SharedStore, **more: Any) -> bool:
            options = {"times": 5, "nth": None, "draws": False, **more}
            return (await store.claim("fate", "fate-1", "key-a", **options)).is_applied

        stores = (one, other)
        applied = await asyncio.gather(*(claim(stores[number % 2]) for number in range(20)))
        assert (applied.count(True), await one.rule_counts("fate")) == (5, {"fate-1": (20, 5, {})})
        await one.remove_rule_counts("fate", ["fate-1"])
        assert [await claim(store, nth=2) for store in (one, other, one)] == [False, True, False]
        counts = await other.claim("fate", "fate-2", "key-b", 1, None, draws=True)
        assert (counts.is_applied, counts.draw, counts.applied) == (False, 1, 0)
        assert (await one.apply_rule("fate", "fate-2", 1), await other.apply_rule("fate", "fate-2", 1)) == (1, None)
        counted = await one.rule_counts("fate")
        assert counted == {"fate-1": (3, 1, {}), "fate-2": (1, 1, {"key-b": 1})}
        await other.set_rule_counts("fate", {"fate-7": (2, 1, {"key-a": 3})})
        assert await one.rule_counts("fate") == {"fate-7": (2, 1, {"key-a": 3})}

    run(play)


def test_the_journal_is_one_and_has_the_same_bound(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        for number in range(4):
            (one, other)[number % 2].journal.append(entry_of(number, f"key-{number % 2}"))
        assert len(await one.journal.read()) >= 2
        await asyncio.sleep(0.05)
        pairs = await other.journal.read()
        assert [number for number, _ in pairs] == [0, 1, 2, 3]
        assert {entry.at for _, entry in pairs} == {0.0, 1.0, 2.0, 3.0}
        for number in range(4, 9):
            one.journal.append(entry_of(number))
        pairs = await one.journal.read(JournalFilter(since=6))
        assert [number for number, _ in pairs] == [6, 7, 8]
        assert (await other.journal.total(), len(await one.journal.read())) == (9, 5)
        await other.journal.clear("key-a")
        assert (len(await one.journal.read()), await one.journal.total()) == (0, 9)
        await one.journal.restore(20, [(number, entry_of(number)) for number in range(12, 20)])
        assert [number for number, _ in await other.journal.read()] == [15, 16, 17, 18, 19]

    run(play)


def test_a_lease_is_held_by_one_process_until_it_ends(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        assert await one.lease("callbacks", "one", 60) is True
        assert await other.lease("callbacks", "other", 60) is False
        assert await one.lease("callbacks", "one", 0) is True
        assert await other.lease("callbacks", "other", 60) is True
        await one.end_lease("callbacks", "one")
        assert await one.lease("callbacks", "one", 60) is False
        await other.end_lease("callbacks", "other")
        assert await one.lease("callbacks", "one", 60) is True

    run(play)


def test_a_saved_callback_is_signalled_to_the_others(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        mine, theirs = await signal(one), await signal(other)
        task = task_of(1)
        await one.accept(order_of(task, callback=callback_of(task, 102.0)))
        assert (await signal(one) == mine, await signal(other) == theirs) == (True, False)

    run(play)


def test_settings_are_those_of_the_first_process(run: Run) -> None:
    async def play(one: SharedStore, other: SharedStore) -> None:
        assert one.agree({"seed": "1"}) == {"seed": "1"}
        assert other.agree({"seed": "2", "variant x": "a"}) == {"seed": "1", "variant x": "a"}

    run(play)
