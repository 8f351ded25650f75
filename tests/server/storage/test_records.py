"""Records, counters and callbacks, in each store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from seedmock_server.storage import Store
from seedmock_server.storage.models import ID_TAKEN

from .conftest import Play, asset_of, callback_of, order_of, task_of

Run = Callable[[Play], None]


def test_an_accepted_task_is_found_by_id_and_by_account(run: Run) -> None:
    async def play(store: Store) -> None:
        tasks = [task_of(number, account=f"key-{number % 2}") for number in range(6)]
        assert [await store.accept(order_of(task)) for task in tasks] == [None] * 6
        assert [await store.task(task.id) for task in tasks] == tasks
        assert list(await store.tasks("key-0")) == tasks[::2]
        assert sorted(await store.accounts()) == ["key-0", "key-1"]
        assert (await store.task("task-9"), list(await store.tasks("key-9"))) == (None, [])

    run(play)


def test_a_taken_id_stores_nothing(run: Run) -> None:
    async def play(store: Store) -> None:
        task, other = task_of(1), task_of(1, account="key-b")
        assert await store.accept(order_of(task)) is None
        assert await store.accept(order_of(other, callback=callback_of(other, 102.0))) == ID_TAKEN
        assert await store.task(task.id) == task
        assert (list(await store.tasks("key-b")), list(await store.callbacks())) == ([], [])
        assert list(await store.accounts()) == ["key-a"]

    run(play)


def test_a_task_is_replaced_in_its_place_together_with_its_callback(run: Run) -> None:
    async def play(store: Store) -> None:
        tasks = [task_of(number) for number in range(3)]
        for task in tasks:
            await store.accept(order_of(task, callback=callback_of(task, 102.0)))
        cancelled = replace(tasks[1], cancelled_at=101.0)
        await store.replace_task(cancelled, order_of(cancelled).booking, callback_of(cancelled, 101.0))
        assert list(await store.tasks("key-a")) == [tasks[0], cancelled, tasks[2]]
        assert [(due.task_id, due.at) for due in await store.callbacks()] == [
            ("task-1", 101.0),
            ("task-0", 102.0),
            ("task-2", 102.0),
        ]
        await store.replace_task(cancelled, None, None)
        assert [due.task_id for due in await store.callbacks()] == ["task-0", "task-2"]

    run(play)


def test_unfinished_tasks_are_counted_by_upstream_and_time(run: Run) -> None:
    async def play(store: Store) -> None:
        ends: list[Any] = [2.0, 3.0, None]
        for number, end in enumerate(ends):
            await store.accept(order_of(task_of(number, end=end)))
        await store.accept(order_of(task_of(9, upstream="apimodels")))
        counts = [await store.unfinished("key-a", "opeai", at) for at in (100.0, 102.0, 102.9, 103.0, 1e9)]
        assert counts == [3, 2, 2, 1, 1]
        await store.replace_task(replace(task_of(2, end=None), cancelled_at=101.0), None, None)
        assert await store.unfinished("key-a", "opeai", 103.0) == 0
        assert await store.unfinished("key-b", "opeai", 0.0) == 0

    run(play)


def test_queries_are_counted_in_the_records_that_are_read(run: Run) -> None:
    async def play(store: Store) -> None:
        await store.accept(order_of(task_of(1)))
        await store.accept(order_of(task_of(2)))
        task = await store.task("task-1")
        assert task is not None
        assert [(await store.count_query(task)).queries for _ in range(3)] == [1, 2, 3]
        read = await store.task("task-1")
        assert read is not None
        assert (read.queries, [task.queries for task in await store.tasks("key-a")]) == (3, [3, 0])
        records = await store.account_records("key-a")
        assert (records.queries, {task.queries for task in records.tasks}) == ({"task-1": 3}, {0})
        await store.replace_account(records, {})
        read = await store.task("task-1")
        assert read is not None
        assert read.queries == 3

    run(play)


def test_groups_count_from_one_and_take_their_assets_with_them(run: Run) -> None:
    async def play(store: Store) -> None:
        groups = [await store.add_group("apimodels", "key-a", f"name {n}", f"group-{n}", 100.0) for n in range(3)]
        assert [group.id for group in groups] == [1, 2, 3]
        for number, group in enumerate((groups[0], groups[2], groups[2])):
            assert await store.add_asset(asset_of(number, group.id), None, None) is None
        await store.remove_group(groups[2])
        await store.remove_group(groups[2])
        assert list(await store.groups("key-a")) == groups[:2]
        assert [asset.id for asset in await store.assets("key-a")] == ["asset-0"]
        assert [asset.id for asset in await store.removed_assets("key-a")] == ["asset-1", "asset-2"]
        assert (await store.add_group("apimodels", "key-a", "name", "group", 100.0)).id == 4
        assert (await store.group("key-a", 2), await store.group("key-b", 2)) == (groups[1], None)

    run(play)


def test_an_asset_is_replaced_and_removed_only_where_it_is(run: Run) -> None:
    async def play(store: Store) -> None:
        asset = asset_of(1, 1)
        await store.replace_asset(asset)
        assert await store.asset("key-a", asset.id) is None
        await store.add_asset(asset, None, None)
        renamed = replace(asset, name="another")
        await store.replace_asset(renamed)
        assert (await store.asset("key-a", asset.id), await store.asset("key-b", asset.id)) == (renamed, None)
        await store.remove_asset(renamed)
        await store.remove_asset(renamed)
        assert (list(await store.assets("key-a")), list(await store.removed_assets("key-a"))) == ([], [renamed])
        assert list(await store.accounts()) == ["key-a"]

    run(play)


def test_draws_count_by_account(run: Run) -> None:
    async def play(store: Store) -> None:
        assert [await store.draw(account) for account in ("key-a", "key-a", "key-b", "key-a")] == [1, 2, 1, 3]
        assert await store.draws() == {"key-a": 3, "key-b": 1}
        await store.set_draws({"key-b": 7})
        assert [await store.draw("key-a"), await store.draw("key-b")] == [1, 8]

    run(play)


def test_calls_are_admitted_by_a_sliding_minute(run: Run) -> None:
    async def play(store: Store) -> None:
        waits = [await store.admit("opeai", "key-a", at, 2) for at in (100.0, 110.0, 120.0, 160.0, 161.0)]
        assert waits == [0, 0, 40.0, 0, 9.0]
        assert await store.admit("opeai", "key-b", 120.0, 2) == await store.admit("apimodels", "key-a", 120.0, 2) == 0
        assert sorted(await store.calls()) == [
            ("apimodels", "key-a", (120.0,)),
            ("opeai", "key-a", (110.0, 160.0)),
            ("opeai", "key-b", (120.0,)),
        ]
        await store.set_calls([("opeai", "key-a", (150.0, 155.0))])
        assert await store.admit("opeai", "key-a", 160.0, 2) == 50.0
        assert await store.admit("opeai", "key-b", 120.0, 1) == 0

    run(play)


def test_callbacks_come_earliest_first_and_one_for_a_task(run: Run) -> None:
    async def play(store: Store) -> None:
        tasks = [task_of(number, account=f"key-{number % 2}") for number in range(4)]
        for task, at in zip(tasks, (105.0, 103.0, 103.0, 104.0), strict=True):
            await store.accept(order_of(task, callback=callback_of(task, at)))
        assert [due.task_id for due in await store.callbacks()] == ["task-1", "task-2", "task-3", "task-0"]
        later = callback_of(tasks[1], 104.0, attempts=2, paused=True)
        await store.save_callback(later)
        await store.remove_callback("task-2")
        await store.remove_callback("task-2")
        assert [due.task_id for due in await store.callbacks()] == ["task-3", "task-1", "task-0"]
        assert list(await store.callbacks("key-1")) == [callback_of(tasks[3], 104.0), later]

    run(play)


def test_an_account_is_copied_and_removed_with_all_that_it_counts(run: Run) -> None:
    async def play(store: Store) -> None:
        for account in ("key-a", "key-b"):
            task = task_of(1 if account == "key-a" else 2, account=account)
            await store.accept(order_of(task, callback=callback_of(task, 102.0)))
            group = await store.add_group("apimodels", account, "name", "group", 100.0)
            await store.add_asset(asset_of(1, group.id, account=account), None, None)
            await store.draw(account)
            await store.admit("opeai", account, 100.0, 5)
        records = await store.account_records("key-a")
        await store.remove_account("key-a")
        assert list(await store.accounts()) == ["key-b"]
        assert (await store.task("task-1"), list(await store.callbacks("key-a"))) == (None, [])
        assert (await store.draws(), [owner for _, owner, _ in await store.calls()]) == ({"key-b": 1}, ["key-b"])
        assert (await store.account_records("key-a")).last_group == 0
        await store.replace_account(records, {})
        assert await store.account_records("key-a") == records
        assert await store.task("task-1") == records.tasks[0]
        assert (await store.add_group("apimodels", "key-a", "name", "group", 100.0)).id == 2
        assert len((await store.account_records("key-b")).tasks) == 1

    run(play)
