"""One conversation on each store: the same bytes, and snapshots that load on the others."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import BOAT_APIMODELS, BOAT_OPEAI
from .test_shared_servers import URLS, Emulator, opener


async def converse(emulator: Emulator) -> list[tuple[int, bytes]]:
    """Return the statuses and bodies of a conversation that touches everything that is stored."""
    client, responses = emulator.client, []

    async def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
        response = await client.request(method, path, json=body, headers=headers)
        responses.append((response.status_code, response.content))
        return response.json()

    await call("POST", "/_mock/fates", {"match": {"probability": 0.5}, "fate": [{"fate": "failed", "weight": 1}]})
    await call("POST", "/_mock/fates", {"match": {"model": "seedance-2-0-fast"}, "fate": "slow after=1m"})
    await call("POST", "/_mock/faults", {"match": {"operation": "query", "nth": 3}, "fault": "status code=503"})
    await call("PUT", "/_mock/credit", {"amount": "1", "key": "sk_test_one_of_ours", "upstream": "apimodels"})
    tasks = [(await call("POST", "/v1/videos", {**BOAT_OPEAI, "seed": None}))["id"] for _ in range(4)]
    await call("POST", "/v1/videos", BOAT_OPEAI, **{"X-Mock-Fate": "nonsense"})
    await call("POST", "/api/v1/video/generations", {**BOAT_APIMODELS, "duration": 15})
    for task in tasks:
        await call("GET", f"/v1/videos/{task}", **{"X-Mock-Advance": "1s"})
    group = await call("POST", "/api/v1/asset-groups", {"name": "people"})
    await call("GET", "/api/v1/balance")
    await call("POST", "/api/v1/video/generations", {**BOAT_APIMODELS, "callback_url": "http://127.0.0.1:9/told"})
    await call("POST", "/_mock/clock", {"advance": "1h"})
    await emulator.app.callbacks.deliver_due()
    await call("GET", "/_mock/fates")
    await call("GET", "/_mock/ledger")
    await call("GET", "/_mock/tasks")
    assert group is not None
    return responses


def test_the_same_conversation_gives_the_same_bytes_and_snapshot_on_each_store(clips: Path, tmp_path: Path) -> None:
    results: dict[str, Any] = {}
    snapshots: dict[str, bytes] = {}

    async def play(name: str) -> None:
        async with opener(URLS[name](tmp_path), clips)() as emulator:
            results[name] = (await converse(emulator), emulator.posts)
            snapshots[name] = (await emulator.client.get("/_mock/snapshot")).content

    for name in URLS:
        asyncio.run(play(name))
    for name in URLS:
        assert results[name] == results["memory"], name
        assert json.loads(snapshots[name]) == json.loads(snapshots["memory"]), name
    assert {status for status, _ in results["memory"][0]} >= {200, 201, 400, 402, 503}


def test_an_order_that_was_refused_counts_as_drawn_after_a_change_by_another_server(
    clips: Path, tmp_path: Path
) -> None:
    """As in memory, where the numbers of ids, seeds and fates go on after each order, whatever became of it."""

    async def ids(one: Emulator, other: Emulator) -> list[str]:
        first = await one.order_with_callback()
        refused = await one.client.post("/v1/videos", json=BOAT_OPEAI, headers={"X-Mock-Fate": "nonsense"})
        assert refused.status_code == 400
        await other.call("POST", "/_mock/faults", {"match": {"operation": "models"}, "fault": "status code=503"})
        later = [await one.order_with_callback()]
        await other.call("POST", "/_mock/reset", {})
        return [first, *later, await one.order_with_callback()]

    async def play(name: str) -> list[str]:
        opened = opener(URLS[name](tmp_path), clips)
        async with opened() as one:
            if name == "memory":
                return await ids(one, one)
            async with opened() as other:
                return await ids(one, other)

    expected = asyncio.run(play("memory"))
    assert expected[0] == expected[2], "a reset sets the draws back"
    assert {name: asyncio.run(play(name)) for name in URLS} == dict.fromkeys(URLS, expected)


@pytest.mark.parametrize("target", URLS)
@pytest.mark.parametrize("source", URLS)
def test_a_snapshot_of_one_store_loads_on_another(source: str, target: str, clips: Path, tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()

    async def save() -> bytes:
        async with opener(URLS[source](tmp_path / "from"), clips)() as emulator:
            await converse(emulator)
            return (await emulator.client.get("/_mock/snapshot")).content

    async def load(document: bytes) -> None:
        async with opener(URLS[target](tmp_path / "to"), clips)() as emulator:
            await emulator.order()
            response = await emulator.client.put("/_mock/snapshot", content=document)
            assert response.status_code == 200, response.text
            assert json.loads((await emulator.client.get("/_mock/snapshot")).content) == json.loads(document)
            newer = json.dumps({**json.loads(document), "version": 99}).encode()
            assert (await emulator.client.put("/_mock/snapshot", content=newer)).status_code == 400

    asyncio.run(load(asyncio.run(save())))
