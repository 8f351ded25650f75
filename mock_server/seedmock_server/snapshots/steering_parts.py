"""Components that steer, as documents for a store that several processes share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from ..clock import Clocks
from ..fates.rules import FateRules, parse_fate_rule
from ..faults.rules import FaultRules, parse_fault_rule
from ..generation.engine import Engine
from ..randomness import SeededRandom
from ..rate_limits import RateLimit, RateLimits
from ..references.declared import DeclaredMedia
from ..references.files import PublishedFile, ReferenceFiles
from ..scenarios.active import ActiveScenario
from ..storage.protocol import SharedStore
from ..storage.shared_steering import SteeringPart
from ..tasks.latency import LatencyRules
from . import serializers
from .checkpoint import Checkpoint
from .schema import FatesState, RulesState, ScenarioState

ALL = ""
Reading = tuple[float, float, float]


class _Part:
    """One document, without counts."""

    def keys(self) -> Iterable[str]:
        return (ALL,)

    async def settle(self, store: SharedStore) -> None:
        """Nothing is counted."""

    async def load_counts(self, store: SharedStore) -> None:
        """Nothing is counted."""


class ClockPart(_Part):
    """The shared clock, and those of accounts by their names."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._initial = clocks.shared.reading

    def keys(self) -> Iterable[str]:
        return (ALL, *self._clocks.accounts)

    def dump(self, key: str) -> bytes:
        return msgspec.json.encode(self._clocks.for_account(key or None).reading)

    def load(self, key: str, body: bytes | None) -> None:
        if body is not None:
            clock = self._clocks.fork_for(key) if key else self._clocks.shared
            clock.adopt(msgspec.json.decode(body, type=Reading))
        elif key:
            self._clocks.reset(key)
        else:
            self._clocks.shared.adopt(self._initial)


class _RulesPart(_Part):
    """Rules of one kind; their counts are in the store, by their labels."""

    def __init__(self, rules: FateRules | FaultRules, kind: str) -> None:
        self._rules, self._kind = rules, kind

    def _pairs(self) -> Iterable[Any]:
        return (*self._rules.rules, *self._rules.scenario)

    async def settle(self, store: SharedStore) -> None:
        changed = self._rules.changed_counts
        assert changed is not None, "the counts of these rules are shared"
        if changed.all:
            counts = {c.label: (c.matched, c.applied, dict(c.draws)) for c, _ in self._pairs()}
            await store.set_rule_counts(self._kind, counts)
            await store.set_counters(self._kind, dict(self._rules.draws))
        else:
            if changed.labels:
                await store.remove_rule_counts(self._kind, sorted(changed.labels))
            if changed.accounts:
                draws = await store.counters(self._kind)
                remaining = {account: number for account, number in draws.items() if account not in changed.accounts}
                await store.set_counters(self._kind, remaining)
        self._forget_changes()

    def _forget_changes(self) -> None:
        changed = self._rules.changed_counts
        if changed is not None:
            changed.all = False
            changed.labels.clear()
            changed.accounts.clear()

    async def load_counts(self, store: SharedStore) -> None:
        counts = await store.rule_counts(self._kind)
        for counter, _ in self._pairs():
            counter.matched, counter.applied, draws = counts.get(counter.label, (0, 0, {}))
            counter.draws = dict(draws)
        self._rules.draws.clear()
        self._rules.draws.update(await store.counters(self._kind))


class FatesPart(_RulesPart):
    def __init__(self, fates: FateRules) -> None:
        super().__init__(fates, "fate")
        self._fates = fates
        self._initial = self.dump(ALL)

    def dump(self, key: str) -> bytes:
        return msgspec.json.encode(_without_counts(serializers.fates_state(self._fates)))

    def load(self, key: str, body: bytes | None) -> None:
        state = msgspec.json.decode(body or self._initial, type=FatesState)
        rules = serializers.parse_rules(state, parse_fate_rule)
        default, account_defaults = serializers.parse_defaults(state)
        self._fates.restore(state.number, *rules, account_defaults, default)
        self._forget_changes()


class FaultsPart(_RulesPart):
    def __init__(self, faults: FaultRules) -> None:
        super().__init__(faults, "fault")
        self._faults = faults
        self._initial = self.dump(ALL)

    def dump(self, key: str) -> bytes:
        return msgspec.json.encode(_without_counts(serializers.faults_state(self._faults)))

    def load(self, key: str, body: bytes | None) -> None:
        state = msgspec.json.decode(body or self._initial, type=RulesState)
        self._faults.restore(state.number, *serializers.parse_rules(state, parse_fault_rule))
        self._forget_changes()


