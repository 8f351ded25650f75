"""Four workers are one server: any of them answers any call, and what they count together is exact."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..conftest import BOAT_APIMODELS, BOAT_OPEAI
from .conftest import STORES, WorkerServer, serving

pytestmark = pytest.mark.slow
WORKERS, CONNECTIONS = 4, 16


class Caller:
    """Calls by one key. Each has a connection of its own, or one of many: any worker may have it."""

    def __init__(self, server: WorkerServer, key: str) -> None:
        self.server, self.key = server, key
        self.headers = {"Authorization": f"Bearer {key}"}

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        headers = {**self.headers, **options.pop("headers", {})}
        response = httpx.request(method, self.server.url + path, json=body, headers=headers, timeout=30, **options)
        assert response.status_code < 300, response.text
        return response.json()

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        return self.call(method, f"/_mock/{path}", body, params={**query, "key": self.key} if body is None else query)

    def rule(self, path: str, text: str, **match: Any) -> None:
        word = path.removesuffix("s")
        self.call("POST", f"/_mock/{path}", {"match": {"key": self.key, **match}, word: text})

    def at_once(self, count: int, method: str, path: str, body: Any = None) -> list[httpx.Response]:
        """Make so many calls at the same time, by connections that all workers have."""

        async def gather() -> list[httpx.Response]:
            limits = httpx.Limits(max_connections=CONNECTIONS)
            url = self.server.url
            async with httpx.AsyncClient(base_url=url, headers=self.headers, limits=limits, timeout=60) as client:
                return await asyncio.gather(*(client.request(method, path, json=body) for _ in range(count)))

        return asyncio.run(gather())

    def order(self) -> str:
        return str(self.call("POST", "/v1/videos", BOAT_OPEAI)["id"])


@pytest.fixture(scope="module", params=STORES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("workers")
    with serving(folder, clips, WORKERS, "--seed", "1", store=STORES[request.param](folder)) as running:
        yield running


@pytest.fixture
def caller(server: WorkerServer, request: pytest.FixtureRequest) -> Caller:
    return Caller(server, f"sk_{request.node.originalname}")


def statuses(responses: list[httpx.Response]) -> Counter[int]:
    return Counter(response.status_code for response in responses)


def test_rules_with_counters_are_exact(caller: Caller) -> None:
    caller.rule("fates", "failed", times=10)
    orders = [response.json()["id"] for response in caller.at_once(60, "POST", "/v1/videos", BOAT_OPEAI)]
    caller.call("POST", "/_mock/clock", {"advance": "1h", "key": caller.key})
    ended = Counter(caller.call("GET", f"/v1/videos/{order}")["status"] for order in orders)
    assert ended == {"FAILURE": 10, "SUCCESS": 50}

    caller.rule("faults", "status code=503", times=7, operation="query")
    caller.rule("faults", "status code=500", nth=9, operation="query")
    assert statuses(caller.at_once(60, "GET", f"/v1/videos/{orders[0]}")) == {200: 52, 503: 7, 500: 1}


def test_draws_are_those_of_one_process(caller: Caller) -> None:
    caller.rule("fates", "failed", probability=0.5)
    orders = {response.json()["id"] for response in caller.at_once(40, "POST", "/v1/videos", BOAT_OPEAI)}
    rows = caller.control("GET", "tasks", limit=100)["tasks"]
    assert len(orders) == 40
    assert {row["id"] for row in rows} == orders
    (rule,) = [row for row in caller.call("GET", "/_mock/fates")["rules"] if row["match"].get("probability")]
    assert rule["matched"] == 40
    assert rule["applied"] == sum(row["fate"].startswith("failed") for row in rows)


def test_limits_and_credit_are_exact(caller: Caller) -> None:
    caller.call("PUT", "/_mock/limits", {"key": caller.key, "rate": 12})
    assert statuses(caller.at_once(48, "GET", "/v1/models")) == {200: 12, 429: 36}
    caller.call("PUT", "/_mock/limits", {"key": caller.key, "rate": None, "concurrency": 5})
    caller.call("POST", "/_mock/clock", {"freeze_at": 1.9e9, "key": caller.key})
    assert statuses(caller.at_once(40, "POST", "/v1/videos", BOAT_OPEAI))[200] == 5
    caller.call("PUT", "/_mock/limits", {"key": caller.key, "concurrency": None})

    price = caller.control("GET", "ledger")["statements"][0]["lines"][0]["on_hold"]
    for amount in (float(price) * (5 + 8.5),):
        caller.call("PUT", "/_mock/credit", {"amount": f"{amount:.4f}", "key": caller.key, "upstream": "opeai"})
    assert statuses(caller.at_once(40, "POST", "/v1/videos", BOAT_OPEAI))[200] == 8
    assert len(caller.control("GET", "ledger")["statements"][0]["lines"]) == 13


def test_clocks_are_moved_by_any_and_read_by_all(caller: Caller) -> None:
    def now(**query: Any) -> float:
        return float(caller.call("GET", "/_mock/clock", params=query)["now"])

    caller.call("POST", "/_mock/clock", {"freeze_at": 1.9e9, "key": caller.key})
    body = {"advance": "1s", "key": caller.key}
    assert statuses(caller.at_once(200, "POST", "/_mock/clock", body)) == {200: 200}
    assert {now(key=caller.key) for _ in range(12)} == {1.9e9 + 200}
    before = now()
    caller.at_once(20, "POST", "/_mock/clock", {"advance": "1h"})
    assert {round((now() - before) / 3600, 1) for _ in range(12)} == {20.0}
    assert now(key=caller.key) == 1.9e9 + 200


def test_files_assets_and_links_of_one_worker_are_those_of_all(caller: Caller, picture: Callable[..., bytes]) -> None:
    url = httpx.post(
        f"{caller.server.url}/api/v1/files", files={"file": ("a.png", picture())}, headers=caller.headers
    ).json()["data"]["publicUrl"]
    for _ in range(8):
        assert httpx.get(url, headers=caller.headers).content == picture()
    for _ in range(4):
        body = {**BOAT_APIMODELS, "image_urls": [url]}
        caller.call("POST", "/api/v1/video/generations", body)

    group = caller.call("POST", "/api/v1/assets/groups", {"name": "people"})["data"]
    shown = [caller.call("GET", "/api/v1/assets/groups")["data"] for _ in range(8)]
    assert [[row["id"] for row in groups] for groups in shown] == [[group["id"]]] * 8

    order = caller.order()
    caller.call("POST", "/_mock/clock", {"advance": "1h", "key": caller.key})
    clips = {
        httpx.get(f"{caller.server.url}/v1/videos/{order}/content", headers=caller.headers, timeout=60).content
        for _ in range(8)
    }
    assert [clip[4:8] for clip in clips] == [b"ftyp"]


def test_a_scenario_holds_for_all_from_its_response_on(caller: Caller) -> None:
    for name in ("stuck", "queue-full", "stuck"):
        names = [row["name"] for row in caller.call("GET", "/_mock/scenarios")["scenarios"]]
        name = name if name in names else names[0]
        caller.call("PUT", "/_mock/scenario", {"name": name})
        shown = {caller.call("GET", "/_mock/scenario")["scenario"]["name"] for _ in range(8)}
        assert shown == {name}
    caller.call("DELETE", "/_mock/scenario")
    assert [caller.call("GET", "/_mock/scenario")["scenario"] for _ in range(8)] == [None] * 8


def test_the_journal_has_each_exchange_whose_response_has_come(caller: Caller) -> None:
    order = caller.order()
    for count in range(1, 120):
        caller.call("GET", f"/v1/videos/{order}")
        exchanges = caller.control("GET", "journal", operation="query", limit=200)["exchanges"]
        assert len(exchanges) == count
    caller.at_once(60, "GET", f"/v1/videos/{order}")
    assert len(caller.control("GET", "journal", operation="query", limit=200)["exchanges"]) == 179
    for _ in range(10):
        caller.at_once(8, "GET", f"/v1/videos/{order}")
        caller.call("POST", "/_mock/reset", {"key": caller.key})
        assert caller.control("GET", "journal")["exchanges"] == []
        order = caller.order()
