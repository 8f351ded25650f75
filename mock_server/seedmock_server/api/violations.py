"""Contract violations by requests, as the journal stores them: the fact, the field and a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Violation
from seedmock_contracts.validation import notices, unknown_fields

from ..errors import ApiError
from ..journal import LoggedViolation
from ..upstreams.protocol import ApiRequest

MAX_VIOLATIONS = 20
MAX_CHARS = 300
CALLER_ERRORS = frozenset(
    {
        ErrorKind.AUTHENTICATION,
        ErrorKind.MALFORMED,
        ErrorKind.MISSING_PARAMETER,
        ErrorKind.INVALID_PARAMETER,
        ErrorKind.UNKNOWN_MODEL,
        ErrorKind.INVALID_INPUT,
        ErrorKind.ASSET_REFUSED,
        ErrorKind.ROUTE_NOT_FOUND,
        ErrorKind.METHOD_NOT_ALLOWED,
        ErrorKind.BODY_TOO_LARGE,
        ErrorKind.UNSUPPORTED_MEDIA_TYPE,
        ErrorKind.RANGE_NOT_SATISFIABLE,
    }
)
"""Errors that the request itself causes, whatever the state: not a low balance, nor a task that is not ready."""


def violations_from_rules(violations: Iterable[Violation], *, advice: bool = False) -> tuple[LoggedViolation, ...]:
    """Return violated rules, or advice that was not followed, as the journal stores them."""
    logged = [
        LoggedViolation(violation.fact.id, violation.field[:MAX_CHARS], violation.message[:MAX_CHARS], advice)
        for violation in violations
    ]
    return tuple(logged[:MAX_VIOLATIONS])


def violations_from_error(contract: Contract, error: ApiError) -> tuple[LoggedViolation, ...]:
    """Return the violation that an error reports, if the request causes it; the fact is the rule's or the error's."""
    if error.kind not in CALLER_ERRORS:
        return ()
    fact = error.fact or contract.error_case(error.kind)
    return (LoggedViolation(fact.id, error.field[:MAX_CHARS], (error.detail or error.kind.value)[:MAX_CHARS]),)


def violations_from_accepted(contract: Contract, request: ApiRequest) -> tuple[LoggedViolation, ...]:
    """Return what an upstream accepts all the same: fields that its page does not name, or advises against."""
    names = unknown_fields(contract.name, request.operation, request.document)
    unknown = [
        LoggedViolation("", name[:MAX_CHARS], f"{contract.name} has no field {name[:60]!r} here", True)
        for name in names
    ]
    advice: tuple[LoggedViolation, ...] = ()
    if request.operation is Operation.CREATE:
        advice = violations_from_rules(notices(contract.name, request.document), advice=True)
    return (*unknown[: MAX_VIOLATIONS - len(advice)], *advice)
