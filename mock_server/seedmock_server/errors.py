"""Errors of the emulator, as one tree. Knows no upstream and no HTTP.

SeedmockServerError
├── ApiError                   an emulated API rejects a request; each upstream renders it in its own envelope
├── ConnectionDropped          a fault ends the connection in the place of a response
├── RangeNotSatisfiable        a Range header lies outside the file
├── FileTruncated              a file ended before the bytes that were announced
├── BodyTooLarge, BodyTooSlow, ClientDisconnected, MalformedBody, UnsupportedMediaType
│                              a request body cannot be read or decoded
├── FetchError                 a URL of a reference or a callback cannot be read or posted to; also a ValueError
│   └── FetchTimeout           it did not answer in time
├── FetchNotAllowed            the fetch policy forbids to contact the URL
├── UnreadableMedia            a file is not an image, a video or a sound, or is broken; also a ValueError
├── Unrenderable               a clip cannot be rendered; also a ValueError
│   ├── EncoderFailure         ffmpeg failed; its words are in the log
│   ├── NoDecoder              the image is of a known kind, but only an extra can decode it
│   └── RenderBug              the reason lies neither in the order nor in its media; it is in the log
├── InvalidRule                a fate, fault, latency or media rule is malformed; also a ValueError
├── InvalidSetting             a setting of the server is malformed; also a ValueError
├── InvalidScenario            a scenario file is malformed; also a ValueError
├── InvalidSnapshot            a snapshot is malformed; also a ValueError
├── StoreError                 the store can't be opened or used
│   ├── StoreUnavailable       it can't be used at the moment; nothing of the request was stored
│   └── ConnectionClosed       its connection has ended; a command that was sent may have been carried out
├── ListenError                the server cannot listen on its address
│   └── PortInUse              another program listens on the port
├── WorkerFailure              workers of one address cannot start
├── FilesExist, UnknownTopic   a command would overwrite files, or finds no page of this name
├── ControlError               the control API rejects a request
├── ControlClientError         a call of the control client failed
│   ├── RequestRejected        the control API rejected it; also a ValueError
│   └── EmulatorNotRunning     no emulator answers at the address
├── LibraryNotRedirected       a test named a live host to a library that cannot be redirected; also an AssertionError
├── SharedServerError          tests cannot use the server of SEEDMOCK_URL
└── LiveHostReached            a test contacted a live host; also an AssertionError
"""

from __future__ import annotations

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.facts import Fact, Violation
from seedmock_contracts.messages.error_guides import note_guide


class SeedmockServerError(Exception):
    """Base class of the exceptions of the emulator. Where a guide helps, a note names its page."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        note_guide(self)


class ApiError(SeedmockServerError):
    """Rejection of a request to an emulated API, rendered in one place by each upstream.

    `field` and `value` name what is wrong, `allowed` what would be accepted, `detail` is a sentence. `code` is the
    upstream's own code where it is narrower than the kind's; `style` selects a variant of the rendering.
    """

    def __init__(
        self,
        kind: ErrorKind,
        detail: str = "",
        *,
        field: str = "",
        value: object = None,
        allowed: str = "",
        fact: Fact | None = None,
        code: str = "",
        style: str = "",
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.field = field
        self.value = value
        self.allowed = allowed
        self.fact = fact
        self.code = code
        self.style = style
        self.headers = headers


def api_error_from(violation: Violation) -> ApiError:
    """Return the error that a violated rule leads to."""
    return ApiError(
        violation.kind,
        violation.message,
        field=violation.field,
        value=violation.value,
        allowed=violation.allowed,
        fact=violation.fact,
    )


def route_not_found(method: str, path: str) -> ApiError:
    """Return the error of a method and path that an upstream does not serve."""
    request_line = f"{method} {path[:200]}"
    message = f"unknown endpoint {request_line}"
    return ApiError(ErrorKind.ROUTE_NOT_FOUND, message, value=request_line)
