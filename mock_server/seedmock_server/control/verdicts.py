"""Verdict on a task: the checks of `seedmock verify` over the exchanges that the journal has about it.

The checks are the harness's, which nothing here imports: it registers a judge as an entry point.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from importlib.metadata import entry_points
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import MAX_BODY_BYTES, Exchange
from seedmock_contracts.facts import Fact, MediaFacts
from seedmock_contracts.mp4 import movie_facts
from seedmock_contracts.upstreams import get_contract

from ..faults.kinds import GROUPS, LINKS, PACE, FaultKind, Link
from ..journal import JournalEntry, JournalFilter
from .activity_models import CheckCount, TaskFinding, TaskVerdict, UncheckedExchange
from .context import ClipFinder, ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .errors import ControlError
from .exports import header_of, to_exchange
from .tasks import find_task

JUDGES = "seedmock.judges"
"""Group of entry points; each is a Judge."""
MAX_CHECKED = 200
"""Exchanges that are checked: the order and the last ones. Each takes a millisecond, at each new one in the page."""


class CheckedFact(Struct, frozen=True):
    """Result of a check for one fact and the exchange at a position; `severity` is empty if it passed."""

    position: int
    check: str
    fact: Fact
    passed: bool
    severity: str
    title: str
    expected: str
    observed: str


Judge = Callable[[Contract, Sequence[Exchange]], Iterable[CheckedFact]]


async def read(context: ControlContext, request: ControlRequest) -> TaskVerdict:
    """Return the results of the checks. Raises ControlError 404, and 501 without a judge."""
    task = await find_task(context, request)
    judges = installed_judges()
    if not judges:
        raise ControlError(f"no checks are installed (entry point {JUDGES}): install seedmock again", status=501)
    selection = JournalFilter(account=task.account, task=task.id, upstream=task.upstream)
    recorded = await context.journal.read(selection)
    entries = [*recorded[:1], *recorded[1:][-MAX_CHECKED + 1 :]]
    reasons = {number: unchecked_reason(entry, context.find_clip) for number, entry in entries}
    checked = [(number, entry) for number, entry in entries if not reasons[number]]
    contract = get_contract(task.upstream)

    def results() -> list[CheckedFact]:
        exchanges = [_exchange(entry, context.find_clip) for _, entry in checked]
        return [result for judge in judges for result in judge(contract, exchanges)]

    verdict = await asyncio.to_thread(results)
    return TaskVerdict(
        exchanges=len(recorded),
        checked=len(checked),
        facts=len({result.fact.id for result in verdict}),
        checks=_counts(verdict),
        findings=[_finding(checked[result.position][0], result) for result in verdict if not result.passed],
        unchecked=[UncheckedExchange(number=number, reason=reason) for number, reason in reasons.items() if reason],
    )


@cache
def installed_judges() -> tuple[Judge, ...]:
    return tuple(entry.load() for entry in entry_points(group=JUDGES))


def unchecked_reason(entry: JournalEntry, find_clip: ClipFinder) -> str:
    """Return why the journal's entry cannot be checked; empty if it can."""
    if entry.status == 0:
        return "there was no response"
    if MAX_BODY_BYTES in (len(entry.request_body), len(entry.response_body)):
        return f"the journal has only the first {MAX_BODY_BYTES} bytes of a body"
    on_the_wire = [fault for fault in entry.faults if _acts_on_the_wire(fault, entry)]
    if on_the_wire:
        return f"the fault {on_the_wire[0]} changed the response after the journal took it"
    if _has_clip(entry) and find_clip(header_of(entry.response_headers, b"etag")) is None:
        return "the clip is not in the cache any more"
    return ""


def _acts_on_the_wire(fault: str, entry: JournalEntry) -> bool:
    """Tell whether a fault changed more than the pace, and than the number of a clip's bytes, which is counted."""
    name = fault.partition(" ")[0]
    if name not in FaultKind.__members__.values() or GROUPS.get(FaultKind(name)) == PACE:
        return False
    is_counted = name in (FaultKind.BODY_CUT, FaultKind.RESET) and entry.download is not None
    return Link.SEND in LINKS.get(FaultKind(name), ()) and not is_counted


def _has_clip(entry: JournalEntry) -> bool:
    return entry.operation == Operation.CONTENT and entry.method == "GET" and entry.download is not None


def _exchange(entry: JournalEntry, find_clip: ClipFinder) -> Exchange:
    """Return the exchange with its caller and time, and of a clip what a client would measure."""
    exchange = replace(to_exchange(entry), caller=entry.account, at=entry.at)
    clip = find_clip(header_of(entry.response_headers, b"etag")) if _has_clip(entry) else None
    if clip is None or entry.download is None:
        return exchange
    media = measured(clip.path) if entry.download.is_whole else None
    body = f"<{entry.download.sent} bytes of video/mp4>"
    return replace(exchange, response=replace(exchange.response, body=body, media=media))


@lru_cache(maxsize=64)
def measured(clip: Path) -> MediaFacts:
    """Measure a clip of the cache, whose name is the digest of all that it depends on."""
    return movie_facts(clip.read_bytes())


def _counts(results: Iterable[CheckedFact]) -> list[CheckCount]:
    passed, failed = Counter[str](), Counter[str]()
    for result in results:
        (passed if result.passed else failed)[result.check] += 1
    names = dict.fromkeys([*failed, *passed])
    return [CheckCount(check=name, passed=passed[name], failed=failed[name]) for name in names]


def _finding(number: int, result: CheckedFact) -> TaskFinding:
    return TaskFinding(
        number=number,
        check=result.check,
        fact=result.fact.id,
        basis=result.fact.basis,
        source=result.fact.source,
        severity=result.severity,
        title=result.title,
        expected=result.expected,
        observed=result.observed,
    )


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks/{id}/verdict",
        handler=read,
        summary="Run the checks of `seedmock verify` over the journal's exchanges about a task; nothing is sent.",
        response=TaskVerdict,
    ),
)
