"""Checks of sequences of requests: no request causes a server error, and created tasks are found afterwards.

They apply only where no other program changes the same upstream, so they are not in the list of all checks.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Fact

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed

SERVER_ERRORS = frozenset({ErrorKind.UPSTREAM_FAILED, ErrorKind.OVERLOADED})


def no_server_errors(interaction: Interaction) -> Iterator[CheckResult]:
    """No request gets a server error."""
    fact = _fact(interaction)
    # Some gateways reject by a 5xx: new-api has a 503 for an unknown model.
    if interaction.status_code >= 500 and not interaction.error_kinds - SERVER_ERRORS:
        yield failed(fact, "a request causes a server error", "a status below 500", interaction.status_code)
    else:
        yield passed(fact, str(interaction.status_code))


def unreadable_bodies_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A body that is not a JSON object creates nothing."""
    if interaction.operation is None and interaction.exchange.request.body:
        case = interaction.contract.error_case(ErrorKind.MALFORMED)
        if interaction.is_error:
            yield passed(case, str(interaction.status_code))
        else:
            title, expected = "an unreadable body is accepted", "an error response"
            yield failed(case, title, expected, interaction.status_code, Severity.WARNING)


def created_tasks_are_found(interaction: Interaction) -> Iterator[CheckResult]:
    """A task is found by the key that created it, whatever was requested since."""
    is_own = interaction.task is not None and interaction.task.caller == interaction.caller
    if interaction.operation is Operation.QUERY and is_own and not interaction.violations:
        expected = f"task {interaction.requested_id}"
        if interaction.is_error:
            yield failed(_fact(interaction), "a created task is not found", expected, interaction.status_code)
        else:
            yield passed(_fact(interaction), expected)


def _fact(interaction: Interaction) -> Fact:
    operation = interaction.operation
    endpoint = interaction.contract.endpoint(operation) if operation is not None else None
    return endpoint or interaction.contract.bases[0]


LIVENESS_CHECKS = (no_server_errors, unreadable_bodies_are_rejected, created_tasks_are_found)
