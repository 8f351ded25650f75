"""Checks of task statuses: their spellings, and the order in which they follow each other."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import Operation, StatusContext, TaskStatus
from seedmock_contracts.facts import Fact, ResponseField, StatusSpelling, Variants
from seedmock_contracts.lifecycle import TERMINAL, may_follow

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed
from .response_fields import read_field, status_context, status_variant
from .variants import check_option

VENDOR_SOURCE = "the vendor's"
"""Sources of spellings that the vendor documents elsewhere begin with this: the API's own page omits them."""
MEANINGLESS = ("UNKNOWN", "unknown")
"""Spellings that gateways use for every status that they do not know."""


def status_spellings_are_documented(interaction: Interaction) -> Iterator[CheckResult]:
    """A status has a documented spelling of its context: that of a create, or that of a query under one option."""
    context = status_context(interaction)
    if context is None or interaction.is_error or interaction.raw_status is None:
        return
    spellings = [row for row in interaction.contract.spellings(context) if _may_be_used(interaction, row)]
    spellings += _immediate_failures(interaction, context)
    used = next((row for row in spellings if row.spelling == interaction.raw_status), None)
    if used is not None:
        yield passed(used, interaction.raw_status)
        return
    kind = "another" if interaction.status is not None else "an unknown"
    title = f"a status has {kind} spelling"
    correct = next((row for row in spellings if row.status is interaction.status), None)
    expected = correct.spelling if correct else " or ".join(dict.fromkeys(row.spelling for row in spellings))
    fact = _contradicted_fact(interaction, correct, spellings)
    yield failed(fact, title, expected, interaction.raw_status, _severity(interaction))


def _immediate_failures(interaction: Interaction, context: StatusContext) -> list[StatusSpelling]:
    """The spellings of a failure that the response to a create may report."""
    fields = [field for field in interaction.contract.response_fields if field.operation is interaction.operation]
    may_fail = any(TaskStatus.FAILURE in field.statuses for field in fields)
    if context is StatusContext.QUERY or not may_fail or interaction.status is not TaskStatus.FAILURE:
        return []
    return [row for row in interaction.contract.spellings(StatusContext.QUERY) if row.status is TaskStatus.FAILURE]


def _may_be_used(interaction: Interaction, spelling: StatusSpelling) -> bool:
    """False for a spelling of an option that is known not to hold. Those without an option are the default's."""
    id_ = status_variant(interaction.contract)
    pinned = interaction.history.options.get(id_)
    if pinned is None or spelling.context is not StatusContext.QUERY:
        return True
    return (spelling.variant or interaction.contract.defaults[id_]) == pinned


def _contradicted_fact(
    interaction: Interaction, correct: StatusSpelling | None, spellings: list[StatusSpelling]
) -> Fact:
    """The spelling that was expected; the status field, if that is unknown."""
    if correct is not None:
        return correct
    return spellings[0] if len(spellings) == 1 else status_field(interaction) or spellings[0]


def _severity(interaction: Interaction) -> Severity | None:
    """INFO for a spelling that the vendor documents elsewhere, and for one without a meaning."""
    aliases = (row for row in find_aliases(interaction) if row.spelling == interaction.raw_status)
    is_known = any(row.source.startswith(VENDOR_SOURCE) for row in aliases)
    return Severity.INFO if is_known or interaction.raw_status in MEANINGLESS else None


def find_aliases(interaction: Interaction) -> list[StatusSpelling]:
    """The known aliases that the response's status is spelt like, ignoring case."""
    raw_status = (interaction.raw_status or "").lower()
    return [row for row in interaction.contract.spellings(StatusContext.ALIAS) if raw_status == row.spelling.lower()]


def status_field(interaction: Interaction) -> ResponseField | None:
    """The field that holds the status in the response."""
    return read_field(interaction, interaction.contract.response.status_paths)[1]


def statuses_settle_variants(interaction: Interaction) -> Iterator[CheckResult]:
    """A spelling that only one option has shows that it holds."""
    id_ = status_variant(interaction.contract)
    if not id_ or interaction.operation is not Operation.QUERY or interaction.is_error:
        return
    # The first spelling has settled it; a later one of another option fails in the check of spellings.
    if id_ in interaction.history.options:
        return
    spellings = interaction.contract.spellings(StatusContext.QUERY)
    used = next((row for row in spellings if row.spelling == interaction.raw_status), None)
    variant = interaction.contract.fact(id_)
    if used is not None and isinstance(variant, Variants):
        yield check_option(interaction, variant, used.variant or variant.default)


def statuses_move_forward(interaction: Interaction) -> Iterator[CheckResult]:
    """A status never moves backwards. An alias that fits the order of statuses is confirmed by it."""
    fact = interaction.find("status.moves")
    before = interaction.task.status if interaction.task is not None else None
    if fact is None or before is None or interaction.status is None or interaction.is_error:
        return
    if interaction.operation is not Operation.QUERY:
        return
    is_allowed = may_follow(before, interaction.status)
    title = f"a status {'changes after the end' if before in TERMINAL else 'moves backwards'}: {interaction.raw_status}"
    for examined in (fact, *find_aliases(interaction)):
        if is_allowed:
            yield passed(examined, f"{before}, then {interaction.raw_status}")
        else:
            yield failed(examined, title, f"{before} or a later status", interaction.raw_status)


def terminal_responses_are_stable(interaction: Interaction) -> Iterator[CheckResult]:
    """The response about a finished task stays the same."""
    fact = interaction.find("status.final")
    final_poll = interaction.task.final_poll if interaction.task is not None else None
    if fact is None or final_poll is None or interaction.operation is not Operation.QUERY or interaction.is_error:
        return
    if not isinstance(interaction.data, dict) or not isinstance(final_poll.data, dict):
        return
    before, now = final_poll.data, interaction.data
    changed = [key for key in {**before, **now} if key not in before or key not in now or before[key] != now[key]]
    if changed:
        title = "the response about a finished task has changed"
        yield failed(fact, title, _format_keys(before, changed), _format_keys(now, changed))
    else:
        yield passed(fact, interaction.raw_status or "")


def _format_keys(data: dict[str, object], keys: list[str]) -> str:
    return ", ".join(f"{key}: {format_value(data.get(key))}" for key in keys)


def initial_status_is_not_success(interaction: Interaction) -> Iterator[CheckResult]:
    """A new task has an initial status, or has failed already, but has not succeeded."""
    if status_context(interaction) is not StatusContext.CREATE or interaction.is_error or interaction.status is None:
        return
    fact = interaction.find("status.moves")
    if fact is not None:
        if interaction.status is TaskStatus.SUCCESS:
            title = "a task has succeeded when it is created"
            yield failed(fact, title, "an initial status", interaction.raw_status)
        else:
            yield passed(fact, f"begins as {interaction.raw_status}")


CHECKS = (
    status_spellings_are_documented,
    statuses_settle_variants,
    initial_status_is_not_success,
    statuses_move_forward,
    terminal_responses_are_stable,
)
