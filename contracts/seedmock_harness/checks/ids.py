"""Checks of ids of tasks, groups and assets: their format, that they are unique, and that responses have them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from seedmock_contracts.documents.references import ASSET_SCHEME
from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.facts import MISSING
from seedmock_contracts.response_format import first_value

from ..conversation.history import Interaction
from ..results.checks import CheckResult, compare, failed, passed
from .response_fields import documented_field, matches_pattern, read_field, response_fact

# Less than the 15 minutes that time zones differ by: a time of another zone than the documented one shows.
CLOCK_SKEW = 600.0
"""Seconds by which the time in an id may differ from the time of the exchange."""
MAX_TIME = 253402300800 - 86400
"""One day before the year 10000, from which on `datetime` has no dates in any time zone."""


def ids_have_the_documented_format(interaction: Interaction) -> Iterator[CheckResult]:
    """The id of a created resource has the documented format. If it contains a time, that is the time of creation."""
    form = interaction.contract.id_pattern(interaction.operation) if interaction.operation is not None else None
    if interaction.created_id is None or form is None:
        return
    match = re.fullmatch(form.pattern, interaction.created_id)
    if match is None:
        yield failed(form, "an id has another format", form.pattern, interaction.created_id)
        return
    if "time" in match.groupdict():
        zone = timezone(timedelta(hours=form.utc_offset))
        created_at, times = _parse_time(match["time"], zone), _exchange_times(interaction)
        if created_at is None or (times and all(abs(created_at - at) > CLOCK_SKEW for at in times)):
            expected = f"near {datetime.fromtimestamp(times[0], zone):%Y%m%d%H%M%S}" if times else "a time"
            yield failed(form, "an id contains another time than that of its creation", expected, match["time"])
            return
    yield passed(form, interaction.created_id)


def _parse_time(digits: str, zone: timezone) -> float | None:
    """Seconds since the epoch of a date and time in 14 digits; None if they are not a time."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=zone).timestamp()
    except ValueError:
        return None


def _exchange_times(interaction: Interaction) -> list[float]:
    """The time of the exchange by the clock of the caller, and by the response."""
    times = (interaction.at, interaction.read(interaction.contract.response.created_paths))
    return [at for at in times if isinstance(at, int | float) and 0 < at < MAX_TIME]


def id_fields_are_equal(interaction: Interaction) -> Iterator[CheckResult]:
    """A response that has the id of a new task in several fields has the same id in each."""
    if interaction.operation not in ORDERS or interaction.is_error:
        return
    paths = interaction.contract.response.id_paths
    ids = {path: first_value(interaction.data_object, (path,)) for path in paths}
    present = {path: id_ for path, id_ in ids.items() if id_ is not MISSING}
    for id_ in list(present.values())[1:]:
        first, title = next(iter(present.values())), f"{' and '.join(present)} differ"
        yield compare(response_fact(interaction), title, first, id_)


def ids_are_unique(interaction: Interaction) -> Iterator[CheckResult]:
    """A created task or asset has an id of its own."""
    if interaction.operation in ORDERS:
        used = set(interaction.history.tasks)
    elif interaction.operation is Operation.ASSET_CREATE:
        used = set(interaction.history.assets)
    else:
        return
    created_id = interaction.created_id
    if created_id is None or not used:
        return
    _, field = read_field(interaction, interaction.contract.response.id_paths)
    if field is not None and created_id in used:
        yield failed(field, "an id is used twice", "an id of its own", created_id)
    elif field is not None:
        yield passed(field, created_id)


def responses_name_the_requested_id(interaction: Interaction) -> Iterator[CheckResult]:
    """The response about a task or an asset has the requested id."""
    operations = (Operation.QUERY, Operation.ASSET_GET, Operation.ASSET_UPDATE)
    if interaction.is_error or interaction.operation not in operations:
        return
    id_, field = read_field(interaction, interaction.contract.response.id_paths)
    if field is not None:
        # An id in a URL is always text; the type of the one in the body is checked with the other fields.
        observed = str(id_) if type(id_) is int else id_
        yield compare(field, "the response has another id than the requested one", interaction.requested_id, observed)


def asset_urls_contain_their_id(interaction: Interaction) -> Iterator[CheckResult]:
    """The URL of an asset is its id with the scheme asset://."""
    fact, response = interaction.find("assets.url"), interaction.contract.response
    if fact is None or interaction.is_error:
        return
    for asset in _assets(interaction):
        id_, url = response.item_id(asset), first_value(asset, (response.path("asset_url"),))
        if id_ is not None and url is not MISSING:
            yield compare(fact, "an asset's URL does not contain its id", f"{ASSET_SCHEME}{id_}", url)


def _assets(interaction: Interaction) -> Iterator[dict[str, Any]]:
    """The assets in a response."""
    if interaction.operation in (Operation.ASSET_CREATE, Operation.ASSET_GET):
        yield interaction.data_object
    elif interaction.operation is Operation.ASSET_LIST:
        items = interaction.part("assets")
        yield from (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()


def group_ids_and_names_are_generated(interaction: Interaction) -> Iterator[CheckResult]:
    """A group has an id of its own, a number where the contract says so, and a generated name if it has one."""
    if interaction.operation is not Operation.GROUP_CREATE or not isinstance(interaction.data, dict):
        return
    if interaction.is_error:
        return
    fact, response, name = response_fact(interaction), interaction.contract.response, interaction.part("group_name")
    id_, field = response.item_id(interaction.data), documented_field(interaction, response.path("group_name"))
    id_fields = (documented_field(interaction, path) for path in response.id_paths)
    is_number = all("integer" in id_field.types for id_field in id_fields if id_field is not None)
    if is_number and type(id_) is not int:
        yield failed(fact, "a group's id is not a number", "a number", id_)
    elif field is not None and not (isinstance(name, str) and matches_pattern(field, name)):
        yield failed(fact, "a group's name is not a generated one", field.pattern, name)
    elif (interaction.caller, interaction.created_id) in interaction.history.groups:
        yield failed(fact, "a group's id is used twice", "an id of its own", id_)
    else:
        yield passed(fact, f"{id_}, {name}")


CHECKS = (
    ids_have_the_documented_format,
    id_fields_are_equal,
    ids_are_unique,
    responses_name_the_requested_id,
    asset_urls_contain_their_id,
    group_ids_and_names_are_generated,
)
