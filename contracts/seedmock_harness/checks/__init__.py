"""The list of checks. A check is a pure function: it compares one interaction with the facts of the contract.

A check knows only the exchanges: the same checks apply to an emulator, a live service, a journal and a recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from seedmock_contracts.errors import UnknownFact
from seedmock_contracts.upstreams import contracts

from ..conversation.history import Interaction
from ..results.checks import CheckFailure, CheckResult
from . import (
    access,
    assets,
    billing,
    callbacks,
    cancellation,
    capabilities,
    clips,
    content,
    echoed_fields,
    envelopes,
    failure_reasons,
    ids,
    isolation,
    links,
    listings,
    ranges,
    response_shape,
    rule_enforcement,
    state_conflicts,
    statuses,
    timestamps,
)

Check = Callable[[Interaction], Iterator[CheckResult]]

CHECKS: tuple[Check, ...] = (
    *access.CHECKS,
    *rule_enforcement.CHECKS,
    *response_shape.CHECKS,
    *envelopes.CHECKS,
    *echoed_fields.CHECKS,
    *ids.CHECKS,
    *timestamps.CHECKS,
    *statuses.CHECKS,
    *failure_reasons.CHECKS,
    *callbacks.CHECKS,
    *content.CHECKS,
    *clips.CHECKS,
    *links.CHECKS,
    *ranges.CHECKS,
    *assets.CHECKS,
    *listings.CHECKS,
    *isolation.CHECKS,
    *billing.CHECKS,
    *capabilities.CHECKS,
    *state_conflicts.CHECKS,
    *cancellation.CHECKS,
)


def run_checks(interaction: Interaction) -> Iterator[tuple[str, CheckResult]]:
    """Results of all checks for an interaction, with the names of the checks.

    A check of a fact that this upstream does not state has no result.
    """
    for check in CHECKS:
        try:
            for result in check(interaction):
                yield check.__name__, result
        except UnknownFact as error:
            if not _is_stated_anywhere(error.name):
                raise


@cache
def _is_stated_anywhere(name: str) -> bool:
    """False for the name of a fact that no upstream states: then the check itself is wrong."""
    return any(contract.find_own(name) is not None for contract in contracts())


def failures(interaction: Interaction) -> list[CheckFailure]:
    """Failed results of all checks for an interaction."""
    results = run_checks(interaction)
    return [CheckFailure(check, result, interaction.exchange) for check, result in results if not result.passed]
