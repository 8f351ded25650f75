"""Links to results and to posted files: each its own, without a key, for as many days as they are kept."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Amount, ErrorCase

from ..conversation.history import Interaction
from ..results.checks import CheckResult, compare, failed, passed
from .content import LATE_SECONDS
from .variants import chosen

DAY = 86400.0
SLACK = 60.0
"""Seconds by which the upstream's clock may differ from ours."""


def links_are_unique_per_task(turn: Interaction) -> Iterator[CheckResult]:
    """No task tells a link that another task has told."""
    story = turn.task
    fact = turn.contract.find(f"{turn.contract.name}.content.own")
    if fact is None or turn.operation is not Operation.QUERY or story is None or turn.is_error:
        return
    if all(known is story for known in turn.history.links.values()):
        return
    for link in turn.links:
        other = turn.history.links.get(link, story)
        yield compare(fact, "two tasks tell the same link", story.id, other.id)


def links_require_no_key(turn: Interaction) -> Iterator[CheckResult]:
    """A result's link answers whoever has it."""
    fact = turn.contract.find(f"{turn.contract.name}.content.keyless")
    if fact is None or not _is_link(turn) or turn.exchange.caller or "authorization" in turn.request_headers:
        return
    if turn.status_code == 401:
        yield failed(fact, "a link asks for a key", "the clip", turn.status_code)
    elif not turn.is_error:
        yield passed(fact, str(turn.status_code))


def links_expire_on_time(turn: Interaction) -> Iterator[CheckResult]:
    """A link answers until its days are over, and then is refused as expired."""
    story = turn.history.links.get(turn.exchange.request.url)
    if story is None or turn.operation is not Operation.CONTENT or story.final_poll is None:
        return
    if turn.contract.result_days is not None:
        yield from _lived(turn, turn.contract.result_days, story.created.exchange.at, story.final_poll.exchange.at)


def uploaded_files_expire_on_time(turn: Interaction) -> Iterator[CheckResult]:
    """A posted file is published by a link that answers until its days are over."""
    if turn.operation is Operation.FILE_CREATE and not turn.is_error:
        fact = next(endpoint for endpoint in turn.contract.endpoints if endpoint.operation is Operation.FILE_CREATE)
        web = turn.file_url.startswith(("https://", "http://"))
        observed = turn.file_url or str(turn.data)
        yield passed(fact, observed) if web else failed(fact, "no link to the file", "data.publicUrl, a link", observed)
    posted = turn.history.files.get(turn.exchange.request.url)
    days = turn.contract.file_days
    if posted is not None and days is not None and turn.operation is Operation.CONTENT:
        yield from _lived(turn, days, posted.exchange.at, posted.exchange.at)


def _is_link(turn: Interaction) -> bool:
    return turn.operation is Operation.CONTENT and turn.exchange.request.url in turn.history.links


def _ends(turn: Interaction) -> list[ErrorCase]:
    """How a link may be refused when its time is over; its host has no envelope, so only the status counts."""
    return [case for case in turn.contract.errors if case.kind is ErrorKind.LINK_EXPIRED]


def _lived(turn: Interaction, days: Amount, earliest: float, latest: float) -> Iterator[CheckResult]:
    """`earliest` and `latest`: between which moments the days began. Storage may be late with what is new."""
    lasts, now, code = float(days.value) * DAY, turn.exchange.at, turn.status_code
    expected = f"{days.value} days"
    if turn.is_error and code in (403, 404, 410):
        if code == 404 and now <= latest + LATE_SECONDS:
            return
        if now < earliest + lasts - SLACK:
            age = f"{code} after {(now - earliest) / DAY:.2f} days"
            yield failed(days, "a link dies before its time", expected, age)
        elif now >= earliest + lasts:
            yield passed(days, str(code))
            if _is_link(turn):
                yield from (passed(case, str(code)) for case in _ends(turn) if case.status == code)
                yield chosen(turn, f"{turn.contract.name}.expired_link", str(code))
    elif turn.is_error and 400 <= code < 500 and code not in (401, 429) and now >= earliest + lasts and _is_link(turn):
        expected = " or ".join(str(case.status) for case in _ends(turn))
        yield failed(_ends(turn)[0], "a link ends with another status", expected, code)
    elif not turn.is_error and now > latest + lasts + SLACK:
        yield failed(days, "a link outlives its time", expected, f"{code} after {(now - latest) / DAY:.2f} days")
    elif not turn.is_error and now <= latest + lasts:
        yield passed(days, str(code))


CHECKS = (links_are_unique_per_task, links_require_no_key, links_expire_on_time, uploaded_files_expire_on_time)
