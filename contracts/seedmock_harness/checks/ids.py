"""The ids of tasks, groups and assets: their form, that each names one thing, and that an answer is about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.facts import MISSING
from seedmock_contracts.response_format import first_value

from ..conversation.history import Interaction
from ..results.checks import CheckResult, compare, failed, passed
from . import response_fields as parts

NEAR_SECONDS = 600.0
LAST = 253402300800 - 86400
"""The last moment that has a date in four digits of the year, and a day."""
SCHEME = "asset://"


def ids_have_the_documented_format(interaction: Interaction) -> Iterator[CheckResult]:
    """The id of what was made has the form of the upstream's ids; a time in it is a time, and of now."""
    form = interaction.contract.id_pattern(interaction.operation) if interaction.operation is not None else None
    if interaction.created_id is None or form is None:
        return
    found = re.fullmatch(form.pattern, interaction.created_id)
    if found is None:
        yield failed(form, "an id has another form", form.pattern, interaction.created_id)
        return
    if "time" in found.groupdict():
        zone = timezone(timedelta(hours=form.utc_offset))
        told, now = _seconds(found["time"], zone), _times(interaction)
        if told is None or (now and all(abs(told - at) > NEAR_SECONDS for at in now)):
            expected = f"near {datetime.fromtimestamp(now[0], zone):%Y%m%d%H%M%S}" if now else "a time"
            yield failed(form, "an id tells another time than that of its creation", expected, found["time"])
            return
    yield passed(form, interaction.created_id)


def _seconds(digits: str, zone: timezone) -> float | None:
    """Fourteen digits of a date and time as seconds since the epoch."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=zone).timestamp()
    except ValueError:
        return None


def _times(interaction: Interaction) -> list[float]:
    """When it was, by the asker's clock and by the answer itself."""
    told = interaction.data.get("created_at") if isinstance(interaction.data, dict) else None
    return [at for at in (interaction.exchange.at, told) if isinstance(at, int | float) and 0 < at < LAST]


def id_fields_are_equal(interaction: Interaction) -> Iterator[CheckResult]:
    """B tells a new task's id twice: as id and as task_id."""
    fact = interaction.contract.find(f"{interaction.contract.name}.create.response")
    body = interaction.body if isinstance(interaction.body, dict) and not interaction.is_error else {}
    if fact is not None and interaction.operation is Operation.CREATE and {"id", "task_id"} <= body.keys():
        yield compare(fact, "id and task_id differ", body["id"], body["task_id"])


def ids_are_unique(interaction: Interaction) -> Iterator[CheckResult]:
    """What was made has an id that nothing else has."""
    made, before = interaction.created_id, interaction.history
    if interaction.operation in ORDERS:
        known = set(before.tasks)
    elif interaction.operation is Operation.ASSET_CREATE:
        known = set(before.assets)
    else:
        return
    if made is None or not known:
        return
    for field in parts.fields_of(interaction):
        if field.path == _id_path(interaction):
            if made in known:
                yield failed(field, "an id was given a second time", "an id that nothing else has", made)
            else:
                yield passed(field, made)


def _id_path(interaction: Interaction) -> str:
    """The place in the body at which the answer tells an id; empty where it tells none."""
    response, told = interaction.contract.response, interaction.data if isinstance(interaction.data, dict) else {}
    path = next((path for path in response.id_paths if first_value(told, (path,)) is not MISSING), "")
    return f"{response.envelope_key}.{path}" if response.envelope_key and path else path


def responses_name_the_requested_id(interaction: Interaction) -> Iterator[CheckResult]:
    """The answer to a query, or to a look at an asset, tells the id that was asked after."""
    if interaction.is_error or interaction.operation not in (
        Operation.QUERY,
        Operation.ASSET_GET,
        Operation.ASSET_UPDATE,
    ):
        return
    path = _id_path(interaction)
    for field in parts.fields_of(interaction):
        if field.path == path:
            told = first_value(interaction.body, (path,))
            yield compare(field, "an answer about something else than was asked", interaction.requested_id, told)


def asset_urls_contain_their_id(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset's URL is its id behind asset://."""
    fact = interaction.contract.find(f"{interaction.contract.name}.assets.url")
    if fact is None or interaction.is_error:
        return
    for asset in _assets(interaction):
        if isinstance(asset.get("id"), str) and "asset_url" in asset:
            yield compare(fact, "an asset's URL is not of its id", f"{SCHEME}{asset['id']}", asset["asset_url"])


def _assets(interaction: Interaction) -> Iterator[dict[str, Any]]:
    """The assets that an answer tells of."""
    told = interaction.data if isinstance(interaction.data, dict) else {}
    if interaction.operation in (Operation.ASSET_CREATE, Operation.ASSET_GET):
        yield told
    elif interaction.operation is Operation.ASSET_LIST and isinstance(told.get("items"), list):
        yield from (item for item in told["items"] if isinstance(item, dict))


def group_ids_and_names_are_generated(interaction: Interaction) -> Iterator[CheckResult]:
    """A group is known by a number, and by a name that is made for it, not the one that was asked for."""
    told = interaction.data if isinstance(interaction.data, dict) else None
    if interaction.operation is not Operation.GROUP_CREATE or interaction.is_error or told is None:
        return
    fact, name = parts.response_fact(interaction), told.get("group_name")
    if type(told.get("id")) is not int:
        yield failed(fact, "a group's id is no number", "a number", told.get("id"))
    elif not isinstance(name, str) or not name.startswith("group-"):
        yield failed(fact, "a group's name is not a made one", "group-...", name)
    elif (interaction.exchange.caller, interaction.created_id) in interaction.history.groups:
        yield failed(fact, "a group's number was given a second time", "a number that no other group has", told["id"])
    else:
        yield passed(fact, f"{told['id']}, {name}")


CHECKS = (
    ids_have_the_documented_format,
    id_fields_are_equal,
    ids_are_unique,
    responses_name_the_requested_id,
    asset_urls_contain_their_id,
    group_ids_and_names_are_generated,
)
