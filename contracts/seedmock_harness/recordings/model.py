"""Recordings of an upstream: texts of JSON lines, read and judged as a conversation is. Knows no files.

A recording begins with a line about itself; each further line is one exchange, redacted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.shape import Shape, merge_shapes, shape_of
from seedmock_contracts.errors import InvalidExchange
from seedmock_contracts.exchange import Exchange, parse_exchange
from seedmock_contracts.upstreams import NAMES, get_contract

from ..checks import run_checks as looks_at
from ..conversation.history import History, Interaction
from ..driver.client import CheckedInteraction

FORMAT = 1
EXPECTED = '{"recording": 1, "upstream": ..., "host": ..., "recorded_at": ..., "seedmock": ...}'

State = tuple[str, str]
"""An operation, and what of it was answered: an HTTP status, and behind it the status word or code that was told."""


class InvalidRecording(ValueError):
    """A text that is no recording. The message names the file and the line, what is wrong, and what is expected."""

    def __init__(self, name: str, line: int, wrong: str, expected: str) -> None:
        super().__init__(f"{name}, line {line}: {wrong}; expected {expected}")


@dataclass(frozen=True, slots=True)
class RecordingHeader:
    """What a recording says of itself. `recorded_at` is ISO 8601, `emulator` whether it is of one of our own."""

    upstream: str
    host: str
    recorded_at: str
    seedmock: str
    emulator: bool = False

    def line(self) -> str:
        """The first line of the recording, without the line's end."""
        return json.dumps({"recording": FORMAT, **asdict(self)}, separators=(",", ":"))


@dataclass(frozen=True)
class Recording:
    """A recording by the name under which people know it. `cut` where its last line was not written to the end."""

    name: str
    about: RecordingHeader
    exchanges: tuple[Exchange, ...]
    cut: bool = False

    @property
    def contract(self) -> Contract:
        return get_contract(self.about.upstream)

    @property
    def at(self) -> float:
        """When it was begun, in seconds since the epoch."""
        return datetime.fromisoformat(self.about.recorded_at).timestamp()

    @property
    def is_ours(self) -> bool:
        """Whether an emulator of ours was recorded, which can confirm itself only."""
        labelled = any(name == "x-mock-basis" for one in self.exchanges for name, _ in one.response.headers)
        return self.about.emulator or labelled


@dataclass(frozen=True)
class Hearing:
    """A recording as the checks see it."""

    recording: Recording
    conversation: History
    judged: tuple[CheckedInteraction, ...]
    shapes: Mapping[State, Shape] = field(default_factory=dict)

    @property
    def turns(self) -> tuple[Interaction, ...]:
        return tuple(one.interaction for one in self.judged)


def recording_from(text: str, name: str) -> Recording:
    """A recording from its text. A last line that was cut off, as by a full disk, is left out.

    Raises InvalidRecording.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise InvalidRecording(name, 1, "the recording is empty", EXPECTED)
    about = _about(name, *lines[0])
    exchanges, cut = [], False
    for number, line in lines[1:]:
        try:
            exchanges.append(parse_exchange(line))
        except InvalidExchange as error:
            cut = (number, line) == lines[-1] and not text.endswith("\n")
            if not cut:
                wrong, _, expected = str(error).rpartition("; expected ")
                raise InvalidRecording(name, number, wrong, expected) from error
    return Recording(name, about, tuple(exchanges), cut)


def _about(name: str, number: int, line: str) -> RecordingHeader:
    said = _object(line)
    if said is None or "recording" not in said:
        raise InvalidRecording(name, number, f"{line[:60]!r} is not how a recording begins", EXPECTED)
    if said["recording"] != FORMAT or isinstance(said["recording"], bool):
        wrong = f"this is a recording of format {said['recording']!r}"
        raise InvalidRecording(name, number, wrong, f"format {FORMAT}: record anew, or use another seedmock")
    if said.get("upstream") not in NAMES:
        raise InvalidRecording(name, number, f"the upstream is {said.get('upstream')!r}", " or ".join(NAMES))
    texts = {key: str(said.get(key, "")) for key in ("upstream", "host", "recorded_at", "seedmock")}
    try:
        aware = datetime.fromisoformat(texts["recorded_at"]).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        wrong = f"recorded_at is {said.get('recorded_at')!r}"
        raise InvalidRecording(name, number, wrong, "a moment such as 2026-06-01T12:00:00+00:00")
    return RecordingHeader(**texts, emulator=said.get("emulator") is True)


def _object(line: str) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def judged(recording: Recording, options: Mapping[str, str] | None = None) -> Hearing:
    """Every exchange of a recording in the light of those before it, with what the checks see; and the shapes."""
    conversation = History(recording.contract, options)
    heard = []
    for exchange in recording.exchanges:
        turn = conversation.interaction(exchange)
        heard.append(CheckedInteraction(turn, tuple(looks_at(turn))))
        conversation.add(turn)
    return Hearing(recording, conversation, tuple(heard), _shapes(one.interaction for one in heard))


def state_of(turn: Interaction) -> State | None:
    """Under what the shape of an answer is kept; None for an answer that is no JSON."""
    if turn.body is None or turn.operation is None:
        return None
    told = code_of(turn) if turn.is_error else turn.raw_status
    return turn.operation.value, f"{turn.status_code} {told or ''}".strip()


def code_of(turn: Interaction) -> str:
    """The code that a refusal tells in its body, as text; empty if none."""
    body = turn.body if isinstance(turn.body, dict) else {}
    error = body.get("error") if isinstance(body.get("error"), dict) else body
    code = error.get("code") if isinstance(error, dict) else None
    return str(code) if isinstance(code, str | int) else ""


def _shapes(turns: Iterator[Interaction]) -> dict[State, Shape]:
    found: dict[State, list[Shape]] = {}
    for turn in turns:
        state = state_of(turn)
        if state is not None:
            found.setdefault(state, []).append(shape_of(turn.body))
    return {state: merge_shapes(shapes) for state, shapes in found.items()}
