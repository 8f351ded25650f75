"""Journal endpoints: recorded exchanges in several formats, and the contract violations among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from starlette.responses import Response

from seedmock_contracts.enums import ORDERS, Basis, Operation, TaskStatus
from seedmock_contracts.facts import Fact
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_contracts.response_format import first_value
from seedmock_contracts.upstreams import NAMES, get_contract

from ..journal import ClipDownload, ExchangeKind, JournalEntry, JournalFilter, ViolationSeverity
from .activity_models import (
    DownloadDetail,
    ExchangeResponse,
    JournalResponse,
    ViolationDetail,
    ViolationResponse,
    ViolationsResponse,
)
from .context import ControlContext
from .endpoints import ACCOUNT_QUERY, ControlEndpoint, ControlRequest, ControlResponse
from .errors import ControlError
from .exports import NumberedEntries, to_curl, to_jsonl
from .har import HarWriter
from .query_parameters import boolean, choice, string, whole_number

DEFAULT_LIMIT, MAX_LIMIT = 1000, 10_000
# Fifteen digits: below 2**53, so that JavaScript keeps each number exactly.
MAX_NUMBER = 10**15 - 1
MAX_ID_CHARS = 200


def parse_filter(request: ControlRequest) -> JournalFilter:
    """Parse the query into a filter. Raises ControlError."""
    kind = request.query.get("kind")
    return JournalFilter(
        upstream=request.query.get("upstream"),
        account=request.account,
        operation=request.query.get("operation"),
        task=request.query.get("task", "")[:MAX_ID_CHARS] or None,
        kind=ExchangeKind(kind) if kind else None,
        since=request.query.get("since", 0),
    )


async def read(context: ControlContext, request: ControlRequest) -> JournalResponse | Response:
    """Return the exchanges that match: with `since` the first `limit` of them, without it the last."""
    format_ = request.query.get("format")
    matches, limit = await context.journal.read(parse_filter(request)), request.query.get("limit", DEFAULT_LIMIT)
    matches = _narrowed(matches, request.query)
    page = matches[:limit] if "since" in request.query else matches[max(0, len(matches) - limit) :]
    if format_ == "har":
        return ControlResponse(HarWriter(page, context.find_clip).archive())
    if format_ == "jsonl":
        return Response(to_jsonl(page), media_type="application/jsonl")
    if format_ == "curl":
        return Response(to_curl(page), media_type="text/plain")
    count = await context.journal.total()
    following = page[-1][0] + 1 if page and len(page) < len(matches) else count
    return JournalResponse(
        exchanges=[exchange_response(*pair, bodies=request.query.get("bodies", True)) for pair in page],
        total=len(matches),
        next=following if "since" in request.query else count,
    )


def _narrowed(matches: NumberedEntries, query: Mapping[str, Any]) -> NumberedEntries:
    """Return the entries before a number that contain all terms of a text, without the newest `offset` ones."""
    terms, before = query.get("text", "").lower().split(), query.get("before", MAX_NUMBER)
    matches = [pair for pair in matches if pair[0] < before and _has_terms(pair[1], terms)]
    return matches[: max(0, len(matches) - query.get("offset", 0))]


def _has_terms(entry: JournalEntry, terms: list[str]) -> bool:
    if not terms:
        return True
    bodies = _text(entry.request_body), _text(entry.response_body)
    texts = entry.method, entry.path, str(entry.status), entry.operation, entry.account, *entry.faults, *bodies
    text = " ".join(texts).lower()
    return all(term in text for term in terms)


async def read_one(context: ControlContext, request: ControlRequest) -> ExchangeResponse:
    """Return one exchange. Raises ControlError 404."""
    number = request.params["number"]
    # int() raises a ValueError for more than 4300 digits.
    if number.isascii() and number.isdigit() and len(number) <= MAX_ID_CHARS:
        for stored, entry in await context.journal.read(JournalFilter(since=int(number))):
            if stored == int(number):
                return exchange_response(stored, entry)
            break
    message = f"the journal has no exchange {number[:20]!r}; GET /_mock/journal lists the last ones"
    raise ControlError(message, status=404, field="number")


async def violations(context: ControlContext, request: ControlRequest) -> ViolationsResponse:
    """Return the contract violations of the exchanges that match, whether they were rejected or not."""
    limit = request.query.get("limit", DEFAULT_LIMIT)
    entries = await context.journal.read(parse_filter(request))
    matches = [violation for number, entry in entries for violation in _violations(number, entry)]
    if not request.query.get("advice", True):
        matches = [violation for violation in matches if not violation.advice]
    severity = request.query.get("severity")
    if severity is not None:
        matches = [violation for violation in matches if violation.severity == severity]
    return ViolationsResponse(violations=matches[max(0, len(matches) - limit) :], total=len(matches))


def _violations(number: int, entry: JournalEntry) -> Iterator[ViolationResponse]:
    for violation in entry.violations:
        fact = _facts(entry.upstream).get(violation.fact)
        yield ViolationResponse(
            number=number,
            at=entry.at,
            account=entry.account,
            upstream=entry.upstream,
            operation=entry.operation,
            method=entry.method,
            path=entry.path,
            status=entry.status,
            fact=violation.fact,
            basis=fact.basis if fact else Basis.DOCUMENTED,
            source=fact.source if fact else "no page names this field",
            field=violation.field,
            message=violation.message,
            severity=violation.severity,
            advice=violation.advice,
        )


@cache
def _facts(upstream: str) -> dict[str, Fact]:
    return {fact.id: fact for fact in get_contract(upstream).facts()}


def task_status(entry: JournalEntry) -> TaskStatus | None:
    """Return the task status in a response, with or without an envelope; None if there is none, or an unknown one."""
    contract = get_contract(entry.upstream)
    try:
        body = msgspec.json.decode(entry.response_body)
    except msgspec.DecodeError:
        return None
    payload = body.get(contract.response.envelope_key) if isinstance(body, dict) else None
    fields = payload if isinstance(payload, dict) else body
    raw_status = first_value(fields, contract.response.status_paths) if isinstance(fields, dict) else None
    return next((row.status for row in contract.status_spellings if row.spelling == raw_status), None)


def exchange_response(number: int, entry: JournalEntry, *, bodies: bool = True) -> ExchangeResponse:
    status = task_status(entry)
    return ExchangeResponse(
        number=number,
        kind=entry.kind,
        is_order=entry.operation in ORDERS,
        task_status=status,
        task_ended=status in TERMINAL,
        request_body=_text(entry.request_body) if bodies else "",
        response_body=_text(entry.response_body) if bodies else "",
        request_headers=_pairs(entry.request_headers),
        response_headers=_pairs(entry.response_headers),
        violations=[ViolationDetail(**violation._asdict(), advice=violation.advice) for violation in entry.violations],
        at=entry.at,
        upstream=entry.upstream,
        operation=entry.operation,
        account=entry.account,
        method=entry.method,
        path=entry.path,
        query=entry.query,
        status=entry.status,
        notes=entry.notes,
        faults=entry.faults,
        download=_download_detail(entry.download),
    )


def _download_detail(download: ClipDownload | None) -> DownloadDetail | None:
    return None if download is None else DownloadDetail(**download._asdict(), whole=download.is_whole)


def _pairs(headers: tuple[tuple[bytes, bytes], ...]) -> list[tuple[str, str]]:
    return [(_text(name), _text(value)) for name, value in headers]


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


FORMATS = ("json", "har", "curl", "jsonl")
FILTER_QUERY = {
    "upstream": choice(NAMES, "exchanges with this upstream"),
    "operation": choice(Operation, "exchanges of this operation"),
    "task": string("a task id: the exchanges that mention it"),
    "kind": choice(ExchangeKind, "exchanges of this kind"),
    "since": whole_number(
        MAX_NUMBER,
        "an exchange's number: it and what follows, oldest first; continue with `next` of the response",
    ),
    "limit": whole_number(MAX_LIMIT, "maximum number of entries", DEFAULT_LIMIT),
    **ACCOUNT_QUERY,
}
PAGE_QUERY = {
    "text": string("words that the path, the status, the account, a fault or a body contains, in either case"),
    "before": whole_number(MAX_NUMBER, "exchanges with a smaller number"),
    "offset": whole_number(MAX_NUMBER, "number of the newest exchanges to pass over"),
    "bodies": boolean("false: exchanges without their bodies, for a list", True),
}
FORMAT_HELP = "har is HTTP Archive 1.2, curl commands that repeat the calls, jsonl a recording"
OTHER_FORMS = {
    "application/json": {"type": "object", "required": ["log"], "description": "HTTP Archive"},
    "text/plain": {"type": "string", "description": "curl commands"},
    "application/jsonl": {"type": "string", "description": "a recording"},
}
ADVICE_HELP = "false: without unknown fields and what a page only advises against"
ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/journal",
        handler=read,
        summary="List the recorded exchanges, oldest first; beyond the limit, the newest.",
        query={**FILTER_QUERY, **PAGE_QUERY, "format": choice(FORMATS, FORMAT_HELP)},
        response=JournalResponse,
        also=OTHER_FORMS,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/journal/{number}",
        handler=read_one,
        summary="Show one exchange by its number.",
        response=ExchangeResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/violations",
        handler=violations,
        summary="List the contract violations in requests, each with the violated fact and its basis.",
        query={
            **FILTER_QUERY,
            "advice": boolean(ADVICE_HELP, True),
            "severity": choice(ViolationSeverity, "violations of this severity"),
        },
        response=ViolationsResponse,
    ),
)
