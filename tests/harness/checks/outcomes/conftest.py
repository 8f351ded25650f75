"""Builders of task histories and an in-process emulator for the tests of checks that compare several exchanges."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import MediaKind, Operation
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.facts import MediaFacts
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conversation.history import History, Interaction
from seedmock_harness.driver.client import CheckedInteraction, Driver
from seedmock_harness.results.checks import CheckFailure, CheckResult, Severity
from seedmock_server import create_app
from seedmock_server.clock import ManualClock

NOW = 1_780_275_602.0
ETAG = '"one"'


def clip(width: int = 1280, height: int = 720, seconds: float = 4.0, **overrides: Any) -> MediaFacts:
    """Facts of a clip such as the examples of both upstreams order."""
    defaults = {"size_bytes": 1000, "has_audio": True, "codec": "avc1", "digest": "d1", "frames": round(24 * seconds)}
    facts = {**defaults, **overrides}
    return MediaFacts(
        kind=MediaKind.VIDEO, format="mp4", seconds=seconds, width=width, height=height,
        fps=facts["frames"] / seconds, **facts,
    )  # fmt: skip


class OutcomeHistoryBuilder:
    """Builder of an upstream's history; checks run on request, on the latest interaction."""

    def __init__(self, contract: Contract, options: Mapping[str, str] | None = None) -> None:
        self.contract = contract
        self.history = History(contract, options)
        self.now = NOW
        self.interaction: Interaction | None = None

    def wait(self, seconds: float) -> OutcomeHistoryBuilder:
        self.now += seconds
        return self

    def respond(
        self, operation: Operation, body: Any = None, *, request: Mapping[str, Any] | None = None, status: int = 200,
        headers: Mapping[str, str] | None = None, request_headers: Mapping[str, str] | None = None,
        caller: str = "first", method: str = "", url: str = "", media: MediaFacts | None = None, **params: str,
    ) -> OutcomeHistoryBuilder:  # fmt: skip
        """Add an exchange: the request document, and the response body as text or as a JSON value."""
        default_method, path = ("GET", url) if url else endpoint_path(self.contract, operation, params)
        path += "?" + urlencode(request) if default_method == "GET" and request else ""
        content = json.dumps(dict(request)) if request and default_method != "GET" else ""
        http_request = Request(method or default_method, path, tuple((request_headers or {}).items()), content)
        text = body if isinstance(body, str) else json.dumps(body)
        response_headers = {"content-type": "application/json"} if headers is None else headers
        response = Response(status, tuple(response_headers.items()), text, media)
        return self._append(Exchange(operation, http_request, response, caller, self.now))

    def _append(self, exchange: Exchange) -> OutcomeHistoryBuilder:
        interaction = self.history.interaction(exchange)
        if self.interaction is not None:
            self.history.add(self.interaction)
        self.interaction = interaction
        return self

    def post_form(self, form: str, body: Any, *, status: int = 200) -> OutcomeHistoryBuilder:
        """Add an order sent as multipart/form-data."""
        method, path = endpoint_path(self.contract, Operation.CREATE, {})
        response = Response(status, (("content-type", "application/json"),), json.dumps(body))
        return self._append(Exchange(Operation.CREATE, Request(method, path, (), form), response, "first", self.now))

    # --- tasks ---

    def order(
        self, id_: str = "t1", *, caller: str = "first", operation: Any = Operation.CREATE, **changes: Any
    ) -> OutcomeHistoryBuilder:
        """Add an order: the documented example with `changes`; a change to None removes the field."""
        document = {**self.contract.example(operation), **changes}
        request = {name: value for name, value in document.items() if value is not None}
        body: Any = {"id": id_, "task_id": id_, "object": "video", "model": "m", "status": "queued", "created_at": 1}
        if self.contract.response.envelope_key:
            body = {"code": 200, "msg": "success", "data": {"taskId": id_, "state": "pending"}}
        return self.respond(operation, body, request=request, caller=caller)

    def poll(self, spelling: str, id_: str = "t1", *, link: str = "", caller: str = "first") -> OutcomeHistoryBuilder:
        """Add a query that returns this status and, for apimodels, a link."""
        if not self.contract.response.envelope_key:
            return self.respond(Operation.QUERY, {"id": id_, "status": spelling}, caller=caller, task_id=id_)
        data = {"taskId": id_, "state": spelling} | ({"resultUrls": [link]} if link else {})
        return self.respond(Operation.QUERY, {"code": 200, "data": data}, request={"task_id": id_}, caller=caller)

    def complete(
        self, id_: str = "t1", *, link: str = "https://files.example/t1.mp4", **changes: Any
    ) -> OutcomeHistoryBuilder:
        """Add an order and the query that reports its success."""
        self.order(id_, **changes)
        return (
            self.poll("completed", id_, link=link) if self.contract.response.envelope_key else self.poll("SUCCESS", id_)
        )

    def fetch(
        self, id_: str = "t1", *, link: str = "https://files.example/t1.mp4", **response: Any
    ) -> OutcomeHistoryBuilder:
        """Add a download; `media` holds the facts of the clip, None for a `body` that is no clip."""
        media = response.pop("media", clip()) if response.get("status", 200) == 200 else response.pop("media", None)
        size = media.size_bytes if media is not None else 0
        headers = {"content-type": "video/mp4", "content-length": str(size), "etag": ETAG}
        headers |= {} if self.contract.response.envelope_key else {"cache-control": "public, max-age=86400"}
        response.setdefault("headers", headers)
        response.setdefault("body", f"<{size} bytes of video/mp4>" if media is not None else "")
        target = {"url": link, "caller": ""} if self.contract.response.envelope_key else {"task_id": id_}
        return self.respond(Operation.CONTENT, media=media, **{**target, **response})

    def respond_enveloped(
        self, operation: Operation, data: Any, *, request: Any = None, **response: Any
    ) -> OutcomeHistoryBuilder:
        """Add an exchange with `data` in the envelope of apimodels; any status but 200 makes it an error."""
        code = response.get("status", 200)
        body = {"code": code, "msg": "success" if code == 200 else "no", "data": data}
        return self.respond(operation, body, request=request, **response)

    # --- check results ---

    def results(self, check: Callable[[Interaction], Iterator[CheckResult]]) -> list[CheckResult]:
        assert self.interaction is not None
        return list(check(self.interaction))

    def outcomes(self, check: Callable[[Interaction], Iterator[CheckResult]]) -> dict[str, bool]:
        """Return for each fact, without the upstream's prefix, whether all results of the check passed."""
        outcomes: dict[str, bool] = {}
        for result in self.results(check):
            name = result.fact.id.removeprefix(f"{self.contract.name}.")
            outcomes[name] = outcomes.get(name, True) and result.passed
        return outcomes

    def severities(self, check: Callable[[Interaction], Iterator[CheckResult]]) -> dict[str, Severity]:
        assert self.interaction is not None
        results = [result for result in self.results(check) if not result.passed]
        failures = [CheckFailure("", result, self.interaction.exchange) for result in results]
        return {failure.fact.id.removeprefix(f"{self.contract.name}."): failure.severity for failure in failures}


