"""Driver: the one way in which the harness sends requests to an upstream, with every interaction checked.

Knows no HTTP library: a request is sent by a function such as `httpx.Client(base_url=...).request`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import urlencode

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import BILLABLE, SUBJECTS, Operation
from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.exchange import MAX_CHECKED_BYTES, Exchange, Request, Response, redact_headers, summarize_body
from seedmock_contracts.facts import MediaFacts
from seedmock_contracts.mp4 import movie_facts

from ..checks import run_checks
from ..conversation.history import History, Interaction
from ..errors import HarnessError
from ..results.checks import CheckResult


class ReceivedResponse(Protocol):
    """A complete response; `httpx.Response` is one."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...


class SendRequest(Protocol):
    """Send one request and return the complete response. `url` is a path, or absolute if it leads to another origin."""

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> ReceivedResponse: ...


class CheckedInteraction(Struct, frozen=True):
    """An interaction with the results of all checks, each with the name of its check."""

    interaction: Interaction
    results: tuple[tuple[str, CheckResult], ...]


class UnexpectedTask(HarnessError):
    """A request that must be rejected created a task or an asset, which may be charged."""

    def __init__(self, interaction: Interaction) -> None:
        super().__init__(f"a request that must be rejected created {interaction.created_id}")
        self.interaction = interaction


@dataclass
class Driver:
    """Sends requests to an upstream, keeps their history, and passes each checked interaction to `on_result`.

    `keys`: API keys by caller, "first", "second" and "wrong"; another caller sends none. `now` and `sleep`: the
    upstream's clock, in seconds since the epoch. `options`: options of variants that are known to hold. Without
    `allow_orders` an accepted order raises UnexpectedTask, after it was added to the history.
    """

    contract: Contract
    send_request: SendRequest
    keys: Mapping[str, str]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    on_result: Callable[[CheckedInteraction], None]
    options: Mapping[str, str] = field(default_factory=dict)
    allow_orders: bool = False

    def __post_init__(self) -> None:
        self.history = History(self.contract, self.options)
        self._current: Interaction | None = None
        self.attributed: set[str] = set()
        """Ids of the facts of rules to which responses were attributed: the upstream knows these rules."""
        self.latest_content = b""
        """The bytes of the latest response: a history does not keep those of clips."""

    @property
    def current(self) -> Interaction:
        """The interaction that the results of a step belong to: the latest, or one that the step has gone back to."""
        assert self._current is not None
        return self._current

    def revisit(self, interaction: Interaction) -> None:
        """Make an earlier interaction the current one, until the next request."""
        self._current = interaction

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
        """Call an operation. The document becomes the body, or the query string of a GET."""
        method, path = endpoint_path(self.contract, operation, params or {}, base)
        if method == "GET":
            return self.send(operation, method, _with_query(path, document), caller=caller, headers=headers)
        body = b"" if document is None else json.dumps(dict(document)).encode()
        return self.send(operation, method, path, body, caller=caller, headers=headers)

    def call_on_task(self, operation: Operation, task: str, caller: str = "first") -> Interaction:
        """Call an operation about a task."""
        return self.call_with(operation, caller, task=task)

    def call_with(self, operation: Operation, caller: str = "first", /, **parts: Any) -> Interaction:
        """Call an operation with parts of a request by their common names, in the path as far as that has them."""
        contract, endpoint, subject = self.contract, self.contract.endpoint(operation), SUBJECTS.get(operation)
        named = {
            contract.id_parameter(operation) if part == subject else contract.request.path(part, operation): value
            for part, value in parts.items()
        }
        in_path = endpoint.parameters if endpoint is not None else ()
        params = {name: str(named.pop(name)) for name in in_path if name in named}
        return self.call(operation, named or None, params=params, caller=caller)

    def fetch(self, link: str, *, headers: Mapping[str, str] | None = None) -> Interaction:
        """Download a result by its link, without a key."""
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
        """Send any request. `operation`: the one that it is meant for; None if it is meant for no endpoint."""
        all_headers = {**({"content-type": "application/json"} if body else {}), **(headers or {})}
        if caller in self.keys:
            all_headers.setdefault("authorization", f"Bearer {self.keys[caller]}")
        response = self.send_request(method, url, headers=all_headers, content=body)
        self.latest_content = response.content
        request = Request(method, url, redact_headers(all_headers.items()), _body_text(body))
        exchange = Exchange(operation or "", request, _to_response(response), caller, self.now())
        self._current = interaction = self.history.interaction(exchange)
        # Before it is added: a check compares a response with what was known before it.
        self.on_result(CheckedInteraction(interaction, tuple(run_checks(interaction))))
        self.history.add(interaction)
        if interaction.operation in BILLABLE and interaction.created_id is not None and not self.allow_orders:
            raise UnexpectedTask(interaction)
        return interaction


class Step(Struct, frozen=True):
    """A named part of a verification: sends requests, and yields results that no single interaction shows.

    A yielded result belongs to the driver's current interaction. `price`: the most that the step can cost, in USD.
    `minimal`: part of the shortest useful run. `contingent`: costs nothing at a conforming upstream, else one order.
    `may_be_refused`: a refusal of its order is one of the documented responses.
    """

    name: str
    description: str
    run: Callable[[Driver], Iterable[CheckResult]]
    price: Decimal = Decimal(0)
    minimal: bool = False
    contingent: bool = False
    may_be_refused: bool = False

    @property
    def must_order(self) -> bool:
        """True if the step looks at nothing without an accepted order."""
        return self.price > 0 and not (self.contingent or self.may_be_refused)


def _to_response(response: ReceivedResponse) -> Response:
    headers = redact_headers((name, value) for name, value in response.headers.items())
    return Response(response.status_code, headers, _body_text(response.content), _inspect_media(response.content))


def _body_text(content: bytes) -> str:
    return summarize_body(content, MAX_CHECKED_BYTES, digests=True).decode("utf-8", "replace")


def _inspect_media(content: bytes) -> MediaFacts | None:
    if content[4:8] != b"ftyp":
        return None
    try:
        return movie_facts(content)
    except InvalidMovie:
        return None


def _with_query(path: str, document: Mapping[str, Any] | None) -> str:
    return f"{path}?{urlencode(document)}" if document else path
