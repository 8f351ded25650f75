"""The whole state as one JSON document: taken, put back, forgotten. Knows the rooms, no HTTP and no vendor.

Settings are not state, and the bytes of files stay where they are: a picture that is not in this server's folder is
drawn without. A document that is broken anywhere changes nothing.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from seedmock_contracts import __version__
from seedmock_contracts.upstreams import NAMES

from .chance import Chance
from .clock import Clocks
from .courier import Courier, Delivery
from .declared import LONGEST_URL, Declaration, Declared, media_facts_from
from .engine import Engine
from .fates import Fate, FateRule, Fates, Outcomes, fate_rule_from, outcomes_from
from .faults import FaultRule, Faults, fault_row, fault_rule_from
from .journal import Entry, Journal
from .latencies import Latencies
from .limits import Limit, Limits
from .matching import Counter, InvalidRule, match_row
from .scenario import Scenario
from .settings import SEEDS
from .sources import Published, Sources
from .stage import Stage
from .store import Store
from .task import Asset, Holding, Task
from .timeline import NEVER, ends_at

VERSION: Literal[1] = 1
R = TypeVar("R", FateRule, FaultRule)
FASTEST, LATEST = 1e6, 1e11
DIGEST = re.compile(r"[0-9a-f]{64}")


class InvalidSnapshot(ValueError):
    """A document that is no snapshot: the message says where, what was found and what is allowed."""


class ClockState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a clock reads and how fast it runs."""

    now: float
    rate: float