@pytest.fixture
def new_history() -> Callable[..., OutcomeHistoryBuilder]:
    """Factory of histories of the named upstream; `options` pins variants."""

    def build(name: str, options: Mapping[str, str] | None = None) -> OutcomeHistoryBuilder:
        return OutcomeHistoryBuilder(get_contract(name), options)

    return build


@pytest.fixture
def make_clip() -> Callable[..., MediaFacts]:
    return clip


class OutcomeEmulator:
    """Emulator in process on a manual clock, with a driver that records all check results."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, **settings: Any) -> None:
        self.clock = ManualClock(NOW)
        self.app = create_app(clock=self.clock, **{"seed": 1, **settings})
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://127.0.0.1")
        self.loop = loop
        self.interactions: list[CheckedInteraction] = []
        keys = {"first": "sk_first", "second": "sk_second"}
        self.driver = Driver(
            get_contract(name),
            self._send,
            keys,
            self.clock.now,
            self.clock.advance,
            self.interactions.append,
            allow_orders=True,
        )

    def _send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> httpx.Response:
        return self.loop.run_until_complete(self.client.request(method, url, headers=headers, content=content))

    def failures(self) -> list[CheckFailure]:
        """Return each fact that was contradicted or settled to another option."""
        results = ((entry, name, result) for entry in self.interactions for name, result in entry.results)
        return [
            CheckFailure(name, result, entry.interaction.exchange)
            for entry, name, result in results
            if not result.passed
        ]

    def confirmed(self) -> set[str]:
        """Return the ids, without the upstream's prefix, of all facts that a check confirmed."""
        prefix = f"{self.driver.contract.name}."
        return {
            result.fact.id.removeprefix(prefix)
            for entry in self.interactions
            for _, result in entry.results
            if result.passed
        }


@pytest.fixture
def start_emulator() -> Iterator[Callable[..., OutcomeEmulator]]:
    """Factory of emulators; `settings` go to `create_app`."""
    loop = asyncio.new_event_loop()
    emulators: list[OutcomeEmulator] = []

    def build(name: str, **settings: Any) -> OutcomeEmulator:
        emulators.append(OutcomeEmulator(loop, name, **settings))
        return emulators[-1]

    yield build
    for emulator in emulators:
        loop.run_until_complete(emulator.client.aclose())
        loop.run_until_complete(emulator.app.aclose())
    loop.close()
