"""What must hold from one answer to the next, whatever was said between: nothing breaks, and what was made is there.

Checks like any other, for whoever holds a conversation of their own with an upstream that nobody else changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Fact

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed

OWN = frozenset({ErrorKind.UPSTREAM_FAILED, ErrorKind.OVERLOADED})
"""The kinds of error that are the upstream's own trouble."""


def no_server_errors(turn: Interaction) -> Iterator[CheckResult]:
    """No request at all is answered with a failure of the upstream's own."""
    fact = _fact(turn)
    if turn.status_code >= 500 and not any(case.kind not in OWN for case in turn.error_cases):
        yield failed(fact, "a request broke the upstream", "an answer, or a refusal below 500", turn.status_code)
    else:
        yield passed(fact, str(turn.status_code))


def unreadable_bodies_are_rejected(turn: Interaction) -> Iterator[CheckResult]:
    """A body that is no document orders nothing."""
    if turn.operation is None and turn.exchange.request.body:
        fact = turn.contract.error_case(ErrorKind.MALFORMED)
        if turn.is_error:
            yield passed(fact, str(turn.status_code))
        else:
            yield failed(fact, "a body that is no document was taken", "a refusal", turn.status_code, Severity.WARNING)


def created_tasks_are_found(turn: Interaction) -> Iterator[CheckResult]:
    """A task is known to the key that made it, whatever was said since."""
    own = turn.task is not None and turn.task.caller == turn.exchange.caller
    if turn.operation is Operation.QUERY and own and not turn.violations:
        found = f"task {turn.requested_id}"
        if turn.is_error:
            yield failed(_fact(turn), "what was made is not found", found, turn.status_code)
        else:
            yield passed(_fact(turn), found)


def _fact(turn: Interaction) -> Fact:
    endpoints = (endpoint for endpoint in turn.contract.endpoints if endpoint.operation is turn.operation)
    return next(endpoints, turn.contract.bases[0])


EXPECTATIONS = (no_server_errors, unreadable_bodies_are_rejected, created_tasks_are_found)
