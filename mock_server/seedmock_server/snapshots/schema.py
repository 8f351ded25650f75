"""Schema of a snapshot, with its checks. Knows no component of the emulator.

Uploaded files are not part of a snapshot: a picture that is not in this server's folder is rendered without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from seedmock_contracts import __version__
from seedmock_contracts.upstreams import NAMES

from ..clock import MAX_DURATION, MAX_RATE, MAX_TIME
from ..errors import SeedmockServerError
from ..journal import JournalEntry
from ..rate_limits import RateLimit
from ..references.files import PublishedFile
from ..settings import SEED_LIMIT
from ..tasks.latency import LatencyRules
from ..tasks.models import AccountRecords, AssetRecord, Task

# Raised whenever a key is renamed or gets another meaning: 2 renamed nearly all of them.
VERSION: Literal[2] = 2
# The end of a task is a sum of at most four durations, then come the delay of its clip and the life of its link.
LONGEST, LATEST = 4 * MAX_DURATION, MAX_TIME + 6 * MAX_DURATION
DIGEST = re.compile(r"[0-9a-f]{64}")
ALLOWED = "a document from GET /_mock/snapshot"


class InvalidSnapshot(SeedmockServerError, ValueError):
    """Malformed snapshot. The message names the place, the value and what is allowed."""


class ClockState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time and rate of a clock."""

    now: float
    rate: float


class RuleState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as a table, and its counts. `place`: its number among its account's; `draws`: its draws, by account."""

    id: str
    rule: dict[str, Any]
    matched: int = 0
    applied: int = 0
    place: int = 1
    draws: dict[str, int] = {}


