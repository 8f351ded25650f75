"""Groups and the lists of the library: pages add up, what was made is listed, what was deleted is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.documents.values import to_number
from seedmock_contracts.enums import Operation

from ..conversation.history import AssetHistory, Interaction
from ..results.checks import CheckResult, compare, failed, passed
from .assets import endpoint
from .variants import chosen

INTO = frozenset({Operation.ASSET_CREATE, Operation.ASSET_LIST, Operation.GROUP_DELETE})


def page_counts_are_consistent(interaction: Interaction) -> Iterator[CheckResult]:
    """A page has as many assets as its size and the total leave to it, each once."""
    page = _page(interaction)
    if page is None:
        return
    items, total, number, size = page
    fact, asked = interaction.fact("assets.list.paged"), interaction.document or {}
    wanted = tuple(int(to_number(asked.get(name)) or usual) for name, usual in (("page", 1), ("page_size", 10)))
    yield compare(fact, "another page is told than was asked for", wanted, (number, size))
    due = max(0, min(size, total - (number - 1) * size))
    yield compare(fact, "a page does not add up with its total", f"{due} assets", f"{len(items)} assets")
    ids = [item.get("id") for item in items]
    if len(ids) > 1:
        right, title = len(set(ids)) == len(ids), "a page lists an asset twice"
        yield passed(fact) if right else failed(fact, title, f"{len(ids)} assets", f"{len(set(ids))} assets")
    if asked.get("group_id") is not None and items:
        groups = {to_number(item.get("group_id")) for item in items}
        title, field = "assets of another group are listed", interaction.fact("assets.list.group_id")
        yield compare(field, title, {to_number(asked["group_id"])}, groups)


def pages_list_existing_assets(interaction: Interaction) -> Iterator[CheckResult]:
    """A page that has all lists each asset that was made, and none that was deleted."""
    page = _page(interaction)
    if page is None:
        return
    items, total, _, _ = page
    listed, whole = {item.get("id") for item in items}, len(items) == total
    caller, group = interaction.exchange.caller, interaction.requested_group_id
    for asset in interaction.history.assets.values():
        if asset.caller != caller or (group and asset.created.requested_group_id != group):
            continue
        if asset.deletion is not None:
            by_group = asset.deletion.operation is Operation.GROUP_DELETE
            fact = (
                interaction.fact("groups.delete.cascade") if by_group else endpoint(interaction, Operation.ASSET_DELETE)
            )
            there = asset.id in listed
            title = "a deleted asset is listed"
            yield failed(fact, title, "no such asset", asset.id) if there else passed(fact, "not listed")
        elif whole:
            fact, there = endpoint(interaction, Operation.ASSET_LIST), asset.id in listed
            yield (
                passed(fact, asset.id) if there else failed(fact, "an asset is not listed", asset.id, f"{total} others")
            )


def groups_are_listed(interaction: Interaction) -> Iterator[CheckResult]:
    """A key's groups are listed, those that were deleted are not."""
    if interaction.operation is not Operation.GROUP_LIST or interaction.is_error:
        return
    items = interaction.data.get("items") if isinstance(interaction.data, dict) else interaction.data
    if not isinstance(items, list):
        return
    yield chosen(
        interaction,
        f"{interaction.contract.name}.group_list",
        "items" if isinstance(interaction.data, dict) else "array",
    )
    listed = {str(item.get("id")) for item in items if isinstance(item, dict)}
    for (caller, id_), group in interaction.history.groups.items():
        if caller != interaction.exchange.caller:
            continue
        there = id_ in listed
        if group.deletion is None:
            fact = interaction.fact("groups.list.own")
            yield passed(fact, id_) if there else failed(fact, "a group is not listed", id_, sorted(listed))
        else:
            fact = endpoint(interaction, Operation.GROUP_DELETE)
            yield (
                failed(fact, "a deleted group is listed", "no such group", id_) if there else passed(fact, "not listed")
            )


def groups_exist_until_deleted(interaction: Interaction) -> Iterator[CheckResult]:
    """A group's id, as a number or as a text, leads to it until it is deleted."""
    group = _group(interaction)
    if group is None or interaction.violations or (interaction.is_error and interaction.status_code >= 500):
        return
    gone = interaction.is_error and any(case.kind.endswith("not_found") for case in interaction.error_cases)
    if group.deletion is not None:
        deletion, title = endpoint(interaction, Operation.GROUP_DELETE), "a group is there although it was deleted"
        if gone:
            yield passed(deletion, str(interaction.status_code))
        elif not interaction.is_error:
            yield failed(deletion, title, "404", interaction.status_code)
        return
    as_text = isinstance(
        (interaction.document or {}).get("id" if interaction.operation is Operation.GROUP_DELETE else "group_id"), str
    )
    fact = interaction.fact("groups.id.text") if as_text else endpoint(interaction, Operation.GROUP_CREATE)
    if not interaction.is_error:
        yield passed(fact)
    elif gone or (as_text and interaction.status_code == 400):
        yield failed(fact, "a group is not found by its id", "the group", interaction.status_code)


def _group(interaction: Interaction) -> AssetHistory | None:
    """The caller's group that a request names."""
    if interaction.operation not in INTO or not interaction.requested_group_id:
        return None
    return interaction.history.groups.get((interaction.exchange.caller, interaction.requested_group_id))


def _page(interaction: Interaction) -> tuple[list[dict[str, Any]], int, int, int] | None:
    """The items, the total, the page and its size that a list tells, if it tells all four."""
    told = interaction.data if isinstance(interaction.data, dict) and not interaction.is_error else {}
    if interaction.operation is not Operation.ASSET_LIST or not isinstance(told.get("items"), list):
        return None
    numbers = [told.get(name) for name in ("total", "page", "page_size")]
    total, page, size = numbers
    if not (isinstance(total, int) and isinstance(page, int) and isinstance(size, int)):
        return None
    return [item for item in told["items"] if isinstance(item, dict)], total, page, size


CHECKS = (page_counts_are_consistent, pages_list_existing_assets, groups_are_listed, groups_exist_until_deleted)
