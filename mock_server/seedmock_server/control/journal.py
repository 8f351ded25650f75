"""What was said: as rows, as HAR, as curl commands; and where it broke the contract."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from starlette.responses import Response

from seedmock_contracts.enums import Basis, Operation
from seedmock_contracts.facts import Fact
from seedmock_contracts.upstreams import NAMES, get_contract

from ..journal import ExchangeKind, JournalEntry, JournalFilter
from .activity_models import ExchangeResponse, JournalResponse, ViolationDetail, ViolationResponse, ViolationsResponse
from .context import ControlContext
from .endpoints import MINE, ControlEndpoint, ControlRequest, Json
from .exports import curl, har, lines

LIMIT, MOST = 1000, 10_000
LONGEST = 200


def wanted(asked: ControlRequest) -> JournalFilter:
    """Which exchanges a query means. Raises Trouble."""
    kind = asked.one_of("kind", tuple(ExchangeKind))
    return JournalFilter(
        upstream=asked.one_of("upstream", NAMES),
        account=asked.account,
        operation=asked.one_of("operation", tuple(Operation)),
        task=asked.query.get("task", "")[:LONGEST] or None,
        kind=ExchangeKind(kind) if kind else None,
        since=asked.whole("since", 0, 10**15),
    )


def read(world: ControlContext, asked: ControlRequest) -> JournalResponse | Response:
    """The exchanges that fit. With `since` the first of them, without it the last."""
    form = asked.one_of("format", FORMATS)
    found, limit = list(world.journal.read(wanted(asked))), asked.whole("limit", LIMIT, MOST)
    shown = found[:limit] if "since" in asked.query else found[max(0, len(found) - limit) :]
    if form == "har":
        return Json(har(shown))
    if form == "lines":
        return Response(lines(shown), media_type="application/jsonl")
    if form == "curl":
        return Response(curl(shown), media_type="text/plain")
    following = shown[-1][0] + 1 if shown and len(shown) < len(found) else world.journal.count
    return JournalResponse(
        exchanges=[entry_row(number, entry) for number, entry in shown],
        total=len(found),
        next=following if "since" in asked.query else world.journal.count,
    )


def violations(world: ControlContext, asked: ControlRequest) -> ViolationsResponse:
    """What was sent that breaks the contract, whoever refused it or did not."""
    limit = asked.whole("limit", LIMIT, MOST)
    found = [row for number, entry in world.journal.read(wanted(asked)) for row in _violations(number, entry)]
    if asked.one_of("advice", ("yes", "no")) == "no":
        found = [row for row in found if not row.advice]
    return ViolationsResponse(violations=found[max(0, len(found) - limit) :], total=len(found))


def _violations(number: int, entry: JournalEntry) -> Iterator[ViolationResponse]:
    for breach in entry.violations:
        fact = _facts(entry.upstream).get(breach.fact)
        yield ViolationResponse(
            number=number,
            at=entry.at,
            account=entry.account,
            upstream=entry.upstream,
            operation=entry.operation,
            method=entry.method,
            path=entry.path,
            status=entry.status,
            fact=breach.fact,
            basis=fact.basis if fact else Basis.DOCUMENTED,
            source=fact.source if fact else "no page names this field",
            field=breach.field,
            message=breach.message,
            advice=breach.advice,
        )


@cache
def _facts(upstream: str) -> dict[str, Fact]:
    return {fact.id: fact for fact in get_contract(upstream).facts()}


def entry_row(number: int, entry: JournalEntry) -> ExchangeResponse:
    """An exchange as the control API shows it."""
    return ExchangeResponse(
        number=number,
        kind=entry.kind,
        request_body=_text(entry.request_body),
        response_body=_text(entry.response_body),
        request_headers=_pairs(entry.request_headers),
        response_headers=_pairs(entry.response_headers),
        violations=[ViolationDetail(**one._asdict()) for one in entry.violations],
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
    )


def _pairs(headers: tuple[tuple[bytes, bytes], ...]) -> list[tuple[str, str]]:
    return [(_text(name), _text(value)) for name, value in headers]


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


FORMATS = ("json", "har", "curl", "lines")
FILTERS = {
    "upstream": f"one of {', '.join(NAMES)}",
    "operation": f"one of {', '.join(Operation)}",
    "task": "a task's id: the exchanges that name it",
    "kind": f"one of {', '.join(ExchangeKind)}",
    "since": "a number: from this exchange on, oldest first; `next` of an answer continues it",
    "limit": f"how many at most; {LIMIT} unless said, {MOST} at most",
    **MINE,
}
ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/journal",
        handler=read,
        summary="What was said, oldest first; of too many, the newest.",
        query={
            **FILTERS,
            "format": "json, har (HTTP Archive 1.2), curl (commands that repeat the calls) or lines (a recording)",
        },
        response=JournalResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/violations",
        handler=violations,
        summary="What was sent that breaks the contract, and which fact says so, on what basis.",
        query={**FILTERS, "advice": "no: without unknown fields, and what a page only advises against"},
        response=ViolationsResponse,
    ),
)
"""The rows of the table."""
