"""Journal endpoints: recorded exchanges in several formats, and the contract violations among them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

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
from .exports import to_curl, to_jsonl
from .har import HarWriter
from .query_parameters import boolean, choice, string, whole_number

DEFAULT_LIMIT, MAX_LIMIT = 1000, 10_000
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
        exchanges=[exchange_response(number, entry) for number, entry in page],
        total=len(matches),
        next=following if "since" in request.query else count,
    )


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


def exchange_response(number: int, entry: JournalEntry) -> ExchangeResponse:
    status = task_status(entry)
    return ExchangeResponse(
        number=number,
        kind=entry.kind,
        is_order=entry.operation in ORDERS,
        task_status=status,
        task_ended=status in TERMINAL,
        request_body=_text(entry.request_body),
        response_body=_text(entry.response_body),
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
FORMAT_HELP = "har is HTTP Archive 1.2, curl commands that repeat the calls, jsonl a recording"
ADVICE_HELP = "false: without unknown fields and what a page only advises against"
ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/journal",
        handler=read,
        summary="List the recorded exchanges, oldest first; beyond the limit, the newest.",
        query={**FILTER_QUERY, "format": choice(FORMATS, FORMAT_HELP)},
        response=JournalResponse,
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
