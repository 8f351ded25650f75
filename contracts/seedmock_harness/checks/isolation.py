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


def tasks_are_isolated_by_key(turn: Interaction) -> Iterator[CheckResult]:
    """Another key's query, content and record of a task are refused; a link is for whoever has it."""
    story = turn.task
    if turn.operation not in READS or story is None or _link(turn) or not _other(turn, story.caller):
        return
    yield from _apart(turn, turn.fact("tasks.isolated"), "another key's task is shown")


def assets_are_isolated_by_key(turn: Interaction) -> Iterator[CheckResult]:
    """Another key's asset is as unknown as one that never was."""
    asset = turn.history.assets.get(turn.requested_id) if turn.operation in ABOUT_ONE else None
    if asset is None or asset.deletion is not None or not _other(turn, asset.caller) or turn.violations:
        return
    yield from _apart(turn, turn.fact("assets.isolated"), "another key's asset is shown")


def groups_are_isolated_by_key(turn: Interaction) -> Iterator[CheckResult]:
    """A group of another key takes no assets, lists none and cannot be deleted.

    Numbers may begin anew with each key: only one that is not in the key's own list is surely another's.
    """
    caller, id_ = turn.exchange.caller, turn.requested_group_id
    if turn.operation not in INTO or not id_ or turn.violations or (caller, id_) in turn.history.groups:
        return
    foreign = [group for (owner, known), group in turn.history.groups.items() if known == id_ and _other(turn, owner)]
    if any(group.deletion is None for group in foreign) and id_ not in _listed(turn):
        yield from _apart(turn, turn.fact("assets.isolated"), "another key's group is open")


def lists_are_isolated_by_key(turn: Interaction) -> Iterator[CheckResult]:
    """A list has nothing that another key made."""
    if turn.is_error or turn.exchange.caller in UNAUTHENTICATED:
        return
    if turn.operation is Operation.ASSET_LIST:
        foreign = {id_ for id_, asset in turn.history.assets.items() if _other(turn, asset.caller)}
        found = sorted(foreign & {id_ for id_, _ in told_assets(turn)})
        yield from _without(turn, turn.fact("assets.isolated"), bool(foreign), found)
    elif turn.operation is Operation.GROUP_LIST:
        others = [group.created for (owner, _), group in turn.history.groups.items() if _other(turn, owner)]
        names = {_name(made.data) for made in others} - {""}
        items = turn.data.get("items") if isinstance(turn.data, dict) else turn.data
        listed = {_name(item) for item in items} if isinstance(items, list) else set()
        yield from _without(turn, turn.fact("groups.list.own"), bool(names), sorted(names & listed))


def _apart(turn: Interaction, fact: Fact, title: str) -> Iterator[CheckResult]:
    if not turn.is_error:
        yield failed(fact, title, "a refusal, as if there were none", turn.status_code)
    elif turn.status_code in HIDDEN or turn.status_code == 200:
        yield passed(fact, str(turn.status_code))


def _listed(turn: Interaction) -> set[str]:
    """The ids of the caller's groups as they were listed last; that which is asked for where nothing was listed."""
    for earlier in reversed(turn.history.interactions):
        if earlier.operation is Operation.GROUP_LIST and earlier.exchange.caller == turn.exchange.caller:
            items = earlier.data.get("items") if isinstance(earlier.data, dict) else earlier.data
            if isinstance(items, list):
                return {str(item.get("id")) for item in items if isinstance(item, dict)}
    return {turn.requested_group_id}


def _without(turn: Interaction, fact: Fact, may: bool, found: list[str]) -> Iterator[CheckResult]:
    if found:
        yield failed(fact, "another key's things are listed", "none of them", found)
    elif may:
        yield passed(fact, "none of another key")


def _other(turn: Interaction, owner: str) -> bool:
    return turn.exchange.caller not in UNAUTHENTICATED and turn.exchange.caller != owner


def _link(turn: Interaction) -> bool:
    return turn.exchange.request.url in turn.history.links


def _name(told: Any) -> str:
    """The name that was made for a group: ids may be the same for two keys."""
    name = told.get("group_name") if isinstance(told, Mapping) else None
    return name if isinstance(name, str) else ""


CHECKS = (tasks_are_isolated_by_key, assets_are_isolated_by_key, groups_are_isolated_by_key, lists_are_isolated_by_key)
