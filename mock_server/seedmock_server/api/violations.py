"""Where a request broke the contract, as the journal keeps it: which fact says so, about which field, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Violation
from seedmock_contracts.validation import notices, unknown_fields

from ..errors import ApiError
from ..journal import LoggedViolation

MOST = 20
SIGNS = 300
OF_THE_CALLER = frozenset(
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
"""What is wrong with a request itself, whatever there is: not a short balance, nor a task that is not ready."""


def of_violations(broken: Iterable[Violation], *, advice: bool = False) -> tuple[LoggedViolation, ...]:
    """Rules that a document breaks, or advice that it does not take."""
    found = [LoggedViolation(one.fact.id, one.field[:SIGNS], one.message[:SIGNS], advice) for one in broken]
    return tuple(found[:MOST])


def of_refusal(contract: Contract, refusal: ApiError) -> tuple[LoggedViolation, ...]:
    """A refusal, if it is for a request that keeps to no rule; the fact is the rule's, or else the answer's."""
    if refusal.kind not in OF_THE_CALLER:
        return ()
    fact = refusal.fact or contract.error_case(refusal.kind)
    return (LoggedViolation(fact.id, refusal.field[:SIGNS], (refusal.detail or refusal.kind.value)[:SIGNS]),)


def of_accepted(contract: Contract, operation: Operation, document: Mapping[str, Any]) -> tuple[LoggedViolation, ...]:
    """What an upstream lets pass: fields that its page does not name, and what its page advises against."""
    names = unknown_fields(contract.name, operation, document)
    unknown = [
        LoggedViolation("", name[:SIGNS], f"{contract.name} has no field {name[:60]!r} here", True) for name in names
    ]
    advised = of_violations(notices(contract.name, document), advice=True) if operation is Operation.CREATE else ()
    return (*unknown[: MOST - len(advised)], *advised)
