"""The stage: which scenario is on. Puts one into the rooms whole, and takes the one before out of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .declared import Declaration, Declared
from .engine import Engine
from .faults import Faults
from .latencies import Latencies
from .limits import Limit, Limits
from .scenario import Scenario


@dataclass(frozen=True, slots=True)
class Rest:
    """What holds while no scenario is on."""

    limit: Limit
    credit: Decimal | None


class Stage:
    """Where scenarios are put. What the settings say stays beneath, and so do the rules that were told one by one."""

    def __init__(
        self, engine: Engine, faults: Faults, limits: Limits, declared: Declared, first: Scenario | None = None
    ) -> None:
        self._fates, self._ledger, self._engine = engine.fates, engine.ledger, engine
        self._faults, self._limits, self._declared = faults, limits, declared
        self._rest = Rest(limits.default, self._ledger.lent)
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
            self._ledger.lend(scenario.credit)
        for url, facts in scenario.media.items():
            self._said_before[url] = self._declared.get(url)
            self._declared.put(url, facts)
        self.scenario = scenario

    def clear(self) -> None:
        """Take the scenario away; the tasks that it has given their fates keep them."""
        self._fates.scenario.clear()
        self._faults.scenario.clear()
        self._engine.latencies = Latencies()
        if self.scenario is not None:
            self._limits.set(self._rest.limit)
            self._ledger.lend(self._rest.credit)
        self._take_back()
        self.scenario = None

    def left(self) -> None:
        """No scenario is on any more, and what it had put into the rooms has been replaced."""
        self._said_before.clear()
        self.scenario = None

    def _take_back(self) -> None:
        """Let the media be what was said of them before the scenario."""
        for url, before in self._said_before.items():
            self._declared.remove(url)
            if before is not None:
                self._declared.put(url, before)
        self._said_before.clear()

    def forget(self) -> None:
        """Know of no scenario any more: for when rooms were emptied, or filled from a snapshot, behind it."""
        self._said_before.clear()
        self._engine.latencies = Latencies()
        self._ledger.lend(self._rest.credit)
        self.scenario = None

    def reset(self) -> None:
        """Be as at the start, in rooms that were emptied: the scenario of the settings is on anew, or none."""
        self.forget()
        self.clear()
        if self._first is not None:
            self.put(self._first)
