"""What has changed from older recordings to the newest, whatever the contract says: shapes, and answers to the same.

Only what would be the same each time is compared: not what depends on time, on money, or on what was made before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.shape import ShapeDifference, compare_shapes, merge_shapes
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import Basis, ErrorKind, Operation
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import Fact, ResponseField

from ..conversation.history import Interaction
from ..recordings.model import Hearing, State, code_of, state_of
from ..recordings.request_matching import canonical
from ..results.checks import CheckResult, Severity, failed, passed

PASSING = frozenset(
    {
        *(ErrorKind.BALANCE, ErrorKind.RATE_LIMIT, ErrorKind.OVERLOADED, ErrorKind.UPSTREAM_FAILED),
        *(ErrorKind.MODERATION_INPUT, ErrorKind.REQUEST_TIMEOUT),
    }
)
"""Refusals that the same request may meet or not."""
UNTOLD = ("of another format", "a new value")
"""Differences that follow from what was ordered more often than from a change."""


@dataclass(frozen=True, slots=True)
class Change:
    """A look at two recordings, and the newer exchange that shows it."""

    check: str
    look: CheckResult
    exchange: Exchange


def changes(newest: Hearing, older: Sequence[Hearing]) -> Iterator[Change]:
    """Everything that is otherwise than in older recordings, or still the same."""
    yield from _shapes(newest, older)
    yield from _answers(newest, older)


# --- shapes ---


def _shapes(newest: Hearing, older: Sequence[Hearing]) -> Iterator[Change]:
    turns: dict[State, Interaction] = {}
    for turn in newest.turns:
        state = state_of(turn)
        if state is not None:
            turns.setdefault(state, turn)
    for state, seen in newest.shapes.items():
        before = [hearing.shapes[state] for hearing in older if state in hearing.shapes]
        for found in compare_shapes(merge_shapes(before), seen) if before else ():
            if found.change not in UNTOLD:
                look = _look(newest.recording.contract, turns[state], found)
                yield Change("shapes_stay_the_same", look, turns[state].exchange)


def _look(contract: Contract, turn: Interaction, found: ShapeDifference) -> CheckResult:
    field = _field(contract, turn, found.path)
    fact = field or _endpoint(turn)
    severity = Severity.BREAKING if found.breaking else Severity.INFO
    if field is not None and found.breaking:
        severity = Severity.INFO if _foreseen(field, found) else Severity.BREAKING
    title = f"{found.path or 'the response'} is {found.change}, unlike in older recordings"
    return failed(fact, title, found.expected, found.actual, severity)


def _foreseen(field: ResponseField, found: ShapeDifference) -> bool:
    """Whether the contract is content with how it is now."""
    if found.change == "missing":
        return not field.required
    return all(name in field.types or (name == "integer" and "number" in field.types) for name in _names(found))


def _names(found: ShapeDifference) -> list[str]:
    return found.actual.split(" or ")


def _field(contract: Contract, turn: Interaction, path: str) -> ResponseField | None:
    operation = None if turn.is_error else turn.operation
    fields = [field for field in contract.response_fields if field.operation is operation and field.path == path]
    telling = [field for field in fields if turn.status in field.statuses]
    return next(iter(telling or [field for field in fields if not field.statuses] or fields), None)


def _endpoint(turn: Interaction) -> Fact:
    return next(row for row in turn.contract.endpoints if row.operation is turn.operation or turn.operation is None)


# --- answers ---


def _answers(newest: Hearing, older: Sequence[Hearing]) -> Iterator[Change]:
    before: dict[tuple[str, ...], dict[str, str]] = {}
    for hearing in older:
        for key, turns in _asked(hearing).items():
            for turn in turns:
                before.setdefault(key, {})[_outcome(turn)] = hearing.recording.name
    for key, turns in _asked(newest).items():
        now = {_outcome(turn) for turn in turns}
        if key in before and not now & before[key].keys():
            then, name = next(iter(before[key].items()))
            fact = _blamed(turns[0])
            severity = Severity.WARNING if fact.basis is Basis.ASSUMED else Severity.BREAKING
            title = f"the same request is answered otherwise than in {name}"
            yield Change("answers_stay_the_same", failed(fact, title, then, _outcome(turns[0]), severity), _of(turns))
        elif key in before:
            yield Change("answers_stay_the_same", passed(_blamed(turns[0]), _outcome(turns[0])), _of(turns))


def _of(turns: Sequence[Interaction]) -> Exchange:
    return turns[0].exchange


def _asked(hearing: Hearing) -> Mapping[tuple[str, ...], list[Interaction]]:
    """The turns whose answers depend on nothing but the request, by the request."""
    found: dict[tuple[str, ...], list[Interaction]] = {}
    for turn in hearing.turns:
        if _steady(turn):
            found.setdefault(_key(turn), []).append(turn)
    return found


def _steady(turn: Interaction) -> bool:
    known = {*turn.history.tasks, *turn.history.assets, *(id_ for _, id_ in turn.history.groups)}
    if (
        turn.requested_id in known
        or turn.requested_group_id in known
        or turn.exchange.request.url in turn.history.links
    ):
        return False
    if (
        turn.status_code in (0, 429)
        or turn.status_code >= 500
        or any(case.kind in PASSING for case in turn.error_cases)
    ):
        return False
    return turn.operation is not Operation.CONTENT or urlsplit(turn.exchange.request.url).scheme == ""


def _key(turn: Interaction) -> tuple[str, ...]:
    request = turn.exchange.request
    parts = urlsplit(request.url)
    route = match_route(turn.contract, request.method, parts.path)
    path = route.endpoint.path if route is not None else parts.path
    kind = turn.request_headers.get("content-type", "").partition(";")[0]
    who = turn.exchange.caller if turn.exchange.caller in ("", "wrong") else "known"
    return turn.exchange.operation, request.method, path, canonical(request.body), canonical(parts.query), kind, who


def _outcome(turn: Interaction) -> str:
    return f"{turn.status_code} {code_of(turn) if turn.is_error else ''}".strip()


def _blamed(turn: Interaction) -> Fact:
    """What the difference is about: the rule that the request breaks, the refusal, or else the endpoint."""
    if turn.violations:
        return turn.violations[0].fact
    return turn.error_cases[0] if turn.error_cases else _endpoint(turn)
