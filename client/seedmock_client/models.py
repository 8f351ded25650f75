"""Values that the client returns: frozen records of tasks, clips, assets and charges. Knows no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from seedmock_contracts.enums import AssetStatus, TaskStatus
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_contracts.mp4 import Movie
from seedmock_contracts.pricing import Quote

Order: TypeAlias = GenerationRequest | UpscaleRequest


@dataclass(frozen=True, slots=True)
class Failure:
    """Reason of a failed task or asset, as the upstream gives it. `retryable` is None if the upstream does not say."""

    code: str = ""
    message: str = ""
    retryable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A task as of its last response. `status` is None if `raw_status` is unknown; times are in epoch seconds.

    `order` is the order of a task that this client created.
    """

    task_id: str
    upstream: str
    status: TaskStatus | None
    raw_status: str = ""
    model: str | None = None
    urls: tuple[str, ...] = ()
    progress: str = ""
    failure: Failure | None = None
    created_at: float | None = None
    completed_at: float | None = None
    order: Order | None = field(default=None, repr=False, compare=False)
    # Out of repr and ==: vendors add fields, and a log line should not have a whole response.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def terminal(self) -> bool:
        """True once the task has ended."""
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A property in which a clip differs from its order: "size", "seconds" or "audio"."""

    property: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.property} is {self.actual}, expected {self.expected}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A downloaded video. `movie` is measured in the file, `quote` is the expected price.

    `mismatches` is empty as well if the order is not known, but only the id of the task.
    """

    path: Path
    bytes: int
    movie: Movie
    video: Video
    quote: Quote | None = None
    mismatches: tuple[Mismatch, ...] = ()
    statuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """State of a task after one poll. `note` describes a problem that did not end the wait, such as a lost response."""

    task_id: str
    raw_status: str
    status: TaskStatus | None
    elapsed: float
    polls: int
    percent: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of assets. `name` was chosen by the caller, `group_name` by the upstream."""

    id: str
    group_name: str = ""
    name: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset. `url` is its `asset://` reference; `status` is None if `raw_status` is unknown."""

    id: str
    url: str
    status: AssetStatus | None
    raw_status: str = ""
    name: str = ""
    type: str = ""
    group_id: str = ""
    failure: Failure | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of assets. `total` is None if the upstream does not report it."""

    items: tuple[Asset, ...]
    page: int
    page_size: int
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Actual cost of a task. The amount may still change until it is `settled`."""

    task_id: str
    settled: bool
    amount: Decimal
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One entry of the list of models that an upstream reports."""

    id: str
    modality: str = ""
    endpoint: str = ""
