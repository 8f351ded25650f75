"""Checks of state conflicts: a valid request that the current state forbids gets the documented error."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from seedmock_contracts.enums import ORDERS, ErrorKind, Operation, TaskStatus
from seedmock_contracts.facts import MISSING
from seedmock_contracts.response_format import first_value

from ..conversation.history import Interaction, TaskHistory
from ..results.checks import CheckResult, compare, failed, passed
from .assets import effective_status, unusable_asset_fact
from .capabilities import has_private_address
from .error_responses import check_error
from .prices import SECONDS, calculate_price

UNRELATED_STATUSES = frozenset({401, 402, 403, 404, 408, 429})
# 412 and 416 answer a condition or a range of the request, whatever the state of the task.
UNRELATED_TO_CONTENT = frozenset({401, 403, 408, 412, 416, 429})
BEFORE_THE_END = (ErrorKind.NOT_READY, ErrorKind.TASK_FAILED)
# More than APPROXIMATE in prices.py: a check must not fail an order that the balance just covers.
PRICE_MARGIN = Decimal("0.9")
"""Part of a price that counts as certain: prices are approximate."""


def state_conflicts_get_the_documented_error(interaction: Interaction) -> Iterator[CheckResult]:
    """A request for missing content, or with an unusable reference or asset, gets the documented status and code."""
    if interaction.is_error and not interaction.violations and interaction.is_authenticated:
        yield from check_error(interaction, _expected_kinds(interaction))


def moderation_errors_have_the_documented_status(interaction: Interaction) -> Iterator[CheckResult]:
    """An order that moderation rejects gets the documented status, whatever the code."""
    if interaction.operation not in ORDERS or not interaction.is_error:
        return
    if ErrorKind.MODERATION_INPUT not in _kinds_of_code(interaction):
        return
    cases = [case for case in interaction.contract.errors if case.kind is ErrorKind.MODERATION_INPUT]
    status = effective_status(interaction)
    matching = next((case for case in cases if case.status == status), None)
    expected = " or ".join(dict.fromkeys(str(case.status) for case in cases))
    if matching is not None:
        yield passed(matching, str(status))
    else:
        yield failed(cases[0], "moderation rejects with another status", expected, status)


def failed_tasks_have_the_documented_status(interaction: Interaction) -> Iterator[CheckResult]:
    """The query of a failed task is no error itself."""
    if interaction.operation is not Operation.QUERY or interaction.status is not TaskStatus.FAILURE:
        return
    kinds = _kinds_of_code(interaction)
    kind = ErrorKind.MODERATION_OUTPUT if ErrorKind.MODERATION_OUTPUT in kinds else ErrorKind.TASK_FAILED
    case = interaction.contract.error_case(kind)
    if kinds and case.status == 200:
        yield compare(case, "a failed task has another HTTP status", case.status, interaction.status_code)


def orders_require_balance(interaction: Interaction) -> Iterator[CheckResult]:
    """An order that costs more than the balance is rejected for that."""
    if interaction.order is None or interaction.order.references or not interaction.is_authenticated:
        return
    balance, price = _latest_balance(interaction), calculate_price(interaction, TaskHistory("", interaction))
    if balance is None or price is None or balance >= price.amounts[SECONDS] * PRICE_MARGIN:
        return
    case = interaction.contract.error_case(ErrorKind.BALANCE)
    if interaction.created_id is not None and not interaction.is_error:
        title = "an order beyond the balance is accepted"
        yield failed(case, title, case.status, interaction.status_code)
    else:
        yield from check_error(interaction, (ErrorKind.BALANCE,))


def fail_code(interaction: Interaction) -> Any:
    """The code of a failed task, or of an error response; None if there is none."""
    response = interaction.contract.response
    code = first_value(interaction.data_object, response.failure_code_paths)
    if code is MISSING and interaction.is_error:
        return response.error_part(interaction.body, "fail_code") or response.error_part(interaction.body, "code")
    return None if code is MISSING else code


def _kinds_of_code(interaction: Interaction) -> set[ErrorKind]:
    code = fail_code(interaction)
    return {row.kind for row in interaction.contract.fail_codes if row.code == code}


def _expected_kinds(interaction: Interaction) -> tuple[ErrorKind, ...]:
    """The errors that follow from the state; none if no conflict is known."""
    if interaction.operation is Operation.CONTENT:
        return _expected_content_kinds(interaction)
    if interaction.status_code in UNRELATED_STATUSES:
        return ()
    if interaction.operation in ORDERS and _has_unusable_reference(interaction):
        return (ErrorKind.INVALID_INPUT,)
    if interaction.operation is Operation.ASSET_CREATE:
        group = interaction.history.groups.get((interaction.caller, interaction.requested_group_id))
        return (ErrorKind.ASSET_REFUSED,) if group is not None and group.deletion is None else ()
    return ()


def _has_unusable_reference(interaction: Interaction) -> bool:
    if unusable_asset_fact(interaction, interaction) is not None or has_private_address(interaction):
        return True
    return _blames_a_reference(interaction)


def _blames_a_reference(interaction: Interaction) -> bool:
    """True if an error blames a reference: by a code of its own, or by the path of the field."""
    codes = {case.fail_code for case in interaction.contract.errors if case.kind is ErrorKind.INVALID_INPUT} - {""}
    path = str(interaction.contract.response.error_part(interaction.body, "field") or "")
    located = interaction.contract.request.layout.find(interaction.document or {})
    paths = tuple(reference.path for reference in located if "[" in reference.path)
    return fail_code(interaction) in codes or path.startswith(paths)


def _expected_content_kinds(interaction: Interaction) -> tuple[ErrorKind, ...]:
    task, status_code = interaction.history.tasks.get(interaction.requested_id), interaction.status_code
    if task is None or task.caller != interaction.caller or status_code in UNRELATED_TO_CONTENT:
        return ()
    if not 400 <= status_code < 500:
        return ()
    if task.final_poll is None:
        return BEFORE_THE_END
    if task.final_poll.status is TaskStatus.FAILURE:
        return (ErrorKind.TASK_FAILED,)
    return (ErrorKind.NOT_READY,) if status_code == 400 else ()


def _latest_balance(interaction: Interaction) -> Decimal | None:
    for earlier in reversed(interaction.history.interactions):
        if earlier.operation is Operation.BALANCE and earlier.caller == interaction.caller:
            balance = None if earlier.is_error else earlier.part("balance")
            is_number = isinstance(balance, int | float) and not isinstance(balance, bool)
            return Decimal(str(balance)) if is_number else None
    return None


CHECKS = (
    state_conflicts_get_the_documented_error,
    moderation_errors_have_the_documented_status,
    failed_tasks_have_the_documented_status,
    orders_require_balance,
)
