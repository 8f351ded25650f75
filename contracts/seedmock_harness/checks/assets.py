"""Checks of assets: their statuses and fields, their deletion, and their use in orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seedmock_contracts.documents.references import ASSET_SCHEME
from seedmock_contracts.documents.values import to_number
from seedmock_contracts.enums import ORDERS, AssetStatus, Operation, TaskStatus
from seedmock_contracts.facts import MISSING, Endpoint, Fact
from seedmock_contracts.response_format import first_value
from seedmock_contracts.terms import AssetTerms

from ..conversation.history import AssetHistory, Interaction
from ..results.checks import CheckResult, Severity, compare, failed, passed
from .error_responses import is_invalid_input
from .response_fields import response_fact
from .variants import check_option

PROCESSING_SECONDS = 180.0
"""Seconds after which an asset should not be Processing any more. Assumed, so that it leads to a warning only."""
SINGLE_ASSET_OPERATIONS = frozenset({Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_DELETE})
CREATE = Operation.ASSET_CREATE
REJECTIONS = frozenset({400, 403, 404, 422})


def asset_statuses_move_forward(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset is Processing until it is Active or Failed, and stays in that status."""
    for id_, fields in assets_in_response(interaction):
        raw_status, terms = first_value(fields, interaction.contract.response.status_paths), _terms(interaction)
        status, variant = terms.parse_status(raw_status), terms.first_status
        is_usual = interaction.operation is Operation.ASSET_CREATE and status not in (None, AssetStatus.FAILED)
        if is_usual and variant is not None:
            yield check_option(interaction, variant, raw_status)
        if raw_status in (MISSING, None):
            continue
        fact, asset = interaction.fact("assets.poll"), interaction.history.assets.get(id_)
        before = latest_status(asset) if asset is not None else None
        if status is None:
            yield failed(fact, "an asset has an unknown status", " or ".join(terms.statuses.values()), raw_status)
        elif before in (AssetStatus.PROCESSING, status):
            yield passed(fact, raw_status)
            if status is AssetStatus.PROCESSING:
                yield from _check_processing_time(interaction, asset, fact)
        elif before is not None:
            yield failed(fact, "an asset's status moves backwards", f"{terms.statuses[before]} forever", raw_status)


def _check_processing_time(interaction: Interaction, asset: AssetHistory | None, fact: Fact) -> Iterator[CheckResult]:
    seconds = interaction.at - asset.created.at if asset is not None else 0.0
    if seconds > PROCESSING_SECONDS:
        processing, *ended = (_terms(interaction).statuses[status] for status in AssetStatus)
        expected, observed = (
            f"{' or '.join(ended)} within {PROCESSING_SECONDS:.0f} s",
            f"{processing} after {seconds:.0f} s",
        )
        yield failed(fact, "an asset stays in processing", expected, observed, Severity.WARNING)


