"""Kinds of facts that a contract consists of, as frozen records; each has an id, a basis and a source.

Knows no upstream, no role (server, client, harness), no socket and no clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from .enums import (
    Basis,
    ErrorKind,
    MediaKind,
    Mode,
    Operation,
    Role,
    StatusContext,
    TaskStatus,
)

Document: TypeAlias = Mapping[str, Any]
"""A JSON body: the top level of every request and response of the upstreams is an object."""


class Evidence(Struct, frozen=True):
    """Basis and source of a fact."""

    basis: Basis
    source: str


def documented(source: str) -> Evidence:
    """Evidence in the vendor's documentation of this API."""
    return Evidence(Basis.DOCUMENTED, source)


def observed(source: str) -> Evidence:
    """Evidence published elsewhere by the vendor, or found in clients, gateways and the service behind."""
    return Evidence(Basis.OBSERVED, source)


def assumed(reason: str) -> Evidence:
    """No evidence: the likeliest reading, and the reason for it."""
    return Evidence(Basis.ASSUMED, reason)


class Fact(Struct, frozen=True):
    """One statement about an upstream. `id` is stable, dotted and begins with the upstream's name."""

    id: str
    evidence: Evidence

    @property
    def basis(self) -> Basis:
        return self.evidence.basis

    @property
    def source(self) -> str:
        return self.evidence.source


class BaseUrl(Fact, frozen=True):
    """Origin and path prefix of all endpoints: `https://example.com`, `/v1`."""

    host: str
    prefix: str


class Endpoint(Fact, frozen=True):
    """Method and path of an operation, relative to a base URL; `{name}` is one path segment."""

    operation: Operation
    method: str
    path: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))


class Model(Fact, frozen=True):
    """A model: its name on the wire, its short name (`tier`), and the resolutions that it renders."""

    name: str
    tier: str
    resolutions: tuple[str, ...]
    upscales: bool = False
    unmoderated: tuple[str, ...] = ()


class Size(Fact, frozen=True):
    """Width and height in pixels of a resolution and a ratio."""

    resolution: str
    ratio: str
    width: int
    height: int

    @property
    def text(self) -> str:
        return f"{self.width}x{self.height}"


class Field(Fact, frozen=True):
    """One field of a request. `types` are JSON type names; `default` applies when the field is left out."""

    operation: Operation
    path: str
    types: tuple[str, ...]
    default: Any = None


class ResponseField(Fact, frozen=True):
    """One field of a response: `path` such as `data.items[].id`; `types` are JSON type names.

    `operation` None: a field of every error response in the form `envelope`. `statuses`: present only in responses with
    one of these; empty means all. `pattern`: regular expression for the whole text. `variant` and `option`: present
    only under this option.
    """

    operation: Operation | None
    path: str
    types: tuple[str, ...]
    statuses: tuple[TaskStatus, ...] = ()
    required: bool = True
    pattern: str = ""
    variant: str = ""
    option: str = ""
    envelope: str = ""


class ModeFact(Fact, frozen=True):
    """A kind of generation and the roles of the references that select it."""

    mode: Mode
    roles: tuple[Role, ...]


class MediaLimit(Fact, frozen=True):
    """Limit on one reference, or on all references of a kind together.

    `quantity` is size_bytes, seconds, total_seconds, side (width and height each), ratio (width over height), pixels
    (width times height) or fps; `low` and `high` are inclusive unless `strict`. `others` are the bounds under other
    options of `variant`, None where the limit is not enforced.
    """

    kind: MediaKind
    quantity: str
    low: float | None = None
    high: float | None = None
    strict: bool = False
    variant: str = ""
    others: tuple[tuple[str, tuple[float | None, float | None] | None], ...] = ()

    def under(self, option: str) -> MediaLimit | None:
        """The limit under an option of its variant; None if it is not enforced."""
        bounds = dict(self.others).get(option, (self.low, self.high))
        return None if bounds is None else replace(self, low=bounds[0], high=bounds[1], others=())


