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


def links_are_unique_per_task(interaction: Interaction) -> Iterator[CheckResult]:
    """No task tells a link that another task has told."""
    task = interaction.task
    fact = interaction.contract.find(f"{interaction.contract.name}.content.own")
    if fact is None or interaction.operation is not Operation.QUERY or task is None or interaction.is_error:
        return
    if all(known is task for known in interaction.history.links.values()):
        return
    for link in interaction.links:
        other = interaction.history.links.get(link, task)
        yield compare(fact, "two tasks tell the same link", task.id, other.id)


def links_require_no_key(interaction: Interaction) -> Iterator[CheckResult]:
    """A result's link answers whoever has it."""
    fact = interaction.contract.find(f"{interaction.contract.name}.content.keyless")
    if (
        fact is None
        or not _is_link(interaction)
        or interaction.exchange.caller
        or "authorization" in interaction.request_headers
    ):
        return
    if interaction.status_code == 401:
        yield failed(fact, "a link asks for a key", "the clip", interaction.status_code)
    elif not interaction.is_error:
        yield passed(fact, str(interaction.status_code))


def links_expire_on_time(interaction: Interaction) -> Iterator[CheckResult]:
    """A link answers until its days are over, and then is refused as expired."""
    task = interaction.history.links.get(interaction.exchange.request.url)
    if task is None or interaction.operation is not Operation.CONTENT or task.final_poll is None:
        return
    if interaction.contract.result_days is not None:
        yield from _lived(
            interaction, interaction.contract.result_days, task.created.exchange.at, task.final_poll.exchange.at
        )


def uploaded_files_expire_on_time(interaction: Interaction) -> Iterator[CheckResult]:
    """A posted file is published by a link that answers until its days are over."""
    if interaction.operation is Operation.FILE_CREATE and not interaction.is_error:
        fact = next(
            endpoint for endpoint in interaction.contract.endpoints if endpoint.operation is Operation.FILE_CREATE
        )
        web = interaction.file_url.startswith(("https://", "http://"))
        observed = interaction.file_url or str(interaction.data)
        yield passed(fact, observed) if web else failed(fact, "no link to the file", "data.publicUrl, a link", observed)
    posted = interaction.history.files.get(interaction.exchange.request.url)
    days = interaction.contract.file_days
    if posted is not None and days is not None and interaction.operation is Operation.CONTENT:
        yield from _lived(interaction, days, posted.exchange.at, posted.exchange.at)


def _is_link(interaction: Interaction) -> bool:
    return interaction.operation is Operation.CONTENT and interaction.exchange.request.url in interaction.history.links


def _ends(interaction: Interaction) -> list[ErrorCase]:
    """How a link may be refused when its time is over; its host has no envelope, so only the status counts."""
    return [case for case in interaction.contract.errors if case.kind is ErrorKind.LINK_EXPIRED]


def _lived(interaction: Interaction, days: Amount, earliest: float, latest: float) -> Iterator[CheckResult]:
    """`earliest` and `latest`: between which moments the days began. Storage may be late with what is new."""
    lasts, now, code = float(days.value) * DAY, interaction.exchange.at, interaction.status_code
    expected = f"{days.value} days"
    if interaction.is_error and code in (403, 404, 410):
        if code == 404 and now <= latest + LATE_SECONDS:
            return
        if now < earliest + lasts - SLACK:
            age = f"{code} after {(now - earliest) / DAY:.2f} days"
            yield failed(days, "a link dies before its time", expected, age)
        elif now >= earliest + lasts:
            yield passed(days, str(code))
            if _is_link(interaction):
                yield from (passed(case, str(code)) for case in _ends(interaction) if case.status == code)
                yield chosen(interaction, f"{interaction.contract.name}.expired_link", str(code))
    elif (
        interaction.is_error
        and 400 <= code < 500
        and code not in (401, 429)
        and now >= earliest + lasts
        and _is_link(interaction)
    ):
        expected = " or ".join(str(case.status) for case in _ends(interaction))
        yield failed(_ends(interaction)[0], "a link ends with another status", expected, code)
    elif not interaction.is_error and now > latest + lasts + SLACK:
        yield failed(days, "a link outlives its time", expected, f"{code} after {(now - latest) / DAY:.2f} days")
    elif not interaction.is_error and now <= latest + lasts:
        yield passed(days, str(code))


CHECKS = (links_are_unique_per_task, links_require_no_key, links_expire_on_time, uploaded_files_expire_on_time)
