"""The whole state as one JSON document: what it holds, and what makes one that nobody has taken. Knows no room.

The bytes of files stay where they are: a picture that is not in this server's folder is drawn without.
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

from ..errors import SeedmockServerError
from ..journal import JournalEntry
from ..rate_limits import Limit
from ..references.files import PublishedFile
from ..settings import SEED_LIMIT
from ..tasks.latency import LatencyRules
from ..tasks.models import AccountRecords, AssetRecord, Task

VERSION: Literal[1] = 1
FASTEST, LATEST = 1e6, 1e11
DIGEST = re.compile(r"[0-9a-f]{64}")


class InvalidSnapshot(SeedmockServerError, ValueError):
    """A document that is no snapshot: the message says where, what was found and what is allowed."""


class ClockState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a clock reads and how fast it runs."""

    now: float
    rate: float


class RuleState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as it was told, and its counts."""

    id: str
    rule: dict[str, Any]
    matched: int = 0
    applied: int = 0


class FatesState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules of fates and all defaults, as they were told."""

    number: int
    default: Any
    accounts: dict[str, Any]
    drawn: dict[str, int]
    rules: tuple[RuleState, ...]
    scenario: tuple[RuleState, ...]


class FaultsState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules of faults, as they were told."""

    number: int
    drawn: dict[str, int]
    rules: tuple[RuleState, ...]
    scenario: tuple[RuleState, ...]


class StageState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scenario that is on, but for its rules, which stand in their rooms; and what its media were before it."""

    name: str
    title: str
    description: str
    links: tuple[str, ...]
    covers: tuple[str, ...]
    upstreams: tuple[str, ...]
    before: dict[str, dict[str, Any] | None] = {}


class PostState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A callback that is still to be made, or is being made: when, for which task, and how often it was tried."""

    task: str
    at: float
    begun: float
    tries: int = 0
    paused: bool = False


class JournalState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The exchanges with their numbers, and how many there have been."""

    count: int
    entries: tuple[tuple[int, JournalEntry], ...]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that calls have made of a server. `number` is how many draws were numbered.

    `posts` is None where an older server has not said which callbacks are to come.
    """

    version: Literal[1] = VERSION
    seedmock: str = __version__
    seed: int
    number: int
    clock: ClockState
    clocks: dict[str, ClockState]
    holdings: tuple[AccountRecords, ...]
    fates: FatesState
    faults: FaultsState
    limits: tuple[tuple[str | None, Limit], ...]
    calls: tuple[tuple[str, str, tuple[float, ...]], ...] = ()
    latencies: LatencyRules = LatencyRules()
    uploads: tuple[tuple[str, PublishedFile], ...] = ()
    credit: Decimal | None
    grants: tuple[tuple[str, str, Decimal | None], ...]
    media: tuple[dict[str, Any], ...]
    stage: StageState | None = None
    posts: tuple[PostState, ...] | None = None
    journal: JournalState


def written(taken: Snapshot) -> bytes:
    """A snapshot as JSON, in which a file goes by its name."""
    return msgspec.json.encode(taken, enc_hook=_path_name)


def read(document: bytes, folder: Path) -> Snapshot:
    """A snapshot, with files found again in the folder where a server keeps them. Raises InvalidSnapshot."""

    def path(kind: type, name: Any) -> Path:
        if kind is not Path or not isinstance(name, str) or DIGEST.fullmatch(name) is None:
            raise ValueError(f"a file is {str(name)[:80]!r}; allowed: the name that a server has given it")
        return folder / name

    try:
        taken = msgspec.json.decode(document, type=Snapshot, dec_hook=path)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidSnapshot(f"this is no snapshot: {error}; allowed: what GET /_mock/snapshot gives") from error
    _check(taken)
    there = tuple(_with_files(holding) for holding in taken.holdings)
    uploads = tuple(pair for pair in taken.uploads if not _is_gone(pair[1].file.source))
    return msgspec.structs.replace(taken, holdings=there, uploads=uploads)


def _check(taken: Snapshot) -> None:
    accounts = [holding.account for holding in taken.holdings]
    records = [(holding, record) for holding in taken.holdings for record in _records(holding)]
    ids = [task.id for holding in taken.holdings for task in holding.tasks]
    there, posts = frozenset(ids), taken.posts or ()
    clocks = (taken.clock, *taken.clocks.values())
    moments = [clock.now for clock in clocks] + [record.created_at for _, record in records]
    moments += [moment for post in posts for moment in (post.at, post.begun)]
    upstreams = () if taken.stage is None else taken.stage.upstreams
    amounts = [taken.credit, *(amount for *_, amount in taken.grants)]
    for wrong, said in (
        (len(set(accounts)) != len(accounts), "an account is there twice"),
        (any(record.account != holding.account for holding, record in records), "an account holds another's record"),
        (len(there) != len(ids), "a task is there twice"),
        (any(not task.phases for holding in taken.holdings for task in holding.tasks), "a task has no phases"),
        (any(not 0 <= clock.rate <= FASTEST for clock in clocks), "a clock's rate is none"),
        (any(not 0 <= moment < LATEST for moment in moments), "a moment is out of time"),
        (not -SEED_LIMIT <= taken.seed < SEED_LIMIT, "the seed has more than 64 bits"),
        (any(amount is not None and not amount >= 0 for amount in amounts), "an amount is below 0"),
        (any(upstream not in NAMES for _, upstream, _ in taken.grants), "a grant is for no upstream"),
        (any(post.task not in there for post in posts), "a callback is for no task"),
        (len({post.task for post in posts}) != len(posts), "a callback is there twice"),
        (any(post.tries < 0 for post in posts), "a callback was tried less than never"),
        (any(one not in NAMES for one in upstreams), "the scenario is for no upstream"),
        (taken.number < 0 or taken.journal.count < 0, "a count is negative"),
    ):
        if wrong:
            raise InvalidSnapshot(f"this is no snapshot: {said}; allowed: what GET /_mock/snapshot gives")


def _records(holding: AccountRecords) -> Iterable[Any]:
    return (*holding.tasks, *holding.groups, *holding.assets, *holding.removed_assets)


def _with_files(holding: AccountRecords) -> AccountRecords:
    """The holding without the files that are not here."""
    return msgspec.structs.replace(
        holding,
        tasks=tuple(_task_with_files(task) for task in holding.tasks),
        assets=tuple(_asset_with_file(asset) for asset in holding.assets),
    )


def _task_with_files(task: Task) -> Task:
    gone = {name: None for name in ("first", "last", "source") if _is_gone(getattr(task, name))}
    return msgspec.structs.replace(task, **gone) if gone else task


def _asset_with_file(asset: AssetRecord) -> AssetRecord:
    return msgspec.structs.replace(asset, source=None) if _is_gone(asset.source) else asset


def _is_gone(source: Any) -> bool:
    return source is not None and not source.path.is_file()


def _path_name(value: Any) -> str:
    if isinstance(value, Path):
        return value.name
    raise NotImplementedError(f"{type(value).__name__} has no place in a snapshot")
