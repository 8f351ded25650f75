"""The words that everything else is written in: enums and frozen records.

Knows no upstream, no role (server or client), no socket and no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

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
"""A JSON body: the top level of every request and answer of both upstreams is an object."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a fact comes from."""

    basis: Basis
    source: str


def documented(source: str) -> Evidence:
    """Evidence on one of the two vendor pages."""
    return Evidence(Basis.DOCUMENTED, source)


def observed(source: str) -> Evidence:
    """Evidence published elsewhere by the vendor, or seen in clients, gateways and the service behind."""
    return Evidence(Basis.OBSERVED, source)


def assumed(reason: str) -> Evidence:
    """No evidence: our reading, and why it is the likeliest one."""
    return Evidence(Basis.ASSUMED, reason)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known (or assumed) of an upstream. `id` is stable and dotted: `opeai.size.720p.16:9`."""

    id: str
    evidence: Evidence

    @property
    def basis(self) -> Basis:
        return self.evidence.basis

    @property
    def source(self) -> str:
        return self.evidence.source


@dataclass(frozen=True, slots=True)
class BaseUrl(Fact):
    """A host and the path prefix under which all its endpoints stand."""

    host: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Endpoint(Fact):
    """One operation's method and path, the path relative to a base; `{name}` is one path segment."""

    operation: Operation
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Model(Fact):
    """A model by its wire name, the house's short name, and the resolutions that it renders."""

    name: str
    tier: str
    resolutions: tuple[str, ...]
    upscales: bool = False


@dataclass(frozen=True, slots=True)
class Size(Fact):
    """The pixels that a resolution and a ratio stand for."""

    resolution: str
    ratio: str
    width: int
    height: int

    @property
    def text(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Field(Fact):
    """One field of a request. `types` are JSON type names; `default` is what leaving it out means."""

    operation: Operation
    path: str
    types: tuple[str, ...]
    default: Any = None


@dataclass(frozen=True, slots=True)
class ResponseField(Fact):
    """One field of an answer: dots in `path` lead inwards, `[]` to each item; `types` are JSON type names.

    `operation` None is every refusal's, in the envelope of that name. `statuses`: only in an answer that tells one of
    these; none means all. `needed` is false for a field that may be left out. `pattern` is a whole text's form.
    `variant` and `option` name the variant's option under which the field is told, if it is not always.
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


@dataclass(frozen=True, slots=True)
class ModeFact(Fact):
    """A way of generating, and the references that make a request one of that way."""

    mode: Mode
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class MediaLimit(Fact):
    """What one reference, or all of a kind together, may be.

    `quantity` is one of size_bytes, seconds, total_seconds, side (each of the two), ratio (width over height);
    `low` and `high` are inclusive unless `strict`.
    """

    kind: MediaKind
    quantity: str
    low: float | None = None
    high: float | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFacts:
    """What a piece of media was measured or declared to be. Seconds are floats; `format` names a container or codec.

    `face`: whether a real person's face is to be seen in an image; None when nobody has looked. `frames`, `codec` and
    `audio_codec` are a video's (the codecs by their names in MP4: avc1, mp4a); `digest` tells one content from another.
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


@dataclass(frozen=True, slots=True)
class Tariff(Fact):
    """What a second of a model at a resolution costs, in USD."""

    model: str
    resolution: str
    per_second: Decimal


@dataclass(frozen=True, slots=True)
class Amount(Fact):
    """A figure that stands by itself: a fee in USD, a minimum of seconds, a number of days."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class StatusSpelling(Fact):
    """How a status is spelt at a moment. `variant` names the option under which it is spoken, if not the default."""

    context: StatusContext
    status: TaskStatus
    spelling: str
    variant: str = ""


@dataclass(frozen=True, slots=True)
class ErrorCase(Fact):
    """An upstream's answer to one kind of error. `message` may hold {field}, {value}, {allowed}, {detail}, {nested}.

    The evidence is for status, code and envelope; the wording is ours (assumed) unless `wording` says otherwise.
    `envelope` names the body's form, `style` the option of the error variant under which this case is spoken,
    with a dot and a word behind it where one option has two cases of a kind.
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


@dataclass(frozen=True, slots=True)
class FailCode(Fact):
    """A code with which moderation refuses or a task fails. `reason` is what moderation objected to, if it did.

    Input codes come with the answer to a create, output codes with a failed task; the wording is ours (assumed).
    """

    kind: ErrorKind
    code: str
    message: str
    reason: str = ""
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Variants(Fact):
    """Where the truth is unknown (or differs): the choices, and the one that holds unless a setting says otherwise."""

    default: str
    options: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Behaviour(Fact):
    """A fact that is neither a value nor a rule on a request: what the upstream does."""

    description: str


@dataclass(frozen=True, slots=True)
class Violation:
    """A request breaks a rule: which fact, what was found where, and what is allowed."""

    fact: Fact
    kind: ErrorKind
    field: str
    value: Any
    allowed: str
    message: str


MISSING: Final = object()
"""Stands for a field that is not there, which is not the same as a field that is null."""
