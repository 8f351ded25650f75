"""An asset's life: what it says of itself, that it only moves forward, is gone when deleted, and what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seedmock_contracts.documents.values import to_number
from seedmock_contracts.enums import ORDERS, AssetStatus, Operation, TaskStatus
from seedmock_contracts.facts import Endpoint, Fact

from ..conversation.history import AssetHistory, Interaction
from ..results.checks import CheckResult, Severity, compare, failed, passed
from .variants import chosen

SCHEME = "asset://"
PATIENCE = 180.0
"""Seconds after which an asset that is still in processing is taken to stay so: our guess, so it warns only."""
ABOUT_ONE = frozenset({Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_DELETE})
GONE = frozenset({404})
REFUSED = frozenset({400, 403, 404, 422})


def asset_statuses_move_forward(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset is Processing until it is Active or Failed, and stays that."""
    for id_, told in told_assets(interaction):
        word = told.get("status")
        if interaction.operation is Operation.ASSET_CREATE and word in (AssetStatus.PROCESSING, AssetStatus.ACTIVE):
            yield chosen(interaction, f"{interaction.contract.name}.asset_status", str(word))
        if word is None:
            continue
        fact, asset = interaction.fact("assets.poll"), interaction.history.assets.get(id_)
        before = latest(asset) if asset is not None else None
        if word not in AssetStatus.__members__.values():
            yield failed(fact, "an asset has an unknown status", " or ".join(AssetStatus), word)
        elif before is not None:
            right = before in (AssetStatus.PROCESSING, word)
            title = "an asset's status runs backwards"
            yield passed(fact, str(word)) if right else failed(fact, title, f"{before}, for ever", word)
            if right and word == AssetStatus.PROCESSING:
                yield from _late(interaction, asset, fact)


def _late(interaction: Interaction, asset: AssetHistory | None, fact: Fact) -> Iterator[CheckResult]:
    since = asset.created.exchange.at if asset is not None else interaction.exchange.at
    if interaction.exchange.at - since > PATIENCE:
        expected, observed = (
            f"Active or Failed within {PATIENCE:.0f} s",
            f"Processing after {interaction.exchange.at - since:.0f} s",
        )
        yield failed(fact, "an asset does not come to its end", expected, observed, Severity.WARNING)


