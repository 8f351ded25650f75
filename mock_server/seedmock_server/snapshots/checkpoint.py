"""Capture, restore and reset the state of an emulator. Knows its components, but no HTTP and no vendor.

Settings are not state.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from ..callbacks.delivery import Delivery, callback_of
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


class Checkpoint(Struct, frozen=True, kw_only=True):
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

    async def capture(self, active_scenario: ActiveScenario) -> bytes:
        """Return the current state as JSON."""
        shared, ledger, store = self.clocks.shared, self.engine.ledger, self.store
        own_clocks = {account: self.clocks.for_account(account) for account in self.clocks.accounts}
        snapshot = Snapshot(
            seed=self.random.seed,
            draws=dict(await store.draws()),
            clock=ClockState(shared.now(), shared.rate),
            clocks={account: ClockState(clock.now(), clock.rate) for account, clock in own_clocks.items()},
            accounts=tuple([await store.account_records(account) for account in await store.accounts()]),
            fates=serializers.fates_state(self.fates),
            faults=serializers.faults_state(self.faults),
            limits=((None, self.limits.default), *self.limits.of_account.items()),
            recent_calls=tuple(await store.calls()),
            latencies=self.engine.latencies,
            uploads=self.reference_files.uploads(),
            credit=ledger.default_credit,
            grants=tuple((*owner, amount) for owner, amount in ledger.grants.items()),
            media=tuple(self.declared_media.as_tables()),
            scenario=serializers.scenario_state(active_scenario),
            callbacks=tuple(map(serializers.callback_state, await store.callbacks())),
            # Without real times: the same calls under the same seed make the same snapshot.
            journal=JournalState(
                await self.journal.total(),
                tuple((number, entry._replace(seconds=0.0)) for number, entry in await self.journal.read()),
            ),
        )
        return encode_snapshot(snapshot)

    async def restore(self, document: bytes, active_scenario: ActiveScenario) -> None:
        """Replace the current state with the snapshot. Raises InvalidSnapshot, with nothing changed."""
        snapshot = decode_snapshot(document, self.folder)
        # All that can be malformed is parsed before anything is reset.
        fate_rules = serializers.parse_rules(snapshot.fates, parse_fate_rule)
        fault_rules = serializers.parse_rules(snapshot.faults, parse_fault_rule)
        default, account_defaults = serializers.parse_defaults(snapshot.fates)
        media = [serializers.parse_declaration(table) for table in snapshot.media]
        scenario, previous_media = serializers.parse_scenario_state(snapshot.scenario)
        # From here on nothing may fail: a half-restored emulator would be neither state.
        await self.reset()
        await self._restore_records(snapshot)
        await self._restore_limits(snapshot)
        self.fates.restore(snapshot.fates.number, *fate_rules, account_defaults, default)
        self.fates.draws.update(snapshot.fates.draws)
        self.faults.restore(snapshot.faults.number, *fault_rules)
        self.faults.draws.update(snapshot.faults.draws)
        for url, facts in media:
            self.declared_media.put(url, facts)
        active_scenario.restore(scenario, previous_media)
        await self.journal.restore(snapshot.journal.count, snapshot.journal.entries)
        await self._restore_callbacks(snapshot)

    async def _restore_records(self, snapshot: Snapshot) -> None:
        self.random.reseed(snapshot.seed)
        await self.store.set_draws(snapshot.draws)
        self.engine.latencies = snapshot.latencies
        self.clocks.shared.restore(snapshot.clock.now, snapshot.clock.rate)
        for account, clock in snapshot.clocks.items():
            self.clocks.fork_for(account).restore(clock.now, clock.rate)
        for records in snapshot.accounts:
            await self.store.replace_account(records, self.engine.ledger.bookings(records))
        for token, upload in snapshot.uploads:
            self.reference_files.publish(token, upload.file, upload.name, upload.expires_at, upload.account)

    async def _restore_limits(self, snapshot: Snapshot) -> None:
        for limited, limit in snapshot.limits:
            self.limits.set(limit, limited)
        await self.store.set_calls(snapshot.recent_calls)
        self.engine.ledger.set_default_credit(snapshot.credit)
        for account, upstream, amount in snapshot.grants:
            self.engine.ledger.grant(account, upstream, amount)

    async def _restore_callbacks(self, snapshot: Snapshot) -> None:
        tasks = {task.id: task for records in snapshot.accounts for task in records.tasks}
        if snapshot.callbacks is None:
            deliveries = list(self._unfinished_deliveries(tasks.values()))
        else:
            deliveries = list(serializers.deliveries(snapshot.callbacks, tasks))
        for delivery in deliveries:
            await self.store.save_callback(callback_of(delivery))
        with contextlib.suppress(RuntimeError):  # outside an event loop delivery starts with the next order inside one
            self.callbacks.add(deliveries)

    def _unfinished_deliveries(self, tasks: Iterable[Task]) -> Iterable[Delivery]:
        for task in tasks:
            end = ends_at(task)
            # Ended tasks had their callback before the snapshot was taken.
            if task.callback_url and self.clocks.now(task.account) < end != NEVER:
                yield Delivery(end, 0, task, end)

    async def forget(self, account: str) -> None:
        """Delete what an account has done, and count its draws and its rules' requests anew.

        Its rules, limits, credit and clock remain.
        """
        await self.store.remove_account(account)
        self.fates.recount(account)
        self.faults.recount(account)
        await self.journal.clear(account)
        self.engine.ledger.refresh(account)
        self.callbacks.clear(account)

    async def reset(self, account: str | None = None) -> None:
        """Delete the state of an account, or of all; without one, the shared clock and the draws start over too."""
        for name in await self.store.accounts() if account is None else (account,):
            await self.store.remove_account(name)
        self.clocks.reset(account)
        self.fates.clear(account)
        self.faults.clear(account)
        self.limits.clear(account)
        await self.journal.clear(account)
        self.engine.ledger.reset(account)
        self.callbacks.clear(account)
        if account is None:
            self.declared_media.clear()
            self.reference_files.unpublish_all()
            self.engine.latencies = LatencyRules()
            self.clocks.shared.reset()
            # Of keys that have no record, too: they may have counted.
            await self.store.set_draws({})
            await self.store.set_calls(())
