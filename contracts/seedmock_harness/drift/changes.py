"""Changes from older recordings to the newest, whatever the contract says: response shapes, and repeated requests.

Compares only what should be stable: nothing that depends on time, on the balance, or on earlier tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.shape import ShapeDifference, compare_shapes, merge_shapes
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import Basis, ErrorKind, Operation
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import Fact, ResponseField

from ..conversation.history import Interaction
from ..recordings.model import CheckedRecording, ResponseState, error_code, response_state
from ..recordings.request_normalization import normalize_body
from ..results.checks import CheckResult, Severity, failed, passed

TRANSIENT_ERRORS = frozenset(
    {
        *(ErrorKind.BALANCE, ErrorKind.RATE_LIMIT, ErrorKind.OVERLOADED, ErrorKind.UPSTREAM_FAILED),
        *(ErrorKind.MODERATION_INPUT, ErrorKind.REQUEST_TIMEOUT),
    }
)
"""Errors that the same request may or may not get."""
IGNORED_DIFFERENCES = ("of another format", "a new value")
"""Shape differences that follow from what was ordered more often than from a change of the API."""
RequestKey = tuple[str, ...]


class RecordingChange(Struct, frozen=True):
    """The result of comparing two recordings in one place, and the newer exchange that it is about."""

    check: str
    result: CheckResult
    exchange: Exchange


def find_changes(newest: CheckedRecording, older: Sequence[CheckedRecording]) -> Iterator[RecordingChange]:
    """Yield a failed result for each change, and a passed one for each repeated request with the same response."""
    yield from _shape_changes(newest, older)
    yield from _response_changes(newest, older)


# --- shapes ---


def _shape_changes(newest: CheckedRecording, older: Sequence[CheckedRecording]) -> Iterator[RecordingChange]:
    first: dict[ResponseState, Interaction] = {}
    for interaction in newest.interactions:
        state = response_state(interaction)
        if state is not None:
            first.setdefault(state, interaction)
    for state, shape in newest.shapes.items():
        before = [checked.shapes[state] for checked in older if state in checked.shapes]
        for difference in compare_shapes(merge_shapes(before), shape) if before else ():
            if difference.change not in IGNORED_DIFFERENCES:
                result = _shape_result(newest.recording.contract, first[state], difference)
                yield RecordingChange("response_shape_unchanged", result, first[state].exchange)


def _shape_result(contract: Contract, interaction: Interaction, difference: ShapeDifference) -> CheckResult:
    field = _response_field(contract, interaction, difference.path)
    fact = field or _endpoint(interaction)
    severity = Severity.BREAKING if difference.breaking else Severity.INFO
    if field is not None and difference.breaking:
        severity = Severity.INFO if _is_allowed(field, difference) else Severity.BREAKING
    title = f"{difference.path or 'the response'} is {difference.change}, unlike in older recordings"
    return failed(fact, title, difference.expected, difference.actual, severity)


def _is_allowed(field: ResponseField, difference: ShapeDifference) -> bool:
    """Return True if the contract allows the new shape as well."""
    if difference.change == "missing":
        return not field.required
    types = difference.actual.split(" or ")
    return all(name in field.types or (name == "integer" and "number" in field.types) for name in types)


def _response_field(contract: Contract, interaction: Interaction, path: str) -> ResponseField | None:
    """Return the field of the contract for a path: of this status if it has its own, else of any status."""
    operation = None if interaction.is_error else interaction.operation
    fields = [field for field in contract.response_fields if field.operation is operation and field.path == path]
    of_status = [field for field in fields if interaction.status in field.statuses]
    of_any_status = [field for field in fields if not field.statuses]
    return next(iter(of_status or of_any_status or fields), None)


def _endpoint(interaction: Interaction) -> Fact:
    operation = interaction.operation
    endpoints = interaction.contract.endpoints
    return next(endpoint for endpoint in endpoints if endpoint.operation is operation or operation is None)


# --- responses ---


def _response_changes(newest: CheckedRecording, older: Sequence[CheckedRecording]) -> Iterator[RecordingChange]:
    before: dict[RequestKey, dict[str, str]] = {}
    for checked in older:
        for key, interactions in _stable_interactions(checked).items():
            for interaction in interactions:
                before.setdefault(key, {})[_outcome(interaction)] = checked.recording.name
    for key, interactions in _stable_interactions(newest).items():
        if key in before:
            yield RecordingChange(
                "response_unchanged", _response_result(interactions, before[key]), interactions[0].exchange
            )


def _response_result(interactions: Sequence[Interaction], before: Mapping[str, str]) -> CheckResult:
    """Compare the outcomes of a request with those of older recordings, given with the recordings' names."""
    fact, outcome = _fact_of(interactions[0]), _outcome(interactions[0])
    if {_outcome(interaction) for interaction in interactions} & before.keys():
        return passed(fact, outcome)
    previous, name = next(iter(before.items()))
    severity = Severity.WARNING if fact.basis is Basis.ASSUMED else Severity.BREAKING
    return failed(fact, f"the same request gets another response than in {name}", previous, outcome, severity)


def _stable_interactions(checked: CheckedRecording) -> Mapping[RequestKey, list[Interaction]]:
    """Group by request the interactions whose response depends on the request alone."""
    groups: dict[RequestKey, list[Interaction]] = {}
    for interaction in checked.interactions:
        if _is_stable(interaction):
            groups.setdefault(_request_key(interaction), []).append(interaction)
    return groups


def _is_stable(interaction: Interaction) -> bool:
    history, url, status = interaction.history, interaction.exchange.request.url, interaction.status_code
    known_ids = {*history.tasks, *history.assets, *(id_ for _, id_ in history.groups)}
    if interaction.requested_id in known_ids or interaction.requested_group_id in known_ids or url in history.links:
        return False
    if status in (0, 429) or status >= 500 or any(case.kind in TRANSIENT_ERRORS for case in interaction.error_cases):
        return False
    return interaction.operation is not Operation.CONTENT or urlsplit(url).scheme == ""


def _request_key(interaction: Interaction) -> RequestKey:
    request, exchange = interaction.exchange.request, interaction.exchange
    parts = urlsplit(request.url)
    route = match_route(interaction.contract, request.method, parts.path)
    path = route.endpoint.path if route is not None else parts.path
    media_type = interaction.request_headers.get("content-type", "").partition(";")[0]
    caller = exchange.caller if exchange.caller in ("", "wrong") else "known"
    body, query = normalize_body(request.body), normalize_body(parts.query)
    return exchange.operation, request.method, path, body, query, media_type, caller


def _outcome(interaction: Interaction) -> str:
    return f"{interaction.status_code} {error_code(interaction) if interaction.is_error else ''}".strip()


def _fact_of(interaction: Interaction) -> Fact:
    """Return the fact that a changed response is about: the broken rule, the error case, or the endpoint."""
    if interaction.violations:
        return interaction.violations[0].fact
    return interaction.error_cases[0] if interaction.error_cases else _endpoint(interaction)
