"""Kinds of responses that requests of a verification must get, so that the checks can look at their facts.

Most checks are silent about a response that says nothing of the request, such as a 502 from a proxy. Here such a
response is told apart: it keeps facts from being looked at, and that is worth a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import BILLABLE, Basis, ErrorKind, Operation, TaskStatus
from seedmock_contracts.facts import Fact

from ..checks.content import CLOCK_SKEW, DAY, may_be_expired
from ..checks.error_responses import UNRELATED_TO_REQUEST
from ..conversation.history import AssetHistory, Interaction
from ..driver.sample_media import FORM_HEADERS

MAX_SHOWN_CHARS = 80
_FORM = FORM_HEADERS["content-type"].partition(";")[0]
_CONDITIONAL_STATUSES = frozenset({200, 206, 304, 412, 416})
_NO_HEAD = frozenset({404, 405, 501})
_KEY_STATUSES = frozenset({401, 403})
_READS_WITHOUT_SUBJECT = frozenset(
    {Operation.BALANCE, Operation.MODELS, Operation.GROUP_LIST, Operation.TASK_LIST, Operation.GROUP_CREATE}
)


class ResponseKind(StrEnum):
    """Kinds of responses, by what can be read from them."""

    SUCCESS = "a success"
    REJECTION = "an error of the documented form"
    OTHER_ERROR = "an error of another form"
    UNAVAILABLE = "an error about the key, the balance or the rate of requests"
    SERVER_ERROR = "a server error"
    REDIRECT = "a redirect"
    EMPTY = "an empty success"
    NOT_JSON = "a success that is not a JSON object"


CHECKABLE = frozenset({ResponseKind.SUCCESS, ResponseKind.REJECTION, ResponseKind.OTHER_ERROR})
"""Kinds that the checks can compare with the contract, whatever was requested."""
OUTCOME_UNKNOWN = frozenset(
    {ResponseKind.SERVER_ERROR, ResponseKind.REDIRECT, ResponseKind.EMPTY, ResponseKind.NOT_JSON}
)
"""Kinds after which an order may have been accepted, so that it must not be sent again."""


class UnexpectedResponse(Struct, frozen=True):
    """A response of another kind than the request must get. `fact`: the first that it kept from being looked at."""

    step: str
    interaction: Interaction
    fact: Fact
    expected: str
    kind: ResponseKind

    @property
    def cause(self) -> tuple[str, str, ResponseKind]:
        """Operation, fact and kind: the same for two runs of a step that were prevented alike, though ids differ."""
        return self.name, self.fact.id, self.kind

    @property
    def is_lost_order(self) -> bool:
        """True for an order that may have been accepted."""
        return self.interaction.operation in BILLABLE and self.kind in OUTCOME_UNKNOWN

    @property
    def name(self) -> str:
        """The operation, or the method and path of a request to none."""
        interaction = self.interaction
        return interaction.operation or f"{interaction.method} {interaction.url}"

    @property
    def observed(self) -> str:
        """Status, media type and beginning of the body."""
        interaction = self.interaction
        media_type = interaction.headers.get("content-type", "").partition(";")[0]
        body = " ".join(interaction.text[:MAX_SHOWN_CHARS].split())
        shown = " ".join(part for part in (str(interaction.status_code), media_type, body) if part)
        return f"{self.kind}: {shown}"


def unexpected_responses(
    step: str, responses: Iterable[tuple[Interaction, frozenset[ResponseKind]]]
) -> Iterator[UnexpectedResponse]:
    """Yield each response of a step that is of another kind than expected when the request was sent.

    A request that got an expected response later in the step counts for that one.
    """
    unexpected: dict[tuple[object, ...], UnexpectedResponse] = {}
    for interaction, expected in responses:
        kind, identity = response_kind(interaction), (expected, *request_identity(interaction))
        if kind in expected:
            unexpected.pop(identity, None)
        else:
            text = "a success" if ResponseKind.REJECTION not in expected else "an error about the request, or a success"
            entry = UnexpectedResponse(step, interaction, concerned_fact(interaction), text, kind)
            unexpected.setdefault(identity, entry)
    yield from unexpected.values()


def request_identity(interaction: Interaction) -> tuple[str, ...]:
    """Method, URL, caller, body and headers of a request."""
    request = interaction.exchange.request
    headers = (f"{name}: {value}" for name, value in sorted(request.headers))
    return (request.method, request.url, interaction.caller, request.body, *headers)


def response_kind(interaction: Interaction) -> ResponseKind:
    """Return the kind of a response."""
    status = interaction.status_code
    if 300 <= status < 400 and status != 304:
        return ResponseKind.REDIRECT
    if status >= 500 and not interaction.error_kinds - UNRELATED_TO_REQUEST:
        return ResponseKind.SERVER_ERROR  # but for one with which an upstream rejects requests, as some gateways do
    if interaction.is_error:
        return _error_kind(interaction)
    if interaction.method != "HEAD" and not interaction.text:
        return ResponseKind.EMPTY
    is_json = interaction.operation is Operation.CONTENT or isinstance(interaction.body, dict)
    return ResponseKind.SUCCESS if is_json or interaction.method == "HEAD" else ResponseKind.NOT_JSON


def _error_kind(interaction: Interaction) -> ResponseKind:
    status, kinds = interaction.status_code, interaction.error_kinds
    is_about_key = status in _KEY_STATUSES or ErrorKind.AUTHENTICATION in kinds
    if is_about_key and interaction.caller != "first":
        return ResponseKind.REJECTION
    if status in (408, 429) or (kinds and kinds <= UNRELATED_TO_REQUEST):
        return ResponseKind.UNAVAILABLE
    parts = (interaction.contract.response.error_part(interaction.body, part) for part in ("code", "message"))
    return ResponseKind.REJECTION if any(part is not None for part in parts) else ResponseKind.OTHER_ERROR


def expected_kinds(interaction: Interaction) -> frozenset[ResponseKind]:
    """Return the kinds of responses from which the checks learn something about the request."""
    if interaction.operation is Operation.CALLBACK or interaction.status_code == 0:
        return frozenset(ResponseKind)
    if interaction.operation is Operation.CONTENT:
        return _content_kinds(interaction)
    return frozenset({ResponseKind.SUCCESS}) if _must_succeed(interaction) else CHECKABLE


def _content_kinds(interaction: Interaction) -> frozenset[ResponseKind]:
    """Return the expected kinds for content; the checks of downloads judge each response to a plain GET."""
    upload, days = interaction.history.files.get(interaction.url), interaction.contract.file_days
    if upload is not None:
        is_expired = days is not None and interaction.at >= upload.at + float(days.value) * DAY - CLOCK_SKEW
        return CHECKABLE if is_expired else frozenset({ResponseKind.SUCCESS})
    task = interaction.task
    is_owner = task is not None and (interaction.url in interaction.history.links or interaction.caller == task.caller)
    final_poll = task.final_poll if task is not None else None
    if task is None or not is_owner or final_poll is None or final_poll.status is not TaskStatus.SUCCESS:
        return CHECKABLE
    if may_be_expired(interaction, task):
        return CHECKABLE
    if interaction.method == "GET" and not interaction.request_headers.keys() & {"range", "if-range", "if-match"}:
        return frozenset(ResponseKind) - {ResponseKind.UNAVAILABLE}
    allowed = _CONDITIONAL_STATUSES | (_NO_HEAD if interaction.method == "HEAD" else frozenset())
    return frozenset(ResponseKind) if interaction.status_code in allowed else frozenset({ResponseKind.SUCCESS})


def _must_succeed(interaction: Interaction) -> bool:
    """Return True for a valid request about nothing, or about what its caller has created and not deleted.

    Orders are left out: there are many reasons to refuse one that are not in the request.
    """
    operation, history = interaction.operation, interaction.history
    if operation is None or operation in BILLABLE or not interaction.is_authenticated or interaction.violations:
        return False
    if operation is Operation.FILE_CREATE:
        return interaction.request_headers.get("content-type", "").startswith(_FORM)
    if interaction.document is None:
        return operation not in interaction.contract.body_operations and operation in _READS_WITHOUT_SUBJECT
    if operation in _READS_WITHOUT_SUBJECT:
        return True
    if operation in (Operation.QUERY, Operation.RECORD):
        return interaction.task is not None and interaction.task.caller == interaction.caller
    if operation is Operation.GROUP_DELETE:
        return _exists(history.groups.get((interaction.caller, interaction.requested_group_id)), interaction)
    if operation is Operation.ASSET_LIST:
        group = interaction.requested_group_id
        return not group or _exists(history.groups.get((interaction.caller, group)), interaction)
    return operation is not Operation.CANCEL and _exists(history.assets.get(interaction.requested_id), interaction)


def _exists(resource: AssetHistory | None, interaction: Interaction) -> bool:
    return resource is not None and resource.deletion is None and resource.caller == interaction.caller


def concerned_fact(interaction: Interaction) -> Fact:
    """Return the fact that a request is about in the first place: a key, a rule, a route, or its endpoint.

    Of several rules the first that is not assumed, if there is one.
    """
    contract, operation = interaction.contract, interaction.operation
    endpoint = contract.endpoint(operation) if operation is not None else None
    if operation is Operation.CONTENT:
        return interaction.find("content.binary") or interaction.find("content.format") or endpoint or _route(contract)
    if not interaction.is_authenticated:
        return interaction.find("auth") or contract.error_case(ErrorKind.AUTHENTICATION)
    rules = [violation.fact for violation in interaction.violations]
    certain = (fact for fact in rules if fact.basis is not Basis.ASSUMED)
    return next(certain, rules[0] if rules else endpoint or _route(contract))


def _route(contract: Contract) -> Fact:
    return contract.error_case(ErrorKind.ROUTE_NOT_FOUND)
