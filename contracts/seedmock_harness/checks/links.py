"""Checks of links to results and to uploaded files: unique, without a key, and valid for the documented days."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Amount, ErrorCase

from ..conversation.history import Interaction
from ..results.checks import CheckResult, compare, failed, passed
from .content import CLOCK_SKEW, DAY, LATE_SECONDS
from .variants import check_option

# Clients handle all three (variant NAME.expired_link); which of them it is, no page says.
EXPIRED_STATUSES = (403, 404, 410)


def links_are_unique_per_task(interaction: Interaction) -> Iterator[CheckResult]:
    """No two tasks have the same link."""
    task, fact = interaction.task, interaction.find("content.own")
    if fact is None or interaction.operation is not Operation.QUERY or task is None or interaction.is_error:
        return
    if all(owner is task for owner in interaction.history.links.values()):
        return
    for link in interaction.links:
        owner = interaction.history.links.get(link, task)
        yield compare(fact, "two tasks have the same link", task.id, owner.id)


def links_require_no_key(interaction: Interaction) -> Iterator[CheckResult]:
    """A link works without a key."""
    fact = interaction.find("content.keyless")
    if fact is None or not is_result_link(interaction):
        return
    if interaction.caller or "authorization" in interaction.request_headers:
        return
    if interaction.status_code == 401:
        yield failed(fact, "a link requires a key", "the clip", interaction.status_code)
    elif not interaction.is_error:
        yield passed(fact, str(interaction.status_code))


def links_expire_on_time(interaction: Interaction) -> Iterator[CheckResult]:
    """A link works for the documented number of days, and then gets the error of an expired link."""
    task, days = interaction.history.links.get(interaction.url), interaction.contract.result_days
    if task is None or interaction.operation is not Operation.CONTENT or task.final_poll is None:
        return
    if days is not None:
        # Whether the days count from the order or from the end of the task is not documented.
        yield from _check_lifetime(interaction, days, task.created.at, task.final_poll.at)


def uploaded_files_expire_on_time(interaction: Interaction) -> Iterator[CheckResult]:
    """An uploaded file gets a URL that works for the documented number of days."""
    endpoint, days = interaction.contract.endpoint(Operation.FILE_CREATE), interaction.contract.file_days
    if endpoint is not None and interaction.operation is Operation.FILE_CREATE and not interaction.is_error:
        observed = interaction.file_url or str(interaction.data)
        if interaction.file_url.startswith(("https://", "http://")):
            yield passed(endpoint, observed)
        else:
            yield failed(
                endpoint, "an uploaded file has no URL", interaction.contract.response.path("file_url"), observed
            )
    upload = interaction.history.files.get(interaction.url)
    if upload is not None and days is not None and interaction.operation is Operation.CONTENT:
        yield from _check_lifetime(interaction, days, upload.at, upload.at)


def is_result_link(interaction: Interaction) -> bool:
    """True for a request to a link to a result."""
    return interaction.operation is Operation.CONTENT and interaction.url in interaction.history.links


def _expiry_cases(interaction: Interaction) -> list[ErrorCase]:
    """Errors of an expired link. Its host has no error envelope, so only the status matters."""
    return [case for case in interaction.contract.errors if case.kind is ErrorKind.LINK_EXPIRED]


def _check_lifetime(interaction: Interaction, days: Amount, earliest: float, latest: float) -> Iterator[CheckResult]:
    """Check a link whose time began between `earliest` and `latest`."""
    lifetime, now, status_code = float(days.value) * DAY, interaction.at, interaction.status_code
    expected = f"{days.value} days"
    if interaction.is_error:
        # A new file may not have reached the storage yet.
        if status_code in EXPIRED_STATUSES and not (status_code == 404 and now <= latest + LATE_SECONDS):
            yield from _check_expired(interaction, days, earliest, lifetime)
        elif status_code not in EXPIRED_STATUSES and now >= earliest + lifetime and is_result_link(interaction):
            yield from _check_other_error(interaction)
    elif now > latest + lifetime + CLOCK_SKEW:
        observed = f"{status_code} after {(now - latest) / DAY:.2f} days"
        yield failed(days, "a link works after its expiry", expected, observed)
    elif now <= latest + lifetime:
        yield passed(days, str(status_code))


def _check_expired(interaction: Interaction, days: Amount, earliest: float, lifetime: float) -> Iterator[CheckResult]:
    now, status_code = interaction.at, interaction.status_code
    if now < earliest + lifetime - CLOCK_SKEW:
        observed = f"{status_code} after {(now - earliest) / DAY:.2f} days"
        yield failed(days, "a link expires too early", f"{days.value} days", observed)
    elif now >= earliest + lifetime:
        yield passed(days, str(status_code))
        if is_result_link(interaction):
            cases = _expiry_cases(interaction)
            yield from (passed(case, str(status_code)) for case in cases if case.status == status_code)
            yield check_option(interaction, interaction.variant("expired_link"), str(status_code))


def _check_other_error(interaction: Interaction) -> Iterator[CheckResult]:
    status_code, cases = interaction.status_code, _expiry_cases(interaction)
    if 400 <= status_code < 500 and status_code not in (401, 429):
        expected = " or ".join(str(case.status) for case in cases)
        yield failed(cases[0], "an expired link has another status", expected, status_code)


CHECKS = (links_are_unique_per_task, links_require_no_key, links_expire_on_time, uploaded_files_expire_on_time)
