"""Why a task failed: a failed one says so, with a code that is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..conversation import Turn
from ..failures import Look, Severity, broken, compared, held
from ..rules import shown
from ..terms import AnswerField, ErrorKind, FailCode, Operation, TaskStatus
from . import parts

OF_TASKS = (ErrorKind.MODERATION_OUTPUT, ErrorKind.TASK_FAILED, ErrorKind.MODERATION_INPUT)
"""The kinds of code that a failed task can have, the likeliest first; a look at the input can come late."""
CODES, MESSAGES = ("data.failCode", "error.code"), ("data.failMsg", "error.message", "fail_reason")


def a_failed_task_says_why(turn: Turn) -> Iterator[Look]:
    """A failed task tells a code that is known, a sentence, and whether to try again."""
    if turn.operation is not Operation.QUERY or turn.refused or turn.status is not TaskStatus.FAILURE:
        return
    (code, code_field), (message, message_field) = _told(turn, CODES), _told(turn, MESSAGES)
    silent = isinstance(message, str) and not message.strip()
    if message_field is not None:
        yield (
            broken(message_field, "a failed task does not say why", "a sentence", shown(message))
            if silent
            else held(message_field, shown(message))
        )
    if not isinstance(code, str) or code_field is None:
        return
    row = _row(turn, code, str(message or ""))
    if row is None:
        known = ", ".join(dict.fromkeys(row.code for row in turn.said.codes if row.kind in OF_TASKS))
        yield broken(code_field, "a task failed with a code that is not known", known, code, Severity.INFO)
    else:
        yield from _of_code(turn, row, silent)


def _told(turn: Turn, paths: tuple[str, ...]) -> tuple[Any, AnswerField | None]:
    """What stands at the first of these places at which something does, and the field that speaks of it."""
    fields = parts.fields_of(turn)
    told = turn.data if isinstance(turn.data, dict) else {}
    for path in paths:
        field = next((field for field in fields if field.path == path), None)
        value: Any = told
        for step in path.removeprefix(f"{turn.said.holder}.").split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            return value, field
    return None, None


def _row(turn: Turn, code: str, message: str) -> FailCode | None:
    """The row of a code; where several have it, the one whose reason the sentence names."""
    rows = [row for kind in OF_TASKS for row in turn.said.codes if row.kind is kind and row.code == code]
    return next((row for row in rows if row.reason and row.reason in message), rows[0] if rows else None)


def _of_code(turn: Turn, row: FailCode, silent: bool) -> Iterator[Look]:
    again = turn.data.get("retryable") if isinstance(turn.data, dict) else None
    if isinstance(again, bool):
        yield compared(row, "whether to try again is told otherwise", row.retryable, again)
    elif silent:
        yield broken(row, "a code comes without a sentence", "a sentence", "nothing")
    else:
        yield held(row, row.code)


CHECKS = (a_failed_task_says_why,)
