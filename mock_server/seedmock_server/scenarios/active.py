"""The active scenario: puts all parts of a scenario in force at once, and takes them back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from ..faults.rules import FaultRules
from ..generation.engine import Engine
from ..rate_limits import RateLimit, RateLimits
from ..references.declared import Declaration, DeclaredMedia
from ..tasks.latency import LatencyRules
from .loader import Scenario


class Baseline(Struct, frozen=True):
    """Limit and credit of the settings, in force while no scenario is."""

    limit: RateLimit
    credit: Decimal | None


class ActiveScenario:
    """Holder of at most one scenario. Settings and rules that were added one by one stay beneath it."""

    def __init__(
        self,
        engine: Engine,
        faults: FaultRules,
        limits: RateLimits,
        declared_media: DeclaredMedia,
        initial: Scenario | None = None,
    ) -> None:
        self._fates, self._ledger, self._engine = engine.fates, engine.ledger, engine
        self._faults, self._limits, self._declared_media = faults, limits, declared_media
        self._baseline = Baseline(limits.default, self._ledger.default_credit)
        self._previous_media: dict[str, Declaration | None] = {}
        self._initial = initial
        self.scenario: Scenario | None = None
        self.reset()

    def activate(self, scenario: Scenario) -> None:
        """Put a scenario in force in the place of the current one."""
        self.deactivate()
        for fate_rule in scenario.fates:
            self._fates.add(fate_rule, scenario=True)
        for fault_rule in scenario.faults:
            self._faults.add(fault_rule, scenario=True)
        self._engine.latencies = scenario.latencies
        if scenario.limit is not None:
            self._limits.set(scenario.limit)
        if scenario.credit is not None:
            self._ledger.set_default_credit(scenario.credit)
        for url, facts in scenario.media.items():
            self._previous_media[url] = self._declared_media.get(url)
            self._declared_media.put(url, facts)
        self.scenario = scenario

    def deactivate(self) -> None:
        """Take the scenario back; tasks keep the fates that it gave them."""
        self._fates.scenario.clear()
        self._faults.scenario.clear()
        self._engine.latencies = LatencyRules()
        if self.scenario is not None:
            self._limits.set(self._baseline.limit)
            self._ledger.set_default_credit(self._baseline.credit)
        self._restore_media()
        self.scenario = None

    @property
    def previous_media(self) -> Mapping[str, Declaration | None]:
        """Declarations of the scenario's media before it; None where there were none."""
        return self._previous_media

    def restore(self, scenario: Scenario | None, previous_media: Mapping[str, Declaration | None]) -> None:
        """Take note of a scenario whose rules are in force already, as after a snapshot was restored."""
        self._previous_media = dict(previous_media)
        self.scenario = scenario

    def reset(self) -> None:
        """Return to the scenario of the settings, or none, after all state was deleted."""
        self.restore(None, {})
        self.deactivate()
        self._ledger.set_default_credit(self._baseline.credit)
        if self._initial is not None:
            self.activate(self._initial)

    def _restore_media(self) -> None:
        for url, facts in self._previous_media.items():
            self._declared_media.remove(url)
            if facts is not None:
                self._declared_media.put(url, facts)
        self._previous_media.clear()
