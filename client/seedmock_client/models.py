"""What the client gives back: frozen records of tasks, files and A's asset library. Knows no wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from seedmock_contracts.enums import AssetStatus, TaskStatus
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.mp4 import Movie
from seedmock_contracts.pricing import Quote

Order: TypeAlias = GenerationRequest | UpscaleRequest


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task or an asset failed, in the upstream's words. `retryable` is None where it did not say."""

    code: str = ""
    message: str = ""
    retryable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A task as it was last seen. `status` is None for a `word` that nobody knows; times are epoch seconds.

    `order` is what it was created for, where this client created it.
    """

    task_id: str
    upstream: str
    status: TaskStatus | None
    word: str = ""
    model: str | None = None
    urls: tuple[str, ...] = ()
    progress: str = ""
    failure: Failure | None = None
    created_at: float | None = None
    completed_at: float | None = None
    order: Order | None = field(default=None, repr=False, compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def terminal(self) -> bool:
        """Whether the task has ended."""
        return self.status in (TaskStatus.SUCCESS, TaskStatus.FAILURE)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a clip is not what was ordered; `what` is "size", "seconds" or "audio"."""

    what: str
    ordered: str
    found: str

    def __str__(self) -> str:
        return f"{self.what} is {self.found}, ordered was {self.ordered}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A finished, downloaded video. `movie` is what was measured in the file, `quote` what it should cost.

    `differs` says in what the file is not as ordered; empty too where the order is not known, only a task's id.
    """

    path: Path
    bytes: int
    movie: Movie
    video: Video
    quote: Quote | None = None
    differs: tuple[Difference, ...] = ()
    states_seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One look at a task while waiting. `note` tells of what was survived: an unknown status, a broken answer."""

    task_id: str
    word: str
    status: TaskStatus | None
    elapsed: float
    polls: int
    percent: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of A's asset library. `name` is the caller's, `group_name` the upstream's."""

    id: str
    group_name: str = ""
    name: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset of A. `url` is the `asset://` reference; `status` None is a `word` that nobody knows."""

    id: str
    url: str
    status: AssetStatus | None
    word: str = ""
    name: str = ""
    type: str = ""
    group_id: str = ""
    failure: Failure | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of assets. `total` is None where the upstream does not say."""

    items: tuple[Asset, ...]
    page: int
    page_size: int
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a task really cost. `settled` is False while the amount may still change."""

    task_id: str
    settled: bool
    amount: Decimal
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One row of an upstream's own list of models."""

    id: str
    modality: str = ""
    endpoint: str = ""
