"""Recordings as data: parse JSON lines, and run the checks over the exchanges. Knows no files.

The first line of a recording is its header; each further line is one exchange, redacted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field, to_builtins

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.shape import Shape, merge_shapes, shape_of
from seedmock_contracts.errors import InvalidExchange
from seedmock_contracts.exchange import Exchange, parse_exchange
from seedmock_contracts.upstreams import NAMES, get_contract

from ..checks import run_checks
from ..conversation.history import History, Interaction
from ..driver.client import CheckedInteraction
from ..errors import HarnessError
from .source import Source, source_of

FORMAT = 1
BASIS_HEADER = "x-mock-basis"
"""Sent by the emulator with assumed answers."""
EXPECTED_HEADER = '{"recording": 1, "upstream": ..., "host": ..., "recorded_at": ..., "seedmock": ..., "source": ...}'

ResponseState = tuple[str, str]
"""An operation, and its HTTP status with the raw status or error code: responses of one state share a shape."""


class InvalidRecording(HarnessError, ValueError):
    """A text that is not a recording; the message has file, line, problem, and the expected form."""

    def __init__(self, name: str, line: int, problem: str, expected: str) -> None:
        super().__init__(f"{name}, line {line}: {problem}; expected {expected}")


class RecordingHeader(Struct, frozen=True):
    """First line of a recording. `recorded_at` is ISO 8601 with an offset; `seedmock` is the version that wrote it.

    `source` is the kind of service that was recorded.
    """

    upstream: str
    host: str
    recorded_at: str
    seedmock: str
    source: Source = Source.UNKNOWN

    def line(self) -> str:
        """Serialize, without a line break."""
        return json.dumps({"recording": FORMAT, **to_builtins(self)}, separators=(",", ":"))


class Recording(Struct, frozen=True):
    """A parsed recording; `name` is for people, `truncated` if its last line is incomplete."""

    name: str
    header: RecordingHeader
    exchanges: tuple[Exchange, ...]
    truncated: bool = False

    @property
    def contract(self) -> Contract:
        return get_contract(self.header.upstream)

    @property
    def at(self) -> float:
        """Start in seconds since the epoch."""
        return datetime.fromisoformat(self.header.recorded_at).timestamp()

    @property
    def source(self) -> Source:
        """The source in the header, or EMULATOR if a response has the header of one."""
        headers = (name for exchange in self.exchanges for name, _ in exchange.response.headers)
        return Source.EMULATOR if BASIS_HEADER in headers else self.header.source


class CheckedRecording(Struct, frozen=True):
    """A recording with the results of the checks, and the shape of the responses in each state."""

    recording: Recording
    history: History
    checked: tuple[CheckedInteraction, ...]
    shapes: Mapping[ResponseState, Shape] = field(default_factory=dict)

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        return tuple(checked.interaction for checked in self.checked)


def parse_recording(text: str, name: str) -> Recording:
    """Parse a recording. An incomplete last line, as a full disk leaves it, is dropped. Raises InvalidRecording."""
    # Not splitlines(), which also ends lines at U+2028: JSON may have that within a string as it is.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise InvalidRecording(name, 1, "the recording is empty", EXPECTED_HEADER)
    header = _parse_header(name, *lines[0])
    exchanges, truncated = [], False
    for number, line in lines[1:]:
        try:
            exchanges.append(parse_exchange(line))
        except InvalidExchange as error:
            truncated = (number, line) == lines[-1] and not text.endswith("\n")
            if not truncated:
                problem, _, expected = str(error).rpartition("; expected ")
                raise InvalidRecording(name, number, problem, expected) from error
    return Recording(name, header, tuple(exchanges), truncated)


def _parse_header(name: str, number: int, line: str) -> RecordingHeader:
    header = _parse_object(line)
    if header is None or "recording" not in header:
        raise InvalidRecording(name, number, f"{line[:60]!r} is not the header of a recording", EXPECTED_HEADER)
    # True is equal to 1.
    if header["recording"] != FORMAT or isinstance(header["recording"], bool):
        problem = f"the recording has format {header['recording']!r}"
        raise InvalidRecording(name, number, problem, f"format {FORMAT}: record again, or use another seedmock")
    if header.get("upstream") not in NAMES:
        raise InvalidRecording(name, number, f"unknown upstream {header.get('upstream')!r}", " or ".join(NAMES))
    texts = {key: str(header.get(key, "")) for key in ("upstream", "host", "recorded_at", "seedmock")}
    try:
        has_offset = datetime.fromisoformat(texts["recorded_at"]).tzinfo is not None
    except ValueError:
        has_offset = False
    if not has_offset:
        problem = f"recorded_at is {header.get('recorded_at')!r}"
        raise InvalidRecording(name, number, problem, "a time with an offset, such as 2026-06-01T12:00:00+00:00")
    return RecordingHeader(**texts, source=_parse_source(header, texts))


def _parse_source(header: Mapping[str, Any], texts: Mapping[str, str]) -> Source:
    """Read the source; recordings of earlier versions have none, but a flag for emulators."""
    if header.get("source") in Source.__members__.values():
        return Source(header["source"])
    return source_of(get_contract(texts["upstream"]), texts["host"], header.get("emulator") is True)


def _parse_object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    # Deeply nested brackets raise the latter.
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def check_recording(recording: Recording, options: Mapping[str, str] | None = None) -> CheckedRecording:
    """Run the checks over every exchange, each with the history before it, and collect the shapes."""
    history = History(recording.contract, options)
    checked = tuple(check_exchanges(history, recording.exchanges))
    return CheckedRecording(recording, history, checked, _shapes(history.interactions))


def check_exchanges(history: History, exchanges: Iterable[Exchange]) -> Iterator[CheckedInteraction]:
    """Run the checks over each exchange in the light of the history, and add it to that."""
    for exchange in exchanges:
        interaction = history.interaction(exchange)
        yield CheckedInteraction(interaction, tuple(run_checks(interaction)))
        history.add(interaction)


def response_state(interaction: Interaction) -> ResponseState | None:
    """Return the state whose shape a response has; None if it is not JSON."""
    if interaction.body is None or interaction.operation is None:
        return None
    detail = error_code(interaction) if interaction.is_error else interaction.raw_status
    return interaction.operation.value, f"{interaction.status_code} {detail or ''}".strip()


def error_code(interaction: Interaction) -> str:
    """Return the code in the body of an error, as text; empty if there is none."""
    body = interaction.body if isinstance(interaction.body, dict) else {}
    error = body.get("error") if isinstance(body.get("error"), dict) else body
    code = error.get("code") if isinstance(error, dict) else None
    return str(code) if isinstance(code, str | int) else ""


def _shapes(interactions: list[Interaction]) -> dict[ResponseState, Shape]:
    shapes: dict[ResponseState, list[Shape]] = {}
    for interaction in interactions:
        state = response_state(interaction)
        if state is not None:
            shapes.setdefault(state, []).append(shape_of(interaction.body))
    return {state: merge_shapes(alternatives) for state, alternatives in shapes.items()}
