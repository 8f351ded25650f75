"""A Redis server that is lost: what is refused meanwhile, and how emulators go on afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedmock_server.storage.redis import redis_client as client_module

from ..conftest import BOAT_APIMODELS, BOAT_OPEAI
from .redis_server import RedisServer, require_redis
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


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_PAUSE", 0.0)


async def until_answered(emulator: Emulator) -> None:
    for _ in range(200):
        if (await emulator.client.get("/v1/models")).status_code == 200:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the emulator did not find the server again")


def test_a_lost_server_is_an_overload_and_found_again(lasting_server: RedisServer, clips: Path) -> None:
    async def main() -> None:
        async with opener(lasting_server.address, clips)() as emulator:
            await emulator.call("POST", "/_mock/fates", {"fate": "failed"})
            task = await emulator.order()
            lasting_server.kill()
            for method, path, body in (("POST", "/v1/videos", BOAT_OPEAI), ("GET", f"/v1/videos/{task}", None)):
                response = await emulator.client.request(method, path, json=body)
                assert response.status_code == 429  # this upstream's status for an overload
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
