"""Requests that break no rule and are refused for the state of things: each as the upstream says such a thing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from seedmock_contracts.enums import ORDERS, ErrorKind, Operation, TaskStatus
from seedmock_contracts.facts import MISSING
from seedmock_contracts.response_format import first_value

from ..conversation.history import UNAUTHENTICATED, Interaction, TaskHistory
from ..results.checks import CheckResult, compare, failed, passed
from .assets import status_told, useless
from .capabilities import leads_inside
from .prices import SECONDS, price
from .rule_enforcement import answered

ELSEWHERE = frozenset({401, 402, 403, 404, 408, 429})
NOT_YET = (ErrorKind.NOT_READY, ErrorKind.TASK_FAILED)


def state_conflicts_get_the_documented_error(interaction: Interaction) -> Iterator[CheckResult]:
    """Content that is not there, or an asset that is none or cannot be one, is refused with its status and code."""
    if interaction.is_error and not interaction.violations and interaction.exchange.caller not in UNAUTHENTICATED:
        yield from answered(interaction, _kinds(interaction))


def moderation_errors_have_the_documented_status(interaction: Interaction) -> Iterator[CheckResult]:
    """An order that moderation refuses, whatever its code, is refused with the status of such refusals."""
    kinds = {row.kind for row in interaction.contract.fail_codes if row.code == told_code(interaction)}
    if interaction.operation not in ORDERS or not interaction.is_error or ErrorKind.MODERATION_INPUT not in kinds:
        return
    cases = [case for case in interaction.contract.errors if case.kind is ErrorKind.MODERATION_INPUT]
    code = status_told(interaction)
    fitting = next((case for case in cases if case.status == code), None)
    expected = " or ".join(dict.fromkeys(str(case.status) for case in cases))
    if fitting is not None:
        yield passed(fitting, str(code))
    else:
        yield failed(cases[0], "moderation refuses with another status", expected, code)


def failed_tasks_have_the_documented_status(interaction: Interaction) -> Iterator[CheckResult]:
    """A query of a task that has failed is no failure of the query."""
    if interaction.operation is not Operation.QUERY or interaction.status is not TaskStatus.FAILURE:
        return
    kinds = {row.kind for row in interaction.contract.fail_codes if row.code == told_code(interaction)}
    kind = ErrorKind.MODERATION_OUTPUT if ErrorKind.MODERATION_OUTPUT in kinds else ErrorKind.TASK_FAILED
    case = interaction.contract.error_case(kind)
    if kinds and case.status == 200:
        yield compare(case, "a failed task is told with another status", case.status, interaction.status_code)


def orders_require_balance(interaction: Interaction) -> Iterator[CheckResult]:
    """An order that costs more than is left is refused for that."""
    if interaction.order is None or interaction.order.references or interaction.exchange.caller in UNAUTHENTICATED:
        return
    left, due = _left(interaction), price(interaction, TaskHistory("", interaction))
    if left is None or due is None or left >= due.amounts[SECONDS] * Decimal("0.9"):
        return
    case = interaction.contract.error_case(ErrorKind.BALANCE)
    if interaction.created_id is not None and not interaction.is_error:
        yield failed(case, "an order is taken that cannot be paid", case.status, interaction.status_code)
    else:
        yield from answered(interaction, (ErrorKind.BALANCE,))


def told_code(interaction: Interaction) -> Any:
    """The code that an answer gives for what failed or was refused, inside the envelope or in an error object."""
    response, data = interaction.contract.response, interaction.data
    code = first_value(data, response.failure_code_paths) if isinstance(data, dict) else MISSING
    if code is MISSING and interaction.is_error:
        code = response.error_part(interaction.body, "fail_code") or response.error_part(interaction.body, "code")
    return None if code is MISSING else code


def _kinds(interaction: Interaction) -> tuple[ErrorKind, ...]:
    if interaction.operation is Operation.CONTENT:
        return _of_content(interaction)
    if interaction.operation in ORDERS and interaction.status_code not in ELSEWHERE:
        unusable = (
            useless(interaction, interaction) is not None
            or leads_inside(interaction)
            or _names_a_reference(interaction)
        )
        return (ErrorKind.INVALID_INPUT,) if unusable else ()
    if interaction.operation is Operation.ASSET_CREATE and interaction.status_code not in ELSEWHERE:
        group = interaction.history.groups.get((interaction.exchange.caller, interaction.requested_group_id))
        return (ErrorKind.ASSET_REFUSED,) if group is not None and group.deletion is None else ()
    return ()


def _names_a_reference(interaction: Interaction) -> bool:
    """Whether a refusal says that a reference is what is wrong, by a code of its own or by naming its place."""
    codes = {case.fail_code for case in interaction.contract.errors if case.kind is ErrorKind.INVALID_INPUT} - {""}
    error = interaction.body.get("error") if isinstance(interaction.body, dict) else None
    named = str(error.get("param")) if isinstance(error, dict) else ""
    found = interaction.contract.request.layout.find(interaction.document or {})
    return told_code(interaction) in codes or any(named.startswith(one.path) for one in found if "[" in one.path)


def _of_content(interaction: Interaction) -> tuple[ErrorKind, ...]:
    """What may be said of content of one's own task, by its path."""
    task = interaction.history.tasks.get(interaction.requested_id)
    if (
        task is None
        or task.caller != interaction.exchange.caller
        or interaction.status_code in (401, 403, 408, 416, 429)
    ):
        return ()
    if not 400 <= interaction.status_code < 500:
        return ()
    if task.final_poll is None:
        return NOT_YET
    if task.final_poll.status is TaskStatus.FAILURE:
        return (ErrorKind.TASK_FAILED,)
    return (ErrorKind.NOT_READY,) if interaction.status_code == 400 else ()


def _left(interaction: Interaction) -> Decimal | None:
    """The caller's latest balance."""
    for earlier in reversed(interaction.history.interactions):
        if earlier.operation is Operation.BALANCE and earlier.exchange.caller == interaction.exchange.caller:
            told = earlier.data.get("balance") if isinstance(earlier.data, dict) and not earlier.is_error else None
            return Decimal(str(told)) if isinstance(told, int | float) and not isinstance(told, bool) else None
    return None


CHECKS = (
    state_conflicts_get_the_documented_error,
    moderation_errors_have_the_documented_status,
    failed_tasks_have_the_documented_status,
    orders_require_balance,
)
