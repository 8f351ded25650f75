"""History of the interactions with an upstream: all that a check may read.

Built from exchanges alone, so that a live service, an emulator, a journal and a recording are checked alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import to_number
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import ORDERS, ErrorKind, Operation, TaskStatus
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import MISSING, Amount, ErrorCase, Fact, MediaFacts, Variants, Violation
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_contracts.response_format import first_value
from seedmock_contracts.validation import violations

from .order_parser import ParsedOrder, parse_order

UNAUTHENTICATED = ("", "wrong")
"""Callers that send no API key, and an invalid one."""
# What `summarize_body` writes in the place of a body that is no text.
_SUMMARY = re.compile(r"<(\d+) bytes of [^<>]*>")

# Together with remembered paths this saved an eighth of the calls in the checks of a verification.
MAX_REMEMBERED = 4096
"""Requests whose violations are remembered."""


@dataclass(repr=False)
class TaskHistory:
    """Interactions about one task, oldest first: the order, its polls and its downloads."""

    id: str
    created: Interaction
    polls: list[Interaction] = field(default_factory=list)
    contents: list[Interaction] = field(default_factory=list)
    cancellation: Interaction | None = None
    links: tuple[str, ...] = ()

    @property
    def caller(self) -> str:
        return self.created.exchange.caller

    @property
    def order(self) -> ParsedOrder | None:
        return self.created.order

    @property
    def status(self) -> TaskStatus | None:
        """The latest known status."""
        statuses = [interaction.status for interaction in (self.created, *self.polls) if interaction.status is not None]
        return statuses[-1] if statuses else None

    @property
    def final_poll(self) -> Interaction | None:
        """The first poll with a terminal status."""
        return next((interaction for interaction in self.polls if interaction.status in TERMINAL), None)


@dataclass(repr=False)
class AssetHistory:
    """Interactions about one asset or group, oldest first, without its creation."""

    id: str
    caller: str
    created: Interaction
    interactions: list[Interaction] = field(default_factory=list)
    deletion: Interaction | None = None


class History:
    """All interactions with one upstream, with an index of the resources that they created."""

    def __init__(self, contract: Contract, options: Mapping[str, str] | None = None) -> None:
        """`options`: options of variants that are known to hold. Of every other variant, all options are accepted."""
        self.contract = contract
        self.options = dict(options or {})
        self.interactions: list[Interaction] = []
        self.tasks: dict[str, TaskHistory] = {}
        self.groups: dict[tuple[str, str], AssetHistory] = {}
        """By caller and id: group numbers may start again for each key."""
        self.assets: dict[str, AssetHistory] = {}
        self.links: dict[str, TaskHistory] = {}
        self.files: dict[str, Interaction] = {}
        """Interactions that uploaded a file, by the URL that they returned."""

    def interaction(self, exchange: Exchange) -> Interaction:
        """The interaction of an exchange, before it is added."""
        return Interaction(self.contract, exchange, self)

    def add(self, interaction: Interaction) -> None:
        self.interactions.append(interaction)
        if interaction.operation is None or interaction.is_error:
            return
        task = interaction.task
        if interaction.operation in ORDERS and interaction.created_id is not None:
            self.tasks.setdefault(interaction.created_id, TaskHistory(interaction.created_id, interaction))
        elif interaction.operation is Operation.QUERY and task is not None:
            task.polls.append(interaction)
            self._index_links(task, interaction)
        elif interaction.operation is Operation.CONTENT and task is not None:
            task.contents.append(interaction)
        elif interaction.operation is Operation.CANCEL and task is not None:
            task.cancellation = task.cancellation or interaction
        else:
            self._index_resource(interaction)

    def _index_links(self, task: TaskHistory, interaction: Interaction) -> None:
        task.links = tuple(interaction.links)
        for link in interaction.links:
            self.links[link] = task

    def _index_resource(self, interaction: Interaction) -> None:
        created_id, caller = interaction.created_id, interaction.exchange.caller
        group = caller, interaction.requested_group_id
        if interaction.operation is Operation.GROUP_CREATE and created_id is not None:
            self.groups[caller, created_id] = AssetHistory(created_id, caller, interaction)
        elif interaction.operation is Operation.ASSET_CREATE and created_id is not None:
            self.assets[created_id] = AssetHistory(created_id, caller, interaction)
        elif interaction.operation is Operation.FILE_CREATE and interaction.file_url:
            self.files[interaction.file_url] = interaction
        elif interaction.operation is Operation.GROUP_DELETE and group in self.groups:
            self.groups[group].deletion = interaction
            # Deleting a group deletes its assets (fact NAME.groups.delete.cascade).
            for asset in self.assets.values():
                if (asset.caller, asset.created.requested_group_id) == group:
                    asset.deletion = asset.deletion or interaction
        elif interaction.requested_id in self.assets:
            asset = self.assets[interaction.requested_id]
            asset.interactions.append(interaction)
            if interaction.operation is Operation.ASSET_DELETE:
                asset.deletion = interaction


class Interaction(Struct, frozen=True, eq=False, dict=True):
    """One exchange, decoded, with the history before it."""

    contract: Contract
    exchange: Exchange
    history: History

    def __repr__(self) -> str:
        request, response = self.exchange.request, self.exchange.response
        return f"<{type(self).__name__} {request.method} {request.url} -> {response.status} {response.body[:200]}>"

    @property
    def caller(self) -> str:
        return self.exchange.caller

    @property
    def is_authenticated(self) -> bool:
        return self.caller not in UNAUTHENTICATED

    @property
    def method(self) -> str:
        return self.exchange.request.method

    @property
    def url(self) -> str:
        return self.exchange.request.url

    @property
    def at(self) -> float:
        """Time of the exchange in seconds since the epoch; 0 if it is unknown."""
        return self.exchange.at

    @property
    def text(self) -> str:
        """The response body as text."""
        return self.exchange.response.body

    @property
    def media(self) -> MediaFacts | None:
        """Properties of the clip in the response body, if it is one."""
        return self.exchange.response.media

    def fact(self, name: str) -> Fact:
        """Find a fact by its id without the upstream's name. Raises LookupError."""
        return self.contract.own_fact(name)

    def find(self, name: str) -> Fact | None:
        """Find a fact by its id without the upstream's name; None if the upstream does not have it."""
        return self.contract.find_own(name)

    def amount(self, name: str) -> Amount:
        """Find an amount by its id without the upstream's name. Raises LookupError."""
        return self.contract.amount(self.fact(name).id)

    def variant(self, name: str) -> Variants:
        """Find a variant by its id without the upstream's name. Raises LookupError."""
        fact = self.fact(name)
        if not isinstance(fact, Variants):
            raise LookupError(f"{fact.id} is not a variant")
        return fact

    @cached_property
    def operation(self) -> Operation | None:
        """The requested operation; None for a request to no endpoint of the upstream."""
        name = self.exchange.operation
        return Operation(name) if name in Operation.__members__.values() else None

    @cached_property
    def status_code(self) -> int:
        return self.exchange.response.status

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Response headers by lower-case name."""
        return {name.lower(): value for name, value in self.exchange.response.headers}

    @cached_property
    def request_headers(self) -> Mapping[str, str]:
        """Request headers by lower-case name."""
        return {name.lower(): value for name, value in self.exchange.request.headers}

    @cached_property
    def params(self) -> Mapping[str, str]:
        """Parameters of the path and the query string, by their names in the contract."""
        parts = urlsplit(self.exchange.request.url)
        method = self.exchange.request.method
        route = match_route(self.contract, "GET" if method == "HEAD" else method, parts.path)
        return {**dict(parse_qsl(parts.query)), **(route.params if route else {})}

    @cached_property
    def document(self) -> dict[str, Any] | None:
        """The JSON object in the request body, else the query string as one; None if the body is no JSON object."""
        request = self.exchange.request
        return _parse_document(request.url, request.body) if request.body or self.operation is not None else None

    @cached_property
    def violations(self) -> list[Violation]:
        """Rules that the request breaks, in the order in which the upstream checks them."""
        if self.operation is None or self.document is None:
            return []
        request, options = self.exchange.request, tuple(self.history.options.items())
        return list(_violations(self.contract.name, self.operation, request.url, request.body, options))

    @cached_property
    def order(self) -> ParsedOrder | None:
        """The order in the request; None if it orders nothing or breaks a rule."""
        if self.operation not in ORDERS or self.document is None or self.violations:
            return None
        assert self.operation is not None
        return parse_order(self.contract, self.operation, self.document)

    @cached_property
    def body(self) -> Any:
        """The response body as a JSON value; None if it is not valid JSON."""
        try:
            return json.loads(self.exchange.response.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def body_size(self) -> int | None:
        """Size of the response body in bytes; None where the stored body does not show it."""
        response = self.exchange.response
        if response.media is not None:
            return response.media.size_bytes
        summary = _SUMMARY.fullmatch(response.body)
        if summary is not None:
            return int(summary[1])
        # A body with replaced characters is not the one that was sent, and a journal entry has no headers.
        return None if "\ufffd" in response.body or not response.headers else len(response.body.encode())

    @cached_property
    def data(self) -> Any:
        """The response body, without the upstream's envelope if it has one."""
        return self.contract.response.payload(self.body)

    @property
    def data_object(self) -> dict[str, Any]:
        """`data` if it is a JSON object, else an empty one."""
        return self.data if isinstance(self.data, dict) else {}

    @cached_property
    def is_error(self) -> bool:
        """True for an error response, including one with HTTP 200 and an error `code` in the envelope."""
        if not 200 <= self.status_code < 300:
            return True
        path = self.contract.response.code_path
        code = first_value(self.body, (path,)) if path and isinstance(self.body, dict) else None
        return isinstance(code, int) and code >= 400

    @cached_property
    def error_cases(self) -> tuple[ErrorCase, ...]:
        """Error cases of the contract that the response matches by status and code."""
        if not self.is_error:
            return ()
        code = self.contract.response.error_part(self.body, "code")
        return tuple(case for case in self.contract.errors if _matches(case, self.status_code, code))

    @cached_property
    def error_kinds(self) -> frozenset[ErrorKind]:
        """Kinds of the matching error cases."""
        return frozenset(case.kind for case in self.error_cases)

    @cached_property
    def raw_status(self) -> str | None:
        """The status as the response spells it."""
        status = self.read(self.contract.response.status_paths)
        return status if isinstance(status, str) else None

    @cached_property
    def status(self) -> TaskStatus | None:
        """The status in the response; None if there is none, or an unknown one."""
        return self.contract.parse_status(self.raw_status) if self.raw_status is not None else None

    @cached_property
    def created_id(self) -> str | None:
        """Id of the created resource, as text; None if the response has none."""
        ids = () if self.is_error else (self.read((path,)) for path in self.contract.response.id_paths)
        created_id = next((value for value in ids if value not in (None, "")), None)
        return str(created_id) if isinstance(created_id, str | int) else None

    @cached_property
    def requested_id(self) -> str:
        """Id of what the request is about, in its path, query or body; empty if there is none."""
        name = self.contract.id_parameter(self.operation) if self.operation is not None else ""
        requested_id = self.params.get(name) or (self.document or {}).get(name)
        return unquote(requested_id) if isinstance(requested_id, str) else str(requested_id or "")

    @cached_property
    def requested_group_id(self) -> str:
        """Id of the group in the request, empty if there is none. The ids 1, "1" and 1.0 are the same."""
        operation, contract = self.operation or Operation.ASSET_CREATE, self.contract
        is_subject = operation is Operation.GROUP_DELETE
        name = contract.id_parameter(operation) if is_subject else contract.request.path("group", operation)
        value = {**self.params, **(self.document or {})}.get(name)
        number = to_number(value)
        return str(int(number)) if number is not None and number == int(number) else str(value or "")

    @cached_property
    def file_url(self) -> str:
        """URL of the uploaded file in the response; empty if there is none."""
        url = self.part("file_url")
        return url if isinstance(url, str) and not self.is_error else ""

    @cached_property
    def task(self) -> TaskHistory | None:
        """The requested task, if the history has its creation."""
        if self.operation is Operation.CONTENT and self.exchange.request.url in self.history.links:
            return self.history.links[self.exchange.request.url]
        return self.history.tasks.get(self.requested_id)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Links to results in the response."""
        values = (self.read((path,)) for path in self.contract.response.link_paths)
        links = next((value for value in values if isinstance(value, list | str)), ())
        return (links,) if isinstance(links, str) else tuple(link for link in links if isinstance(link, str))

    @cached_property
    def media_urls(self) -> tuple[str, ...]:
        """URLs of the media that the order in the request refers to."""
        document = self.document or {}
        if self.operation is Operation.UPSCALE:
            return (str(self.contract.request.read(document, "url", Operation.UPSCALE)),)
        return tuple(located.reference.url for located in self.contract.request.layout.find(document))

    def part(self, name: str) -> Any:
        """The value of a part of `data`, by its common name; None if there is none."""
        return self.read((self.contract.response.path(name),))

    def read(self, paths: Iterable[str]) -> Any:
        """The value at the first of these paths in `data` that has one; None if none has."""
        value = first_value(self.data_object, paths)
        return None if value is MISSING else value


def _matches(case: ErrorCase, status: int, code: Any) -> bool:
    if isinstance(case.code, int):
        # Where errors come as HTTP 200, the code in the body alone tells the kind.
        return code == case.code and status in (case.status, 200)
    return status == case.status and (code or "") == case.code


@lru_cache(maxsize=MAX_REMEMBERED)
def _violations(
    upstream: str, operation: Operation, url: str, body: str, options: tuple[tuple[str, str], ...]
) -> tuple[Violation, ...]:
    """Violations under some options. Remembered: most requests are sent more than once, also in later runs."""
    document = _parse_document(url, body)
    return () if document is None else tuple(violations(upstream, operation, document, dict(options)))


def _parse_document(url: str, body: str) -> dict[str, Any] | None:
    return _parse_object(body) if body else dict(parse_qsl(urlsplit(url).query))


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
