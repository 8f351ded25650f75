"""A Redis server that is lost: what is refused meanwhile, and how emulators go on afterwards."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis import Redis

from seedmock_server.storage.models import StoreUnavailable
from seedmock_server.storage.redis import redis_client as client_module
from seedmock_server.storage.redis import steering_scripts, task_scripts
from seedmock_server.storage.redis.address import parse_address
from seedmock_server.storage.redis.redis_store import RedisStore

from ..conftest import BOAT_APIMODELS, BOAT_OPEAI
from .lossy_proxy import LossyProxy
from .redis_server import RedisServer, require_redis
from .test_shared import entry_of
from .test_shared_servers import Emulator, opener


@pytest.fixture
def lasting_server(tmp_path: Path) -> Iterator[RedisServer]:
    """Server that has written each command to the disk before it answers."""
    require_redis()
    server = RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    yield server
    server.stop()


@pytest.fixture
def forgetful_server(tmp_path: Path) -> Iterator[RedisServer]:
    require_redis()
    server = RedisServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def proxy(forgetful_server: RedisServer) -> Iterator[LossyProxy]:
    with LossyProxy(forgetful_server.port) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_PAUSE", 0.0)


async def until_answered(emulator: Emulator) -> None:
    for _ in range(200):
        if (await emulator.client.get("/v1/models")).status_code == 200:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the emulator did not find the server again")


def test_a_lost_server_is_a_503_and_found_again(lasting_server: RedisServer, clips: Path) -> None:
    async def main() -> None:
        async with opener(lasting_server.address, clips)() as emulator:
            await emulator.call("POST", "/_mock/fates", {"fate": "failed"})
            task = await emulator.order()
            lasting_server.kill()
            for method, path, body in (("POST", "/v1/videos", BOAT_OPEAI), ("GET", f"/v1/videos/{task}", None)):
                response = await emulator.client.request(method, path, json=body)
                assert (response.status_code, response.headers["retry-after"]) == (503, "1")
                assert "can't be reached at the moment" in response.json()["error"]["message"]
            response = await emulator.client.post("/api/v1/video/generations", json=BOAT_APIMODELS)
            assert (response.status_code, response.json()["code"]) == (503, 503)
            lasting_server.start()
            await until_answered(emulator)
            assert await emulator.status(task, headers={"X-Mock-Advance": "5s"}) == "FAILURE"
            assert await emulator.order() != task

    asyncio.run(main())


def test_a_server_that_has_lost_its_data_is_begun_anew(forgetful_server: RedisServer, clips: Path) -> None:
    async def main() -> None:
        open_emulator = opener(forgetful_server.address, clips)
        async with open_emulator() as one, open_emulator() as other:
            await one.call("POST", "/_mock/fates", {"fate": "failed"})
            task = await other.order()
            forgetful_server.kill()
            forgetful_server.start()
            await until_answered(one)
            await until_answered(other)
            for emulator in (one, other):
                assert (await emulator.client.get(f"/v1/videos/{task}")).status_code == 404
                assert (await emulator.call("GET", "/_mock/fates"))["rules"] == []
            assert (await other.call("POST", "/_mock/fates", {"fate": "stuck"}))["id"] == "fate-1"
            assert len((await one.call("GET", "/_mock/fates"))["rules"]) == 1
            assert await one.status(await other.order()) == "QUEUED"

    asyncio.run(main())


# --- under load ---

CALLERS, RESTARTS = 16, 3


async def orders_until(emulator: Emulator, is_over: asyncio.Event) -> tuple[list[str], list[httpx.Response]]:
    """Order with several callers until an event; return the ids of accepted orders, and all refusals."""
    accepted: list[str] = []
    refused: list[httpx.Response] = []

    async def order() -> None:
        while not is_over.is_set():
            response = await emulator.client.post("/v1/videos", json=BOAT_OPEAI)
            if response.status_code == 200:
                accepted.append(response.json()["id"])
            else:
                refused.append(response)
                await asyncio.sleep(0.01)

    await asyncio.gather(*(order() for _ in range(CALLERS)))
    return accepted, refused


async def charged(emulator: Emulator) -> Counter[str]:
    ledger = await emulator.call("GET", "/_mock/ledger", params={"limit": 100_000})
    return Counter(line["id"] for statement in ledger["statements"] for line in statement["lines"])


async def journaled(emulator: Emulator) -> int:
    return len((await emulator.call("GET", "/_mock/journal", params={"limit": 10_000}))["exchanges"])


def test_flushed_scripts_lose_neither_orders_nor_exchanges(forgetful_server: RedisServer, clips: Path) -> None:
    async def main() -> None:
        async with opener(forgetful_server.address, clips)() as emulator:
            is_over = asyncio.Event()

            async def flush() -> None:
                with Redis(port=forgetful_server.port) as client:
                    for _ in range(20):
                        client.script_flush()
                        await asyncio.sleep(0.005)
                is_over.set()

            (accepted, refused), _ = await asyncio.gather(orders_until(emulator, is_over), flush())
            assert refused == []
            assert await charged(emulator) == Counter(accepted)
            assert await journaled(emulator) == len(accepted)

    asyncio.run(main())


def test_a_restart_under_load_refuses_cleanly_and_goes_on(lasting_server: RedisServer, clips: Path) -> None:
    async def main() -> None:
        async with opener(lasting_server.address, clips)() as emulator:
            is_over = asyncio.Event()

            async def restart() -> None:
                for _ in range(RESTARTS):
                    await asyncio.sleep(0.05)
                    lasting_server.kill()
                    await asyncio.sleep(0.05)
                    await asyncio.to_thread(lasting_server.start)
                    await until_answered(emulator)
                is_over.set()

            (accepted, refused), _ = await asyncio.gather(orders_until(emulator, is_over), restart())
            assert {response.status_code for response in refused} <= {503}
            assert all("the store redis://" in response.json()["error"]["message"] for response in refused)
            more = [await emulator.order() for _ in range(3)]
            counts = await charged(emulator)
            assert set(counts.values()) == {1}
            assert {*accepted, *more} <= set(counts)
            # Of an order whose outcome stayed unknown the client was told to try again; there are no others.
            assert len(counts) - len(accepted) - len(more) <= RESTARTS * CALLERS
            assert await journaled(emulator) >= len(counts)

    asyncio.run(main())


def test_an_order_whose_reply_is_lost_is_stored_and_charged_once(proxy: LossyProxy, clips: Path) -> None:
    async def main() -> None:
        async with opener(f"redis://127.0.0.1:{proxy.port}", clips)() as emulator:
            await emulator.order()
            proxy.lose_reply_of = task_scripts.ACCEPT.digest.encode()
            second = await emulator.order()
            proxy.lose_command = task_scripts.ACCEPT.digest.encode()
            third = await emulator.order()
            counts = await charged(emulator)
            assert (proxy.losses, len(counts), {second, third} <= set(counts)) == (2, 3, True)
            assert set(counts.values()) == {1}

    asyncio.run(main())


@pytest.mark.parametrize("moment", ["lose_reply_of", "lose_command"])
def test_exchanges_whose_reply_is_lost_are_journaled_once(moment: str, proxy: LossyProxy, clips: Path) -> None:
    async def main() -> None:
        async with opener(f"redis://127.0.0.1:{proxy.port}", clips)() as emulator:
            await emulator.order()
            setattr(proxy, moment, steering_scripts.APPEND.digest.encode())
            for _ in range(3):
                await emulator.order()
            exchanges = (await emulator.call("GET", "/_mock/journal"))["exchanges"]
            assert (proxy.losses, [exchange["number"] for exchange in exchanges]) == (1, [0, 1, 2, 3])

    asyncio.run(main())


def test_entries_that_a_full_server_refuses_are_kept_as_far_as_there_is_room(forgetful_server: RedisServer) -> None:
    async def main() -> None:
        store = RedisStore(parse_address(forgetful_server.address), Path("files"), journal_entries=4)
        store.agree({})
        assert await store.journal.read() == []
        with Redis(port=forgetful_server.port) as client:
            client.config_set("maxmemory", 1)
            for number in range(6):
                store.journal.append(entry_of(number))
                await asyncio.sleep(0.01)
            with pytest.raises(StoreUnavailable, match="refuses commands: OOM"):
                await store.journal.read()
            client.config_set("maxmemory", 0)
        assert [number for number, _ in await store.journal.read()] == [2, 3, 4, 5]
        assert await store.journal.total() == 6
        await store.aclose()

    asyncio.run(main())
