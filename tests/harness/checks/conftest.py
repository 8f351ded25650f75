"""Builders of recorded histories and an in-process emulator for the tests of single checks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.checks import run_checks
from seedmock_harness.conversation.history import History, Interaction
from seedmock_harness.driver.client import CheckedInteraction, Driver
from seedmock_harness.results.checks import CheckFailure, CheckResult, Severity
from seedmock_server import create_app
from seedmock_server.clock import ManualClock

NOW = 1_780_275_602.0
JSON = {"content-type": "application/json"}
OPEAI_ORDER = {"model": "seedance-2-0-fast", "prompt": "A heron waits.", "size": "1280x720", "seconds": "4"}
APIMODELS_ORDER = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A heron waits.", "duration": 4}
OPEAI_TASK, APIMODELS_TASK = "cgt-20260601090001-k3v7p", "cl0123456789abcdefghijklm"
OPEAI_CREATE_RESPONSE = {"id": OPEAI_TASK, "task_id": OPEAI_TASK, "object": "video", "model": "seedance-2-0-fast",
                         "status": "queued", "created_at": 1780275601}  # fmt: skip
OPEAI_QUERY_RESPONSE = {"created_at": 1780275601, "id": OPEAI_TASK, "model": "seedance-2-0-fast", "object": "video",
                        "prompt": "A heron waits.", "size": "1280x720", "status": "QUEUED"}  # fmt: skip
APIMODELS_CREATE_DATA = {"taskId": APIMODELS_TASK, "state": "pending"}
APIMODELS_QUERY_DATA = {"taskId": APIMODELS_TASK, "state": "pending", "model": "seedance2-a/seedance-2.0-mini",
                        "modelType": "TEXT_TO_VIDEO", "createTime": 1780275601000}  # fmt: skip
APIMODELS_TERMINAL_DATA = {
    "completed": {"resultUrls": ["https://example.com/a.mp4"], "completeTime": 1780275604000},
    "failed": {"failCode": "UPSTREAM_BUSY", "failMsg": "upstream busy", "retryable": True,
               "completeTime": 1780275604000},
}  # fmt: skip
OPEAI_FAILURE = {"error": {"code": "InternalServiceError", "message": "The service had an internal error."}}
ABSENT = ...
"""A change to this value removes the key."""


def enveloped(data: Any) -> dict[str, Any]:
    """Return the success envelope of apimodels around `data`."""
    return {"code": 200, "msg": "success", "data": data}


def _changed(body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**body, **changes}.items() if value is not ABSENT}


class HistoryBuilder:
    """Builder of an upstream's history; each step runs all checks on the latest interaction."""

    def __init__(self, contract: Contract, options: Mapping[str, str] | None = None) -> None:
        self.contract = contract
        self.history = History(contract, options)
        self.now = NOW
        self.results: list[tuple[str, CheckResult]] = []
        self.interaction: Interaction | None = None

    def respond(
        self,
        operation: Operation | None,
        body: Any,
        *,
        request: Mapping[str, Any] | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        caller: str = "first",
        method: str = "",
        **params: str,
    ) -> HistoryBuilder:
        """Add an exchange: the request document, and the response body as text or as a JSON value."""
        default_method, path = endpoint_path(self.contract, operation, params) if operation else ("GET", "/nowhere")
        if default_method == "GET" and request:
            path += "?" + "&".join(f"{name}={value}" for name, value in request.items())
        content = json.dumps(request) if request and default_method != "GET" else ""
        text = body if isinstance(body, str) else json.dumps(body)
        response = Response(status, tuple((JSON if headers is None else headers).items()), text)
        exchange = Exchange(
            operation or "", Request(method or default_method, path, (), content), response, caller, self.now
        )
        return self.append(exchange)

    def append(self, exchange: Exchange) -> HistoryBuilder:
        self.interaction = self.history.interaction(exchange)
        self.results = list(run_checks(self.interaction))
        self.history.add(self.interaction)
        self.now += 1
        return self

    def order(self, request: Mapping[str, Any] | None = None, **changes: Any) -> HistoryBuilder:
        """Add an order and its documented response with `changes` applied to the payload."""
        if self.contract.name == "opeai":
            return self.respond(
                Operation.CREATE, _changed(OPEAI_CREATE_RESPONSE, changes), request=request or OPEAI_ORDER
            )
        return self.respond(
            Operation.CREATE, enveloped(_changed(APIMODELS_CREATE_DATA, changes)), request=request or APIMODELS_ORDER
        )

    def poll(self, spelling: str, **changes: Any) -> HistoryBuilder:
        """Add a query and its documented response in this status with `changes` applied to the payload."""
        if self.contract.name == "opeai":
            reason = OPEAI_FAILURE if spelling == "FAILURE" else {}
            body = _changed({**OPEAI_QUERY_RESPONSE, **reason, "status": spelling}, changes)
            return self.respond(Operation.QUERY, body, task_id=OPEAI_TASK)
        data = _changed(
            {**APIMODELS_QUERY_DATA, "state": spelling, **APIMODELS_TERMINAL_DATA.get(spelling, {})}, changes
        )
        return self.respond(Operation.QUERY, enveloped(data), request={"task_id": APIMODELS_TASK})

    def results_of(self, check: Callable[..., Any]) -> list[CheckResult]:
        assert self.interaction is not None
        return [result for name, result in self.results if name == check.__name__]

    def passed(self, check: Callable[..., Any]) -> set[str]:
        """Return the facts that the check confirmed in the latest interaction."""
        return {result.fact.id for result in self.results_of(check) if result.passed}

    def failed(self, check: Callable[..., Any]) -> dict[str, tuple[Severity, str]]:
        """Return severity and title of each fact that the check contradicted in the latest interaction."""
        assert self.interaction is not None
        exchange = self.interaction.exchange
        results = [result for result in self.results_of(check) if not result.passed]
        failures = [CheckFailure(check.__name__, result, exchange) for result in results]
        return {failure.fact.id: (failure.severity, failure.title) for failure in failures}


