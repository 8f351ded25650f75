"""All that calls have made of a server: taken, put back, forgotten. Knows the rooms, no HTTP and no vendor.

Settings are not state. A snapshot that is broken anywhere changes nothing.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..callbacks.dispatcher import CallbackDispatcher, Delivery
from ..clock import Clocks
from ..fates.rules import Fates, fate_rule_from
from ..faults.rules import Faults, fault_rule_from
from ..generation.engine import Engine
from ..journal import Journal
from ..randomness import SeededRandom
from ..rate_limits import Limits
from ..references.declared import DeclaredMedia
from ..references.files import ReferenceFiles
from ..scenarios.active import ActiveScenario
from ..storage import Store
from ..tasks.latency import LatencyRules
from ..tasks.models import Task
from ..tasks.timeline import NEVER, ends_at
from . import serializers as retelling
from .schema import ClockState, JournalState, Snapshot, read, written


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The rooms that hold what calls have made."""

    store: Store
    clocks: Clocks
    fates: Fates
    faults: Faults
    limits: Limits
    declared: DeclaredMedia
    journal: Journal
    engine: Engine
    courier: CallbackDispatcher
    sources: ReferenceFiles
    random: SeededRandom
    folder: Path

    def take(self, stage: ActiveScenario) -> bytes:
        """The snapshot as JSON."""
        world, ledger = self.clocks.shared, self.engine.ledger
        owners = {account: self.clocks.for_account(account) for account in self.clocks.accounts}
        taken = Snapshot(
            seed=self.random.seed,
            number=self.engine.number,
            clock=ClockState(world.now(), world.rate),
            clocks={account: ClockState(clock.now(), clock.rate) for account, clock in owners.items()},
            holdings=tuple(self.store.account_records(account) for account in self.store.accounts()),
            fates=retelling.fates_state(self.fates),
            faults=retelling.faults_state(self.faults),
            limits=((None, self.limits.default), *self.limits.of_account.items()),
            calls=tuple((*whose, tuple(calls)) for whose, calls in self.limits.calls.items()),
            latencies=self.engine.latencies,
            uploads=self.sources.uploads(),
            credit=ledger.default_credit,
            grants=tuple((*whose, amount) for whose, amount in ledger.grants.items()),
            media=tuple(self.declared.as_tables()),
            stage=retelling.stage_state(stage),
            posts=tuple(retelling.post_state(one) for one in self.courier.expected()),
            journal=JournalState(self.journal.count, tuple(self.journal.read())),
        )
        return written(taken)

    def restore(self, document: bytes, stage: ActiveScenario) -> None:
        """Be what a snapshot says, and nothing else. Raises InvalidSnapshot, having changed nothing."""
        taken = read(document, self.folder)
        fates = [retelling.counted(states, fate_rule_from) for states in (taken.fates.rules, taken.fates.scenario)]
        faults = [retelling.counted(states, fault_rule_from) for states in (taken.faults.rules, taken.faults.scenario)]
        default, of_key = retelling.defaults(taken.fates)
        media = [retelling.declaration(row) for row in taken.media]
        scenario, said_before = retelling.scenario(taken.stage)
        self.forget()
        self.random.reseed(taken.seed)
        self.engine.number = taken.number
        self.clocks.shared.restore(taken.clock.now, taken.clock.rate)
        for account, clock in taken.clocks.items():
            self.clocks.fork_for(account).restore(clock.now, clock.rate)
        for holding in taken.holdings:
            self.store.replace_account(holding)
        self.fates.restore(taken.fates.number, fates[0], fates[1], of_key, default)
        self.fates.drawn.update(taken.fates.drawn)
        self.faults.restore(taken.faults.number, faults[0], faults[1])
        self.faults.calls.update(taken.faults.drawn)
        for limited, limit in taken.limits:
            self.limits.set(limit, limited)
        self.limits.calls.update({(upstream, account): deque(calls) for upstream, account, calls in taken.calls})
        self.engine.latencies = taken.latencies
        for token, upload in taken.uploads:
            self.sources.publish(token, upload.file, upload.name, upload.expires_at, upload.account)
        self.engine.ledger.set_default_credit(taken.credit)
        for account, upstream, amount in taken.grants:
            self.engine.ledger.grant(account, upstream, amount)
        for url, facts in media:
            self.declared.put(url, facts)
        stage.resume(scenario, said_before)
        self.journal.restore(taken.journal.count, taken.journal.entries)
        tasks = {task.id: task for holding in taken.holdings for task in holding.tasks}
        deliveries = self._to_come(tasks.values()) if taken.posts is None else retelling.deliveries(taken.posts, tasks)
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
            self.store.remove_account(one)
        self.clocks.reset(account)
        self.fates.clear(account)
        self.faults.clear(account)
        self.limits.clear(account)
        self.journal.clear(account)
        self.engine.ledger.reset(account)
        self.courier.forget(account)
        if account is None:
            self.declared.clear()
            self.sources.unpublish_all()
            self.engine.latencies = LatencyRules()
            self.clocks.shared.reset()
            self.engine.number = 0
