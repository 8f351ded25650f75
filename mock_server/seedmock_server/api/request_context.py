"""Records of one request: what the links of the chain have learned of it, and what the journal stores."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import hide_url_users
from seedmock_contracts.validation.unread import UnusedReference

from ..clock import stopwatch
from ..faults.plan import FaultPlan
from ..http.asgi import Receive, Scope
from ..http.head_cache import HeaderList
from ..journal import PATH_CHARS, JournalEntry, LoggedViolation, capped_notes, redacted_headers, truncated_body
from ..tasks.models import Task
from ..upstreams.protocol import ApiRequest, Headers, Upstream
from .responses import SentResponse
from .routing import RouteMatch
from .violations import (
    MAX_VIOLATIONS,
    UnreadPart,
    unread_parameters,
    unread_parts,
    violations_from_advice,
    violations_from_unread,
    violations_from_unused,
)


# Nothing in a request makes a cycle: untracked, its records cost no run of the garbage collector, which has to look at
# every task.
class RequestContext(msgspec.Struct, gc=False):
    """One request on its way through the chain. The first fields come with it; each other one is set by one link."""

    scope: Scope
    receive: Receive
    method: str
    upstream: Upstream
    match: RouteMatch | None
    headers: dict[bytes, bytes]
    operation: Operation | str = ""
    account: str = ""
    body: bytes = b""
    request: ApiRequest | None = None
    task: Task | None = None
    """Task whose result a download's link names."""
    plan: FaultPlan | None = None
    """Faults that the request meets, if any; each link that applies some of them replaces it."""
    violations: tuple[LoggedViolation, ...] = ()
    unused: tuple[UnusedReference, ...] = ()
    """References that an accepted order is carried out without."""
    is_accepted: bool = False
    is_read_whole: bool = False
    """The upstream reads every field of the document, and uses every reference in it."""
    started_at: float = msgspec.field(default_factory=stopwatch)
    log_notes: list[str] = []


class LoggedRequest(msgspec.Struct, frozen=True, gc=False):
    """Exchange from which a journal entry is built. `accepted` is a POST that violates no rule."""

    at: float
    contract: Contract
    operation: str
    account: str
    method: str
    path: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    accepted: ApiRequest | None
    is_read_whole: bool
    log_notes: list[str]
    faults: tuple[str, ...]
    violations: tuple[LoggedViolation, ...]
    unused: tuple[UnusedReference, ...]
    sent: SentResponse
    server: str
    seconds: float
    task_id: str
    """Task that the request is about, if its response is a file."""

    def entry(self) -> JournalEntry:
        """Build the journal entry."""
        query, unread = "", list[UnreadPart]()
        if self.query:
            # Hidden before the cut: a password whose end is cut off would not be recognized.
            query = hide_url_users(self.query[: 4 * PATH_CHARS])[:PATH_CHARS].decode("latin-1")
            unread = unread_parameters(self.contract, self.operation, query)
        advice: tuple[LoggedViolation, ...] = ()
        if self.accepted is not None:
            if self.accepted.files or not self.is_read_whole:
                unread = [*unread_parts(self.contract, self.accepted), *unread]
            advice = violations_from_advice(self.contract, self.accepted)
        unused = violations_from_unused(self.contract, self.unused) if self.unused else ()
        notes = (*(part.note for part in unread), *(violation.message for violation in (*unused, *advice)))
        of_unread = violations_from_unread(self.contract, unread) if unread else ()
        violations = (*self.violations, *unused, *advice, *of_unread)
        return JournalEntry(
            self.at,
            self.contract.name,
            self.operation,
            self.account,
            self.method[:20],
            self.path[:PATH_CHARS],
            self.sent.status,
            truncated_body(self.body, self._file_spans()) if self.body else b"",
            truncated_body(self.sent.body),
            capped_notes((*notes, *self.log_notes)),
            query,
            _redacted(self.headers),
            self.sent.headers,
            self.faults,
            violations[:MAX_VIOLATIONS],
            self.server,
            self.seconds,
            self.sent.download_of(self.task_id),
        )

    def _file_spans(self) -> dict[int, int]:
        # Known since the form was split: to search for their ends again takes a tenth of an order with an image.
        files = () if self.accepted is None else self.accepted.files
        return {file.start: file.start + len(file.content) for file in files}


def _redacted(headers: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Return headers without secrets; those of a head that comes again and again are made once."""
    if not isinstance(headers, HeaderList):
        return redacted_headers(headers)
    if headers.redacted is None:
        headers.redacted = redacted_headers(headers)
    return headers.redacted


def server_address(scope: Scope) -> str:
    """Return the address that a request came to; in process, the host that its URL names."""
    server = scope.get("server")
    return str(server[0]) if server else ""


def logged_request(context: RequestContext, sent: SentResponse, at: float) -> LoggedRequest:
    """Return what the journal stores of a request. It holds neither the ASGI scope nor the connection."""
    scope, plan = context.scope, context.plan
    return LoggedRequest(
        at,
        context.upstream.contract,
        context.operation,
        context.account,
        context.method,
        scope["path"],
        scope["query_string"],
        scope["headers"],
        context.body,
        context.request if context.is_accepted else None,
        context.is_read_whole,
        context.log_notes,
        () if plan is None else plan.log(),
        context.violations,
        context.unused,
        sent,
        server_address(scope),
        stopwatch() - context.started_at,
        "" if sent.part is None or context.request is None else _task_id(context.upstream.contract, context.request),
    )


def _task_id(contract: Contract, request: ApiRequest) -> str:
    name = contract.id_parameter(request.operation)
    return request.params.get(name) or str(request.document.get(name, ""))
