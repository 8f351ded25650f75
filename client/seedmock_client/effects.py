"""Effects that flows yield and a transport performs: send a request, sleep, run a blocking function.

Knows no HTTP library, no clock and no upstream. The API key is not part of a request: a transport adds it, and only for
the upstream's own origin.
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
    """A file to send as the only part of a multipart body."""

    name: str
    content: bytes = field(repr=False)
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """An HTTP request. `url` is a path below the base URL, or absolute; `keyed` requests carry the API key."""

    operation: Operation
    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    document: Document | None = None
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # A link leads to another host, which must never see the key.
    keyed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """An HTTP response with header names in lower case. `at` is monotonic, `received` in epoch seconds."""

    status: int
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    at: float = 0.0
    # Two clocks: waits must not jump with the system's time, and a date in a header is read against that time.
    received: float = 0.0


class BodySink(Protocol):
    """Destination of a streamed response body."""

    def begin(self, response: HttpResponse) -> bool:
        """Accept or decline the body of this response; a declined body is read into the response."""
        ...

    def write(self, chunk: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class PerformRequest:
    """Send a request within `seconds` and return its HttpResponse, or throw RequestNotSent or ResponseLost."""

    request: HttpRequest
    seconds: float
    sink: BodySink | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Sleep and return the time of the clock afterwards; Sleep(0) only reads the clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RunBlocking:
    """Call a blocking function, such as one that reads a file, and return its result."""

    function: Callable[[], Any]


Effect: TypeAlias = PerformRequest | Sleep | RunBlocking
Flow: TypeAlias = Generator[Effect, Any, T]


class TransportError(Exception):
    """A request without a response. `at` is the time of the clock."""

    def __init__(self, reason: str, at: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class RequestNotSent(TransportError):
    """The request cannot have been received: there was no connection to send it on."""


class ResponseLost(TransportError):
    """The request may have been received, but its response was not."""
