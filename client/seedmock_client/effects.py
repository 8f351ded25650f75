"""What passes between a flow and the driver that runs it: three effects, a request and an answer.

Knows no HTTP library, no clock and no upstream. The API key is not here: a driver adds it, and only on its own origin.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Document

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes up as the one part of a multipart body."""

    name: str
    content: bytes = field(repr=False)
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One HTTP request. `url` is a path below the upstream's base, or absolute; `keyed` asks for the API key."""

    operation: Operation
    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    document: Document | None = None
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    keyed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One HTTP answer. Header names are in lower case; `at` is the flow's clock, `received` the calendar's."""

    status: int
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    at: float = 0.0
    received: float = 0.0


class Sink(Protocol):
    """Where a body is streamed to."""

    def begin(self, answer: HttpResponse) -> bool:
        """Whether this answer's body belongs in here; if not, it is read into the answer."""
        ...

    def write(self, chunk: bytes) -> None:
        """The next bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request within `seconds` and give back the Answer. Throws NotSent or Lost into the flow."""

    request: HttpRequest
    seconds: float
    into: Sink | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let time pass and give back the clock's reading. Sleep(0) only reads it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Do something that blocks, such as reading a file, and give back what it returns."""

    call: Callable[[], Any]


Effect: TypeAlias = Send | Sleep | Work
Flow: TypeAlias = Generator[Effect, Any, T]


class WireError(Exception):
    """A request without an answer."""

    def __init__(self, reason: str, at: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class NotSent(WireError):
    """The request cannot have been received: there was no connection to send it on."""


class Lost(WireError):
    """The request may have been received; its answer is lost."""
