"""Emulators that share a store, and one that goes on where another has ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.app import App
from seedmock_server.callbacks import lease
from seedmock_server.clock import Clock, ManualClock
from seedmock_server.http.outbound import PostResponse
from seedmock_server.matching.rules import InvalidRule

from ..conftest import BOAT_APIMODELS, BOAT_OPEAI
from .redis_server import redis_url

SHARED_URLS: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:{folder}/mock.db",
    "redis": redis_url,
}
URLS: dict[str, Callable[[Path], str]] = {"memory": lambda _: "memory", **SHARED_URLS}
KEY = {"Authorization": "Bearer sk_test_one_of_ours"}


class Emulator:
    """Emulator in process, and what it posts to callback URLs."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://emulator.test", headers=KEY
        )
        self.posts: list[bytes] = []
        app.callbacks.sender.post = self._post

    async def _post(self, url: str, content: bytes, *_: Any, **__: Any) -> PostResponse:
        self.posts.append(content)
        return PostResponse(200, b"")

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        response = await self.client.request(method, path, json=body, **options)
        assert response.status_code < 300, response.text
        return response.json()

    async def order(self, **changes: Any) -> str:
        return str((await self.call("POST", "/v1/videos", {**BOAT_OPEAI, **changes}))["id"])

    async def order_with_callback(self) -> str:
        body = {**BOAT_APIMODELS, "callback_url": "http://127.0.0.1:9/told"}
        return str((await self.call("POST", "/api/v1/video/generations", body))["data"]["taskId"])

    async def status(self, task_id: str, **options: Any) -> str:
        return str((await self.call("GET", f"/v1/videos/{task_id}", **options))["status"])


Open = Callable[..., contextlib.AbstractAsyncContextManager[Emulator]]


@pytest.fixture(params=SHARED_URLS)
def opened(request: pytest.FixtureRequest, clips: Path, tmp_path: Path) -> Open:
    """Open an emulator over the test's store; in a block within another one, it is a second process's."""
    return opener(SHARED_URLS[request.param](tmp_path), clips)


def opener(url: str, clips: Path) -> Open:
    @contextlib.asynccontextmanager
    async def start(clock: Clock | None = None, **settings: Any) -> AsyncIterator[Emulator]:
        options = {"pace": "fast", "seed": 1, "cache_dir": clips, "store": url, **settings}
        async with create_app(clock=clock or ManualClock(), **options) as app:
            emulator = Emulator(app)
            async with emulator.client:
                await app.start()
                yield emulator

    return start


