"""What was said so far, and one exchange in its light: all that a check may know.

Built from exchanges alone, so that a live service, an emulator, a journal and a recording are judged alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import to_number
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import ORDERS, Operation, TaskStatus
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import MISSING, ErrorCase, Fact, Violation
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_contracts.response_format import first_value
from seedmock_contracts.validation import violations

from .order_parser import ParsedOrder, parse_order

_SUMMED = re.compile(r"<(\d+) bytes of [^<>]*>")
UNAUTHENTICATED = ("", "wrong")
"""The callers without a key, and with one that is none."""


@dataclass(repr=False)
class TaskHistory:
    """One task as its callers saw it: the order, and each answer that spoke of it, oldest first."""

    id: str
    created: Interaction
    polls: list[Interaction] = field(default_factory=list)
    contents: list[Interaction] = field(default_factory=list)
    links: tuple[str, ...] = ()

    @property
    def caller(self) -> str:
        return self.created.exchange.caller

    @property
    def order(self) -> ParsedOrder | None:
        return self.created.order

    @property
    def status(self) -> TaskStatus | None:
        """What the latest answer that told a known status told."""
        told = [interaction.status for interaction in (self.created, *self.polls) if interaction.status is not None]
        return told[-1] if told else None

    @property
    def final_poll(self) -> Interaction | None:
        """The first answer that told a terminal status."""
        return next((interaction for interaction in self.polls if interaction.status in TERMINAL), None)


@dataclass(repr=False)
class AssetHistory:
    """A group or an asset, as its callers saw it. `told` are the answers that spoke of it, oldest first."""

    id: str
    caller: str
    created: Interaction
    interactions: list[Interaction] = field(default_factory=list)
    deletion: Interaction | None = None


class History:
    """Everything that was said to one upstream, with indices of what was made."""

    def __init__(self, contract: Contract, options: Mapping[str, str] | None = None) -> None:
        """`options` are those of the variants that are known to hold; of the others any is right."""
        self.contract = contract
        self.options = dict(options or {})
        self.interactions: list[Interaction] = []
        self.tasks: dict[str, TaskHistory] = {}
        self.groups: dict[tuple[str, str], AssetHistory] = {}
        """By caller and id: the numbers of groups may begin anew with each key."""
        self.assets: dict[str, AssetHistory] = {}
        self.links: dict[str, TaskHistory] = {}
        self.files: dict[str, Interaction] = {}
        """The turns in which files were posted, by the links that they told."""
        self.violations_cache: dict[tuple[Operation, str, str], list[Violation]] = {}
        """The rules that a request breaks, by its operation, URL and body: much is asked more than once."""

    def interaction(self, exchange: Exchange) -> Interaction:
        """An exchange in the light of what was said before it; it is not yet part of the conversation."""
        return Interaction(self.contract, exchange, self)

    def add(self, interaction: Interaction) -> None:
        """Make a turn part of what was said before."""
        self.interactions.append(interaction)
        if interaction.operation is None or interaction.is_error:
            return
        task = interaction.task
        if interaction.operation in ORDERS and interaction.created_id is not None:
            self.tasks.setdefault(interaction.created_id, TaskHistory(interaction.created_id, interaction))
        elif interaction.operation is Operation.QUERY and task is not None:
            task.polls.append(interaction)
            self._follow(task, interaction)
        elif interaction.operation is Operation.CONTENT and task is not None:
            task.contents.append(interaction)
        else:
            self._keep(interaction)

    def _follow(self, task: TaskHistory, interaction: Interaction) -> None:
        task.links = tuple(interaction.links)
        for link in interaction.links:
            self.links[link] = task

    def _keep(self, interaction: Interaction) -> None:
        made, caller = interaction.created_id, interaction.exchange.caller
        if interaction.operation is Operation.GROUP_CREATE and made is not None:
            self.groups[caller, made] = AssetHistory(made, caller, interaction)
        elif interaction.operation is Operation.ASSET_CREATE and made is not None:
            self.assets[made] = AssetHistory(made, caller, interaction)
        elif interaction.operation is Operation.FILE_CREATE and interaction.file_url:
            self.files[interaction.file_url] = interaction
        elif (
            interaction.operation is Operation.GROUP_DELETE and (caller, interaction.requested_group_id) in self.groups
        ):
            self.groups[caller, interaction.requested_group_id].deletion = interaction
            for asset in self.assets.values():
                if (asset.caller, asset.created.requested_group_id) == (caller, interaction.requested_group_id):
                    asset.deletion = asset.deletion or interaction
        elif interaction.requested_id in self.assets:
            asset = self.assets[interaction.requested_id]
            asset.interactions.append(interaction)
            if interaction.operation is Operation.ASSET_DELETE:
                asset.deletion = interaction


@dataclass(frozen=True, eq=False, repr=False)
class Interaction:
    """One exchange, read once: what was asked and answered, and what had been said before."""

    contract: Contract
    exchange: Exchange
    history: History

    def __repr__(self) -> str:
        asked, answered = self.exchange.request, self.exchange.response
        return f"<{type(self).__name__} {asked.method} {asked.url} -> {answered.status} {answered.body[:200]}>"

    def fact(self, name: str) -> Fact:
        """A fact by its id without the upstream's name. Raises LookupError for one that this upstream has not."""
        return self.contract.fact(f"{self.contract.name}.{name}")

    @cached_property
    def operation(self) -> Operation | None:
        """What the request is for; None for a request that is none of the upstream's endpoints."""
        name = self.exchange.operation
        return Operation(name) if name in Operation.__members__.values() else None

    @cached_property
    def status_code(self) -> int:
        return self.exchange.response.status

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers, names in lower case."""
        return {name.lower(): value for name, value in self.exchange.response.headers}

    @cached_property
    def request_headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.exchange.request.headers}

    @cached_property
    def params(self) -> Mapping[str, str]:
        """What the path and the query string say, by the names that the contract gives."""
        parts = urlsplit(self.exchange.request.url)
        method = self.exchange.request.method
        found = match_route(self.contract, "GET" if method == "HEAD" else method, parts.path)
        return {**dict(parse_qsl(parts.query)), **(found.params if found else {})}

    @cached_property
    def document(self) -> dict[str, Any] | None:
        """The JSON object that was sent, or that the query string spells; None where neither is one."""
        if self.exchange.request.body:
            return _object(self.exchange.request.body)
        return dict(parse_qsl(urlsplit(self.exchange.request.url).query)) if self.operation is not None else None

    @cached_property
    def violations(self) -> list[Violation]:
        """The rules that the request breaks, in the order in which the upstream looks."""
        if self.operation is None or self.document is None:
            return []
        key = self.operation, self.exchange.request.url, self.exchange.request.body
        known = self.history.violations_cache.get(key)
        if known is None:
            known = violations(self.contract.name, self.operation, self.document, self.history.options)
            self.history.violations_cache[key] = known
        return known

    @cached_property
    def order(self) -> ParsedOrder | None:
        """What the request orders, if it is an order that breaks no rule."""
        if self.operation not in ORDERS or self.document is None or self.violations:
            return None
        assert self.operation is not None
        return parse_order(self.contract, self.operation, self.document)

    @cached_property
    def body(self) -> Any:
        """The JSON value that was answered; None where it is none."""
        try:
            return json.loads(self.exchange.response.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def body_size(self) -> int | None:
        """How many bytes the answer's body had; None where what was kept of it does not tell."""
        answer = self.exchange.response
        if answer.media is not None:
            return answer.media.size_bytes
        summed = _SUMMED.fullmatch(answer.body)
        if summed is not None:
            return int(summed[1])
        return None if "\ufffd" in answer.body or not answer.headers else len(answer.body.encode())

    @cached_property
    def data(self) -> Any:
        """The answer's own part of the body, inside the upstream's envelope if it has one."""
        return self.contract.response.payload(self.body)

    @cached_property
    def is_error(self) -> bool:
        """Whether the answer is a refusal or a failure, also where that is said with HTTP 200 and a `code`."""
        if not 200 <= self.status_code < 300:
            return True
        path = self.contract.response.code_path
        code = first_value(self.body, (path,)) if path and isinstance(self.body, dict) else None
        return isinstance(code, int) and code >= 400

    @cached_property
    def error_cases(self) -> tuple[ErrorCase, ...]:
        """The kinds of error that the answer can be, by its status and code."""
        if not self.is_error:
            return ()
        code = self.contract.response.error_part(self.body, "code")
        return tuple(case for case in self.contract.errors if _fits(case, self.status_code, code))

    @cached_property
    def raw_status(self) -> str | None:
        """The status word that the answer tells."""
        word = self._read(self.contract.response.status_paths)
        return word if isinstance(word, str) else None

    @cached_property
    def status(self) -> TaskStatus | None:
        """What the status word means; None for no word, or an unknown one."""
        return self.contract.parse_status(self.raw_status) if self.raw_status is not None else None

    @cached_property
    def created_id(self) -> str | None:
        """The id of what a creation made, as text."""
        paths = self.contract.response.id_paths if not self.is_error else ()
        found = next((value for path in paths if (value := self._read((path,))) not in (None, "")), None)
        return str(found) if isinstance(found, str | int) else None

    @cached_property
    def requested_id(self) -> str:
        """The id that the request names, in its path, query or document; empty if none."""
        named = self.params.get("task_id") or (self.document or {}).get("id") or (self.document or {}).get("task_id")
        return unquote(named) if isinstance(named, str) else str(named or "")

    @cached_property
    def requested_group_id(self) -> str:
        """The id of the group that the request names; 1, "1" and 1.0 are one. Empty if none."""
        name = "id" if self.operation is Operation.GROUP_DELETE else "group_id"
        named = (self.document or {}).get(name)
        number = to_number(named)
        return str(int(number)) if number is not None and number == int(number) else str(named or "")

    @cached_property
    def file_url(self) -> str:
        """The link under which the answer says that a posted file lies; empty if none."""
        told = self.data.get("publicUrl") if isinstance(self.data, dict) else None
        return told if isinstance(told, str) and not self.is_error else ""

    @cached_property
    def task(self) -> TaskHistory | None:
        """The task that the request speaks of, as far as it was known before."""
        if self.operation is Operation.CONTENT and self.exchange.request.url in self.history.links:
            return self.history.links[self.exchange.request.url]
        return self.history.tasks.get(self.requested_id)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """The links to results that the answer tells."""
        values = (self._read((path,)) for path in self.contract.response.link_paths)
        found = next((value for value in values if isinstance(value, list | str)), ())
        return (found,) if isinstance(found, str) else tuple(link for link in found if isinstance(link, str))

    def _read(self, paths: Iterable[str]) -> Any:
        """The value at the first of several places in the answer's own part; None where there is none."""
        value = first_value(self.data, paths) if isinstance(self.data, dict) else None
        return None if value is MISSING else value


def _fits(case: ErrorCase, status: int, code: Any) -> bool:
    if isinstance(case.code, int):
        return code == case.code and status in (case.status, 200)
    return status == case.status and (code or "") == case.code


def _object(text: str) -> dict[str, Any] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
