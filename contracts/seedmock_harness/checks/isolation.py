"""Checks of isolation: a key can neither read, change nor use the resources of another key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seedmock_contracts.enums import TASK_OPERATIONS, Operation
from seedmock_contracts.facts import Fact

from ..conversation.history import Interaction
from ..results.checks import CheckResult, failed, passed
from .assets import SINGLE_ASSET_OPERATIONS, assets_in_response
from .listings import GROUP_OPERATIONS, ids_of, listed_groups

# 400 is the answer of one gateway family to an unknown task (new-api, task_not_exist).
HIDING_STATUSES = frozenset({400, 403, 404})
"""Statuses of the errors that hide another key's resource. An envelope can also have them under HTTP 200."""


def tasks_are_isolated_by_key(interaction: Interaction) -> Iterator[CheckResult]:
    """The task of another key cannot be queried, downloaded or looked up in the records, but by a link."""
    task = interaction.task
    if interaction.operation not in TASK_OPERATIONS or task is None or interaction.url in interaction.history.links:
        return
    if _is_foreign(interaction, task.caller):
        yield from _check_hidden(interaction, interaction.fact("tasks.isolated"), "another key's task is shown")


def assets_are_isolated_by_key(interaction: Interaction) -> Iterator[CheckResult]:
    """The asset of another key is not found."""
    is_about_one = interaction.operation in SINGLE_ASSET_OPERATIONS
    asset = interaction.history.assets.get(interaction.requested_id) if is_about_one else None
    if asset is None or asset.deletion is not None or interaction.violations:
        return
    if _is_foreign(interaction, asset.caller):
        yield from _check_hidden(interaction, interaction.fact("assets.isolated"), "another key's asset is shown")


def groups_are_isolated_by_key(interaction: Interaction) -> Iterator[CheckResult]:
    """The group of another key takes no assets, lists none and cannot be deleted.

    Ids of groups may start again for each key, so only an id that is not in the key's own list is another key's.
    """
    caller, id_, groups = interaction.caller, interaction.requested_group_id, interaction.history.groups
    if interaction.operation not in GROUP_OPERATIONS or not id_ or interaction.violations or (caller, id_) in groups:
        return
    foreign = [group for (owner, other), group in groups.items() if other == id_ and _is_foreign(interaction, owner)]
    if any(group.deletion is None for group in foreign) and id_ not in _latest_group_ids(interaction):
        yield from _check_hidden(interaction, interaction.fact("assets.isolated"), "another key's group can be used")


def lists_are_isolated_by_key(interaction: Interaction) -> Iterator[CheckResult]:
    """A list has no resource of another key."""
    if interaction.is_error or not interaction.is_authenticated:
        return
    history = interaction.history
    if interaction.operation is Operation.ASSET_LIST:
        foreign = {id_ for id_, asset in history.assets.items() if _is_foreign(interaction, asset.caller)}
        listed = {id_ for id_, _ in assets_in_response(interaction)}
        yield from _check_list(interaction.fact("assets.isolated"), foreign, listed)
    elif interaction.operation is Operation.GROUP_LIST:
        groups = [group for (owner, _), group in history.groups.items() if _is_foreign(interaction, owner)]
        # By their generated names, as two keys may have groups of the same id.
        foreign = {_group_name(interaction, group.created.data) for group in groups} - {""}
        listed = {_group_name(interaction, item) for item in listed_groups(interaction) or []}
        yield from _check_list(interaction.fact("groups.list.own"), foreign, listed)


def _check_hidden(interaction: Interaction, fact: Fact, title: str) -> Iterator[CheckResult]:
    if not interaction.is_error:
        yield failed(fact, title, "the error of an unknown id", interaction.status_code)
    elif interaction.status_code in HIDING_STATUSES or interaction.status_code == 200:
        yield passed(fact, str(interaction.status_code))


def _latest_group_ids(interaction: Interaction) -> set[str]:
    """Ids in the caller's latest list of groups; the requested id itself if the caller has listed none."""
    for earlier in reversed(interaction.history.interactions):
        items = listed_groups(earlier) if earlier.caller == interaction.caller else None
        if items is not None:
            return ids_of(earlier, items)
    return {interaction.requested_group_id}


def _check_list(fact: Fact, foreign: set[str], listed: set[str]) -> Iterator[CheckResult]:
    if foreign & listed:
        yield failed(fact, "another key's resources are listed", "none of them", sorted(foreign & listed))
    elif foreign:
        yield passed(fact, "none of another key")


def _is_foreign(interaction: Interaction, owner: str) -> bool:
    return interaction.is_authenticated and interaction.caller != owner


def _group_name(interaction: Interaction, fields: Any) -> str:
    name = interaction.contract.response.read(fields, "group_name") if isinstance(fields, Mapping) else None
    return name if isinstance(name, str) else ""


CHECKS = (tasks_are_isolated_by_key, assets_are_isolated_by_key, groups_are_isolated_by_key, lists_are_isolated_by_key)
