"""The whole state as one JSON document: taken, put back, forgotten. Knows the rooms, no HTTP and no vendor.

Settings are not state, and the bytes of files stay where they are: a picture that is not in this server's folder is
drawn without. A document that is broken anywhere changes nothing.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from seedmock_contracts import __version__
from seedmock_contracts.upstreams import NAMES

from .chance import Chance
from .clock import Clocks
from .courier import Courier
from .declared import LONGEST_URL, Declaration, Declared, media_facts_from
from .engine import Engine
from .fates import Fate, FateRule, Fates, Outcomes, fate_rule_from, outcomes_from
from .faults import FaultRule, Faults, fault_row, fault_rule_from
from .journal import Entry, Journal
from .latencies import Latencies
from .limits import Limit, Limits
from .matching import Counter, InvalidRule, match_row
from .settings import SEEDS
from .sources import Published, Sources
from .store import Store
from .task import Asset, Holding, Task
from .timeline import ends_at

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


class JournalState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The exchanges with their numbers, and how many there have been."""

    count: int
    entries: tuple[tuple[int, Entry], ...]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that calls have made of a server. `number` is how many draws were numbered."""

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

    def take(self) -> bytes:
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
            journal=JournalState(self.journal.count, tuple(self.journal.read())),
        )
        return msgspec.json.encode(taken, enc_hook=_path_name)

    def restore(self, document: bytes) -> None:
        """Be what a snapshot says, and nothing else. Raises InvalidSnapshot, having changed nothing."""
        taken = read(document, self.folder)
        fates = [_counted(states, fate_rule_from) for states in (taken.fates.rules, taken.fates.scenario)]
        faults = [_counted(states, fault_rule_from) for states in (taken.faults.rules, taken.faults.scenario)]
        default, of_key = _defaults(taken.fates)
        media = [_declaration(row) for row in taken.media]
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
        self.journal.restore(taken.journal.count, taken.journal.entries)
        self._expect_callbacks()

    def _expect_callbacks(self) -> None:
        """Post for what has not ended; a callback that was being tried again is not tried any more."""
        tasks = [task for account in self.store.accounts() for task in self.store.tasks(account)]
        for task in tasks:
            if task.callback_url and ends_at(task) > self.clocks.now(task.account):
                with contextlib.suppress(RuntimeError):  # in no event loop: it begins with the next order in one
                    self.courier.expect(task)

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
    clocks = (taken.clock, *taken.clocks.values())
    moments = [clock.now for clock in clocks] + [record.created_at for _, record in records]
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
