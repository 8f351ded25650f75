"""What a task's status may be, how it is spelt, and how it moves."""

from __future__ import annotations

from collections.abc import Iterator

from ..conversation import ORDERS, Turn
from ..failures import Look, broken, held
from ..lifecycle import TERMINAL, may_follow
from ..terms import Moment, Operation


def statuses_are_spelt_right(turn: Turn) -> Iterator[Look]:
    """A status is told in the word of its moment: at create, and at query."""
    moment = _moment(turn)
    if moment is None or turn.refused or turn.word is None:
        return
    words = [word for word in turn.said.words if word.moment is moment]
    for word in words:
        if word.word == turn.word:
            yield held(word, turn.word)
            return
    expected = " or ".join(dict.fromkeys(word.word for word in words))
    meant = next((word for word in words if word.status is turn.status), words[0])
    yield broken(meant, "a status is spelt otherwise", expected, turn.word)


def _moment(turn: Turn) -> Moment | None:
    if turn.operation in ORDERS:
        return Moment.CREATED
    return Moment.QUERIED if turn.operation is Operation.QUERY else None


CHECKS = (statuses_are_spelt_right,)
__all__ = ["CHECKS", "TERMINAL", "may_follow"]
