"""What a task's status may be, how it is spelt, and how it moves."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import Operation, StatusContext, TaskStatus
from seedmock_contracts.facts import MISSING, Fact, ResponseField, StatusSpelling
from seedmock_contracts.lifecycle import TERMINAL, may_follow
from seedmock_contracts.response_format import first_value

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed
from . import response_fields as parts
from .variants import chosen

OWN = "the vendor's"
"""With this begins the source of what the vendor says elsewhere: words of his that the page only leaves out."""

NAMELESS = ("UNKNOWN", "unknown")
"""What B's vendor lists among his words, and the gateway says for any word that it does not know: it means nothing."""


def status_spellings_are_documented(interaction: Interaction) -> Iterator[CheckResult]:
    """A status is told in the word of its moment: at create, and at query, in the words of one variant."""
    moment = parts.moment_of(interaction)
    if moment is None or interaction.is_error or interaction.raw_status is None:
        return
    words = [word for word in interaction.contract.spellings(moment) if _allowed(interaction, word)]
    words += _of_failures_at_once(interaction, moment)
    spoken = next((word for word in words if word.spelling == interaction.raw_status), None)
    if spoken is not None:
        yield passed(spoken, interaction.raw_status)
        return
    meant = next((word for word in words if word.status is interaction.status), None)
    expected = meant.spelling if meant else " or ".join(dict.fromkeys(word.spelling for word in words))
    yield failed(
        _blamed(interaction, meant, words),
        _title(interaction),
        expected,
        interaction.raw_status,
        _severity(interaction),
    )


def _of_failures_at_once(interaction: Interaction, moment: StatusContext) -> list[StatusSpelling]:
    """The word for failure, where a create may tell that it has failed already."""
    fields = [field for field in interaction.contract.response_fields if field.operation is interaction.operation]
    failing = any(TaskStatus.FAILURE in field.statuses for field in fields)
    if moment is StatusContext.QUERY or not failing or interaction.status is not TaskStatus.FAILURE:
        return []
    return [w for w in interaction.contract.spellings(StatusContext.QUERY) if w.status is TaskStatus.FAILURE]


def _allowed(interaction: Interaction, word: StatusSpelling) -> bool:
    """Whether a word is of an option that may hold; the plain words are those of the default."""
    id_ = parts.status_variant(interaction.contract)
    pinned = interaction.history.options.get(id_)
    if pinned is None or word.context is not StatusContext.QUERY:
        return True
    return (word.variant or interaction.contract.defaults[id_]) == pinned


def _blamed(interaction: Interaction, meant: StatusSpelling | None, words: list[StatusSpelling]) -> Fact:
    """The word that should have been spoken; the field of statuses, where nobody knows which that is."""
    if meant is not None:
        return meant
    return words[0] if len(words) == 1 else status_field(interaction) or words[0]


def _title(interaction: Interaction) -> str:
    return "a status is spelt otherwise" if interaction.status is not None else "a status in a word that nobody knows"


def _severity(interaction: Interaction) -> Severity | None:
    """News only, if the vendor himself says elsewhere that there is such a word."""
    own = any(word.spelling == interaction.raw_status and word.source.startswith(OWN) for word in aliases(interaction))
    return Severity.INFO if own or interaction.raw_status in NAMELESS else None


def aliases(interaction: Interaction) -> list[StatusSpelling]:
    """The other words that the answer's word is known to be one of."""
    told = interaction.raw_status or ""
    return [w for w in interaction.contract.spellings(StatusContext.ALIAS) if told.lower() == w.spelling.lower()]


def status_field(interaction: Interaction) -> ResponseField | None:
    """The field in which the answer tells its status."""
    response, told = interaction.contract.response, interaction.data if isinstance(interaction.data, dict) else {}
    path = next((path for path in response.status_paths if first_value(told, (path,)) is not MISSING), None)
    place = f"{response.envelope_key}.{path}" if response.envelope_key else path
    return next((field for field in parts.fields_of(interaction) if field.path == place), None)


def statuses_settle_variants(interaction: Interaction) -> Iterator[CheckResult]:
    """A status word of one option alone settles which option holds."""
    id_ = parts.status_variant(interaction.contract)
    if (
        not id_
        or interaction.operation is not Operation.QUERY
        or interaction.is_error
        or id_ in interaction.history.options
    ):
        return
    spoken = [w for w in interaction.contract.spellings(StatusContext.QUERY) if w.spelling == interaction.raw_status]
    if spoken:
        yield chosen(interaction, id_, spoken[0].variant or interaction.contract.defaults[id_])


def statuses_move_forward(interaction: Interaction) -> Iterator[CheckResult]:
    """A task's status only moves on. A word that is no word of its moment shows there that it means what we think."""
    fact = interaction.contract.find(f"{interaction.contract.name}.status.moves")
    before = interaction.task.status if interaction.task is not None else None
    if (
        fact is None
        or interaction.operation is not Operation.QUERY
        or interaction.is_error
        or before is None
        or interaction.status is None
    ):
        return
    right = may_follow(before, interaction.status)
    title = (
        f"a task that was {'over' if before in TERMINAL else 'further on'} is told to be {interaction.raw_status} again"
    )
    for blamed in (fact, *aliases(interaction)):
        if right:
            yield passed(blamed, f"{before}, then {interaction.raw_status}")
        else:
            yield failed(blamed, title, f"{before}, or what comes after it", interaction.raw_status)


def terminal_responses_are_stable(interaction: Interaction) -> Iterator[CheckResult]:
    """The answer about a task that has ended is the same each time."""
    fact = interaction.contract.find(f"{interaction.contract.name}.status.final")
    ended = interaction.task.final_poll if interaction.task is not None else None
    if fact is None or ended is None or interaction.operation is not Operation.QUERY or interaction.is_error:
        return
    if not isinstance(interaction.data, dict) or not isinstance(ended.data, dict):
        return
    then, now = ended.data, interaction.data
    changed = [key for key in {**then, **now} if key not in then or key not in now or then[key] != now[key]]
    if changed:
        expected, seen = (", ".join(f"{key}: {format_value(told.get(key))}" for key in changed) for told in (then, now))
        yield failed(fact, "the answer about a task that has ended has changed", expected, seen)
    else:
        yield passed(fact, interaction.raw_status or "")


def initial_status_is_not_success(interaction: Interaction) -> Iterator[CheckResult]:
    """What is created begins its life, or has failed at once; it is not there already."""
    if parts.moment_of(interaction) is not StatusContext.CREATE or interaction.is_error or interaction.status is None:
        return
    fact = interaction.contract.find(f"{interaction.contract.name}.status.moves")
    if fact is not None:
        if interaction.status is TaskStatus.SUCCESS:
            yield failed(fact, "a task is over as soon as it is created", "a task that begins", interaction.raw_status)
        else:
            yield passed(fact, f"begins as {interaction.raw_status}")


CHECKS = (
    status_spellings_are_documented,
    statuses_settle_variants,
    initial_status_is_not_success,
    statuses_move_forward,
    terminal_responses_are_stable,
)