class RuleState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as it was told, and its counts."""

    id: str
    rule: dict[str, Any]
    seen: int = 0
    used: int = 0


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
    says: str
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
    entries: tuple[tuple[int, Entry], ...]


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
    holdings: tuple[Holding, ...]
    fates: FatesState
    faults: FaultsState
    limits: tuple[tuple[str | None, Limit], ...]
    calls: tuple[tuple[str, str, tuple[float, ...]], ...] = ()
    latencies: Latencies = Latencies()
    uploads: tuple[tuple[str, Published], ...] = ()
    credit: Decimal | None
    grants: tuple[tuple[str, str, Decimal | None], ...]
    media: tuple[dict[str, Any], ...]
    stage: StageState | None = None
    posts: tuple[PostState, ...] | None = None
    journal: JournalState


@dataclass(frozen=True, slots=True)
class State:
    """The rooms that hold what calls have made."""

    store: Store
    clocks: Clocks
    fates: Fates
    faults: Faults
    limits: Limits
    declared: Declared
    journal: Journal
    engine: Engine
    courier: Courier
    sources: Sources
    chance: Chance
    folder: Path

    def take(self, stage: Stage) -> bytes:
        """The snapshot as JSON."""
        world, ledger = self.clocks.world, self.engine.ledger
        owners = {account: self.clocks.of(account) for account in self.clocks.owners}
        taken = Snapshot(
            seed=self.chance.seed,
            number=self.engine.number,
            clock=ClockState(world.now(), world.rate),
            clocks={account: ClockState(clock.now(), clock.rate) for account, clock in owners.items()},
            holdings=tuple(self.store.holding(account) for account in self.store.accounts()),
            fates=_fates_state(self.fates),
            faults=_faults_state(self.faults),
            limits=((None, self.limits.default), *self.limits.of_account.items()),
            calls=tuple((*whose, tuple(calls)) for whose, calls in self.limits.calls.items()),
            latencies=self.engine.latencies,
            uploads=self.sources.uploads(),
            credit=ledger.lent,
            grants=tuple((*whose, amount) for whose, amount in ledger.grants.items()),
            media=tuple(self.declared.rows()),
            stage=_stage_state(stage),
            posts=tuple(_post_state(one) for one in self.courier.expected()),
            journal=JournalState(self.journal.count, tuple(self.journal.read())),
        )
        return msgspec.json.encode(taken, enc_hook=_path_name)

    def restore(self, document: bytes, stage: Stage) -> None:
        """Be what a snapshot says, and nothing else. Raises InvalidSnapshot, having changed nothing."""
        taken = read(document, self.folder)
        fates = [_counted(states, fate_rule_from) for states in (taken.fates.rules, taken.fates.scenario)]
        faults = [_counted(states, fault_rule_from) for states in (taken.faults.rules, taken.faults.scenario)]
        default, of_key = _defaults(taken.fates)
        media = [_declaration(row) for row in taken.media]
        scenario, said_before = _scenario(taken.stage)
        self.forget()
        self.chance.reseed(taken.seed)
        self.engine.number = taken.number
        self.clocks.world.restore(taken.clock.now, taken.clock.rate)
        for account, clock in taken.clocks.items():
            self.clocks.own(account).restore(clock.now, clock.rate)
        for holding in taken.holdings:
            self.store.hold(holding)
        self.fates.restore(taken.fates.number, fates[0], fates[1], of_key, default)
        self.fates.drawn.update(taken.fates.drawn)
        self.faults.restore(taken.faults.number, faults[0], faults[1])
        self.faults.calls.update(taken.faults.drawn)
        for limited, limit in taken.limits:
            self.limits.set(limit, limited)
        self.limits.calls.update({(upstream, account): deque(calls) for upstream, account, calls in taken.calls})
        self.engine.latencies = taken.latencies
        for token, upload in taken.uploads:
            self.sources.publish(token, upload.readable, upload.name, upload.expires_at, upload.account)
        self.engine.ledger.lend(taken.credit)
        for account, upstream, amount in taken.grants:
            self.engine.ledger.grant(account, upstream, amount)
        for url, facts in media:
            self.declared.put(url, facts)
        stage.resume(scenario, said_before)
        self.journal.restore(taken.journal.count, taken.journal.entries)
        tasks = {task.id: task for holding in taken.holdings for task in holding.tasks}
        deliveries = self._to_come(tasks.values()) if taken.posts is None else _deliveries(taken.posts, tasks)
        with contextlib.suppress(RuntimeError):  # in no event loop: it begins with the next order in one
            self.courier.resume(deliveries)

    def _to_come(self, tasks: Iterable[Task]) -> Iterable[Delivery]:
        """A callback for what has not ended."""
        for task in tasks:
            end = ends_at(task)
            if task.callback_url and self.clocks.now(task.account) < end != NEVER:
                yield Delivery(end, 0, task, end)

    def forget(self, account: str | None = None) -> None:
        """Forget all that calls have made, or what those of an account have; without one, the time begins again too."""
        for one in self.store.accounts() if account is None else (account,):
            self.store.forget(one)
        self.clocks.forget(account)
        self.fates.clear(account)
        self.faults.clear(account)
        self.limits.clear(account)
        self.journal.forget(account)
        self.engine.ledger.forget(account)
        self.courier.forget(account)
        if account is None:
            self.declared.clear()
            self.sources.unpublish()
            self.engine.latencies = Latencies()
            self.clocks.world.reset()
            self.engine.number = 0


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
    uploads = tuple(pair for pair in taken.uploads if not _is_gone(pair[1].readable.source))
    return msgspec.structs.replace(taken, holdings=there, uploads=uploads)


def _check(taken: Snapshot) -> None:
    accounts = [holding.account for holding in taken.holdings]
    records = [(holding, record) for holding in taken.holdings for record in _records(holding)]
    ids = [task.id for holding in taken.holdings for task in holding.tasks]
    posts = taken.posts or ()
    clocks = (taken.clock, *taken.clocks.values())
    moments = [clock.now for clock in clocks] + [record.created_at for _, record in records]
    moments += [moment for post in posts for moment in (post.at, post.begun)]
    upstreams = () if taken.stage is None else taken.stage.upstreams
    amounts = [taken.credit, *(amount for *_, amount in taken.grants)]
    for wrong, said in (
        (len(set(accounts)) != len(accounts), "an account is there twice"),
        (any(record.account != holding.account for holding, record in records), "an account holds another's record"),
        (len(set(ids)) != len(ids), "a task is there twice"),
        (any(not task.phases for holding in taken.holdings for task in holding.tasks), "a task has no phases"),
        (any(not 0 <= clock.rate <= FASTEST for clock in clocks), "a clock's rate is none"),
        (any(not 0 <= moment < LATEST for moment in moments), "a moment is out of time"),
        (not -SEEDS <= taken.seed < SEEDS, "the seed has more than 64 bits"),
        (any(amount is not None and not amount >= 0 for amount in amounts), "an amount is below 0"),
        (any(upstream not in NAMES for _, upstream, _ in taken.grants), "a grant is for no upstream"),
        (any(post.task not in ids for post in posts), "a callback is for no task"),
        (len({post.task for post in posts}) != len(posts), "a callback is there twice"),
        (any(post.tries < 0 for post in posts), "a callback was tried less than never"),
        (any(one not in NAMES for one in upstreams), "the scenario is for no upstream"),
        (taken.number < 0 or taken.journal.count < 0, "a count is negative"),
    ):
        if wrong:
            raise InvalidSnapshot(f"this is no snapshot: {said}; allowed: what GET /_mock/snapshot gives")


def _records(holding: Holding) -> Iterable[Any]:
    return (*holding.tasks, *holding.groups, *holding.assets, *holding.removed_assets)


def _with_files(holding: Holding) -> Holding:
    """The holding without the files that are not here."""
    return msgspec.structs.replace(
        holding,
        tasks=tuple(_task_with_files(task) for task in holding.tasks),
        assets=tuple(_asset_with_file(asset) for asset in holding.assets),
    )


def _task_with_files(task: Task) -> Task:
    gone = {name: None for name in ("first", "last", "source") if _is_gone(getattr(task, name))}
    return msgspec.structs.replace(task, **gone) if gone else task


def _asset_with_file(asset: Asset) -> Asset:
    return msgspec.structs.replace(asset, source=None) if _is_gone(asset.source) else asset


def _is_gone(source: Any) -> bool:
    return source is not None and not source.path.is_file()


def _path_name(value: Any) -> str:
    if isinstance(value, Path):
        return value.name
    raise NotImplementedError(f"{type(value).__name__} has no place in a snapshot")


# --- callbacks ---


def _post_state(delivery: Delivery) -> PostState:
    return PostState(delivery.task.id, delivery.at, delivery.begun, delivery.tries, delivery.paused)


def _deliveries(posts: Iterable[PostState], tasks: Mapping[str, Task]) -> Iterable[Delivery]:
    return (Delivery(one.at, 0, tasks[one.task], one.begun, one.tries, one.paused) for one in posts)


# --- the stage ---


def _stage_state(stage: Stage) -> StageState | None:
    on = stage.scenario
    if on is None:
        return None
    before = {url: None if said is None else said.row() for url, said in stage.said_before.items()}
    return StageState(on.name, on.title, on.says, on.links, on.covers, on.upstreams, before)


def _scenario(said: StageState | None) -> tuple[Scenario | None, dict[str, Declaration | None]]:
    """The scenario as it is told, without its rules, and what its media were before it."""
    if said is None:
        return None, {}
    on = Scenario(
        name=said.name, title=said.title, says=said.says, links=said.links, covers=said.covers, upstreams=said.upstreams
    )
    return on, {url: None if row is None else _declaration({**row, "url": url})[1] for url, row in said.before.items()}


# --- media ---


def _declaration(row: dict[str, Any]) -> tuple[str, Declaration]:
    url = row.get("url")
    if not isinstance(url, str) or not url.strip() or len(url) > LONGEST_URL:
        raise InvalidSnapshot(f"media: url is {str(url)[:80]!r}; allowed: a text")
    try:
        return url, media_facts_from({name: value for name, value in row.items() if name != "url"})
    except InvalidRule as error:
        raise InvalidSnapshot(f"media: {error}") from error


# --- rules ---


def fate_row(fate: Fate) -> dict[str, Any]:
    """A fate as the table that it can be read from again."""
    return {"fate": str(fate.kind), **fate.seconds, **fate.texts}


def outcomes_row(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Outcomes as the list that they can be read from again."""
    return [{**fate_row(fate), "weight": weight} for weight, fate in outcomes.weighted]