class RulesState(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rules of one kind. `number`: rules added so far; `draws`: draws so far, by account."""

    number: int
    draws: dict[str, int]
    rules: tuple[RuleState, ...]
    scenario_rules: tuple[RuleState, ...]


class FatesState(RulesState, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Fate rules and defaults."""

    default: Any
    account_defaults: dict[str, Any]


class ScenarioState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The active scenario without its rules, and what was declared of its media before it."""

    name: str
    title: str
    description: str
    links: tuple[str, ...]
    covers: tuple[str, ...]
    upstreams: tuple[str, ...]
    previous_media: dict[str, dict[str, Any] | None] = {}


class CallbackState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A callback that is scheduled or under way."""

    task: str
    at: float
    started_at: float
    attempts: int = 0
    paused: bool = False


class JournalState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbered journal entries, and the number of all exchanges so far."""

    count: int
    entries: tuple[tuple[int, JournalEntry], ...]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The state of an emulator. `draws`: numbered draws so far, by account.

    `callbacks` is None in a snapshot without that field: then they are scheduled anew for unfinished tasks.
    """

    version: Literal[2] = VERSION
    seedmock: str = __version__
    seed: int
    draws: dict[str, int]
    clock: ClockState
    clocks: dict[str, ClockState]
    accounts: tuple[AccountRecords, ...]
    fates: FatesState
    faults: RulesState
    limits: tuple[tuple[str | None, RateLimit], ...]
    recent_calls: tuple[tuple[str, str, tuple[float, ...]], ...] = ()
    latencies: LatencyRules = LatencyRules()
    uploads: tuple[tuple[str, PublishedFile], ...] = ()
    credit: Decimal | None
    grants: tuple[tuple[str, str, Decimal | None], ...]
    media: tuple[dict[str, Any], ...]
    scenario: ScenarioState | None = None
    callbacks: tuple[CallbackState, ...] | None = None
    journal: JournalState


class _Head(msgspec.Struct, frozen=True):
    """Fields that are read before the keys of a snapshot are known to be those of this version."""

    version: int
    seedmock: str = "of an unknown version"


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Encode as JSON. A file is named without its folder: another server has another one."""
    return msgspec.json.encode(snapshot, enc_hook=_encode_path)


def decode_snapshot(document: bytes, folder: Path) -> Snapshot:
    """Decode JSON, with files in `folder`; those that are not there are left out. Raises InvalidSnapshot."""

    def decode_path(kind: type, name: Any) -> Path:
        # Only digests are file names of ours: anything else could lead out of the folder.
        if kind is not Path or not isinstance(name, str) or DIGEST.fullmatch(name) is None:
            raise ValueError(f"a file is {str(name)[:80]!r}; allowed: the name of a stored file")
        return folder / name

    try:
        _check_version(msgspec.json.decode(document, type=_Head))
        snapshot = msgspec.json.decode(document, type=Snapshot, dec_hook=decode_path)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidSnapshot(f"not a valid snapshot: {error}; allowed: {ALLOWED}") from error
    _check(snapshot)
    return msgspec.structs.replace(
        snapshot,
        accounts=tuple(_without_missing_files(records) for records in snapshot.accounts),
        uploads=tuple(pair for pair in snapshot.uploads if not _is_missing(pair[1].file.source)),
    )


def _check_version(head: _Head) -> None:
    if head.version != VERSION:
        saved = f"a snapshot of version {head.version}, saved by seedmock {head.seedmock[:40]}"
        allowed = f"version {VERSION}, which seedmock {__version__} saves and loads"
        raise InvalidSnapshot(f"{saved}; allowed: {allowed}; save it anew with GET /_mock/snapshot")


def _check(snapshot: Snapshot) -> None:
    for is_broken, problem in (*_record_problems(snapshot), *_value_problems(snapshot), *_callback_problems(snapshot)):
        if is_broken:
            raise InvalidSnapshot(f"not a valid snapshot: {problem}; allowed: {ALLOWED}")


def _record_problems(snapshot: Snapshot) -> Iterable[tuple[bool, str]]:
    accounts = [records.account for records in snapshot.accounts]
    tasks = [task for records in snapshot.accounts for task in records.tasks]
    # Isolation rests on this: records are looked up by the account that holds them.
    foreign = any(
        record.account != records.account for records in snapshot.accounts for record in _all_records(records)
    )
    yield len(set(accounts)) != len(accounts), "an account occurs twice"
    yield foreign, "an account holds a record of another one"
    yield len({task.id for task in tasks}) != len(tasks), "a task occurs twice"
    yield any(not task.phases for task in tasks), "a task has no phases"


def _times(snapshot: Snapshot) -> Iterable[float | None]:
    for clock in (snapshot.clock, *snapshot.clocks.values()):
        yield clock.now
    for records in snapshot.accounts:
        yield from (record.created_at for record in _all_records(records))
        yield from (task.cancelled_at for task in records.tasks)
    for callback in snapshot.callbacks or ():
        yield from (callback.at, callback.started_at)
    for *_, calls in snapshot.recent_calls:
        yield from calls
    yield from (upload.expires_at for _, upload in snapshot.uploads)
    yield from (entry.at for _, entry in snapshot.journal.entries)


def _durations(snapshot: Snapshot) -> Iterable[float | None]:
    for records in snapshot.accounts:
        for task in records.tasks:
            yield from (task.clip_delay, task.link_seconds, *(phase.at for phase in task.phases))
        yield from (asset.processing_seconds for asset in (*records.assets, *records.removed_assets))
    for rule in snapshot.latencies.rules:
        yield rule.fixed


def _value_problems(snapshot: Snapshot) -> Iterable[tuple[bool, str]]:
    clocks = (snapshot.clock, *snapshot.clocks.values())
    distributions = [rule.distribution for rule in snapshot.latencies.rules if rule.distribution is not None]
    amounts = [snapshot.credit, *(amount for *_, amount in snapshot.grants)]
    upstreams = () if snapshot.scenario is None else snapshot.scenario.upstreams
    yield any(not 0 <= clock.rate <= MAX_RATE for clock in clocks), f"the rate of a clock is not 0 to {MAX_RATE:.0f}"
    times = (time for time in _times(snapshot) if time is not None)
    durations = (seconds for seconds in _durations(snapshot) if seconds is not None)
    yield any(not 0 <= time <= LATEST for time in times), f"a time is not 0 to {LATEST:.0f}"
    yield any(not 0 <= seconds <= LONGEST for seconds in durations), f"a duration is not 0 to {LONGEST:.0f}"
    yield any(not 0 < curve.p50 < curve.p90 for curve in distributions), "a latency is not 0 < p50 < p90"
    yield not -SEED_LIMIT <= snapshot.seed < SEED_LIMIT, "the seed has more than 64 bits"
    yield any(amount is not None and not amount >= 0 for amount in amounts), "an amount is below 0"
    yield any(upstream not in NAMES for _, upstream, _ in snapshot.grants), "a grant is for an unknown upstream"
    yield any(name not in NAMES for name in upstreams), "the scenario is for an unknown upstream"
    counts = (snapshot.journal.count, *snapshot.draws.values())
    yield any(count < 0 for count in counts), "a count is negative"


def _callback_problems(snapshot: Snapshot) -> Iterable[tuple[bool, str]]:
    callbacks = snapshot.callbacks or ()
    # A set: a snapshot can hold thousands of callbacks, and each is looked up.
    ids = {task.id for records in snapshot.accounts for task in records.tasks}
    yield any(callback.task not in ids for callback in callbacks), "a callback is for an unknown task"
    yield len({callback.task for callback in callbacks}) != len(callbacks), "a callback occurs twice"
    yield any(callback.attempts < 0 for callback in callbacks), "the attempts of a callback are negative"


def _all_records(records: AccountRecords) -> Iterable[Any]:
    return (*records.tasks, *records.groups, *records.assets, *records.removed_assets)


def _without_missing_files(records: AccountRecords) -> AccountRecords:
    return msgspec.structs.replace(
        records,
        tasks=tuple(_task_without_missing_files(task) for task in records.tasks),
        assets=tuple(_asset_without_missing_file(asset) for asset in records.assets),
    )


def _task_without_missing_files(task: Task) -> Task:
    missing = {name: None for name in ("first", "last", "source") if _is_missing(getattr(task, name))}
    return msgspec.structs.replace(task, **missing) if missing else task


def _asset_without_missing_file(asset: AssetRecord) -> AssetRecord:
    return msgspec.structs.replace(asset, source=None) if _is_missing(asset.source) else asset


def _is_missing(source: Any) -> bool:
    return source is not None and not source.path.is_file()


def _encode_path(value: Any) -> str:
    # A path would name a folder of this machine, and a snapshot is meant to be passed on.
    if isinstance(value, Path):
        return value.name
    raise NotImplementedError(f"{type(value).__name__} has no encoding in a snapshot")
