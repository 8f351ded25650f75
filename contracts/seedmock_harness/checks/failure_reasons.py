"""Why something failed or was refused for what it shows: it is said, with a code that is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import ORDERS, AssetStatus, ErrorKind, Operation, TaskStatus
from seedmock_contracts.facts import MISSING, FailCode, ResponseField
from seedmock_contracts.response_format import first_value

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, compare, failed, passed
from . import response_fields as parts
from .assets import told_assets
from .variants import chosen

OF_TASKS = (ErrorKind.MODERATION_OUTPUT, ErrorKind.TASK_FAILED, ErrorKind.MODERATION_INPUT)
"""The kinds of code that a failed task can have, the likeliest first; a look at the input can come late."""


def failed_tasks_have_a_reason(interaction: Interaction) -> Iterator[CheckResult]:
    """A failed task tells a code that is known, a sentence, and whether to try again."""
    if (
        interaction.operation is not Operation.QUERY
        or interaction.is_error
        or interaction.status is not TaskStatus.FAILURE
    ):
        return
    response = interaction.contract.response
    code, code_field = _told(interaction, response.failure_code_paths)
    message, message_field = _told(interaction, response.failure_message_paths)
    silent = isinstance(message, str) and not message.strip()
    if message_field is not None:
        yield (
            failed(message_field, "a failed task does not say why", "a sentence", format_value(message))
            if silent
            else passed(message_field, format_value(message))
        )
    if not isinstance(code, str) or code_field is None:
        return
    row = _row(interaction, code, str(message or ""))
    if row is None:
        known = ", ".join(dict.fromkeys(row.code for row in interaction.contract.fail_codes if row.kind in OF_TASKS))
        yield failed(code_field, "a task failed with a code that is not known", known, code, Severity.INFO)
    else:
        yield from _of_code(interaction, row, silent)


def _told(interaction: Interaction, paths: tuple[str, ...]) -> tuple[Any, ResponseField | None]:
    """What stands at the first of these places at which something does, and the field that speaks of it."""
    fields, key = parts.fields_of(interaction), interaction.contract.response.envelope_key
    told = interaction.data if isinstance(interaction.data, dict) else {}
    for path in paths:
        value = first_value(told, (path,))
        if value is not MISSING and value is not None:
            place = f"{key}.{path}" if key else path
            return value, next((field for field in fields if field.path == place), None)
    return None, None


def _row(interaction: Interaction, code: str, message: str) -> FailCode | None:
    """The row of a code; where several have it, the one whose reason the sentence names."""
    rows = [
        row for kind in OF_TASKS for row in interaction.contract.fail_codes if row.kind is kind and row.code == code
    ]
    return next((row for row in rows if row.reason and row.reason in message), rows[0] if rows else None)


def _of_code(interaction: Interaction, row: FailCode, silent: bool) -> Iterator[CheckResult]:
    again = interaction.data.get("retryable") if isinstance(interaction.data, dict) else None
    if isinstance(again, bool):
        yield compare(row, "whether to try again is told otherwise", row.retryable, again)
    elif silent:
        yield failed(row, "a code comes without a sentence", "a sentence", "nothing")
    else:
        yield passed(row, row.code)


def moderation_errors_have_a_reason(interaction: Interaction) -> Iterator[CheckResult]:
    """An order that moderation refuses is told so with one of the codes for inputs, and the status of such refusals."""
    if interaction.operation not in ORDERS or not interaction.is_error or not isinstance(interaction.body, dict):
        return
    code, message = _refused_with(interaction)
    rows = [
        row for row in interaction.contract.fail_codes if row.kind is ErrorKind.MODERATION_INPUT and row.code == code
    ]
    if not rows:
        return
    row = next((row for row in rows if _speaks_of(row, message)), rows[0])
    status = interaction.body.get("code") if interaction.contract.response.envelope_key else interaction.status_code
    allowed = sorted({case.status for case in interaction.contract.errors if case.kind is ErrorKind.MODERATION_INPUT})
    if status in allowed:
        yield passed(row, f"{status} {code}")
        if interaction.contract.find(f"{interaction.contract.name}.moderation") is not None:
            yield chosen(interaction, f"{interaction.contract.name}.moderation", str(status))
    else:
        yield failed(row, "moderation refuses with another status", " or ".join(map(str, allowed)), status)


def _refused_with(interaction: Interaction) -> tuple[Any, str]:
    """The code and the sentence of a refusal, also where the service behind speaks in a text in the text."""
    response, body = interaction.contract.response, interaction.body
    if any(part == "fail_code" for envelope in response.envelopes for _, part in envelope.parts):
        return response.error_part(body, "fail_code"), str(response.error_part(body, "fail_message"))
    code, message = response.error_part(body, "code"), response.error_part(body, "message")
    nested = _nested(message)
    return (nested.get("code"), str(nested.get("message"))) if nested else (code, str(message))


def _nested(message: Any) -> dict[str, Any]:
    try:
        said = json.loads(message) if isinstance(message, str) else None
    except (ValueError, RecursionError):
        return {}
    error = said.get("error") if isinstance(said, dict) else None
    return error if isinstance(error, dict) else {}


def _speaks_of(row: FailCode, message: str) -> bool:
    return row.message in message or bool(row.reason and row.reason in message.split())


def failed_assets_have_a_reason(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset that failed tells a code that is known, and a sentence."""
    if interaction.is_error:
        return
    field = next((f for f in parts.fields_of(interaction) if f.path.endswith(".error")), None)
    if field is None:
        return
    for _, asset in told_assets(interaction):
        if asset.get("status") == AssetStatus.FAILED:
            error = asset.get("error")
            yield from _of_asset(interaction, field, error if isinstance(error, dict) else {})


def _of_asset(interaction: Interaction, field: ResponseField, error: dict[str, Any]) -> Iterator[CheckResult]:
    code, message = error.get("code"), error.get("message")
    rows = [row for row in interaction.contract.fail_codes if row.kind is ErrorKind.ASSET_REFUSED]
    row = next((row for row in rows if row.code == code), None)
    if not isinstance(message, str) or not message.strip():
        yield failed(row or field, "a failed asset does not say why", "a sentence", format_value(error))
    elif row is None:
        known = ", ".join(row.code for row in rows)
        yield failed(field, "an asset failed with a code that is not known", known, format_value(code), Severity.INFO)
    else:
        yield passed(row, str(code))


CHECKS = (failed_tasks_have_a_reason, moderation_errors_have_a_reason, failed_assets_have_a_reason)
