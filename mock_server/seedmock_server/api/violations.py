"""Contract violations by requests, as the journal stores them: the fact, the field and a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ORDERS, ErrorKind, Operation
from seedmock_contracts.facts import Violation
from seedmock_contracts.validation import notices
from seedmock_contracts.validation.unread import UnusedReference, unknown_fields, unknown_parameters, unused_files

from ..errors import ApiError
from ..journal import LoggedViolation, ViolationSeverity, hidden_users
from ..references.local_urls import with_public_links
from ..upstreams.protocol import ApiRequest

MAX_VIOLATIONS = 20
MAX_CHARS = 300
MAX_NAME_CHARS = 120
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


def violations_from_rules(
    violations: Iterable[Violation], severity: ViolationSeverity = ViolationSeverity.VIOLATION
) -> tuple[LoggedViolation, ...]:
    """Return violated rules, or advice that was not followed, as the journal stores them."""
    logged = [
        LoggedViolation(violation.fact.id, violation.field[:MAX_CHARS], _sentence(violation.message), severity)
        for violation in violations
    ]
    return tuple(logged[:MAX_VIOLATIONS])


def violations_from_error(contract: Contract, error: ApiError) -> tuple[LoggedViolation, ...]:
    """Return the violation that an error reports, if the request causes it; the fact is the rule's or the error's."""
    if error.kind not in CALLER_ERRORS:
        return ()
    fact = error.fact or contract.error_case(error.kind)
    return (LoggedViolation(fact.id, error.field[:MAX_CHARS], _sentence(error.detail or error.kind.value)),)


def _sentence(text: str) -> str:
    return hidden_users(text)[:MAX_CHARS]


def violations_from_unused(contract: Contract, references: Sequence[UnusedReference]) -> tuple[LoggedViolation, ...]:
    """Return the references that an accepted order is carried out without."""
    fact = contract.own_fact("unknown_fields").id
    return tuple(
        LoggedViolation(fact, unused.path[:MAX_CHARS], unused.message[:MAX_CHARS], ViolationSeverity.UNUSED_REFERENCE)
        for unused in references[:MAX_VIOLATIONS]
    )


class UnreadPart(NamedTuple):
    """Part of a request that the upstream does not read: its kind in words, and its path or name."""

    kind: str
    name: str
    is_repeated: bool = False

    @property
    def note(self) -> str:
        return f"{'repeated' if self.is_repeated else 'unknown'} {self.kind} {self.name[:MAX_NAME_CHARS]!r}"

    def message(self, upstream: str) -> str:
        if self.is_repeated:
            return f"{self.note}: the last one counts"
        return f"{upstream} has no {self.kind} {self.name[:MAX_NAME_CHARS]!r} here"


def unread_parts(contract: Contract, request: ApiRequest) -> list[UnreadPart]:
    """Return the fields at every depth, and the file parts, of a body that the upstream does not read."""
    name, operation = contract.name, request.operation
    fields = [UnreadPart("field", path) for path in unknown_fields(name, operation, request.document)]
    files = [file.name for file in request.files]
    return [*fields, *(UnreadPart("file part", part) for part in unused_files(contract, operation, files))]


def unread_parameters(contract: Contract, operation: str, query: str) -> list[UnreadPart]:
    """Return the query parameters that the upstream does not read, and those that are repeated."""
    if not query or operation not in tuple(Operation):
        return []
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    unknown = unknown_parameters(contract.name, Operation(operation), names)
    repeated = [name for name in dict.fromkeys(names) if name not in unknown and names.count(name) > 1]
    parts = [UnreadPart("query parameter", name) for name in unknown]
    return [*parts, *(UnreadPart("query parameter", name, is_repeated=True) for name in repeated)]


def violations_from_unread(contract: Contract, parts: Sequence[UnreadPart]) -> tuple[LoggedViolation, ...]:
    """Return unread parts of a request as advice."""
    severity = ViolationSeverity.ADVICE
    return tuple(
        LoggedViolation("", part.name[:MAX_CHARS], part.message(contract.name), severity)
        for part in parts[:MAX_VIOLATIONS]
    )


def violations_from_advice(contract: Contract, request: ApiRequest) -> tuple[LoggedViolation, ...]:
    """Return what an upstream accepts although its page advises against it, or no vendor can do it."""
    if request.operation not in ORDERS:
        return ()
    advice = notices(contract.name, request.document)
    if advice:  # a link to this server is a private host as it stands, and none to the vendor
        advice = notices(contract.name, with_public_links(request.document, request.origin))
    return violations_from_rules(advice, ViolationSeverity.ADVICE)