def asset_fields_are_stable(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset's name, kind, source and group are those that it was made with, or renamed to."""
    if interaction.operation is Operation.ASSET_CREATE and not interaction.is_error:
        fact, told = (
            interaction.fact("assets.create.response"),
            interaction.data if isinstance(interaction.data, dict) else {},
        )
        whole = bool(told.get("id")) and bool(told.get("asset_url"))
        title, expected = "an asset is made without a word of it", "data.id and data.asset_url"
        yield passed(fact) if whole else failed(fact, title, expected, interaction.data)
    for id_, one in told_assets(interaction):
        asset = interaction.history.assets.get(id_)
        if asset is not None and asset.caller == interaction.exchange.caller:
            yield from _kept(interaction, asset, one)


def asset_updates_are_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """An update answers with the asset's id and its new name."""
    if (
        interaction.operation is not Operation.ASSET_UPDATE
        or interaction.is_error
        or not isinstance(interaction.data, dict)
    ):
        return
    wanted = {name: (interaction.document or {}).get(name) for name in ("id", "name") if name in interaction.data}
    if wanted:
        told = {name: interaction.data[name] for name in wanted}
        yield compare(interaction.fact("assets.update.rename"), "an asset is renamed otherwise", wanted, told)


def deleted_assets_are_gone(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset is there for its key until it is deleted, by itself or with its group, and not afterwards."""
    asset = interaction.history.assets.get(interaction.requested_id) if interaction.operation in ABOUT_ONE else None
    if asset is None or asset.caller != interaction.exchange.caller or interaction.violations:
        return
    there, gone = not interaction.is_error, status_told(interaction) in GONE
    if asset.deletion is not None and (there or gone):
        by_group = asset.deletion.operation is Operation.GROUP_DELETE
        fact = interaction.fact("groups.delete.cascade") if by_group else endpoint(interaction, Operation.ASSET_DELETE)
        title = "an asset is there although it was deleted"
        yield (
            passed(fact, str(status_told(interaction))) if gone else failed(fact, title, "404", interaction.status_code)
        )
    elif asset.deletion is None and (there or gone):
        assert interaction.operation is not None
        fact = endpoint(interaction, interaction.operation)
        yield (
            failed(fact, "an asset is gone", "the asset", status_told(interaction))
            if gone
            else passed(fact, str(interaction.status_code))
        )


def asset_names_are_optional(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset is taken without a name."""
    document = interaction.document
    if interaction.operation is not Operation.ASSET_CREATE or interaction.violations or document is None:
        return
    if document.get("name") is None:
        fact = interaction.fact("assets.create.name.default")
        if not interaction.is_error:
            yield passed(fact)
        elif status_told(interaction) == 400:
            yield failed(fact, "an asset without a name is refused", "an asset", interaction.status_code)


def assets_are_usable_in_orders(interaction: Interaction) -> Iterator[CheckResult]:
    """An order may refer to an Active asset of its key; with a gone, failed or foreign one it comes to nothing."""
    if interaction.operation in ORDERS and not interaction.violations:
        yield from _used(interaction)
    elif interaction.operation is Operation.QUERY and interaction.task is not None and not interaction.is_error:
        bad = useless(interaction, interaction.task.created)
        ended = interaction.status if bad else None
        if bad is not None and ended is TaskStatus.SUCCESS:
            yield failed(
                bad, "an asset that cannot be used was used", "a refusal or a failed task", interaction.raw_status
            )
        elif bad is not None and ended is TaskStatus.FAILURE:
            yield passed(bad, str(interaction.raw_status))


def told_assets(interaction: Interaction) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The assets that an answer tells of, by id: the one made or looked at, or each of a list."""
    told = interaction.data if isinstance(interaction.data, dict) and not interaction.is_error else {}
    if interaction.operation is Operation.ASSET_CREATE and interaction.created_id is not None:
        yield interaction.created_id, told
    elif interaction.operation is Operation.ASSET_GET:
        yield interaction.requested_id, told
    elif interaction.operation is Operation.ASSET_LIST:
        items = told.get("items")
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                yield item["id"], item


def status_of(interaction: Interaction) -> AssetStatus | None:
    """The status of the one asset that an answer tells of."""
    if interaction.operation not in (Operation.ASSET_CREATE, Operation.ASSET_GET) or interaction.is_error:
        return None
    return next((status for status in AssetStatus if status == interaction.raw_status), None)


def latest(asset: AssetHistory) -> AssetStatus | None:
    """The status that was told of an asset last."""
    told = (status_of(interaction) for interaction in reversed((asset.created, *asset.interactions)))
    return next((status for status in told if status is not None), None)


def endpoint(interaction: Interaction, operation: Operation) -> Endpoint:
    """The fact that there is such an operation."""
    return next(found for found in interaction.contract.endpoints if found.operation is operation)


def status_told(interaction: Interaction) -> int:
    """The status of an answer, also where HTTP 200 carries another code."""
    code = interaction.body.get("code") if interaction.is_error and isinstance(interaction.body, dict) else None
    return code if interaction.status_code == 200 and isinstance(code, int) else interaction.status_code


def _kept(interaction: Interaction, asset: AssetHistory, told: Mapping[str, Any]) -> Iterator[CheckResult]:
    """What is told of an asset against what it was made with."""
    made = asset.created.document or {}
    renamed = [one for one in asset.interactions if one.operation is Operation.ASSET_UPDATE]
    name = (renamed[-1].document or {}).get("name") if renamed else made.get("name")
    if "name" in told and name is not None:
        fact = interaction.fact("assets.update.rename" if renamed else "assets.create.name")
        yield compare(fact, "an asset has another name", name, told["name"])
    for field in ("asset_type", "url"):
        if field in told and interaction.operation is not Operation.ASSET_CREATE:
            title = f"an asset's {field} is another than it was made with"
            yield compare(interaction.fact(f"assets.create.{field}"), title, made.get(field), told[field])
    if "group_id" in told:
        title, fact = "an asset is in another group", interaction.fact("assets.create.group_id")
        yield compare(fact, title, to_number(made.get("group_id")), to_number(told["group_id"]))


def _used(interaction: Interaction) -> Iterator[CheckResult]:
    bad = useless(interaction, interaction)
    if bad is not None:
        if interaction.is_error and status_told(interaction) in REFUSED:
            yield passed(bad, str(status_told(interaction)))
        return
    assets = list(_referred(interaction))
    ready = assets and all(one is not None and latest(one) is AssetStatus.ACTIVE for one in assets)
    if not ready:
        return
    fact = interaction.fact("assets.purpose")
    blamed = interaction.data.get("failCode") if isinstance(interaction.data, dict) else None
    if not interaction.is_error:
        yield passed(fact)
    elif blamed == "INVALID_INPUT":
        yield failed(fact, "an Active asset is refused", "an order", interaction.body)


def _referred(order: Interaction) -> Iterator[AssetHistory | None]:
    """The assets that an order refers to; None for each reference that is none of those that we know."""
    document = order.document or {}
    links = [found.reference.url for found in order.contract.request.layout.find(document)]
    if order.operation is Operation.UPSCALE:
        links = [str(document.get("videoUrl"))]
    for link in links:
        yield order.history.assets.get(link.removeprefix(SCHEME)) if link.startswith(SCHEME) else None


def useless(interaction: Interaction, order: Interaction) -> Fact | None:
    """The fact by which an order must come to nothing: an asset of it is foreign, deleted or Failed."""
    for asset in _referred(order):
        if asset is None:
            continue
        if asset.caller != order.exchange.caller:
            return interaction.fact("assets.isolated")
        ended = [one for one in (asset.created, *asset.interactions) if status_of(one) is AssetStatus.FAILED]
        ended += [asset.deletion] if asset.deletion is not None else []
        if any(_was_before(interaction, one, order) for one in ended):
            return interaction.fact("assets.usable")
    return None


def _was_before(interaction: Interaction, one: Interaction, other: Interaction) -> bool:
    interactions = interaction.history.interactions
    return one in interactions and (other not in interactions or interactions.index(one) < interactions.index(other))


CHECKS = (
    asset_statuses_move_forward,
    asset_fields_are_stable,
    asset_updates_are_echoed,
    deleted_assets_are_gone,
    asset_names_are_optional,
    assets_are_usable_in_orders,
)
