"""One emulator on a socket, with a clock that stands still, on which every scenario is activated in turn."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server.app import App
from seedmock_server.clock import ManualClock
from seedmock_server.http.coroutines import run_now
from seedmock_server.http.server import serve_in_thread
from seedmock_server.scenarios.catalog import load_builtin
from seedmock_server.settings import parse_settings

KEY = "sk_test_scenarios"
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


class ScenarioServer:
    """Emulator with one scenario, and plain HTTP calls to one of its upstreams."""

    def __init__(self, app: App, url: str, clock: ManualClock) -> None:
        self.app, self.url, self.clock = app, url, clock
        self.upstream = ""
        self.http = httpx.Client(base_url=url, timeout=30)

    def activate(self, name: str, upstream: str) -> None:
        """Reset the emulator, and activate a scenario."""
        self.upstream = upstream
        self.http.post("/_mock/reset", json={}).raise_for_status()
        response = self.http.put("/_mock/scenario", json={"name": name})
        assert response.status_code == 200, response.text

    @property
    def is_apimodels(self) -> bool:
        return self.upstream == "apimodels"

    def by_upstream(self, apimodels: Any, opeai: Any) -> Any:
        """Select the value for the current upstream."""
        return apimodels if self.is_apimodels else opeai

    def request(self, method: str, path: str, *, key: str = KEY, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}", **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def post(self, path: str, document: dict[str, Any]) -> httpx.Response:
        return self.request("POST", path, json=document)

    def create(self, *, key: str = KEY, **changes: Any) -> httpx.Response:
        return self.request("POST", PATHS[self.upstream], json=ORDERS[self.upstream] | changes, key=key)

    def create_task(self, **changes: Any) -> str:
        """Create a task; return its id."""
        response = self.create(**changes)
        assert response.status_code == 200, response.text
        body = response.json()
        return str(body["data"]["taskId"] if self.is_apimodels else body["id"])

    def query(self, task_id: str, *, key: str = KEY) -> httpx.Response:
        if self.is_apimodels:
            return self.request("GET", PATHS[self.upstream], params={"task_id": task_id}, key=key)
        return self.request("GET", f"/v1/videos/{task_id}", key=key)

    def task(self, task_id: str) -> dict[str, Any]:
        """Return the fields of a task in the response to a query."""
        response = self.query(task_id)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body["data"] if self.is_apimodels else body

    def raw_status(self, task_id: str) -> str:
        return str(self.task(task_id)["state" if self.is_apimodels else "status"])

    def content_url(self, task_id: str) -> str:
        return str(self.task(task_id)["resultUrls"][0]) if self.is_apimodels else f"/v1/videos/{task_id}/content"

    def content(self, task_id: str, **headers: str) -> httpx.Response:
        return self.request("GET", self.content_url(task_id), headers=headers)

    def task_ids(self) -> list[str]:
        """Return the ids of all tasks, also of those whose create had no response."""
        tasks = self.http.get("/_mock/tasks").json()["tasks"]
        return [task["id"] for task in tasks]

    def charges(self, key: str = KEY) -> list[Decimal]:
        """Return the charge of each order."""
        ledger, account = self.app.ledger, self.app.context.account(key)
        return [line.charged for line in run_now(ledger.statement(account)).lines]

    def journal(self) -> list[dict[str, Any]]:
        exchanges: list[dict[str, Any]] = self.http.get("/_mock/journal").json()["exchanges"]
        return exchanges


@pytest.fixture(scope="session")
def session_server(clips: Path) -> Iterator[ScenarioServer]:
    """Emulator on which opeai has a price."""
    clock = ManualClock()
    app = App(parse_settings({"pace": "fast", "seed": 1, "cache_dir": clips, "token_price": "7"}), clock=clock)
    with serve_in_thread(app) as running:
        scenario_server = ScenarioServer(app, running.url, clock)
        yield scenario_server
        scenario_server.http.close()


@pytest.fixture
def scenario_server(session_server: ScenarioServer) -> Iterator[ScenarioServer]:
    """Emulator without a scenario before and after the test."""
    yield session_server
    session_server.http.delete("/_mock/scenario").raise_for_status()
    session_server.http.post("/_mock/reset", json={}).raise_for_status()


def scenario_of(test_name: str) -> str:
    return test_name.removeprefix("test_").replace("_", "-")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each upstream that the scenario names."""
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("upstream", load_builtin(scenario_of(metafunc.function.__name__)).upstreams)


@pytest.fixture
def scenario(scenario_server: ScenarioServer, upstream: str, request: pytest.FixtureRequest) -> None:
    """Activate the scenario that the test is named for, on one of its upstreams."""
    scenario_server.activate(scenario_of(request.function.__name__), upstream)
