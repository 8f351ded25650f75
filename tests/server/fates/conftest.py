"""One client for both upstreams, so that each fate is tested on each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from seedmock_server.app import App

KEY = "sk_test_fates"
DOCUMENTS: dict[str, dict[str, Any]] = {
    "apimodels": {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A paper boat", "duration": 4, "seed": 3},
    "opeai": {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4", "seed": 3},
}
CREATE = {"apimodels": "/api/v1/video/generations", "opeai": "/v1/videos"}


@dataclass
class UpstreamClient:
    """Client of one upstream of an emulator."""

    name: str
    server: Any
    app: Any
    key: str = KEY
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def document_model(self) -> str:
        return str(DOCUMENTS[self.name]["model"])

    @property
    def account(self) -> str:
        """Account of this client's key."""
        self.server.post(CREATE[self.name], {}, key=self.key)
        return str(self.server.journal()[-1]["account"])

    def create(self, fate: str = "", *, key: str | None = None, **changes: Any) -> httpx.Response:
        headers = {"X-Mock-Fate": fate} if fate else {}
        document = {**DOCUMENTS[self.name], "generate_audio": False, **self.document, **changes}
        response: httpx.Response = self.server.post(CREATE[self.name], document, key=key or self.key, headers=headers)
        return response

    def order(self, fate: str = "", **changes: Any) -> str:
        response = self.create(fate, **changes)
        assert response.status_code == 200, response.text
        body = response.json()
        return str(body["data"]["taskId"] if self.name == "apimodels" else body["id"])

    def task(self, task_id: str, **more: Any) -> dict[str, Any]:
        ask = self.server.query_apimodels if self.name == "apimodels" else self.server.query_opeai
        body: dict[str, Any] = ask(task_id, key=self.key, **more)
        return body

    def status(self, task_id: str) -> str:
        body = self.task(task_id)
        return str(body["state"] if self.name == "apimodels" else body["status"])

    def statuses(self, task_id: str, *times: float) -> list[str]:
        """Return a task's status at a number of seconds from now, for each of `times`."""
        statuses, at = [], 0.0
        for time in times:
            self.server.clock.advance(time - at)
            statuses.append(self.status(task_id))
            at = time
        return statuses

    def failure(self, task_id: str) -> tuple[str, str]:
        body = self.task(task_id)
        if self.name == "apimodels":
            return body["failCode"], body["failMsg"]
        return body["error"]["code"], body["error"]["message"]

    def error(self, response: httpx.Response) -> tuple[int, str, str]:
        """Return status, code and message of an error, after a check of its envelope."""
        body = response.json()
        if self.name == "opeai":
            assert list(body["error"]) == ["message", "type", "param", "code"]
            return response.status_code, body["error"]["code"], body["error"]["message"]
        assert list(body) == ["code", "msg", "data"]
        assert body["code"] == response.status_code
        return response.status_code, (body["data"] or {}).get("failCode", ""), body["msg"]

    def references(self, kind: str, *urls: str) -> dict[str, Any]:
        """Return the changes to a document that make these its references of a kind."""
        extra = {"audio": ("image", ("https://media.example.org/a.png",))}.get(kind)
        if self.name == "apimodels":
            fields = {f"reference_{kind}_urls": list(urls)}
            return fields | ({f"reference_{extra[0]}_urls": list(extra[1])} if extra else {})
        items = [(kind, url) for url in urls] + ([(extra[0], url) for url in extra[1]] if extra else [])
        content = [{"type": f"{of}_url", "role": f"reference_{of}", f"{of}_url": {"url": url}} for of, url in items]
        return {"input_reference": {"content": content}}

    def frame(self, url: str) -> dict[str, Any]:
        if self.name == "apimodels":
            return {"first_frame_url": url}
        return {
            "input_reference": {
                "content": [{"type": "image_url", "role": "first_frame", "image_url": {"url": url}}],
            }
        }

    def clip(self, task_id: str) -> httpx.Response:
        """Return the response to a request for the clip."""
        if self.name == "apimodels":
            response: httpx.Response = self.server.get(self.task(task_id)["resultUrls"][0], key=None)
            return response
        content: httpx.Response = self.server.get(f"/v1/videos/{task_id}/content", key=self.key)
        return content

    @property
    def status_spellings(self) -> tuple[str, str, str, str]:
        if self.name == "apimodels":
            return "pending", "processing", "completed", "failed"
        return "QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"


@pytest.fixture
def apps(monkeypatch: pytest.MonkeyPatch) -> list[App]:
    """Applications that a test has created, so that it can add rules."""
    created: list[App] = []
    original = App.__init__

    def recording(self: App, *args: Any, **more: Any) -> None:
        original(self, *args, **more)
        created.append(self)

    monkeypatch.setattr(App, "__init__", recording)
    return created


@pytest.fixture(params=list(DOCUMENTS))
def start_client(
    request: pytest.FixtureRequest, start_server: Callable[..., Any], apps: list[App]
) -> Callable[..., UpstreamClient]:
    """Start an emulator at pace `fast`; parametrized by upstream."""

    def start(kind: str = "in process", **settings: Any) -> UpstreamClient:
        server = start_server(kind, **{"pace": "fast", **settings})
        return UpstreamClient(request.param, server, apps[-1])

    return start


@pytest.fixture(params=["in process", "on a socket"])
def upstream_client(request: pytest.FixtureRequest, start_client: Callable[..., UpstreamClient]) -> UpstreamClient:
    """Client of each upstream, in process and on a socket."""
    return start_client(request.param)


@pytest.fixture
def in_process_client(start_client: Callable[..., UpstreamClient]) -> UpstreamClient:
    """Client of each upstream, in process."""
    return start_client()


@pytest.fixture
def start_client_of(start_server: Callable[..., Any], apps: list[App]) -> Callable[..., UpstreamClient]:
    """Start an emulator at pace `fast`, and return the client of an upstream."""

    def start(name: str, **settings: Any) -> UpstreamClient:
        return UpstreamClient(name, start_server(**{"pace": "fast", **settings}), apps[-1])

    return start