def _without_counts(state: Any) -> Any:
    def uncounted(rules: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(msgspec.structs.replace(rule, matched=0, applied=0, draws={}) for rule in rules)

    return msgspec.structs.replace(
        state, draws={}, rules=uncounted(state.rules), scenario_rules=uncounted(state.scenario_rules)
    )


class LimitsPart(_Part):
    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._initial = self.dump(ALL)

    def dump(self, key: str) -> bytes:
        return msgspec.json.encode([(None, self._limits.default), *self._limits.of_account.items()])

    def load(self, key: str, body: bytes | None) -> None:
        rows = msgspec.json.decode(body or self._initial, type=tuple[tuple[str | None, RateLimit], ...])
        self._limits.clear()
        for account, limit in rows:
            self._limits.set(limit, account)


class CreditState(msgspec.Struct, frozen=True):
    """Credit of every account without a grant, and the grants."""

    credit: Decimal | None
    grants: tuple[tuple[str, str, Decimal | None], ...]


class EnginePart(_Part):
    """Credit, latencies and the seed, by these keys."""

    def __init__(self, engine: Engine, random: SeededRandom) -> None:
        self._engine, self._random = engine, random
        self._initial = {key: self.dump(key) for key in self.keys()}

    def keys(self) -> Iterable[str]:
        return ("credit", "latencies", "seed")

    def dump(self, key: str) -> bytes:
        ledger = self._engine.ledger
        if key == "credit":
            grants = tuple((*owner, amount) for owner, amount in ledger.grants.items())
            return msgspec.json.encode(CreditState(ledger.default_credit, grants))
        return msgspec.json.encode(self._engine.latencies if key == "latencies" else self._random.seed)

    def load(self, key: str, body: bytes | None) -> None:
        body = body or self._initial[key]
        if key == "credit":
            state = msgspec.json.decode(body, type=CreditState)
            self._engine.ledger.set_default_credit(state.credit)
            self._engine.ledger.grants.clear()
            for account, upstream, amount in state.grants:
                self._engine.ledger.grant(account, upstream, amount)
        elif key == "latencies":
            self._engine.latencies = msgspec.json.decode(body, type=LatencyRules)
        else:
            self._random.reseed(msgspec.json.decode(body, type=int))


class MediaPart(_Part):
    def __init__(self, media: DeclaredMedia) -> None:
        self._media = media

    def dump(self, key: str) -> bytes:
        return msgspec.json.encode(self._media.as_tables())

    def load(self, key: str, body: bytes | None) -> None:
        self._media.clear()
        for table in msgspec.json.decode(body or b"[]"):
            self._media.put(*serializers.parse_declaration(table))


class ScenarioPart(_Part):
    """The active scenario without its rules, which are with the others."""

    def __init__(self, active: ActiveScenario) -> None:
        self._active = active
        self._initial = self.dump(ALL)

    def dump(self, key: str) -> bytes:
        return msgspec.json.encode(serializers.scenario_state(self._active))

    def load(self, key: str, body: bytes | None) -> None:
        state = msgspec.json.decode(body or self._initial, type=ScenarioState | None)
        self._active.restore(*serializers.parse_scenario_state(state))


class UploadPart(_Part):
    """Posted files by their tokens; the files themselves are in a folder that all processes have."""

    def __init__(self, files: ReferenceFiles, folder: Path) -> None:
        self._files, self._folder = files, folder

    def keys(self) -> Iterable[str]:
        return [token for token, _ in self._files.uploads()]

    def dump(self, key: str) -> bytes:
        # Without the folder, which another machine may have elsewhere.
        return msgspec.json.encode(self._files.upload(key), enc_hook=lambda path: path.name)

    def load(self, key: str, body: bytes | None) -> None:
        if body is None:
            self._files.unpublish(key)
            return
        upload = msgspec.json.decode(body, type=PublishedFile, dec_hook=lambda _, name: self._folder / name)
        self._files.publish(key, upload.file, upload.name, upload.expires_at, upload.account)


def steering_parts(checkpoint: Checkpoint, active_scenario: ActiveScenario) -> Mapping[str, SteeringPart]:
    """Return the parts of an emulator by the names that `Steering.change` is given."""
    return {
        "clocks": ClockPart(checkpoint.clocks),
        "fates": FatesPart(checkpoint.fates),
        "faults": FaultsPart(checkpoint.faults),
        "limits": LimitsPart(checkpoint.limits),
        "engine": EnginePart(checkpoint.engine, checkpoint.random),
        "media": MediaPart(checkpoint.declared_media),
        "scenario": ScenarioPart(active_scenario),
        "uploads": UploadPart(checkpoint.reference_files, checkpoint.folder),
    }
