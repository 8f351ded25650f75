"""What one key made, another neither sees, nor changes, nor uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seedmock_contracts.enums import READS, Operation
from seedmock_contracts.facts import Fact

from ..conversation.history import UNAUTHENTICATED, Interaction
from ..results.checks import CheckResult, failed, passed
from .assets import ABOUT_ONE, told_assets
from .listings import INTO

HIDDEN = frozenset({400, 403, 404})
"""How what is another's is refused, in any of the styles that are known."""


def tasks_are_isolated_by_key(interaction: Interaction) -> Iterator[CheckResult]:
    """Another key's query, content and record of a task are refused; a link is for whoever has it."""
    task = interaction.task
    if interaction.operation not in READS or task is None or _link(interaction) or not _other(interaction, task.caller):
        return
    yield from _apart(interaction, interaction.fact("tasks.isolated"), "another key's task is shown")


def assets_are_isolated_by_key(interaction: Interaction) -> Iterator[CheckResult]:
    """Another key's asset is as unknown as one that never was."""
    asset = interaction.history.assets.get(interaction.requested_id) if interaction.operation in ABOUT_ONE else None
    if asset is None or asset.deletion is not None or not _other(interaction, asset.caller) or interaction.violations:
        return
    yield from _apart(interaction, interaction.fact("assets.isolated"), "another key's asset is shown")


def groups_are_isolated_by_key(interaction: Interaction) -> Iterator[CheckResult]:
    """A group of another key takes no assets, lists none and cannot be deleted.

    Numbers may begin anew with each key: only one that is not in the key's own list is surely another's.
    """
    caller, id_ = interaction.exchange.caller, interaction.requested_group_id
    if (
        interaction.operation not in INTO
        or not id_
        or interaction.violations
        or (caller, id_) in interaction.history.groups
    ):
        return
    foreign = [
        group
        for (owner, known), group in interaction.history.groups.items()
        if known == id_ and _other(interaction, owner)
    ]
    if any(group.deletion is None for group in foreign) and id_ not in _listed(interaction):
        yield from _apart(interaction, interaction.fact("assets.isolated"), "another key's group is open")


def lists_are_isolated_by_key(interaction: Interaction) -> Iterator[CheckResult]:
    """A list has nothing that another key made."""
    if interaction.is_error or interaction.exchange.caller in UNAUTHENTICATED:
        return
    if interaction.operation is Operation.ASSET_LIST:
        foreign = {id_ for id_, asset in interaction.history.assets.items() if _other(interaction, asset.caller)}
        found = sorted(foreign & {id_ for id_, _ in told_assets(interaction)})
        yield from _without(interaction, interaction.fact("assets.isolated"), bool(foreign), found)
    elif interaction.operation is Operation.GROUP_LIST:
        others = [
            group.created for (owner, _), group in interaction.history.groups.items() if _other(interaction, owner)
        ]
        names = {_name(made.data) for made in others} - {""}
        items = interaction.data.get("items") if isinstance(interaction.data, dict) else interaction.data
        listed = {_name(item) for item in items} if isinstance(items, list) else set()
        yield from _without(interaction, interaction.fact("groups.list.own"), bool(names), sorted(names & listed))


def _apart(interaction: Interaction, fact: Fact, title: str) -> Iterator[CheckResult]:
    if not interaction.is_error:
        yield failed(fact, title, "a refusal, as if there were none", interaction.status_code)
    elif interaction.status_code in HIDDEN or interaction.status_code == 200:
        yield passed(fact, str(interaction.status_code))


def _listed(interaction: Interaction) -> set[str]:
    """The ids of the caller's groups as they were listed last; that which is asked for where nothing was listed."""
    for earlier in reversed(interaction.history.interactions):
        if earlier.operation is Operation.GROUP_LIST and earlier.exchange.caller == interaction.exchange.caller:
            items = earlier.data.get("items") if isinstance(earlier.data, dict) else earlier.data
            if isinstance(items, list):
                return {str(item.get("id")) for item in items if isinstance(item, dict)}
    return {interaction.requested_group_id}


def _without(interaction: Interaction, fact: Fact, may: bool, found: list[str]) -> Iterator[CheckResult]:
    if found:
        yield failed(fact, "another key's things are listed", "none of them", found)
    elif may:
        yield passed(fact, "none of another key")


def _other(interaction: Interaction, owner: str) -> bool:
    return interaction.exchange.caller not in UNAUTHENTICATED and interaction.exchange.caller != owner


def _link(interaction: Interaction) -> bool:
    return interaction.exchange.request.url in interaction.history.links


def _name(told: Any) -> str:
    """The name that was made for a group: ids may be the same for two keys."""
    name = told.get("group_name") if isinstance(told, Mapping) else None
    return name if isinstance(name, str) else ""


CHECKS = (tasks_are_isolated_by_key, assets_are_isolated_by_key, groups_are_isolated_by_key, lists_are_isolated_by_key)
