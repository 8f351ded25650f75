"""CHECKS: named functions, each from one turn to what it saw of the facts that it looks at. Pure, whoever speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from seedmock_contracts.errors import UnknownFact
from seedmock_contracts.upstreams import contracts

from ..conversation.history import Interaction
from ..results.checks import CheckFailure, CheckResult
from . import access, callbacks, clips, content, envelopes, ids, isolation, links, listings, ranges, statuses
from . import assets as library
from . import billing as money
from . import capabilities as wishes
from . import echoed_fields as echoes
from . import failure_reasons as reasons
from . import response_shape as answers
from . import rule_enforcement as refusals
from . import state_conflicts as states
from . import timestamps as times

Check = Callable[[Interaction], Iterator[CheckResult]]

CHECKS: tuple[Check, ...] = (
    *access.CHECKS,
    *refusals.CHECKS,
    *answers.CHECKS,
    *envelopes.CHECKS,
    *echoes.CHECKS,
    *ids.CHECKS,
    *times.CHECKS,
    *statuses.CHECKS,
    *reasons.CHECKS,
    *callbacks.CHECKS,
    *content.CHECKS,
    *clips.CHECKS,
    *links.CHECKS,
    *ranges.CHECKS,
    *library.CHECKS,
    *listings.CHECKS,
    *isolation.CHECKS,
    *money.CHECKS,
    *wishes.CHECKS,
    *states.CHECKS,
)


def run_checks(interaction: Interaction) -> Iterator[tuple[str, CheckResult]]:
    """What every check saw in a turn, with the check's name."""
    for check in CHECKS:
        try:
            for result in check(interaction):
                yield check.__name__, result
        except UnknownFact as error:
            if not _is_stated_anywhere(error.name):
                raise


@cache
def _is_stated_anywhere(name: str) -> bool:
    """Whether some upstream states a fact; where this one does not, a check about it has nothing to look at."""
    return any(contract.find(f"{contract.name}.{name}") is not None for contract in contracts())


def failures(interaction: Interaction) -> list[CheckFailure]:
    """What is wrong with a turn."""
    return [
        CheckFailure(name, result, interaction.exchange)
        for name, result in run_checks(interaction)
        if not result.passed
    ]
