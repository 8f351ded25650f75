"""The stage: which scenario is on. Puts one into the rooms whole, and takes the one before out of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ..faults.rules import Faults
from ..generation.engine import Engine
from ..rate_limits import Limit, Limits
from ..references.declared import Declaration, DeclaredMedia
from ..tasks.latency import LatencyRules
from .loader import Scenario


@dataclass(frozen=True, slots=True)
class Rest:
    """What holds while no scenario is on."""

    limit: Limit
    credit: Decimal | None


class ActiveScenario:
    """Where scenarios are put. What the settings say stays beneath, and so do the rules that were told one by one."""

    def __init__(
        self, engine: Engine, faults: Faults, limits: Limits, declared: DeclaredMedia, first: Scenario | None = None
    ) -> None:
        self._fates, self._ledger, self._engine = engine.fates, engine.ledger, engine
        self._faults, self._limits, self._declared = faults, limits, declared
        self._rest = Rest(limits.default, self._ledger.default_credit)
        self._said_before: dict[str, Declaration | None] = {}
        self._first = first
        self.scenario: Scenario | None = None
        self.reset()

    def put(self, scenario: Scenario) -> None:
        """Put a scenario on in the place of the one that is."""
        self.clear()
        for fate in scenario.fates:
            self._fates.add(fate, scenario=True)
        for fault in scenario.faults:
            self._faults.add(fault, scenario=True)
        self._engine.latencies = scenario.latencies
        if scenario.limit is not None:
            self._limits.set(scenario.limit)
        if scenario.credit is not None:
            self._ledger.set_default_credit(scenario.credit)
        for url, facts in scenario.media.items():
            self._said_before[url] = self._declared.get(url)
            self._declared.put(url, facts)
        self.scenario = scenario

    def clear(self) -> None:
        """Take the scenario away; the tasks that it has given their fates keep them."""
        self._fates.scenario.clear()
        self._faults.scenario.clear()
        self._engine.latencies = LatencyRules()
        if self.scenario is not None:
            self._limits.set(self._rest.limit)
            self._ledger.set_default_credit(self._rest.credit)
        self._take_back()
        self.scenario = None

    @property
    def said_before(self) -> Mapping[str, Declaration | None]:
        """What was declared of the scenario's media before it; None of what nothing was."""
        return self._said_before

    def resume(self, scenario: Scenario | None, said_before: Mapping[str, Declaration | None]) -> None:
        """Know of a scenario whose rules are in the rooms already: for when those were filled behind the stage."""
        self._said_before = dict(said_before)
        self.scenario = scenario

    def _take_back(self) -> None:
        """Let the media be what was said of them before the scenario."""
        for url, before in self._said_before.items():
            self._declared.remove(url)
            if before is not None:
                self._declared.put(url, before)
        self._said_before.clear()

    def forget(self) -> None:
        """Know of no scenario any more: for when rooms were emptied behind it."""
        self.resume(None, {})
        self._engine.latencies = LatencyRules()
        self._ledger.set_default_credit(self._rest.credit)

    def reset(self) -> None:
        """Be as at the start, in rooms that were emptied: the scenario of the settings is on anew, or none."""
        self.forget()
        self.clear()
        if self._first is not None:
            self.put(self._first)
