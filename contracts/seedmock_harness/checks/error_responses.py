"""Compare error responses with the error cases of the contract, and recognize those that are about something else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import ErrorCase

from ..conversation.history import Interaction
from ..results.checks import CheckResult, failed, passed
from .response_fields import is_complete

UNRELATED_TO_REQUEST = frozenset(
    {
        ErrorKind.AUTHENTICATION,
        ErrorKind.FORBIDDEN,
        ErrorKind.BALANCE,
        ErrorKind.RATE_LIMIT,
        ErrorKind.OVERLOADED,
        ErrorKind.REQUEST_TIMEOUT,
        ErrorKind.UPSTREAM_FAILED,
    }
)
"""Kinds of errors that do not depend on what is requested."""
UNRELATED_TO_BODY = UNRELATED_TO_REQUEST | {ErrorKind.BODY_TOO_LARGE}
NO_ENDPOINT = frozenset({ErrorKind.ROUTE_NOT_FOUND, ErrorKind.METHOD_NOT_ALLOWED})
RULE_ERRORS = frozenset({ErrorKind.MISSING_PARAMETER, ErrorKind.INVALID_PARAMETER, ErrorKind.UNKNOWN_MODEL})
UNKNOWN_ID_ERRORS = {
    Operation.QUERY: (ErrorKind.TASK_NOT_FOUND,),
    Operation.RECORD: (ErrorKind.TASK_NOT_FOUND,),
    Operation.CANCEL: (ErrorKind.TASK_NOT_FOUND,),
    Operation.CONTENT: (ErrorKind.CONTENT_NOT_FOUND,),
    Operation.ASSET_GET: (ErrorKind.ASSET_NOT_FOUND,),
    Operation.ASSET_UPDATE: (ErrorKind.ASSET_NOT_FOUND,),
    Operation.ASSET_DELETE: (ErrorKind.ASSET_NOT_FOUND,),
    Operation.GROUP_DELETE: (ErrorKind.GROUP_NOT_FOUND,),
}
"""Errors that an unknown id in the request leads to, by operation."""
MAX_SHOWN_CHARS = 200


def check_error(interaction: Interaction, kinds: Collection[ErrorKind]) -> Iterator[CheckResult]:
    """Compare an error response with the error cases of these kinds, of which the first is the likeliest.

    No result for a success, and for an error that is about something else.
    """
    if not interaction.is_error or interaction.status_code == 0:
        return
    if is_unrelated(interaction, kinds) or is_endpoint_missing(interaction, kinds):
        return
    order = list(kinds)
    cases = [case for case in interaction.contract.errors if case.kind in kinds and _may_be_used(interaction, case)]
    cases.sort(key=lambda case: order.index(case.kind))
    if not cases:
        return
    matching = [case for case in cases if case in interaction.error_cases and isinstance(interaction.body, dict)]
    exact = next((case for case in matching if error_type(interaction) in (case.type, None)), None)
    case = exact or max(matching or cases, key=lambda case: _similarity(interaction, case))
    if exact is not None:
        yield passed(case, shorten_response(interaction, 0))
    elif is_complete(interaction):
        expected = f"{case.status} {case.code} {case.type}".strip()
        yield failed(case, f"{case.kind} has another error response", expected, shorten_response(interaction))


def _may_be_used(interaction: Interaction, case: ErrorCase) -> bool:
    """True unless the case belongs to an option of the error variant that is known not to hold."""
    option = case.style.partition(".")[0]
    options = interaction.history.options
    pinned = [options[v.id] for v in interaction.contract.variants if option in v.options and v.id in options]
    return not option or not pinned or option in pinned


def _similarity(interaction: Interaction, case: ErrorCase) -> int:
    equal = (
        case.status == interaction.status_code,
        str(case.code) == str(error_code(interaction)),
        case.type == error_type(interaction),
    )
    return sum(weight for weight, same in zip((1, 2, 1), equal, strict=True) if same)


def is_unrelated(interaction: Interaction, kinds: Collection[ErrorKind]) -> bool:
    """True if an error is about the key, the balance or the rate of requests, and `kinds` has no such error.

    An error that this caller gets for the first time, while other requests succeeded, may be about the request.
    """
    if interaction.error_kinds & {*kinds} or not interaction.error_kinds & UNRELATED_TO_BODY:
        return False
    if interaction.status_code == 429 or interaction.status_code >= 500:
        return True
    if ErrorKind.AUTHENTICATION in kinds:
        return False
    earlier = (other for other in interaction.history.interactions if other.caller == interaction.caller)
    return not any(other.status_code != interaction.status_code for other in earlier)


def is_endpoint_missing(interaction: Interaction, kinds: Collection[ErrorKind]) -> bool:
    """True if the response is that of an unknown route, and no earlier request to the endpoint got another one."""
    not_routed = interaction.error_kinds & NO_ENDPOINT or interaction.status_code == 405
    if interaction.operation is None or interaction.error_kinds & {*kinds} or not not_routed:
        return False
    return not any(
        earlier.operation is interaction.operation
        and earlier.status_code not in (404, 405)
        # Where keys are checked before routes, a refused key is 401 at any path.
        and earlier.is_authenticated
        for earlier in interaction.history.interactions
    )


def unknown_id_errors(interaction: Interaction) -> tuple[ErrorKind, ...]:
    """Errors that unknown ids in the request lead to: the operation's own, and a group's if the request has one."""
    if interaction.operation is None:
        return ()
    kinds = UNKNOWN_ID_ERRORS.get(interaction.operation, ())
    group = interaction.contract.request.path("group", interaction.operation)
    has_group = interaction.document is not None and interaction.document.get(group) is not None
    return (*kinds, ErrorKind.GROUP_NOT_FOUND) if has_group else kinds


def error_code(interaction: Interaction) -> Any:
    return interaction.contract.response.error_part(interaction.body, "code")


def error_fail_code(interaction: Interaction) -> Any:
    """The code of a failure beside the error code; None where the envelope has none."""
    return interaction.contract.response.error_part(interaction.body, "fail_code")


def is_invalid_input(interaction: Interaction) -> bool:
    """True for the code of a failure because of unusable media."""
    code = error_fail_code(interaction)
    return code is not None and code == interaction.contract.error_case(ErrorKind.INVALID_INPUT).fail_code


def error_type(interaction: Interaction) -> Any:
    """The `type` beside the error code; None where the envelope has none."""
    return interaction.contract.response.error_part(interaction.body, "type")


def error_text(interaction: Interaction) -> str:
    """The texts for people in an error response: field, then message."""
    parts = (interaction.contract.response.error_part(interaction.body, part) for part in ("field", "message"))
    return " ".join(str(part) for part in parts if part)


def shorten_response(interaction: Interaction, limit: int = MAX_SHOWN_CHARS) -> str:
    """Status code with the beginning of the body, or with the error code if `limit` is 0."""
    return f"{interaction.status_code} {interaction.text[:limit] or error_code(interaction) or ''}".strip()