def run_two(opened: Open, play: Callable[[Emulator, Emulator], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        async with opened(**settings) as one, opened(**settings) as other:
            await play(one, other)

    asyncio.run(main())


def test_any_server_answers_about_any_task(opened: Open) -> None:
    async def play(one: Emulator, other: Emulator) -> None:
        task = await one.order()
        assert await other.status(task) == "QUEUED"
        health = await other.call("GET", "/_mock/health")
        assert (health["store"], health["workers"], health["pid"] > 0) == (one.app.context.store.name, 1, True)
        assert [row["id"] for row in (await other.call("GET", "/_mock/tasks"))["tasks"]] == [task]
        ledger = await other.call("GET", "/_mock/ledger")
        assert [line["id"] for line in ledger["statements"][0]["lines"]] == [task]
        operations = [row["operation"] for row in (await other.call("GET", "/_mock/journal"))["exchanges"]]
        # In the order of their commits, which follow the responses.
        assert sorted(operations) == ["create", "query"]

    run_two(opened, play)


def test_a_clock_that_one_server_has_moved_is_seen_by_the_next_call_to_another(opened: Open) -> None:
    async def play(one: Emulator, other: Emulator) -> None:
        task = await one.order()
        assert await other.status(task, headers={"X-Mock-Advance": "1s"}) == "IN_PROGRESS"
        assert await one.status(task) == "IN_PROGRESS"
        await one.call("POST", "/_mock/clock", {"advance": "10s"})
        assert await other.status(await other.order(), headers={"X-Mock-Advance": "3s"}) == "SUCCESS"
        await asyncio.gather(
            *(emulator.status(task, headers={"X-Mock-Advance": "1s"}) for emulator in (one, other) * 30)
        )
        clocks = [(await emulator.call("GET", "/_mock/clock"))["accounts"] for emulator in (one, other)]
        (moved,) = clocks[0].values()
        assert clocks[0] == clocks[1]
        assert moved["now"] == ManualClock().now() + 1 + 3 + 60
        await other.call("POST", "/_mock/reset", {})
        assert (await one.call("GET", "/_mock/clock"))["accounts"] == {}

    run_two(opened, play)


def test_rules_limits_credit_and_scenario_hold_for_all_servers(opened: Open) -> None:
    async def play(one: Emulator, other: Emulator) -> None:
        rule = {"match": {"times": 2}, "fate": "failed"}
        assert (await one.call("POST", "/_mock/fates", rule))["id"] == "fate-1"
        assert (await other.call("POST", "/_mock/fates", {"match": {"nth": 9}, "fate": "stuck"}))["id"] == "fate-2"
        tasks = [await emulator.order() for emulator in (one, other, one, other)]
        for emulator in (one, other):
            rows = [(row["matched"], row["applied"]) for row in (await emulator.call("GET", "/_mock/fates"))["rules"]]
            assert rows == [(4, 2), (2, 0)]
        later = {"X-Mock-Advance": "5s"}
        statuses = [await one.status(task, headers=later) for task in tasks]
        assert statuses == ["FAILURE", "FAILURE", "SUCCESS", "SUCCESS"]
        await other.call("PUT", "/_mock/credit", {"amount": "0", "key": "sk_test_one_of_ours"})
        assert (await one.client.post("/v1/videos", json=BOAT_OPEAI)).status_code == 403
        await other.call("PUT", "/_mock/scenario", {"name": "stuck"})
        assert (await one.call("GET", "/_mock/scenario"))["scenario"]["name"] == "stuck"
        await one.call("DELETE", "/_mock/scenario")
        await one.call("PUT", "/_mock/limits", {"rate": 1})
        assert (await other.call("GET", "/_mock/limits"))["limits"][0]["rate"] == 1
        codes = [(await emulator.client.get("/v1/models")).status_code for emulator in (one, other, one)]
        assert codes == [200, 429, 429]
        await one.call("DELETE", "/_mock/fates")
        assert (await other.call("POST", "/_mock/fates", rule))["id"] == "fate-1"
        (row,) = (await one.call("GET", "/_mock/fates"))["rules"]
        assert (row["matched"], row["applied"]) == (0, 0)

    run_two(opened, play)


def test_a_posted_file_can_be_used_and_fetched_at_another_server(opened: Open, picture: Any) -> None:
    async def play(one: Emulator, other: Emulator) -> None:
        response = await one.client.post("/api/v1/files", files={"file": ("a.png", picture())})
        url = response.json()["data"]["publicUrl"]
        assert (await other.client.get(url)).content == picture()
        item = {"type": "image_url", "role": "first_frame", "image_url": {"url": url}}
        task = await other.order(input_reference={"content": [item]})
        record = await one.app.context.store.task(task)
        assert record is not None
        assert record.first is not None
        assert record.first.path.read_bytes() == picture()

    run_two(opened, play)


def test_a_malformed_header_changes_no_clock(opened: Open) -> None:
    async def play(one: Emulator, other: Emulator) -> None:
        for header in ("-1s", "soon", "1e300"):
            response = await one.client.get("/v1/models", headers={"X-Mock-Advance": header})
            assert response.status_code == 400
        assert (await other.call("GET", "/_mock/clock"))["accounts"] == {}

    run_two(opened, play)


def test_a_change_that_fails_is_not_shared(opened: Open) -> None:
    async def play(one: Emulator, other: Emulator) -> None:
        def fail() -> None:
            raise InvalidRule("no")

        with pytest.raises(InvalidRule):
            await one.app.steering.change(fail)
        before = await one.call("GET", "/_mock/snapshot")
        assert await other.call("GET", "/_mock/snapshot") == before

    run_two(opened, play)


def test_a_restart_goes_on_where_the_server_ended(opened: Open) -> None:
    async def before() -> tuple[str, Any]:
        async with opened() as emulator:
            await emulator.call("POST", "/_mock/fates", {"match": {"nth": 2}, "fate": "failed"})
            await emulator.call("POST", "/_mock/clock", {"advance": "1s"})
            task = await emulator.order()
            return task, await emulator.call("GET", "/_mock/snapshot")

    async def after(task: str, saved: Any) -> None:
        async with opened(seed=None) as emulator:
            assert await emulator.call("GET", "/_mock/snapshot") == saved
            assert await emulator.status(await emulator.order(), headers={"X-Mock-Advance": "5s"}) == "FAILURE"
            assert await emulator.status(task) == "SUCCESS"

    asyncio.run(after(*asyncio.run(before())))


def test_callbacks_that_are_due_after_a_restart_are_sent_once(opened: Open) -> None:
    clock = ManualClock()

    async def before() -> None:
        async with opened(clock=clock) as emulator:
            for _ in range(3):
                await emulator.order_with_callback()
            assert emulator.posts == []

    async def after() -> None:
        clock.advance(60)
        async with opened(clock=clock) as emulator:
            await emulator.app.callbacks.deliver_due()
            assert len(emulator.posts) == 3
            await emulator.app.callbacks.deliver_due()
            assert (len(emulator.posts), list(await emulator.app.context.store.callbacks())) == (3, [])

    asyncio.run(before())
    asyncio.run(after())


def test_of_two_looks_at_once_the_older_one_forgets_no_callback(opened: Open) -> None:
    clock = ManualClock()

    async def main() -> None:
        async with opened(clock=clock) as one, opened(clock=clock) as other:
            callbacks, may_go_on = one.app.callbacks, asyncio.Event()
            assert callbacks._keeper is not None
            callbacks._keeper.cancel()
            read, reads = callbacks._store.callbacks, list[str]()

            async def read_and_wait(account: str | None = None) -> Any:
                rows = await read(account)
                reads.append("read")
                if len(reads) == 1:
                    await may_go_on.wait()
                return rows

            callbacks._store.callbacks = read_and_wait  # type: ignore[method-assign]
            await other.order_with_callback()
            first = asyncio.create_task(callbacks._check_others())
            while not reads:
                await asyncio.sleep(0)
            await other.order_with_callback()
            second = asyncio.create_task(callbacks._check_others())
            await asyncio.wait([second], timeout=0.2)
            may_go_on.set()
            await asyncio.gather(first, second)
            clock.advance(60)
            await callbacks.deliver_due()
            assert (len(one.posts), len(other.posts)) == (2, 0)

    asyncio.run(main())


def test_one_server_sends_callbacks_and_another_takes_over(opened: Open) -> None:
    clock = ManualClock()

    async def main() -> None:
        async with opened(clock=clock) as other, opened(clock=clock) as one:
            assert not one.app.callbacks._queues
            await asyncio.gather(*(emulator.order_with_callback() for emulator in (one, other) * 4))
            clock.advance(60)
            await one.app.callbacks.deliver_due()
            await other.app.callbacks.deliver_due()
            assert (len(one.posts), len(other.posts)) == (0, 8)
            # As if the other one had died, and its lease had expired: it looks for nothing any more.
            assert other.app.callbacks._keeper is not None
            other.app.callbacks._keeper.cancel()
            for _ in range(2):
                await one.order_with_callback()
            expired, waiting, store = other.app.callbacks._lease, one.app.callbacks._lease, one.app._shared
            assert expired is not None
            assert waiting is not None
            assert store is not None
            await store.end_lease(lease.NAME, expired._owner)
            waiting._asked_at = None
            clock.advance(60)
            await one.app.callbacks.deliver_due()
            expired._asked_at = None
            await other.app.callbacks.deliver_due()
            assert (len(one.posts), len(other.posts)) == (2, 8)

    asyncio.run(main())


async def end_three_more(one: Emulator, other: Emulator) -> None:
    """Order three tasks at one of two servers, and let both send what is due when all have ended."""
    for _ in range(3):
        await one.order_with_callback()
    one.app.clock.advance(60)
    for emulator in (one, other, one):
        await emulator.app.callbacks.deliver_due()
    assert list(await one.app.context.store.callbacks()) == []


def test_a_callback_that_is_loaded_while_it_is_scheduled_is_posted_once(opened: Open) -> None:
    async def play(one: Emulator, other: Emulator) -> None:
        await one.order_with_callback()
        store, dispatcher = one.app.context.store, one.app.callbacks
        accept = store.accept

        async def accept_and_load(order: Any) -> Any:
            refusal = await accept(order)
            await dispatcher._load()  # as when another process has changed a callback at this moment
            return refusal

        store.accept = accept_and_load  # type: ignore[method-assign]
        await end_three_more(one, other)
        assert (len(one.posts), len(set(one.posts)), other.posts) == (4, 4, [])

    run_two(opened, play)


def test_a_callback_that_is_loaded_before_it_is_removed_is_posted_once(opened: Open) -> None:
    async def play(one: Emulator, other: Emulator) -> None:
        store, dispatcher = one.app.context.store, one.app.callbacks
        remove = store.remove_callback

        async def load_and_remove(task_id: str) -> None:
            await dispatcher._load()  # as when another process has changed a callback at this moment
            await remove(task_id)

        store.remove_callback = load_and_remove  # type: ignore[method-assign]
        await end_three_more(one, other)
        assert (len(one.posts), len(set(one.posts)), other.posts) == (3, 3, [])

    run_two(opened, play)


def test_a_callback_that_is_sent_while_two_loads_are_under_way_is_posted_once(opened: Open) -> None:
    async def play(one: Emulator, other: Emulator) -> None:
        await one.order_with_callback()
        await other.order_with_callback()
        store, dispatcher, reads, may_go_on = one.app.context.store, one.app.callbacks, list[int](), asyncio.Event()
        read = store.callbacks

        async def read_late(account: str | None = None) -> Any:
            rows = await read(account)
            reads.append(len(rows))
            if len(reads) == 1:
                await may_go_on.wait()
            return rows

        store.callbacks = read_late  # type: ignore[method-assign]
        loads = [asyncio.create_task(dispatcher._check_others())]
        await until(lambda: bool(reads))
        one.app.clock.advance(60)
        await until(lambda: len(one.posts) > 0)
        await other.order_with_callback()
        loads.append(asyncio.create_task(dispatcher._check_others()))
        await asyncio.sleep(0.01)
        may_go_on.set()
        await asyncio.gather(*loads)
        one.app.clock.advance(60)
        await dispatcher.deliver_due()
        assert len(one.posts) == len(set(one.posts)) == 3

    run_two(opened, play)


async def until(is_reached: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_reached():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it was not reached")
