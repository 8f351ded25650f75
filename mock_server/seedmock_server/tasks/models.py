"""The records: tasks, groups, assets. Immutable; what becomes of them in time is worked out in `timeline`.

Structs without collector tracking: a table of 100 000 of them costs the collector nothing.
"""

from __future__ import annotations

import msgspec

from seedmock_contracts.enums import ErrorKind, MediaKind, Mode, TaskStatus
from seedmock_contracts.facts import MediaFacts

from ..media.clip_spec import StoredFile


class TaskFailure(msgspec.Struct, frozen=True, gc=False):
    """Why a task or an asset ends badly: the kind, the upstream's code if it has one, and a sentence."""

    kind: ErrorKind
    code: str
    message: str
    retryable: bool = False


class Phase(msgspec.Struct, frozen=True, gc=False):
    """From `at` seconds after its creation, a task has this status; `word` is said instead of the upstream's own."""

    at: float
    status: TaskStatus
    raw_status: str = ""


class Task(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One order. Times are seconds, `created_at` since the epoch.

    A draft has no id and no times yet, and a seed of -1 where none was asked for. `late` is how long after success
    the clip can be had, `link_seconds` how long its link lives, `with_url` whether it has one. `callback_url` is told
    of its end, with links that begin with `origin`.
    """

    id: str = ""
    upstream: str
    account: str
    mode: Mode
    model: str
    prompt: str
    resolution: str
    ratio: str
    width: int
    height: int
    seconds: int
    audio: bool
    seed: int = -1
    created_at: float = 0.0
    phases: tuple[Phase, ...] = ()
    failure: TaskFailure | None = None
    first: StoredFile | None = None
    last: StoredFile | None = None
    source: StoredFile | None = None
    source_seconds: float | None = None
    fate: str = ""
    with_url: bool = True
    clip_delay: float = 0.0
    link_seconds: float | None = None
    charged_when_failed: bool = False
    callback_url: str = ""
    origin: str = ""


class AssetGroup(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A group of assets; `id` counts within its account."""

    id: int
    upstream: str
    account: str
    name: str
    group_name: str
    created_at: float


class AssetRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A picture, clip or sound that generations can refer to as `asset://id` once it is Active."""

    id: str
    upstream: str
    account: str
    group_id: int
    kind: MediaKind
    name: str
    url: str
    created_at: float
    processing_seconds: float
    failure: TaskFailure | None = None
    source: StoredFile | None = None
    facts: MediaFacts | None = None


class AccountRecords(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Everything of one account. `queries` counts by task, `last_group` is the highest group id that was given out."""

    account: str
    tasks: tuple[Task, ...] = ()
    queries: dict[str, int] = {}
    groups: tuple[AssetGroup, ...] = ()
    last_group: int = 0
    assets: tuple[AssetRecord, ...] = ()
    removed_assets: tuple[AssetRecord, ...] = ()
