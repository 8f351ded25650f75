"""Checks of lists: pages of assets are complete and consistent, and groups are listed until they are deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from seedmock_contracts.documents.values import to_number
from seedmock_contracts.enums import Operation

from ..conversation.history import AssetHistory, Interaction
from ..results.checks import CheckResult, compare, failed, passed
from .assets import deletion_fact, endpoint_fact, normalized_id
from .response_fields import values_of
from .variants import check_option

GROUP_OPERATIONS = frozenset({Operation.ASSET_CREATE, Operation.ASSET_LIST, Operation.GROUP_DELETE})
"""Operations on one group that they name by its id."""


class _AssetPage(Struct, frozen=True):
    items: list[dict[str, Any]]
    total: int
    number: int
    size: int


def page_counts_are_consistent(interaction: Interaction) -> Iterator[CheckResult]:
    """A page has as many assets as follow from its size and the total, and none twice."""
    page, document = _page(interaction), interaction.document or {}
    request, response = interaction.contract.request, interaction.contract.response
    if page is None:
        return
    fact = interaction.fact("assets.list.paged")
    requested = tuple(
        int(to_number(request.read(document, name, Operation.ASSET_LIST)) or default)
        for name, default in (("page", 1), ("page_size", 10))
    )
    yield compare(fact, "another page than the requested one", requested, (page.number, page.size))
    count = max(0, min(page.size, page.total - (page.number - 1) * page.size))
    yield compare(fact, "a page contradicts its total", f"{count} assets", f"{len(page.items)} assets")
    ids = [response.item_id(item) for item in page.items]
    if len(ids) > 1:
        title, observed = "a page lists an asset twice", f"{len(set(ids))} assets"
        yield passed(fact) if len(set(ids)) == len(ids) else failed(fact, title, f"{len(ids)} assets", observed)
    group = interaction.contract.field("group", Operation.ASSET_LIST)
    if group is not None and document.get(group.path) is not None and page.items:
        groups = {normalized_id(response.read(item, "group")) for item in page.items}
        title = "assets of another group are listed"
        yield compare(group, title, {normalized_id(document[group.path])}, groups)


def pages_list_existing_assets(interaction: Interaction) -> Iterator[CheckResult]:
    """A page with all assets has every existing asset; no page has a deleted one."""
    page = _page(interaction)
    if page is None:
        return
    listed, group_id = ids_of(interaction, page.items), interaction.requested_group_id
    for asset in interaction.history.assets.values():
        is_other_group = bool(group_id) and asset.created.requested_group_id != group_id
        if asset.caller != interaction.caller or is_other_group:
            continue
        if asset.deletion is not None:
            fact, title = deletion_fact(interaction, asset.deletion), "a deleted asset is listed"
            is_listed = asset.id in listed
            yield failed(fact, title, "no such asset", asset.id) if is_listed else passed(fact, "not listed")
        elif len(page.items) == page.total:
            fact, observed = endpoint_fact(interaction, Operation.ASSET_LIST), f"{page.total} others"
            if asset.id in listed:
                yield passed(fact, asset.id)
            else:
                yield failed(fact, "an asset is not listed", asset.id, observed)


def groups_are_listed(interaction: Interaction) -> Iterator[CheckResult]:
    """The list of groups has every existing group of the key, and no deleted one."""
    items = listed_groups(interaction)
    if items is None or interaction.is_error:
        return
    variant = interaction.contract.assets.group_listing if interaction.contract.assets is not None else None
    if variant is not None:
        yield check_option(interaction, variant, "items" if isinstance(interaction.data, dict) else "array")
    listed = ids_of(interaction, items)
    for (caller, id_), group in interaction.history.groups.items():
        if caller != interaction.caller:
            continue
        is_listed = id_ in listed
        if group.deletion is None:
            fact, title = interaction.fact("groups.list.own"), "a group is not listed"
            yield passed(fact, id_) if is_listed else failed(fact, title, id_, sorted(listed))
        else:
            endpoint, title = endpoint_fact(interaction, Operation.GROUP_DELETE), "a deleted group is listed"
            yield failed(endpoint, title, "no such group", id_) if is_listed else passed(endpoint, "not listed")


def models_are_listed(interaction: Interaction) -> Iterator[CheckResult]:
    """The list of models has at least one that orders can name. A key need not see them all."""
    if interaction.operation is not Operation.MODELS or interaction.is_error or not isinstance(interaction.body, dict):
        return
    fields = (field for field in interaction.contract.response_fields if field.operation is Operation.MODELS)
    field = next((field for field in fields if field.path.endswith("[].id")), None)
    if field is not None:
        listed = {value for value in values_of(interaction, field) if isinstance(value, str)}
        names = {model.name for model in interaction.contract.models}
        expected, observed = f"one of {', '.join(sorted(names))}", ", ".join(sorted(listed)) or "none"
        is_listed = bool(listed & names)
        yield passed(field, observed) if is_listed else failed(field, "no known model is listed", expected, observed)


def listed_groups(interaction: Interaction) -> list[dict[str, Any]] | None:
    """The items of a list of groups, as an array or inside an object; None for a response that has none."""
    if interaction.operation is not Operation.GROUP_LIST:
        return None
    items = interaction.part("groups") if isinstance(interaction.data, dict) else interaction.data
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else None


def ids_of(interaction: Interaction, items: Iterable[dict[str, Any]]) -> set[str]:
    """Ids of the items of a list, as text."""
    return {str(interaction.contract.response.item_id(item)) for item in items}


def groups_exist_until_deleted(interaction: Interaction) -> Iterator[CheckResult]:
    """The id of a group, as a number or as text, works until the group is deleted."""
    group = _group(interaction)
    if group is None or interaction.violations or (interaction.is_error and interaction.status_code >= 500):
        return
    is_not_found = any(kind.endswith("not_found") for kind in interaction.error_kinds)
    if group.deletion is not None:
        endpoint = endpoint_fact(interaction, Operation.GROUP_DELETE)
        if is_not_found:
            yield passed(endpoint, str(interaction.status_code))
        elif not interaction.is_error:
            yield failed(endpoint, "a deleted group still exists", "404", interaction.status_code)
        return
    assert interaction.operation is not None, "a request about a group has an operation"
    key = interaction.contract.request.path("group", interaction.operation)
    is_text = isinstance((interaction.document or {}).get(key), str)
    fact = interaction.fact("groups.id.text") if is_text else endpoint_fact(interaction, Operation.GROUP_CREATE)
    if not interaction.is_error:
        yield passed(fact)
    # An upstream that wants a number refuses the text with 400.
    elif is_not_found or (is_text and interaction.status_code == 400):
        yield failed(fact, "a group is not found by its id", "the group", interaction.status_code)


def _group(interaction: Interaction) -> AssetHistory | None:
    """The requested group, if the caller has created it."""
    if interaction.operation not in GROUP_OPERATIONS or not interaction.requested_group_id:
        return None
    return interaction.history.groups.get((interaction.caller, interaction.requested_group_id))


def _page(interaction: Interaction) -> _AssetPage | None:
    """The page of assets in a response that has items, total, page and page size."""
    fields = {} if interaction.is_error else interaction.data_object
    read = interaction.contract.response.read
    items = read(fields, "assets")
    if interaction.operation is not Operation.ASSET_LIST or not isinstance(items, list):
        return None
    total, number, size = (read(fields, name) for name in ("total", "page", "page_size"))
    if not (isinstance(total, int) and isinstance(number, int) and isinstance(size, int)):
        return None
    return _AssetPage([item for item in items if isinstance(item, dict)], total, number, size)


CHECKS = (
    page_counts_are_consistent,
    pages_list_existing_assets,
    groups_are_listed,
    models_are_listed,
    groups_exist_until_deleted,
)
