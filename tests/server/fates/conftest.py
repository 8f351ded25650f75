"""Both upstreams behind one way of ordering and asking, so that each fate is tested on each."""

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
class Speaker:
    """One upstream at one door."""

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
        """The name under which the emulator keeps what this key makes."""
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

    def word(self, task_id: str) -> str:
        body = self.task(task_id)
        return str(body["state"] if self.name == "apimodels" else body["status"])

    def words(self, task_id: str, *moments: float) -> list[str]:
        """What a task says at so many seconds after now."""
        seen, at = [], 0.0
        for moment in moments:
            self.server.clock.advance(moment - at)
            seen.append(self.word(task_id))
            at = moment
        return seen

    def failure(self, task_id: str) -> tuple[str, str]:
        body = self.task(task_id)
        if self.name == "apimodels":
            return body["failCode"], body["failMsg"]
        return body["error"]["code"], body["error"]["message"]

    def error(self, response: httpx.Response) -> tuple[int, str, str]:
        """Status, code and message of a refusal, after a look at its envelope."""
        body = response.json()
        if self.name == "opeai":
            assert list(body["error"]) == ["message", "type", "param", "code"]
            return response.status_code, body["error"]["code"], body["error"]["message"]
        assert list(body) == ["code", "msg", "data"]
        assert body["code"] == response.status_code
        return response.status_code, (body["data"] or {}).get("failCode", ""), body["msg"]

    def references(self, kind: str, *urls: str) -> dict[str, Any]:
        """The changes to a document that make these its references of a kind."""
        beside = {"audio": ("image", ("https://media.example.org/a.png",))}.get(kind)
        if self.name == "apimodels":
            placed = {f"reference_{kind}_urls": list(urls)}
            return placed | ({f"reference_{beside[0]}_urls": list(beside[1])} if beside else {})
        items = [(kind, url) for url in urls] + ([(beside[0], url) for url in beside[1]] if beside else [])
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
        """What is answered where the clip should be."""
        if self.name == "apimodels":
            response: httpx.Response = self.server.get(self.task(task_id)["resultUrls"][0], key=None)
            return response
        content: httpx.Response = self.server.get(f"/v1/videos/{task_id}/content", key=self.key)
        return content

    @property
    def status_words(self) -> tuple[str, str, str, str]:
        if self.name == "apimodels":
            return "pending", "processing", "completed", "failed"
        return "QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"


@pytest.fixture
def apps(monkeypatch: pytest.MonkeyPatch) -> list[App]:
    """The applications that a test has built, so that it can give them rules."""
    built: list[App] = []
    begin = App.__init__

    def remembering(self: App, *args: Any, **more: Any) -> None:
        begin(self, *args, **more)
        built.append(self)

    monkeypatch.setattr(App, "__init__", remembering)
    return built


@pytest.fixture(params=list(DOCUMENTS))
def speak(request: pytest.FixtureRequest, start_server: Callable[..., Any], apps: list[App]) -> Callable[..., Speaker]:
    """Opens a door of pace `fast` to each upstream in turn."""

    def opened(kind: str = "in process", **settings: Any) -> Speaker:
        server = start_server(kind, **{"pace": "fast", **settings})
        return Speaker(request.param, server, apps[-1])

    return opened


@pytest.fixture(params=["in process", "on a socket"])
def speaker(request: pytest.FixtureRequest, speak: Callable[..., Speaker]) -> Speaker:
    """Each upstream through each door."""
    return speak(request.param)


@pytest.fixture
def nearby(speak: Callable[..., Speaker]) -> Speaker:
    """Each upstream, in process."""
    return speak()


@pytest.fixture
def speak_of(start_server: Callable[..., Any], apps: list[App]) -> Callable[..., Speaker]:
    """Opens a door of pace `fast` to the upstream of a name."""

    def opened(name: str, **settings: Any) -> Speaker:
        return Speaker(name, start_server(**{"pace": "fast", **settings}), apps[-1])

    return opened
