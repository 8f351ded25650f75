"""Tales of orders and of what came of them, made up by hand; and a real emulator in process to be judged."""

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


def clip(width: int = 1280, height: int = 720, seconds: float = 4.0, **said: Any) -> MediaFacts:
    """A clip such as the examples of both upstreams order."""
    usual = {"size_bytes": 1000, "has_audio": True, "codec": "avc1", "digest": "d1", "frames": round(24 * seconds)}
    measured = {**usual, **said}
    return MediaFacts(
        kind=MediaKind.VIDEO, format="mp4", seconds=seconds, width=width, height=height,
        fps=measured["frames"] / seconds, **measured,
    )  # fmt: skip


class Tale:
    """A conversation that somebody makes up; a check is asked about its last turn."""

    def __init__(self, contract: Contract, options: Mapping[str, str] | None = None) -> None:
        self.contract = contract
        self.conversation = History(contract, options)
        self.now = NOW
        self.last: Interaction | None = None

    def wait(self, seconds: float) -> Tale:
        self.now += seconds
        return self

    def say(
        self, operation: Operation, body: Any = None, *, sent: Mapping[str, Any] | None = None, status: int = 200,
        headers: Mapping[str, str] | None = None, asked: Mapping[str, str] | None = None, caller: str = "first",
        method: str = "", url: str = "", media: MediaFacts | None = None, **params: str,
    ) -> Tale:  # fmt: skip
        """One more exchange: what was sent, and what is said to have been answered (text, or JSON)."""
        known, path = ("GET", url) if url else endpoint_path(self.contract, operation, params)
        path += "?" + urlencode(sent) if known == "GET" and sent else ""
        request = Request(
            method or known,
            path,
            tuple((asked or {}).items()),
            json.dumps(dict(sent)) if sent and known != "GET" else "",
        )
        text = body if isinstance(body, str) else json.dumps(body)
        told = {"content-type": "application/json"} if headers is None else headers
        response = Response(status, tuple(told.items()), text, media)
        return self._hear(Exchange(operation, request, response, caller, self.now))

    def _hear(self, exchange: Exchange) -> Tale:
        turn = self.conversation.interaction(exchange)
        if self.last is not None:
            self.conversation.add(self.last)
        self.last = turn
        return self

    def posted(self, form: str, body: Any, *, status: int = 200) -> Tale:
        """An order by a form."""
        method, path = endpoint_path(self.contract, Operation.CREATE, {})
        response = Response(status, (("content-type", "application/json"),), json.dumps(body))
        return self._hear(Exchange(Operation.CREATE, Request(method, path, (), form), response, "first", self.now))

    # --- tasks ---

    def order(
        self, id_: str = "t1", *, caller: str = "first", operation: Any = Operation.CREATE, **changes: Any
    ) -> Tale:
        """The upstream's example with changes; a change to None takes the field away."""
        document = {**self.contract.example(operation), **changes}
        sent = {name: value for name, value in document.items() if value is not None}
        body: Any = {"id": id_, "task_id": id_, "object": "video", "model": "m", "status": "queued", "created_at": 1}
        if self.contract.response.envelope_key:
            body = {"code": 200, "msg": "success", "data": {"taskId": id_, "state": "pending"}}
        return self.say(operation, body, sent=sent, caller=caller)

    def poll(self, word: str, id_: str = "t1", *, link: str = "", caller: str = "first") -> Tale:
        """A query that is told a status word, and for A's a link."""
        if not self.contract.response.envelope_key:
            return self.say(Operation.QUERY, {"id": id_, "status": word}, caller=caller, task_id=id_)
        data = {"taskId": id_, "state": word} | ({"resultUrls": [link]} if link else {})
        return self.say(Operation.QUERY, {"code": 200, "data": data}, sent={"task_id": id_}, caller=caller)

    def done(self, id_: str = "t1", *, link: str = "https://files.example/t1.mp4", **changes: Any) -> Tale:
        """A task that has succeeded."""
        self.order(id_, **changes)
        return (
            self.poll("completed", id_, link=link) if self.contract.response.envelope_key else self.poll("SUCCESS", id_)
        )

    def fetch(self, id_: str = "t1", *, link: str = "https://files.example/t1.mp4", **answered: Any) -> Tale:
        """Content that is told by its facts; `media` None is what is no clip, then `body` tells what it is."""
        media = answered.pop("media", clip()) if answered.get("status", 200) == 200 else answered.pop("media", None)
        size = media.size_bytes if media is not None else 0
        usual = {"content-type": "video/mp4", "content-length": str(size), "etag": ETAG}
        usual |= {} if self.contract.response.envelope_key else {"cache-control": "public, max-age=86400"}
        answered.setdefault("headers", usual)
        answered.setdefault("body", f"<{size} bytes of video/mp4>" if media is not None else "")
        place = {"url": link, "caller": ""} if self.contract.response.envelope_key else {"task_id": id_}
        return self.say(Operation.CONTENT, media=media, **{**place, **answered})

    def tell(self, operation: Operation, data: Any, *, sent: Any = None, **said: Any) -> Tale:
        """An answer of A's, in its envelope; of a status that is not 200, a refusal."""
        code = said.get("status", 200)
        body = {"code": code, "msg": "success" if code == 200 else "no", "data": data}
        return self.say(operation, body, sent=sent, **said)

    # --- what is seen ---

    def looks(self, check: Callable[[Interaction], Iterator[CheckResult]]) -> list[CheckResult]:
        assert self.last is not None
        return list(check(self.last))

    def sees(self, check: Callable[[Interaction], Iterator[CheckResult]]) -> dict[str, bool]:
        """The facts that a check looked at in the last turn, less the upstream's name, and whether all looks held."""
        seen: dict[str, bool] = {}
        for look in self.looks(check):
            name = look.fact.id.removeprefix(f"{self.contract.name}.")
            seen[name] = seen.get(name, True) and look.passed
        return seen

    def severities(self, check: Callable[[Interaction], Iterator[CheckResult]]) -> dict[str, Severity]:
        assert self.last is not None
        failures = [CheckFailure("", look, self.last.exchange) for look in self.looks(check) if not look.passed]
        return {failure.fact.id.removeprefix(f"{self.contract.name}."): failure.severity for failure in failures}