def asset_fields_are_stable(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset keeps the name, type, URL and group of its creation, or of its latest update."""
    if interaction.operation is Operation.ASSET_CREATE and not interaction.is_error:
        fact = response_fact(interaction)
        title, expected = "a created asset has no id or no URL", "an id and a URL"
        is_complete = interaction.created_id is not None and bool(interaction.part("asset_url"))
        yield passed(fact) if is_complete else failed(fact, title, expected, interaction.data)
    for id_, fields in assets_in_response(interaction):
        asset = interaction.history.assets.get(id_)
        if asset is not None and asset.caller == interaction.caller:
            yield from _compare_fields(interaction, asset, fields)


def _compare_fields(interaction: Interaction, asset: AssetHistory, fields: Mapping[str, Any]) -> Iterator[CheckResult]:
    """Compare the fields in a response with those of the requests that created and updated the asset."""
    contract, created = interaction.contract, asset.created.document or {}
    request, response = contract.request, contract.response
    updates = [earlier for earlier in asset.interactions if earlier.operation is Operation.ASSET_UPDATE]
    name, observed = request.read(created, "name", CREATE), response.read(fields, "name")
    field: Fact | None = contract.field("name", CREATE)
    if updates:
        field = interaction.fact("assets.update.rename")
        name = request.read(updates[-1].document or {}, "name", Operation.ASSET_UPDATE)
    if field is not None and name is not None and observed is not None:
        yield compare(field, "an asset has another name", name, observed)
    for name in ("asset_type", "url"):
        field, observed = contract.field(name, CREATE), first_value(fields, (response.path(name),))
        if field is not None and observed is not MISSING and interaction.operation is not CREATE:
            title = f"an asset has another {name}"
            yield compare(field, title, request.read(created, name, CREATE), observed)
    field, observed = contract.field("group", CREATE), first_value(fields, (response.path("group"),))
    if field is not None and observed is not MISSING:
        title, group = "an asset is in another group", request.read(created, "group", CREATE)
        yield compare(field, title, normalized_id(group), normalized_id(observed))


def normalized_id(value: Any) -> Any:
    """An id to compare: 1, "1" and 1.0 are the same, and any other text is itself."""
    number = to_number(value)
    return value if number is None else number


def asset_updates_are_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """The response to an update has the id and the new name of the asset."""
    if interaction.operation is not Operation.ASSET_UPDATE or interaction.is_error:
        return
    fields, response = interaction.data_object, interaction.contract.response
    name = interaction.contract.request.read(interaction.document or {}, "name", Operation.ASSET_UPDATE)
    requested = {"id": interaction.requested_id, "name": name}
    parts = {"id": first_value(fields, response.id_paths), "name": first_value(fields, (response.path("name"),))}
    observed = {part: value for part, value in parts.items() if value is not MISSING}
    expected = {part: requested[part] for part in observed}
    if observed:
        yield compare(interaction.fact("assets.update.rename"), "an update has another effect", expected, observed)


def deleted_assets_are_gone(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset exists until it is deleted, alone or with its group, and not afterwards."""
    is_about_one = interaction.operation in SINGLE_ASSET_OPERATIONS
    asset = interaction.history.assets.get(interaction.requested_id) if is_about_one else None
    if asset is None or asset.caller != interaction.caller or interaction.violations:
        return
    is_not_found, observed = effective_status(interaction) == 404, str(effective_status(interaction))
    if interaction.is_error and not is_not_found:
        return
    if asset.deletion is not None:
        fact = deletion_fact(interaction, asset.deletion)
        title = "a deleted asset still exists"
        yield passed(fact, observed) if is_not_found else failed(fact, title, "404", observed)
    elif interaction.operation is not None:
        fact = endpoint_fact(interaction, interaction.operation)
        yield failed(fact, "an asset has vanished", "the asset", observed) if is_not_found else passed(fact, observed)


def deletion_fact(interaction: Interaction, deletion: Interaction) -> Fact:
    """The fact that a deletion removes an asset: that of the asset itself, or that of its group."""
    if deletion.operation is Operation.GROUP_DELETE:
        return interaction.fact("groups.delete.cascade")
    return endpoint_fact(interaction, Operation.ASSET_DELETE)


def asset_names_are_optional(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset can be created without a name."""
    document = interaction.document
    if interaction.operation is not Operation.ASSET_CREATE or interaction.violations or document is None:
        return
    if interaction.contract.request.read(document, "name", CREATE) is None:
        fact = interaction.fact("assets.create.name.default")
        if not interaction.is_error:
            yield passed(fact)
        elif effective_status(interaction) == 400:
            yield failed(fact, "an asset without a name is rejected", "an asset", interaction.status_code)


def assets_are_usable_in_orders(interaction: Interaction) -> Iterator[CheckResult]:
    """An order can use an Active asset of its key; one that is deleted, failed or of another key leads to no clip."""
    if interaction.operation in ORDERS and not interaction.violations:
        yield from _check_order(interaction)
    elif interaction.operation is Operation.QUERY and interaction.task is not None and not interaction.is_error:
        fact = unusable_asset_fact(interaction, interaction.task.created)
        if fact is not None and interaction.status is TaskStatus.SUCCESS:
            title, expected = "an unusable asset was used", "an error response or a failed task"
            yield failed(fact, title, expected, interaction.raw_status)
        elif fact is not None and interaction.status is TaskStatus.FAILURE:
            yield passed(fact, str(interaction.raw_status))


def _check_order(interaction: Interaction) -> Iterator[CheckResult]:
    fact = unusable_asset_fact(interaction, interaction)
    if fact is not None:
        if interaction.is_error and effective_status(interaction) in REJECTIONS:
            yield passed(fact, str(effective_status(interaction)))
        return
    assets = list(_used_assets(interaction))
    if not assets or not all(asset is not None and latest_status(asset) is AssetStatus.ACTIVE for asset in assets):
        return
    purpose = interaction.fact("assets.purpose")
    if not interaction.is_error:
        yield passed(purpose)
    elif is_invalid_input(interaction):
        yield failed(purpose, "an Active asset is rejected", "an order", interaction.body)


def _used_assets(order: Interaction) -> Iterator[AssetHistory | None]:
    """The asset of each reference of an order; None for a reference that is no known asset."""
    for url in order.media_urls:
        is_asset = url.startswith(ASSET_SCHEME)
        yield order.history.assets.get(url.removeprefix(ASSET_SCHEME)) if is_asset else None


def unusable_asset_fact(interaction: Interaction, order: Interaction) -> Fact | None:
    """The fact by which an order must not succeed, as one of its assets is deleted, failed or of another key."""
    for asset in _used_assets(order):
        if asset is None:
            continue
        if asset.caller != order.caller:
            return interaction.fact("assets.isolated")
        interactions = (asset.created, *asset.interactions)
        ends = [earlier for earlier in interactions if asset_status(earlier) is AssetStatus.FAILED]
        ends += [asset.deletion] if asset.deletion is not None else []
        if any(_is_before(interaction, end, order) for end in ends):
            return interaction.fact("assets.usable")
    return None


def _is_before(interaction: Interaction, first: Interaction, second: Interaction) -> bool:
    interactions = interaction.history.interactions
    if first not in interactions:
        return False
    # By their order, since clocks may jump.
    return second not in interactions or interactions.index(first) < interactions.index(second)


def assets_in_response(interaction: Interaction) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Id and fields of each asset in a response: the created or requested one, or those of a list."""
    fields = {} if interaction.is_error else interaction.data_object
    if interaction.operation is Operation.ASSET_CREATE and interaction.created_id is not None:
        yield interaction.created_id, fields
    elif interaction.operation is Operation.ASSET_GET:
        yield interaction.requested_id, fields
    elif interaction.operation is Operation.ASSET_LIST:
        response = interaction.contract.response
        items = response.read(fields, "assets")
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and (id_ := response.item_id(item)) is not None:
                yield str(id_), item


def asset_status(interaction: Interaction) -> AssetStatus | None:
    """The status of the one asset in a response."""
    if interaction.operation not in (Operation.ASSET_CREATE, Operation.ASSET_GET) or interaction.is_error:
        return None
    return _terms(interaction).parse_status(interaction.raw_status)


def _terms(interaction: Interaction) -> AssetTerms:
    terms = interaction.contract.assets
    assert terms is not None, "an upstream with operations on assets has terms of assets"
    return terms


def latest_status(asset: AssetHistory) -> AssetStatus | None:
    statuses = (asset_status(earlier) for earlier in reversed((asset.created, *asset.interactions)))
    return next((status for status in statuses if status is not None), None)


def endpoint_fact(interaction: Interaction, operation: Operation) -> Endpoint:
    """The endpoint of an operation that the upstream has."""
    return next(endpoint for endpoint in interaction.contract.endpoints if endpoint.operation is operation)


def effective_status(interaction: Interaction) -> int:
    """HTTP status, or the error code in the envelope if the HTTP status is 200."""
    code = interaction.body.get("code") if interaction.is_error and isinstance(interaction.body, dict) else None
    return code if interaction.status_code == 200 and isinstance(code, int) else interaction.status_code


CHECKS = (
    asset_statuses_move_forward,
    asset_fields_are_stable,
    asset_updates_are_echoed,
    deleted_assets_are_gone,
    asset_names_are_optional,
    assets_are_usable_in_orders,
)
