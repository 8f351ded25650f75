"""Conversations by hand for the checks to judge, and a real emulator in process to judge."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from seedmock_contracts.checks import judged
from seedmock_contracts.contract import Contract
from seedmock_contracts.conversation import Conversation, Turn
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.failures import Failure, Look, Severity
from seedmock_contracts.routes import path_of
from seedmock_contracts.speaking import Judged, Speaker
from seedmock_contracts.terms import Operation
from seedmock_contracts.upstreams import contract
from seedmock_server import create_app
from seedmock_server.clock import ManualClock

NOW = 1_780_275_602.0
JSON = {"content-type": "application/json"}


class Talk:
    """A conversation with an upstream that somebody makes up, and what the checks see in its last turn."""

    def __init__(self, said: Contract, options: Mapping[str, str] | None = None) -> None:
        self.said = said
        self.conversation = Conversation(said, options)
        self.at = NOW
        self.looks: list[tuple[str, Look]] = []
        self.turn: Turn | None = None

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
        known, path = path_of(self.said, operation, params) if operation else ("GET", "/nowhere")
        if known == "GET" and sent:
            path += "?" + "&".join(f"{name}={value}" for name, value in sent.items())
        request = Request(method or known, path, (), json.dumps(sent) if sent and known != "GET" else "")
        text = body if isinstance(body, str) else json.dumps(body)
        response = Response(status, tuple((JSON if headers is None else headers).items()), text)
        self.turn = self.conversation.turn(Exchange(operation or "", request, response, caller, self.at))
        self.looks = list(judged(self.turn))
        self.conversation.remember(self.turn)
        self.at += 1
        return self

    def of(self, check: Callable[..., Any]) -> list[Look]:
        """What a check saw in the last turn."""
        assert self.turn is not None
        return [look for name, look in self.looks if name == check.__name__]

    def held(self, check: Callable[..., Any]) -> set[str]:
        """The facts that a check found confirmed in the last turn."""
        return {look.fact.id for look in self.of(check) if look.holds}

    def broken(self, check: Callable[..., Any]) -> dict[str, tuple[Severity, str]]:
        """The facts that a check found contradicted in the last turn, with severity and title."""
        assert self.turn is not None
        failures = [Failure(check.__name__, look, self.turn.exchange) for look in self.of(check) if not look.holds]
        return {failure.fact.id: (failure.severity, failure.title) for failure in failures}


@pytest.fixture
def talk() -> Callable[..., Talk]:
    """A conversation with the upstream of this name; `options` are the variants' that are known to hold."""

    def begin(name: str, options: Mapping[str, str] | None = None) -> Talk:
        return Talk(contract(name), options)

    return begin


class Stage:
    """A real emulator in process on a clock that only moves when somebody sleeps, and one who asks it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, options: Mapping[str, str], **settings: Any) -> None:
        self.clock = ManualClock(NOW)
        self.app = create_app(clock=self.clock, **settings)
        transport = httpx.ASGITransport(self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://emulator")
        self.loop = loop
        self.heard: list[Judged] = []
        self.speaker = Speaker(
            contract(name), self._send, {"first": "sk_first", "second": "sk_second"}, self.clock.now,
            self.clock.advance, self.heard.append, options, paying=True,
        )  # fmt: skip

    def _send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> httpx.Response:
        return self.loop.run_until_complete(self.client.request(method, url, headers=headers, content=content))

    def contradictions(self) -> list[Failure]:
        """All that any check found wrong so far."""
        return [
            Failure(name, look, said.turn.exchange)
            for said in self.heard
            for name, look in said.looks
            if not look.holds
        ]

    def confirmed(self) -> set[str]:
        """The ids of all the facts that some check found borne out."""
        return {look.fact.id for said in self.heard for _, look in said.looks if look.holds}


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
