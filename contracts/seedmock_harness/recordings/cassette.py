"""One recording, wound so that it can be said again: each request's answers in their order, each task's life apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import ORDERS, MediaKind, Operation, TaskStatus
from seedmock_contracts.exchange import MAX_CHECKED_BYTES, Exchange, Request, Response, summarize_body
from seedmock_contracts.facts import MediaFacts

from ..conversation.history import UNAUTHENTICATED, History, Interaction, TaskHistory
from .model import Recording, judged
from .request_matching import canonical, operation_of, without_ids

Key = tuple[str, ...]
Wish = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as it decides the answer. `path` may be a link's."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    caller: str = "first"


@dataclass(frozen=True, slots=True)
class TaskTimeline:
    """A clip that was delivered: what it was, and for which order."""

    media: MediaFacts
    story: TaskHistory


@dataclass
class Cassette:
    """Answers requests as they were answered. What was served is where it stands: `reset` winds it back."""

    recording: Recording
    loose: bool = False
    """Whether a request is the same about any task or asset: ids that nobody has are references too."""
    _turns: dict[Key, list[Interaction]] = field(default_factory=dict)
    _loosely: dict[Key, Key] = field(default_factory=dict)
    _orders: dict[tuple[Wish, str], Key] = field(default_factory=dict)
    """By what was ordered, however it was written."""
    _at: dict[Key, int] = field(default_factory=dict)
    _told: dict[str, TaskStatus | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hearing = judged(self.recording)
        self._conversation = hearing.conversation
        self._links = {_bare(link): story for link, story in self._conversation.links.items()}
        for turn in hearing.turns:
            if turn.status_code:
                key = _key(self.contract, _asked(turn))
                self._turns.setdefault(key, []).append(turn)
                self._loosely.setdefault(_loose(key), key)
                if (wish := _wish(turn)) and not turn.is_error:
                    self._orders.setdefault((wish, turn.exchange.caller), key)
        words = (turn.exchange.caller for turn in hearing.turns if turn.exchange.caller not in UNAUTHENTICATED)
        self.callers = tuple(dict.fromkeys(words)) or ("first",)

    @property
    def contract(self) -> Contract:
        return self.recording.contract

    def answer(self, asked: Asked) -> Interaction | None:
        """The next answer to a request, the last one again and again; None for what was never asked."""
        key = _key(self.contract, asked)
        if self.loose and key not in self._turns:
            key = self._loosely.get(_loose(key), key)
        if key not in self._turns:
            key = self._orders.get((_wish(_turn(self.contract, asked)), asked.caller), key)
        turns = self._turns.get(key)
        if not turns:
            return None
        place = self._at.get(key, 0)
        turn = turns[min(place, len(turns) - 1)]
        self._at[key] = place + 1
        if turn.operation in ORDERS and turn.created_id is not None:
            self._begin(turn.created_id)
        elif turn.operation is Operation.QUERY and turn.task is not None:
            self._told[turn.task.id] = turn.status or self._told.get(turn.task.id)
        return turn

    def content(self, asked: Asked) -> TaskTimeline | Interaction | None:
        """What is there under a task's id or a link: a clip after success, and before it what was said then."""
        story = self.story(asked)
        if story is None or asked.method not in ("GET", "HEAD"):
            return self.answer(asked)
        refused = next((turn for turn in self._turns.get(_key(self.contract, asked), ()) if turn.is_error), None)
        ended = self._told.get(story.id) is TaskStatus.SUCCESS or not story.polls
        media = _delivered(story)
        if media is None or not (ended or self._is_link(asked)):
            return refused
        return TaskTimeline(media, story)

    def story(self, asked: Asked) -> TaskHistory | None:
        """The task whose content is asked for."""
        if self._is_link(asked):
            return self._links[_bare(asked.path)]
        found = match_route(self.contract, "GET", asked.path)
        if found is None or found.endpoint.operation is not Operation.CONTENT:
            return None
        return self._conversation.tasks.get(found.params.get("task_id", ""))

    def recorded(self, operation: Operation | None) -> list[Interaction]:
        """The first answer to each request for an operation; for none, all of them."""
        return [turns[0] for turns in self._turns.values() if operation in (None, turns[0].operation)]

    def _is_link(self, asked: Asked) -> bool:
        return _bare(asked.path) in self._links

    def _begin(self, task: str) -> None:
        """A task is made, once more perhaps: its life begins anew."""
        self._told.pop(task, None)
        for key in [key for key in self._at if any(task in part for part in key)]:
            del self._at[key]


def _bare(link: str) -> str:
    """A link without its scheme: where it is served again, that may be another."""
    return link.partition("://")[2] or link


def _delivered(story: TaskHistory) -> MediaFacts | None:
    """The clip that was fetched; where nobody fetched it, what was ordered, once the task had succeeded."""
    fetched = (turn.exchange.response.media for turn in story.contents if turn.status_code == 200)
    media = next((media for media in fetched if media is not None), None)
    order = story.order
    if media is not None or order is None or story.status is not TaskStatus.SUCCESS:
        return media
    width, height = (order.size.width, order.size.height) if order.size else (1280, 720)
    return MediaFacts(
        kind=MediaKind.VIDEO, size_bytes=0, format="mp4", seconds=float(order.seconds or 5),
        width=width, height=height, has_audio=order.audio,
    )  # fmt: skip


def _turn(contract: Contract, asked: Asked) -> Interaction:
    """A request in the light of nothing, as it would be recorded."""
    url = asked.path + (f"?{asked.query}" if asked.query else "")
    operation = operation_of(contract, asked.method, asked.path, asked.body)
    request = Request(
        asked.method, url, (), summarize_body(asked.body.encode(), MAX_CHECKED_BYTES).decode("utf-8", "replace")
    )
    return History(contract).interaction(Exchange(operation, request, Response(0)))


def _wish(turn: Interaction) -> Wish:
    """What an order orders: sizes may be written in two ways, and what is left out has its default. Empty for none."""
    order = turn.order
    if order is None:
        return ()
    references = tuple((one.reference.kind, one.reference.role) for one in order.references)
    size = order.size.text if order.size is not None else ""
    parts = (order.operation, order.model.name, order.prompt, order.resolution, size)
    return (*parts, order.seconds, order.audio, order.seed, references)


def _asked(turn: Interaction) -> Asked:
    request = turn.exchange.request
    parts = urlsplit(request.url)
    path = request.url if parts.scheme else parts.path
    return Asked(request.method, path, "" if parts.scheme else parts.query, request.body, turn.exchange.caller)


def _key(contract: Contract, asked: Asked) -> Key:
    """What a request is, whichever base it was sent to and however it was written."""
    found = match_route(contract, "GET" if asked.method == "HEAD" else asked.method, asked.path)
    params: Mapping[str, str] = found.params if found is not None else {}
    path = found.endpoint.path if found is not None else asked.path
    query = canonical_query(asked.query)
    return asked.method, path, *(params[name] for name in sorted(params)), query, canonical(asked.body), asked.caller


def _loose(key: Key) -> Key:
    return tuple(without_ids(part) for part in key)


def canonical_query(query: str) -> str:
    """A query string that is the same whatever the order of its parts."""
    return "&".join(sorted(query.split("&")))
