"""Capture, restore and reset the state of an emulator. Knows its components, but no HTTP and no vendor.

Settings are not state.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from seedmock_contracts.records import dataclass

from ..callbacks.delivery import Delivery
from ..callbacks.dispatcher import CallbackDispatcher
from ..clock import Clocks
from ..fates.rules import FateRules, parse_fate_rule
from ..faults.rules import FaultRules, parse_fault_rule
from ..generation.engine import Engine
from ..journal import Journal
from ..randomness import SeededRandom
from ..rate_limits import RateLimits
from ..references.declared import DeclaredMedia
from ..references.files import ReferenceFiles
from ..scenarios.active import ActiveScenario
from ..storage import Store
from ..tasks.latency import LatencyRules
from ..tasks.models import Task
from ..tasks.timeline import NEVER, ends_at
from . import serializers
from .schema import ClockState, JournalState, Snapshot, decode_snapshot, encode_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Components that hold the state."""

    store: Store
    clocks: Clocks
    fates: FateRules
    faults: FaultRules
    limits: RateLimits
    declared_media: DeclaredMedia
    journal: Journal
    engine: Engine
    callbacks: CallbackDispatcher
    reference_files: ReferenceFiles
    random: SeededRandom
    folder: Path

    def capture(self, active_scenario: ActiveScenario) -> bytes:
        """Return the current state as JSON."""
        shared, ledger = self.clocks.shared, self.engine.ledger
        own_clocks = {account: self.clocks.for_account(account) for account in self.clocks.accounts}
        snapshot = Snapshot(
            seed=self.random.seed,
            draws=dict(self.engine.draws),
            clock=ClockState(shared.now(), shared.rate),
            clocks={account: ClockState(clock.now(), clock.rate) for account, clock in own_clocks.items()},
            accounts=tuple(self.store.account_records(account) for account in self.store.accounts()),
            fates=serializers.fates_state(self.fates),
            faults=serializers.faults_state(self.faults),
            limits=((None, self.limits.default), *self.limits.of_account.items()),
            recent_calls=tuple((*owner, tuple(times)) for owner, times in self.limits.calls.items()),
            latencies=self.engine.latencies,
            uploads=self.reference_files.uploads(),
            credit=ledger.default_credit,
            grants=tuple((*owner, amount) for owner, amount in ledger.grants.items()),
            media=tuple(self.declared_media.as_tables()),
            scenario=serializers.scenario_state(active_scenario),
            callbacks=tuple(map(serializers.callback_state, self.callbacks.pending())),
            # Without real times: the same calls under the same seed make the same snapshot.
            journal=JournalState(
                self.journal.count,
                tuple((number, entry._replace(seconds=0.0)) for number, entry in self.journal.read()),
            ),
        )
        return encode_snapshot(snapshot)

    def restore(self, document: bytes, active_scenario: ActiveScenario) -> None:
        """Replace the current state with the snapshot. Raises InvalidSnapshot, with nothing changed."""
        snapshot = decode_snapshot(document, self.folder)
        # All that can be malformed is parsed before anything is reset.
        fate_rules = serializers.parse_rules(snapshot.fates, parse_fate_rule)
        fault_rules = serializers.parse_rules(snapshot.faults, parse_fault_rule)
        default, account_defaults = serializers.parse_defaults(snapshot.fates)
        media = [serializers.parse_declaration(table) for table in snapshot.media]
        scenario, previous_media = serializers.parse_scenario_state(snapshot.scenario)
        # From here on nothing may fail: a half-restored emulator would be neither state.
        self.reset()
        self._restore_records(snapshot)
        self._restore_limits(snapshot)
        self.fates.restore(snapshot.fates.number, *fate_rules, account_defaults, default)
        self.fates.draws.update(snapshot.fates.draws)
        self.faults.restore(snapshot.faults.number, *fault_rules)
        self.faults.draws.update(snapshot.faults.draws)
        for url, facts in media:
            self.declared_media.put(url, facts)
        active_scenario.restore(scenario, previous_media)
        self.journal.restore(snapshot.journal.count, snapshot.journal.entries)
        self._restore_callbacks(snapshot)

    def _restore_records(self, snapshot: Snapshot) -> None:
        self.random.reseed(snapshot.seed)
        self.engine.draws.update(snapshot.draws)
        self.engine.latencies = snapshot.latencies
        self.clocks.shared.restore(snapshot.clock.now, snapshot.clock.rate)
        for account, clock in snapshot.clocks.items():
            self.clocks.fork_for(account).restore(clock.now, clock.rate)
        for records in snapshot.accounts:
            self.store.replace_account(records)
        for token, upload in snapshot.uploads:
            self.reference_files.publish(token, upload.file, upload.name, upload.expires_at, upload.account)

    def _restore_limits(self, snapshot: Snapshot) -> None:
        for limited, limit in snapshot.limits:
            self.limits.set(limit, limited)
        calls = {(upstream, account): deque(times) for upstream, account, times in snapshot.recent_calls}
        self.limits.calls.update(calls)
        self.engine.ledger.set_default_credit(snapshot.credit)
        for account, upstream, amount in snapshot.grants:
            self.engine.ledger.grant(account, upstream, amount)

    def _restore_callbacks(self, snapshot: Snapshot) -> None:
        tasks = {task.id: task for records in snapshot.accounts for task in records.tasks}
        if snapshot.callbacks is None:
            deliveries = self._unfinished_deliveries(tasks.values())
        else:
            deliveries = serializers.deliveries(snapshot.callbacks, tasks)
        with contextlib.suppress(RuntimeError):  # outside an event loop delivery starts with the next order inside one
            self.callbacks.add(deliveries)

    def _unfinished_deliveries(self, tasks: Iterable[Task]) -> Iterable[Delivery]:
        for task in tasks:
            end = ends_at(task)
            # Ended tasks had their callback before the snapshot was taken.
            if task.callback_url and self.clocks.now(task.account) < end != NEVER:
                yield Delivery(end, 0, task, end)

    def forget(self, account: str) -> None:
        """Delete what an account has done, and count its draws and its rules' requests anew.

        Its rules, limits, credit and clock remain.
        """
        self.store.remove_account(account)
        self.fates.recount(account)
        self.faults.recount(account)
        self.limits.recount(account)
        self.journal.clear(account)
        self.engine.ledger.refresh(account)
        self.callbacks.clear(account)
        self.engine.draws.pop(account, None)

    def reset(self, account: str | None = None) -> None:
        """Delete the state of an account, or of all; without one, the shared clock and the draws start over too."""
        for name in self.store.accounts() if account is None else (account,):
            self.store.remove_account(name)
        self.clocks.reset(account)
        self.fates.clear(account)
        self.faults.clear(account)
        self.limits.clear(account)
        self.journal.clear(account)
        self.engine.ledger.reset(account)
        self.callbacks.clear(account)
        if account is None:
            self.declared_media.clear()
            self.reference_files.unpublish_all()
            self.engine.latencies = LatencyRules()
            self.clocks.shared.reset()
            self.engine.draws.clear()
        else:
            self.engine.draws.pop(account, None)
