"""One emulator on a socket, with a clock that stands still, on which every scenario is put in turn."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server.app import App
from seedmock_server.clock import ManualClock
from seedmock_server.http.server import serve_in_thread
from seedmock_server.settings import parse_settings

KEY, OTHER = "sk_test_scenarios", "sk_test_another"
ORDERS: dict[str, dict[str, Any]] = {
    "apimodels": {
        "model": "seedance2-a/seedance-2.0-mini", "prompt": "A paper boat on a canal", "duration": 4,
        "aspect_ratio": "1:1", "generate_audio": False, "seed": 3,
    },
    "opeai": {
        "model": "seedance-2-0-fast", "prompt": "A paper boat on a canal", "size": "640x640", "seconds": "4",
        "generate_audio": False, "seed": 3,
    },
}  # fmt: skip
PATHS = {"apimodels": "/api/v1/video/generations", "opeai": "/v1/videos"}


class Theatre:
    """What a scenario shows of one upstream, by plain HTTP."""

    def __init__(self, app: App, url: str, clock: ManualClock) -> None:
        self.app, self.url, self.clock = app, url, clock
        self.upstream = ""
        self.http = httpx.Client(base_url=url, timeout=30)

    def put(self, name: str, upstream: str) -> None:
        """Begin anew with a scenario."""
        self.upstream = upstream
        self.http.post("/_mock/reset", json={}).raise_for_status()
        put = self.http.put("/_mock/scenario", json={"name": name})
        assert put.status_code == 200, put.text

    @property
    def is_a(self) -> bool:
        return self.upstream == "apimodels"

    def ask(self, method: str, path: str, *, key: str = KEY, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}", **more.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **more)

    def post(self, path: str, document: dict[str, Any]) -> httpx.Response:
        return self.ask("POST", path, json=document)

    def create(self, *, key: str = KEY, **changes: Any) -> httpx.Response:
        return self.ask("POST", PATHS[self.upstream], json=ORDERS[self.upstream] | changes, key=key)

    def order(self, **changes: Any) -> str:
        """A new task's id."""
        answer = self.create(**changes)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return str(body["data"]["taskId"] if self.is_a else body["id"])

    def query(self, task_id: str, *, key: str = KEY) -> httpx.Response:
        if self.is_a:
            return self.ask("GET", PATHS[self.upstream], params={"task_id": task_id}, key=key)
        return self.ask("GET", f"/v1/videos/{task_id}", key=key)

    def task(self, task_id: str) -> dict[str, Any]:
        """A task as it is told."""
        answer = self.query(task_id)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body["data"] if self.is_a else body

    def word(self, task_id: str) -> str:
        return str(self.task(task_id)["state" if self.is_a else "status"])

    def of(self, apimodels: Any, opeai: Any) -> Any:
        """What is expected of the upstream that is on."""
        return apimodels if self.is_a else opeai

    def link(self, task_id: str) -> str:
        """Where the clip is."""
        return str(self.task(task_id)["resultUrls"][0]) if self.is_a else f"/v1/videos/{task_id}/content"

    def content(self, task_id: str, **headers: str) -> httpx.Response:
        return self.ask("GET", self.link(task_id), headers=headers)

    def made(self) -> list[str]:
        """The ids of all tasks, whoever was told of them."""
        rows = self.http.get("/_mock/tasks").json()["tasks"]
        return [row["id"] for row in rows]

    def charged(self, key: str = KEY) -> list[Decimal]:
        """What each task has been charged."""
        ledger, account = self.app.ledger, self.app.context.account(key)
        return [line.charged for line in ledger.statement(account).lines]

    def journal(self) -> list[dict[str, Any]]:
        exchanges: list[dict[str, Any]] = self.http.get("/_mock/journal").json()["exchanges"]
        return exchanges


@pytest.fixture(scope="session")
def house(clips: Path) -> Iterator[Theatre]:
    """The emulator; B has a price here."""
    clock = ManualClock()
    app = App(parse_settings({"pace": "fast", "seed": 1, "cache_dir": clips, "token_price": "7"}), clock=clock)
    with serve_in_thread(app) as server:
        theatre = Theatre(app, server.url, clock)
        yield theatre
        theatre.http.close()


@pytest.fixture
def theatre(house: Theatre) -> Iterator[Theatre]:
    """The emulator, with nothing on once the test is over."""
    yield house
    house.http.delete("/_mock/scenario").raise_for_status()
    house.http.post("/_mock/reset", json={}).raise_for_status()
