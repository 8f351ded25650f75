"""Immutable records of tasks, asset groups and assets; `timeline` computes their state at a time.

The structs are not tracked by the garbage collector (`gc=False`): a table of 100 000 costs a collection nothing.
"""

from __future__ import annotations

import msgspec

from seedmock_contracts.enums import ErrorKind, MediaKind, Mode, TaskStatus
from seedmock_contracts.facts import MediaFacts

from ..media.clip_spec import StoredFile


class TaskFailure(msgspec.Struct, frozen=True, gc=False):
    """Failure of a task or an asset: its kind, the upstream's code if it has one, and a sentence."""

    kind: ErrorKind
    code: str
    message: str
    retryable: bool = False


class Phase(msgspec.Struct, frozen=True, gc=False):
    """Phase of a task, from `at` seconds after its creation on; `raw_status` replaces the upstream's spelling."""

    at: float
    status: TaskStatus
    raw_status: str = ""


class Task(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One order. Times are seconds, `created_at` is since the epoch.

    A draft has no id and no phases yet, and a seed of -1 if the order has none. The clip is available `clip_delay`
    seconds after success, and its link lives `link_seconds`; `with_url` is false for a task without a clip.
    `callback_url` is notified of the end, with links that begin with `origin`. `queries` is how often it was queried
    under the pace `step`.
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
    # A callback comes long after its order, when no request is there to tell the host that its links must name.
    origin: str = ""
    # Neither of the two upstreams has a cancel operation; an upstream that is added may have one.
    cancelled_at: float | None = None
    # Set by the store as it reads: under the pace `step` the state depends on it, and is a function of the record.
    queries: int = 0


class AssetGroup(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Group of assets; `id` counts within its account."""

    id: int
    upstream: str
    account: str
    name: str
    group_name: str
    created_at: float


class AssetRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Image, video or sound that orders can refer to as `asset://id` once it is Active."""

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
    """All records of one account. `queries` counts by task id, `last_group` is the highest group id that was issued."""

    account: str
    tasks: tuple[Task, ...] = ()
    queries: dict[str, int] = {}
    groups: tuple[AssetGroup, ...] = ()
    last_group: int = 0
    assets: tuple[AssetRecord, ...] = ()
    removed_assets: tuple[AssetRecord, ...] = ()