def _fates_state(fates: Fates) -> FatesState:
    return FatesState(
        number=fates.number,
        default=outcomes_row(fates.default),
        accounts={account: outcomes_row(outcomes) for account, outcomes in fates.of_key.items()},
        drawn=dict(fates.drawn),
        rules=tuple(_fate_state(*pair) for pair in fates.rules),
        scenario=tuple(_fate_state(*pair) for pair in fates.scenario),
    )


def _fate_state(counter: Counter, rule: FateRule) -> RuleState:
    told = {"match": match_row(rule.match), "fate": outcomes_row(rule.outcomes)}
    return RuleState(counter.label, told, counter.seen, counter.used)


def _faults_state(faults: Faults) -> FaultsState:
    return FaultsState(
        number=faults.number,
        drawn=dict(faults.calls),
        rules=tuple(_fault_state(*pair) for pair in faults.rules),
        scenario=tuple(_fault_state(*pair) for pair in faults.scenario),
    )


def _fault_state(counter: Counter, rule: FaultRule) -> RuleState:
    told = {"match": match_row(rule.match), "fault": fault_row(rule.fault)}
    return RuleState(counter.label, told, counter.seen, counter.used)


def _counted(states: Iterable[RuleState], rule_from: Callable[[dict[str, Any]], R]) -> list[tuple[Counter, R]]:
    pairs = []
    for state in states:
        try:
            rule = rule_from(state.rule)
        except InvalidRule as error:
            raise InvalidSnapshot(f"rule {state.id[:80]!r}: {error}") from error
        counter = Counter(rule.match, state.id)
        counter.seen, counter.used = state.seen, state.used
        pairs.append((counter, rule))
    return pairs


def _defaults(state: FatesState) -> tuple[Outcomes, dict[str, Outcomes]]:
    try:
        of_key = {account: outcomes_from(said) for account, said in state.accounts.items()}
        return outcomes_from(state.default), of_key
    except InvalidRule as error:
        raise InvalidSnapshot(f"a default fate: {error}") from error
