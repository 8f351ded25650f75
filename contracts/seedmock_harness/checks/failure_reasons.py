"""Checks of reasons: a failed task or asset, and an order that moderation rejects, has a documented code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import ORDERS, AssetStatus, ErrorKind, Operation, TaskStatus
from seedmock_contracts.facts import MISSING, FailCode, ResponseField
from seedmock_contracts.response_format import first_value

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, compare, failed, passed
from .assets import assets_in_response
from .error_responses import error_code
from .response_fields import expected_fields, read_field
from .variants import check_option

TASK_ERRORS = (ErrorKind.MODERATION_OUTPUT, ErrorKind.TASK_FAILED, ErrorKind.MODERATION_INPUT)
"""Kinds of codes that a failed task can have, the likeliest first. Inputs can be inspected after the create."""


def failed_tasks_have_a_reason(interaction: Interaction) -> Iterator[CheckResult]:
    """A failed task has a documented code, a message, and says if a new try makes sense."""
    if interaction.operation is not Operation.QUERY or interaction.is_error:
        return
    if interaction.status is not TaskStatus.FAILURE:
        return
    response = interaction.contract.response
    code, code_field = _first_field(interaction, response.failure_code_paths)
    message, message_field = _first_field(interaction, response.failure_message_paths)
    is_empty = isinstance(message, str) and not message.strip()
    if message_field is not None and is_empty:
        yield failed(message_field, "a failed task has no message", "a sentence", format_value(message))
    elif message_field is not None:
        yield passed(message_field, format_value(message))
    if not isinstance(code, str) or code_field is None:
        return
    row = _find_fail_code(interaction, code, str(message or ""))
    if row is None:
        rows = (row for row in interaction.contract.fail_codes if row.kind in TASK_ERRORS)
        documented = ", ".join(dict.fromkeys(row.code for row in rows))
        yield failed(code_field, "a task failed with an undocumented code", documented, code, Severity.INFO)
    else:
        yield _check_fail_code(interaction, row, is_empty)


def _first_field(interaction: Interaction, paths: tuple[str, ...]) -> tuple[Any, ResponseField | None]:
    """The first value at these paths that is not null, with its field if that is documented."""
    values = (read_field(interaction, (path,)) for path in paths)
    return next(((value, field) for value, field in values if value is not MISSING and value is not None), (None, None))


def _find_fail_code(interaction: Interaction, code: str, message: str) -> FailCode | None:
    """The fail code of this name; where several share it, the one whose reason the message names."""
    codes = [row for row in interaction.contract.fail_codes if row.code == code]
    rows = [row for kind in TASK_ERRORS for row in codes if row.kind is kind]
    return next((row for row in rows if row.reason and row.reason in message), rows[0] if rows else None)


def _check_fail_code(interaction: Interaction, row: FailCode, has_no_message: bool) -> CheckResult:
    retryable = interaction.part("retryable")
    if isinstance(retryable, bool):
        return compare(row, "retryable has another value", row.retryable, retryable)
    if has_no_message:
        return failed(row, "a code has no message", "a sentence", "nothing")
    return passed(row, row.code)


def moderation_errors_have_a_reason(interaction: Interaction) -> Iterator[CheckResult]:
    """An order that moderation rejects gets one of the codes for inputs, with a documented status."""
    if interaction.operation not in ORDERS or not interaction.is_error or not isinstance(interaction.body, dict):
        return
    code, message = _moderation_code(interaction)
    fail_codes = interaction.contract.fail_codes
    rows = [row for row in fail_codes if row.kind is ErrorKind.MODERATION_INPUT and row.code == code]
    if not rows:
        return
    row = next((row for row in rows if _matches_message(row, message)), rows[0])
    code_path = interaction.contract.response.code_path
    # One upstream rejects with HTTP 200, and has the real status in the body.
    status = interaction.body.get(code_path) if code_path else interaction.status_code
    allowed = sorted({case.status for case in interaction.contract.errors if case.kind is ErrorKind.MODERATION_INPUT})
    if status in allowed:
        yield passed(row, f"{status} {code}")
        if interaction.find("moderation") is not None:
            yield check_option(interaction, interaction.variant("moderation"), str(status))
    else:
        yield failed(row, "moderation rejects with another status", " or ".join(map(str, allowed)), status)


def _moderation_code(interaction: Interaction) -> tuple[Any, str]:
    """Code and message of the rejection, also if the service behind the API sends them as JSON in the message."""
    response, body = interaction.contract.response, interaction.body
    parts = {part for envelope in response.envelopes for _, part in envelope.parts}
    if "fail_code" in parts:
        return response.error_part(body, "fail_code"), str(response.error_part(body, "fail_message"))
    message = response.error_part(body, "message")
    nested = _nested_error(message)
    return (nested.get("code"), str(nested.get("message"))) if nested else (error_code(interaction), str(message))


def _nested_error(message: Any) -> dict[str, Any]:
    try:
        value = json.loads(message) if isinstance(message, str) else None
    except (ValueError, RecursionError):
        return {}
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) else {}


def _matches_message(row: FailCode, message: str) -> bool:
    return row.message in message or bool(row.reason and row.reason in message.split())


def failed_assets_have_a_reason(interaction: Interaction) -> Iterator[CheckResult]:
    """A failed asset has a documented code and a message."""
    terms, response = interaction.contract.assets, interaction.contract.response
    if interaction.is_error or terms is None:
        return
    suffix = f".{response.path('asset_error')}"
    field = next((field for field in expected_fields(interaction) if field.path.endswith(suffix)), None)
    if field is None:
        return
    for _, asset in assets_in_response(interaction):
        if terms.parse_status(first_value(asset, response.status_paths)) is AssetStatus.FAILED:
            yield _check_asset_error(interaction, field, asset)


def _check_asset_error(interaction: Interaction, field: ResponseField, asset: Mapping[str, Any]) -> CheckResult:
    response = interaction.contract.response
    code, message = response.read(asset, "asset_error_code"), response.read(asset, "asset_error_message")
    error = response.read(asset, "asset_error") or {}
    rows = [row for row in interaction.contract.fail_codes if row.kind is ErrorKind.ASSET_REFUSED]
    row = next((row for row in rows if row.code == code), None)
    if not isinstance(message, str) or not message.strip():
        return failed(row or field, "a failed asset has no message", "a sentence", format_value(error))
    if row is None:
        documented, title = ", ".join(row.code for row in rows), "an asset failed with an undocumented code"
        return failed(field, title, documented, format_value(code), Severity.INFO)
    return passed(row, str(code))


CHECKS = (failed_tasks_have_a_reason, moderation_errors_have_a_reason, failed_assets_have_a_reason)
