"""What a task's status may be, how it is spelt, and how it moves."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import Operation, StatusContext, TaskStatus
from seedmock_contracts.facts import Fact, ResponseField, StatusSpelling
from seedmock_contracts.lifecycle import TERMINAL, may_follow

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed
from . import response_fields as parts
from .variants import chosen

OWN = "the vendor's"
"""With this begins the source of what the vendor says elsewhere: words of his that the page only leaves out."""

NAMELESS = ("UNKNOWN", "unknown")
"""What B's vendor lists among his words, and the gateway says for any word that it does not know: it means nothing."""


def status_spellings_are_documented(turn: Interaction) -> Iterator[CheckResult]:
    """A status is told in the word of its moment: at create, and at query, in the words of one variant."""
    moment = parts.moment_of(turn)
    if moment is None or turn.is_error or turn.raw_status is None:
        return
    words = [word for word in turn.contract.spellings(moment) if _allowed(turn, word)]
    words += _of_failures_at_once(turn, moment)
    spoken = next((word for word in words if word.spelling == turn.raw_status), None)
    if spoken is not None:
        yield passed(spoken, turn.raw_status)
        return
    meant = next((word for word in words if word.status is turn.status), None)
    expected = meant.spelling if meant else " or ".join(dict.fromkeys(word.spelling for word in words))
    yield failed(_blamed(turn, meant, words), _title(turn), expected, turn.raw_status, _severity(turn))


def _of_failures_at_once(turn: Interaction, moment: StatusContext) -> list[StatusSpelling]:
    """The word for failure, where a create may tell that it has failed already."""
    fields = [field for field in turn.contract.response_fields if field.operation is turn.operation]
    failing = any(TaskStatus.FAILURE in field.statuses for field in fields)
    if moment is StatusContext.QUERY or not failing or turn.status is not TaskStatus.FAILURE:
        return []
    return [w for w in turn.contract.spellings(StatusContext.QUERY) if w.status is TaskStatus.FAILURE]


def _allowed(turn: Interaction, word: StatusSpelling) -> bool:
    """Whether a word is of an option that may hold; the plain words are those of the default."""
    id_ = parts.status_variant(turn.contract)
    pinned = turn.history.options.get(id_)
    if pinned is None or word.context is not StatusContext.QUERY:
        return True
    return (word.variant or turn.contract.defaults[id_]) == pinned


def _blamed(turn: Interaction, meant: StatusSpelling | None, words: list[StatusSpelling]) -> Fact:
    """The word that should have been spoken; the field of statuses, where nobody knows which that is."""
    if meant is not None:
        return meant
    return words[0] if len(words) == 1 else status_field(turn) or words[0]


def _title(turn: Interaction) -> str:
    return "a status is spelt otherwise" if turn.status is not None else "a status in a word that nobody knows"


def _severity(turn: Interaction) -> Severity | None:
    """News only, if the vendor himself says elsewhere that there is such a word."""
    own = any(word.spelling == turn.raw_status and word.source.startswith(OWN) for word in aliases(turn))
    return Severity.INFO if own or turn.raw_status in NAMELESS else None


def aliases(turn: Interaction) -> list[StatusSpelling]:
    """The other words that the answer's word is known to be one of."""
    told = turn.raw_status or ""
    return [w for w in turn.contract.spellings(StatusContext.ALIAS) if told.lower() == w.spelling.lower()]


def status_field(turn: Interaction) -> ResponseField | None:
    """The field in which the answer tells its status."""
    told = turn.data if isinstance(turn.data, dict) else {}
    name = next((name for name in turn.contract.response.status_paths if name in told), None)
    return next((f for f in parts.fields_of(turn) if f.path.rpartition(".")[2] == name), None)


def statuses_settle_variants(turn: Interaction) -> Iterator[CheckResult]:
    """A status word of one option alone settles which option holds."""
    id_ = parts.status_variant(turn.contract)
    if not id_ or turn.operation is not Operation.QUERY or turn.is_error or id_ in turn.history.options:
        return
    spoken = [w for w in turn.contract.spellings(StatusContext.QUERY) if w.spelling == turn.raw_status]
    if spoken:
        yield chosen(turn, id_, spoken[0].variant or turn.contract.defaults[id_])


def statuses_move_forward(turn: Interaction) -> Iterator[CheckResult]:
    """A task's status only moves on. A word that is no word of its moment shows there that it means what we think."""
    fact = turn.contract.find(f"{turn.contract.name}.status.moves")
    before = turn.task.status if turn.task is not None else None
    if fact is None or turn.operation is not Operation.QUERY or turn.is_error or before is None or turn.status is None:
        return
    right = may_follow(before, turn.status)
    title = f"a task that was {'over' if before in TERMINAL else 'further on'} is told to be {turn.raw_status} again"
    for blamed in (fact, *aliases(turn)):
        if right:
            yield passed(blamed, f"{before}, then {turn.raw_status}")
        else:
            yield failed(blamed, title, f"{before}, or what comes after it", turn.raw_status)


def terminal_responses_are_stable(turn: Interaction) -> Iterator[CheckResult]:
    """The answer about a task that has ended is the same each time."""
    fact = turn.contract.find(f"{turn.contract.name}.status.final")
    ended = turn.task.final_poll if turn.task is not None else None
    if fact is None or ended is None or turn.operation is not Operation.QUERY or turn.is_error:
        return
    if not isinstance(turn.data, dict) or not isinstance(ended.data, dict):
        return
    then, now = ended.data, turn.data
    changed = [key for key in {**then, **now} if key not in then or key not in now or then[key] != now[key]]
    if changed:
        expected, seen = (", ".join(f"{key}: {format_value(told.get(key))}" for key in changed) for told in (then, now))
        yield failed(fact, "the answer about a task that has ended has changed", expected, seen)
    else:
        yield passed(fact, turn.raw_status or "")


def initial_status_is_not_success(turn: Interaction) -> Iterator[CheckResult]:
    """What is created begins its life, or has failed at once; it is not there already."""
    if parts.moment_of(turn) is not StatusContext.CREATE or turn.is_error or turn.status is None:
        return
    fact = turn.contract.find(f"{turn.contract.name}.status.moves")
    if fact is not None:
        if turn.status is TaskStatus.SUCCESS:
            yield failed(fact, "a task is over as soon as it is created", "a task that begins", turn.raw_status)
        else:
            yield passed(fact, f"begins as {turn.raw_status}")


CHECKS = (
    status_spellings_are_documented,
    statuses_settle_variants,
    initial_status_is_not_success,
    statuses_move_forward,
    terminal_responses_are_stable,
)
