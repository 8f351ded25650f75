"""Cassette: one recording, indexed so that each request finds its recorded responses in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import ORDERS, MediaKind, Operation, TaskStatus
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.facts import MediaFacts

from ..conversation.history import UNAUTHENTICATED, History, Interaction, TaskHistory
from .model import Recording, check_recording
from .request_normalization import (
    identify_operation,
    normalize_body,
    normalize_query,
    normalize_text,
    summarize_request,
    without_digests,
    without_ids,
)

Key = tuple[str, ...]
OrderKey = tuple[object, ...]
# What the service behind renders if an order names neither.
DEFAULT_SIZE, DEFAULT_SECONDS = (1280, 720), 5


class ReplayRequest(Struct, frozen=True):
    """The parts of a request that select its response. `path` may be the URL of a result link."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    caller: str = "first"


class RecordedClip(Struct, frozen=True):
    """A clip that was delivered, and the task that it belongs to."""

    media: MediaFacts
    task: TaskHistory


@dataclass
class Cassette:
    """Returns the recorded responses of one recording; repeated requests advance through them."""

    recording: Recording
    ignore_ids: bool = False
    """Match requests regardless of the task or asset that they name."""
    _interactions: dict[Key, list[Interaction]] = field(default_factory=dict)
    _keys_without_ids: dict[Key, Key] = field(default_factory=dict)
    _orders: dict[tuple[OrderKey, str], Key] = field(default_factory=dict)
    """Accepted orders by content and caller: an order may be spelt in several ways."""
    _positions: dict[Key, int] = field(default_factory=dict)
    _replayed_status: dict[str, TaskStatus | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked = check_recording(self.recording)
        self._history = checked.history
        self._links = {_without_scheme(link): task for link, task in self._history.links.items()}
        for interaction in checked.interactions:
            # 0 is an exchange that ended without a response: there is none to replay.
            if interaction.status_code:
                self._index(interaction)
        callers = (interaction.exchange.caller for interaction in checked.interactions)
        self.callers = tuple(dict.fromkeys(name for name in callers if name not in UNAUTHENTICATED)) or ("first",)

    def _index(self, interaction: Interaction) -> None:
        key = _key(self.contract, _request_of(interaction))
        self._interactions.setdefault(key, []).append(interaction)
        self._keys_without_ids.setdefault(_without_ids(self.contract, key), key)
        if (order := _order_key(interaction)) and not interaction.is_error:
            self._orders.setdefault((order, interaction.exchange.caller), key)

    @property
    def contract(self) -> Contract:
        return self.recording.contract

    def response(self, request: ReplayRequest) -> Interaction | None:
        """Return the next response to a request, the last one repeatedly; None if it was not recorded."""
        key = _key(self.contract, request)
        if self.ignore_ids and key not in self._interactions:
            key = self._keys_without_ids.get(_without_ids(self.contract, key), key)
        if key not in self._interactions:  # a journal's recording has no digests: there, size and type decide
            key = _without_digests(key) if _without_digests(key) in self._interactions else key
        if key not in self._interactions:
            key = self._orders.get((_order_key(_as_interaction(self.contract, request)), request.caller), key)
        interactions = self._interactions.get(key)
        if not interactions:
            return None
        position = self._positions.get(key, 0)
        interaction = interactions[min(position, len(interactions) - 1)]
        self._positions[key] = position + 1
        if interaction.operation in ORDERS and interaction.created_id is not None:
            self._restart(interaction.created_id)
        elif interaction.operation is Operation.QUERY and interaction.task is not None:
            task = interaction.task.id
            self._replayed_status[task] = interaction.status or self._replayed_status.get(task)
        return interaction

    def content(self, request: ReplayRequest) -> RecordedClip | Interaction | None:
        """Return the clip at a content URL or link once its task has succeeded; before, the recorded error.

        Other requests get their `response`.
        """
        task = self.task(request)
        if task is None or request.method not in ("GET", "HEAD"):
            return self.response(request)
        recorded = self._interactions.get(_key(self.contract, request), ())
        error = next((interaction for interaction in recorded if interaction.is_error), None)
        # Without a recorded poll nothing tells when the task succeeded.
        succeeded = self._replayed_status.get(task.id) is TaskStatus.SUCCESS or not task.polls
        media = _delivered_media(task)
        if media is None or not (succeeded or self._is_link(request)):
            return error
        return RecordedClip(media, task)

    def task(self, request: ReplayRequest) -> TaskHistory | None:
        """Return the task whose content is requested."""
        if self._is_link(request):
            return self._links[_without_scheme(request.path)]
        # No contract lists HEAD, to which every endpoint of a GET responds.
        route = match_route(self.contract, "GET", request.path)
        if route is None or route.endpoint.operation is not Operation.CONTENT:
            return None
        return self._history.tasks.get(route.params.get(self.contract.id_parameter(Operation.CONTENT), ""))

    def recorded(self, operation: Operation | None) -> list[Interaction]:
        """Return the first response to each request of an operation; of all operations for None."""
        return [group[0] for group in self._interactions.values() if operation in (None, group[0].operation)]

    def _is_link(self, request: ReplayRequest) -> bool:
        return _without_scheme(request.path) in self._links

    def _restart(self, task: str) -> None:
        """Rewind a task that is ordered, perhaps for a second time."""
        self._replayed_status.pop(task, None)
        for key in [key for key in self._positions if any(task in part for part in key)]:
            del self._positions[key]


def _without_scheme(link: str) -> str:
    """Strip the scheme: the replay server may serve http where the upstream served https."""
    return link.partition("://")[2] or link


def _delivered_media(task: TaskHistory) -> MediaFacts | None:
    """Return the facts of the downloaded clip; if it was not downloaded, those that follow from the order."""
    downloads = (content.exchange.response.media for content in task.contents if content.status_code == 200)
    media = next((media for media in downloads if media is not None), None)
    order = task.order
    if media is not None or order is None or task.status is not TaskStatus.SUCCESS:
        return media
    width, height = (order.size.width, order.size.height) if order.size else DEFAULT_SIZE
    return MediaFacts(
        kind=MediaKind.VIDEO, size_bytes=0, format="mp4", seconds=float(order.seconds or DEFAULT_SECONDS),
        width=width, height=height, has_audio=order.audio,
    )  # fmt: skip


def _as_interaction(contract: Contract, request: ReplayRequest) -> Interaction:
    url = request.path + (f"?{request.query}" if request.query else "")
    operation = identify_operation(contract, request.method, request.path, request.body)
    body = summarize_request(request.body.encode())
    return History(contract).interaction(Exchange(operation, Request(request.method, url, (), body), Response(0)))


def _order_key(interaction: Interaction) -> OrderKey:
    """Return the content of an order with its defaults filled in; empty if it is not an order."""
    order = interaction.order
    if order is None:
        return ()
    references = tuple(
        (parsed.reference.kind, parsed.reference.role, str(normalize_text(parsed.reference.url)))
        for parsed in order.references
    )
    size = order.size.text if order.size is not None else ""
    parts = (order.operation, order.model.name, order.prompt, order.resolution, size)
    return (*parts, order.seconds, order.audio, order.seed, references)


def _request_of(interaction: Interaction) -> ReplayRequest:
    request = interaction.exchange.request
    parts = urlsplit(request.url)
    path, query = (request.url, "") if parts.scheme else (parts.path, parts.query)
    return ReplayRequest(request.method, path, query, request.body, interaction.exchange.caller)


def _key(contract: Contract, request: ReplayRequest) -> Key:
    """Return the identity of a request, independent of the base path and of how the body is spelt."""
    method = request.method
    route = match_route(contract, "GET" if method == "HEAD" else method, request.path)
    params: Mapping[str, str] = route.params if route is not None else {}
    path = route.endpoint.path if route is not None else request.path
    query, body = normalize_query(request.query), normalize_body(request.body)
    return method, path, *(params[name] for name in sorted(params)), query, body, request.caller


def _without_digests(key: Key) -> Key:
    return tuple(without_digests(part) for part in key)


def _without_ids(contract: Contract, key: Key) -> Key:
    return tuple(without_ids(contract, part) for part in key)
