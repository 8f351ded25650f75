"""Conversations by hand for the checks to judge, and a real emulator in process to judge."""

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
ORDER_B = {"model": "seedance-2-0-fast", "prompt": "A heron waits.", "size": "1280x720", "seconds": "4"}
ORDER_A = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A heron waits.", "duration": 4}
TASK_B, TASK_A = "cgt-20260601090001-k3v7p", "cl0123456789abcdefghijklm"
CREATED_B = {"id": TASK_B, "task_id": TASK_B, "object": "video", "model": "seedance-2-0-fast", "status": "queued",
             "created_at": 1780275601}  # fmt: skip
QUERIED_B = {"created_at": 1780275601, "id": TASK_B, "model": "seedance-2-0-fast", "object": "video",
             "prompt": "A heron waits.", "size": "1280x720", "status": "QUEUED"}  # fmt: skip
CREATED_A = {"taskId": TASK_A, "state": "pending"}
QUERIED_A = {"taskId": TASK_A, "state": "pending", "model": "seedance2-a/seedance-2.0-mini",
             "modelType": "TEXT_TO_VIDEO", "createTime": 1780275601000}  # fmt: skip
ENDS_A = {
    "completed": {"resultUrls": ["https://example.com/a.mp4"], "completeTime": 1780275604000},
    "failed": {"failCode": "UPSTREAM_BUSY", "failMsg": "upstream busy", "retryable": True,
               "completeTime": 1780275604000},
}  # fmt: skip
REASON_B = {"error": {"code": "InternalServiceError", "message": "The service had an internal error."}}
GONE = ...
"""In the place of a value: the key is not there."""


def enveloped(data: Any) -> dict[str, Any]:
    """A's envelope around an answer's own part."""
    return {"code": 200, "msg": "success", "data": data}


def _changed(body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**body, **changes}.items() if value is not GONE}


class Talk:
    """A conversation with an upstream that somebody makes up, and what the checks see in its last turn."""

    def __init__(self, contract: Contract, options: Mapping[str, str] | None = None) -> None:
        self.contract = contract
        self.conversation = History(contract, options)
        self.at = NOW
        self.looks: list[tuple[str, CheckResult]] = []
        self.turn: Interaction | None = None

    def hear(
        self,
        operation: Operation | None,
        body: Any,
        *,
        sent: Mapping[str, Any] | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        caller: str = "first",
        method: str = "",
        **params: str,
    ) -> Talk:
        """One more exchange: what was sent, and the body that is said to have been answered (text, or JSON)."""
        known, path = endpoint_path(self.contract, operation, params) if operation else ("GET", "/nowhere")
        if known == "GET" and sent:
            path += "?" + "&".join(f"{name}={value}" for name, value in sent.items())
        request = Request(method or known, path, (), json.dumps(sent) if sent and known != "GET" else "")
        text = body if isinstance(body, str) else json.dumps(body)
        response = Response(status, tuple((JSON if headers is None else headers).items()), text)
        self.turn = self.conversation.interaction(Exchange(operation or "", request, response, caller, self.at))
        self.looks = list(run_checks(self.turn))
        self.conversation.add(self.turn)
        self.at += 1
        return self

    def order(self, sent: Mapping[str, Any] | None = None, **changes: Any) -> Talk:
        """An order and its honest answer, but for these changes of its own part."""
        if self.contract.name == "opeai":
            return self.hear(Operation.CREATE, _changed(CREATED_B, changes), sent=sent or ORDER_B)
        return self.hear(Operation.CREATE, enveloped(_changed(CREATED_A, changes)), sent=sent or ORDER_A)

    def poll(self, word: str, **changes: Any) -> Talk:
        """A query and its honest answer of a task in this state, but for these changes of its own part."""
        if self.contract.name == "opeai":
            reason = REASON_B if word == "FAILURE" else {}
            body = _changed({**QUERIED_B, **reason, "status": word}, changes)
            return self.hear(Operation.QUERY, body, task_id=TASK_B)
        data = _changed({**QUERIED_A, "state": word, **ENDS_A.get(word, {})}, changes)
        return self.hear(Operation.QUERY, enveloped(data), sent={"task_id": TASK_A})

    def of(self, check: Callable[..., Any]) -> list[CheckResult]:
        """What a check saw in the last turn."""
        assert self.turn is not None
        return [look for name, look in self.looks if name == check.__name__]

    def held(self, check: Callable[..., Any]) -> set[str]:
        """The facts that a check found confirmed in the last turn."""
        return {look.fact.id for look in self.of(check) if look.passed}

    def broken(self, check: Callable[..., Any]) -> dict[str, tuple[Severity, str]]:
        """The facts that a check found contradicted in the last turn, with severity and title."""
        assert self.turn is not None
        failures = [
            CheckFailure(check.__name__, look, self.turn.exchange) for look in self.of(check) if not look.passed
        ]
        return {failure.fact.id: (failure.severity, failure.title) for failure in failures}


@pytest.fixture
def talk() -> Callable[..., Talk]:
    """A conversation with the upstream of this name; `options` are the variants' that are known to hold."""

    def begin(name: str, options: Mapping[str, str] | None = None) -> Talk:
        return Talk(get_contract(name), options)

    return begin


class Stage:
    """A real emulator in process on a clock that only moves when somebody sleeps, and one who asks it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, options: Mapping[str, str], **settings: Any) -> None:
        self.clock = ManualClock(NOW)
        self.app = create_app(clock=self.clock, **settings)
        transport = httpx.ASGITransport(self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://emulator")
        self.loop = loop
        self.heard: list[CheckedInteraction] = []
        self.speaker = Driver(
            get_contract(name), self._send, {"first": "sk_first", "second": "sk_second"}, self.clock.now,
            self.clock.advance, self.heard.append, options, allow_orders=True,
        )  # fmt: skip

    def _send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> httpx.Response:
        return self.loop.run_until_complete(self.client.request(method, url, headers=headers, content=content))

    def contradictions(self) -> list[CheckFailure]:
        """All that any check found wrong so far."""
        return [
            CheckFailure(name, look, said.interaction.exchange)
            for said in self.heard
            for name, look in said.results
            if not look.passed
        ]

    def confirmed(self) -> set[str]:
        """The ids of all the facts that some check found borne out."""
        return {look.fact.id for said in self.heard for _, look in said.results if look.passed}


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    """An emulator of an upstream; `options` are pinned for the checks, `settings` are the emulator's."""
    loop = asyncio.new_event_loop()
    stages: list[Stage] = []

    def build(name: str, options: Mapping[str, str] | None = None, **settings: Any) -> Stage:
        stages.append(Stage(loop, name, options or {}, **settings))
        return stages[-1]

    yield build
    for each in stages:
        loop.run_until_complete(each.client.aclose())
        loop.run_until_complete(each.app.aclose())
    loop.close()