@pytest.fixture
def new_history() -> Callable[..., HistoryBuilder]:
    """Factory of histories of the named upstream; `options` pins variants."""

    def build(name: str, options: Mapping[str, str] | None = None) -> HistoryBuilder:
        return HistoryBuilder(get_contract(name), options)

    return build


class DrivenEmulator:
    """Emulator in process on a manual clock, with a driver that checks each interaction."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, options: Mapping[str, str], **settings: Any) -> None:
        self.clock = ManualClock(NOW)
        self.app = create_app(clock=self.clock, **{"seed": 1, **settings})
        transport = httpx.ASGITransport(self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://emulator")
        self.loop = loop
        self.interactions: list[CheckedInteraction] = []
        self.driver = Driver(
            get_contract(name), self._send, {"first": "sk_first", "second": "sk_second"}, self.clock.now,
            self.clock.advance, self.interactions.append, options, allow_orders=True,
        )  # fmt: skip

    def _send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> httpx.Response:
        return self.loop.run_until_complete(self.client.request(method, url, headers=headers, content=content))

    def failures(self) -> list[CheckFailure]:
        return [
            CheckFailure(name, result, entry.interaction.exchange)
            for entry in self.interactions
            for name, result in entry.results
            if not result.passed
        ]

    def confirmed(self) -> set[str]:
        """Return the ids of all facts that a check confirmed."""
        return {result.fact.id for entry in self.interactions for _, result in entry.results if result.passed}


@pytest.fixture
def start_emulator() -> Iterator[Callable[..., DrivenEmulator]]:
    """Factory of emulators; `options` pins variants for the checks, `settings` go to `create_app`."""
    loop = asyncio.new_event_loop()
    emulators: list[DrivenEmulator] = []

    def build(name: str, options: Mapping[str, str] | None = None, **settings: Any) -> DrivenEmulator:
        emulators.append(DrivenEmulator(loop, name, options or {}, **settings))
        return emulators[-1]

    yield build
    for emulator in emulators:
        loop.run_until_complete(emulator.client.aclose())
        loop.run_until_complete(emulator.app.aclose())
    loop.close()
