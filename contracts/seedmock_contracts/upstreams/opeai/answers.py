"""What B answers, field by field."""

from __future__ import annotations

from ...terms import AnswerField, Operation
from .evidence import GUIDE_4

ANSWERS: tuple[AnswerField, ...] = (
    AnswerField("opeai.create.answer.id", GUIDE_4, Operation.CREATE, "id", ("string",)),
)
