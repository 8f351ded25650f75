"""What A answers, field by field."""

from __future__ import annotations

from ...terms import AnswerField, Operation
from .evidence import CLIENT

ANSWERS: tuple[AnswerField, ...] = (
    AnswerField("apimodels.create.answer.taskId", CLIENT, Operation.CREATE, "data.taskId", ("string",)),
)