class MediaFormats(Fact, frozen=True):
    """Formats in which references of a kind are accepted; all are under the option `off` of `variant`.

    `quantity` is format, codec or audio_codec: the property of the media that `formats` lists.
    """

    kind: MediaKind
    formats: tuple[str, ...]
    variant: str = ""
    off: str = ""
    quantity: str = "format"


class MediaFacts(Struct, frozen=True, kw_only=True):
    """Measured or declared properties of an image, video or sound. `format` names a container or codec.

    `face`: an image shows a real person's face; None where that was not inspected. `frames`, `codec` and `audio_codec`
    apply to videos: codecs by their names in MP4 (avc1, mp4a), those without one by ffmpeg's (mp3). Width and height
    are those of the upright picture in square pixels; `stored_size` is that of the file where it differs. `digest`
    identifies the content.
    """

    kind: MediaKind
    size_bytes: int
    format: str
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    has_audio: bool = False
    face: bool | None = None
    frames: int | None = None
    codec: str = ""
    audio_codec: str = ""
    digest: str = ""
    stored_size: tuple[int, int] | None = None

    def as_stored(self) -> MediaFacts:
        """The same with the width and height that the file has, neither turned nor stretched."""
        if self.stored_size is None:
            return self
        width, height = self.stored_size
        return replace(self, width=width, height=height, stored_size=None)


class Tariff(Fact, frozen=True):
    """Price in USD of one second of a model at a resolution."""

    model: str
    resolution: str
    per_second: Decimal


class TokenBill(Struct, frozen=True):
    """Number of billed tokens of a clip: one for so many pixels of its frames, and of some frames more."""

    frames_per_second: int
    extra_frames: int
    pixels_per_token: int

    def tokens(self, width: int, height: int, seconds: int) -> int:
        """Number of billed tokens of a clip."""
        frames = self.frames_per_second * seconds + self.extra_frames
        # Rounded down: a live bill of 864x496 for 5 s has 50 638 tokens, where the quotient is 50 638.5.
        return width * height * frames // self.pixels_per_token


class Amount(Fact, frozen=True):
    """A single number, such as a fee in USD, a minimum of seconds or a number of days."""

    value: Decimal


class StatusSpelling(Fact, frozen=True):
    """Spelling of a status in one context. `variant` names the option that uses it, if that is not the default."""

    context: StatusContext
    status: TaskStatus
    spelling: str
    variant: str = ""


class ErrorCase(Fact, frozen=True):
    """Response of an upstream to one kind of error. `message` may use {field}, {value}, {allowed}, {detail}, {nested}.

    The evidence covers status, code and envelope; `wording` is the basis of the message. `envelope` names the form of
    the body. `style` is the option of the error variant that this case belongs to, followed by a dot and a suffix where
    one option has two cases of a kind.
    """

    kind: ErrorKind
    status: int
    code: str | int
    message: str
    type: str = ""
    envelope: str = ""
    style: str = ""
    fail_code: str = ""
    wording: Basis = Basis.ASSUMED


class FailCode(Fact, frozen=True):
    """Code of a moderation or of a failed task. `reason` is the kind of content that moderation objects to.

    Input codes are sent in the response to a create, output codes with a failed task; the messages are assumed.
    """

    kind: ErrorKind
    code: str
    message: str
    reason: str = ""
    retryable: bool = False


class Variants(Fact, frozen=True):
    """Behaviours between which a setting chooses, because the true one is unknown or differs between sources."""

    default: str
    options: tuple[str, ...]
    description: str


class Behaviour(Fact, frozen=True):
    """A fact that is neither a value nor a rule on a request, described in words."""

    description: str


class Violation(Struct, frozen=True):
    """One broken rule: the fact, the field with its value, and the allowed values in words."""

    fact: Fact
    kind: ErrorKind
    field: str
    value: Any
    allowed: str
    message: str


MISSING: Final = object()
"""Value of a field that is absent, as opposed to null."""
