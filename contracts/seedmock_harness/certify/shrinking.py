"""From a scenario in which an invariant broke to a smaller one in which it still does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .scenario import Scenario

PLAIN = "text"
MOST_TRIES = 30

Breaks = Callable[[Scenario], bool]


def shrunk(scenario: Scenario, breaks: Breaks, most: int = MOST_TRIES) -> Scenario:
    """Leave out steps while `breaks` still holds, and take the plainest order if that does; so many tries at most."""
    left = most
    if scenario.order != PLAIN:
        left -= 1
        plain = replace(scenario, order=PLAIN)
        scenario = plain if breaks(plain) else scenario
    number = len(scenario.steps) - 1
    while number >= 0 and left > 0:
        left -= 1
        smaller = scenario.without(number)
        if breaks(smaller):
            scenario, number = smaller, len(smaller.steps)
        number -= 1
    return scenario