@pytest.fixture
def tale() -> Callable[..., Tale]:
    """A made-up conversation with the upstream of this name; `options` are those that are known to hold."""

    def begin(name: str, options: Mapping[str, str] | None = None) -> Tale:
        return Tale(get_contract(name), options)

    return begin


@pytest.fixture
def clip_of() -> Callable[..., MediaFacts]:
    return clip


class Emulated:
    """A real emulator on a clock that stands still, and one who asks it; everything that checks saw is kept."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, **settings: Any) -> None:
        self.clock = ManualClock(NOW)
        self.app = create_app(clock=self.clock, **settings)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://127.0.0.1")
        self.loop = loop
        self.heard: list[CheckedInteraction] = []
        keys = {"first": "sk_first", "second": "sk_second"}
        self.speaker = Driver(
            get_contract(name),
            self._send,
            keys,
            self.clock.now,
            self.clock.advance,
            self.heard.append,
            allow_orders=True,
        )

    def _send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> httpx.Response:
        return self.loop.run_until_complete(self.client.request(method, url, headers=headers, content=content))

    def failures(self) -> list[CheckFailure]:
        """All that was contradicted, or settled otherwise."""
        looks = ((said, name, look) for said in self.heard for name, look in said.results)
        return [CheckFailure(name, look, said.interaction.exchange) for said, name, look in looks if not look.passed]

    def confirmed(self) -> set[str]:
        """The facts that were borne out, less the upstream's name."""
        prefix = f"{self.speaker.contract.name}."
        return {look.fact.id.removeprefix(prefix) for said in self.heard for _, look in said.results if look.passed}


@pytest.fixture
def emulated() -> Iterator[Callable[..., Emulated]]:
    """An emulator of an upstream; everything is closed at the end of the test."""
    loop = asyncio.new_event_loop()
    built: list[Emulated] = []

    def build(name: str, **settings: Any) -> Emulated:
        built.append(Emulated(loop, name, **settings))
        return built[-1]

    yield build
    for each in built:
        loop.run_until_complete(each.client.aclose())
        loop.run_until_complete(each.app.aclose())
    loop.close()
