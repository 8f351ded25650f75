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


def no_server_errors(interaction: Interaction) -> Iterator[CheckResult]:
    """No request at all is answered with a failure of the upstream's own."""
    fact = _fact(interaction)
    if interaction.status_code >= 500 and not any(case.kind not in OWN for case in interaction.error_cases):
        yield failed(fact, "a request broke the upstream", "an answer, or a refusal below 500", interaction.status_code)
    else:
        yield passed(fact, str(interaction.status_code))


def unreadable_bodies_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A body that is no document orders nothing."""
    if interaction.operation is None and interaction.exchange.request.body:
        fact = interaction.contract.error_case(ErrorKind.MALFORMED)
        if interaction.is_error:
            yield passed(fact, str(interaction.status_code))
        else:
            yield failed(
                fact, "a body that is no document was taken", "a refusal", interaction.status_code, Severity.WARNING
            )


def created_tasks_are_found(interaction: Interaction) -> Iterator[CheckResult]:
    """A task is known to the key that made it, whatever was said since."""
    own = interaction.task is not None and interaction.task.caller == interaction.exchange.caller
    if interaction.operation is Operation.QUERY and own and not interaction.violations:
        found = f"task {interaction.requested_id}"
        if interaction.is_error:
            yield failed(_fact(interaction), "what was made is not found", found, interaction.status_code)
        else:
            yield passed(_fact(interaction), found)


def _fact(interaction: Interaction) -> Fact:
    endpoints = (endpoint for endpoint in interaction.contract.endpoints if endpoint.operation is interaction.operation)
    return next(endpoints, interaction.contract.bases[0])


EXPECTATIONS = (no_server_errors, unreadable_bodies_are_rejected, created_tasks_are_found)
