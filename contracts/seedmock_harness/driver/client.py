"""Asks an upstream questions, and has every answer judged: the one way in which the harness speaks.

Knows no HTTP library: `send` is whatever sends a request, such as `httpx.Client(base_url=...).request`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import urlencode

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.exchange import MAX_CHECKED_BYTES, Exchange, Request, Response, redact_headers, summarize_body
from seedmock_contracts.facts import MediaFacts
from seedmock_contracts.mp4 import movie_facts

from ..checks import run_checks
from ..conversation.history import History, Interaction
from ..errors import HarnessError
from ..results.checks import CheckResult


class ReceivedResponse(Protocol):
    """What came back: `httpx.Response` is one."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...


class SendRequest(Protocol):
    """Sends one request and waits for the whole answer. `url` is a path, or whole where it leads elsewhere."""

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> ReceivedResponse: ...


@dataclass(frozen=True, slots=True)
class CheckedInteraction:
    """A turn, and what each check saw in it."""

    interaction: Interaction
    results: tuple[tuple[str, CheckResult], ...]


class UnexpectedTask(HarnessError):
    """A question that must cost nothing was taken as an order: the turn tells the task's id."""

    def __init__(self, interaction: Interaction) -> None:
        super().__init__(f"a task was made that nobody wanted: {interaction.created_id}")
        self.interaction = interaction


@dataclass
class Driver:
    """One side of a conversation: asks, remembers, and tells `heard` what the checks saw of each answer.

    `keys` are the API keys by the words that stand for them: "first", "second" and "wrong"; a word without a key
    sends none. `now` and `sleep` are of the upstream's clock, in seconds (since the epoch).
    """

    contract: Contract
    send_request: SendRequest
    keys: Mapping[str, str]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    on_result: Callable[[CheckedInteraction], None]
    options: Mapping[str, str] = field(default_factory=dict)
    allow_orders: bool = False
    """Whether orders may be taken: if not, one that is raises UnexpectedTask, after it was heard and remembered."""

    def __post_init__(self) -> None:
        self.history = History(self.contract, self.options)
        self._spoken_of: Interaction | None = None

    @property
    def current(self) -> Interaction:
        """The turn that what a step yields belongs to: the latest, or one before it that the step came back to."""
        assert self._spoken_of is not None
        return self._spoken_of

    def revisit(self, interaction: Interaction) -> None:
        """Speak of an earlier turn, until something else is asked."""
        self._spoken_of = interaction

    def call(
        self,
        operation: Operation,
        document: Mapping[str, Any] | None = None,
        *,
        caller: str = "first",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        base: int = 0,
    ) -> Interaction:
        """Ask for an operation. A document goes into the body, or into the query string of a GET."""
        method, path = endpoint_path(self.contract, operation, params or {}, base)
        if method == "GET":
            return self.send(operation, method, _with_query(path, document), caller=caller, headers=headers)
        body = b"" if document is None else json.dumps(dict(document)).encode()
        return self.send(operation, method, path, body, caller=caller, headers=headers)

    def fetch(self, link: str, *, headers: Mapping[str, str] | None = None) -> Interaction:
        """Fetch a result by its link, which needs no key."""
        return self.send(Operation.CONTENT, "GET", link, caller="", headers=headers)

    def send(
        self,
        operation: Operation | None,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        caller: str = "first",
        headers: Mapping[str, str] | None = None,
    ) -> Interaction:
        """Send any request at all, under the operation that it is meant for; None for one that is for none."""
        sent = {**({"content-type": "application/json"} if body else {}), **(headers or {})}
        if caller in self.keys:
            sent.setdefault("authorization", f"Bearer {self.keys[caller]}")
        answer = self.send_request(method, url, headers=sent, content=body)
        asked = Request(
            method,
            url,
            redact_headers(sent.items()),
            summarize_body(body, MAX_CHECKED_BYTES).decode("utf-8", "replace"),
        )
        exchange = Exchange(operation or "", asked, _response(answer), caller, self.now())
        self._spoken_of = interaction = self.history.interaction(exchange)
        self.on_result(CheckedInteraction(interaction, tuple(run_checks(interaction))))
        self.history.add(interaction)
        if interaction.operation in ORDERS and interaction.created_id is not None and not self.allow_orders:
            raise UnexpectedTask(interaction)
        return interaction


@dataclass(frozen=True, slots=True)
class Step:
    """A named part of a ladder: asks, and yields what it saw beyond what the checks see in each single answer.

    What it yields belongs to the turn that the speaker speaks of: the latest, if it comes back to none. `price` is
    the most that it can cost, in USD. `minimal` steps make up the shortest run that is worth making.
    """

    name: str
    description: str
    run: Callable[[Driver], Iterable[CheckResult]]
    price: Decimal = Decimal(0)
    minimal: bool = False


def _response(answer: ReceivedResponse) -> Response:
    headers = redact_headers((name, value) for name, value in answer.headers.items())
    media = _media(answer.content)
    body = summarize_body(answer.content, MAX_CHECKED_BYTES).decode("utf-8", "replace")
    return Response(answer.status_code, headers, body, media)


def _media(content: bytes) -> MediaFacts | None:
    if content[4:8] != b"ftyp":
        return None
    try:
        return movie_facts(content)
    except InvalidMovie:
        return None


def _with_query(path: str, document: Mapping[str, Any] | None) -> str:
    return f"{path}?{urlencode(document)}" if document else path
