"""State machine of a conformance run: all rules together."""

from __future__ import annotations

from .asset_rules import AssetRules
from .invalid_rules import InvalidRequestRules
from .task_rules import TaskRules


class ConformanceMachine(TaskRules, AssetRules, InvalidRequestRules):
    """One sequence of actions against an upstream. Hypothesis picks a rule for each step and draws its request."""
