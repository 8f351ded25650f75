"""Asset endpoints: groups and assets of all accounts, and their bytes for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import FileResponse

from seedmock_contracts.facts import MediaFacts

from ..api.downloads import media_type
from ..media.clip_spec import StoredFile
from ..tasks.models import AssetGroup, AssetRecord
from ..tasks.timeline import asset_status_at
from .catalog_models import AssetGroupResponse, AssetResponse, AssetsResponse, MediaFactsResponse
from .context import ControlContext
from .endpoints import ACCOUNT_QUERY, ControlEndpoint, ControlRequest
from .errors import ControlError

MAX_URL_CHARS = 300


async def read(context: ControlContext, request: ControlRequest) -> AssetsResponse:
    accounts = await context.store.accounts() if request.account is None else [request.account]
    groups = []
    for account in accounts:
        assets = await context.store.assets(account)
        groups += [_group(context, group, assets) for group in await context.store.groups(account)]
    return AssetsResponse(groups=groups)


async def content(context: ControlContext, request: ControlRequest) -> FileResponse:
    """Return the bytes of an asset. Raises ControlError 404."""
    asset_id = request.params["id"]
    for account in await context.store.accounts():
        asset = await context.store.asset(account, asset_id)
        if asset is not None:
            await context.checkpoint.reference_files.copy(asset.source)
            return file_response(asset.source, asset.facts)
    message = f"unknown asset {asset_id[:100]!r}; GET /_mock/assets lists all"
    raise ControlError(message, status=404, field="id")


def file_response(source: StoredFile | None, facts: MediaFacts | None) -> FileResponse:
    """Return a stored file. Raises ControlError 404 for one that is not at hand any more."""
    if source is None or not source.path.exists():
        raise ControlError("the bytes are not at hand: the URL was not fetched, or the file was evicted", status=404)
    # What was posted may be a page or an SVG with a script, which must not run beside the control API.
    headers = {"cache-control": "no-store", "content-security-policy": "sandbox", "x-content-type-options": "nosniff"}
    return FileResponse(source.path, media_type=media_type("" if facts is None else facts.format), headers=headers)


def media_facts(facts: MediaFacts | None) -> MediaFactsResponse | None:
    if facts is None:
        return None
    return MediaFactsResponse(
        **{name: getattr(facts, name) for name in MediaFactsResponse.__struct_fields__},
    )


def shortened_url(url: str) -> str:
    """Return a URL for people: at most MAX_URL_CHARS characters, a data: URI without its content."""
    head, comma, data = url.partition(",")
    if url.lstrip()[:5].lower() == "data:" and comma and len(data) > 40:
        return f"{head[:80]},({len(data)} characters)"
    return url if len(url) <= MAX_URL_CHARS else f"{url[:MAX_URL_CHARS]}..."


def _group(context: ControlContext, group: AssetGroup, assets: Sequence[AssetRecord]) -> AssetGroupResponse:
    return AssetGroupResponse(
        id=group.id,
        upstream=group.upstream,
        account=group.account,
        name=group.name,
        group_name=group.group_name,
        created_at=group.created_at,
        assets=[_asset(context, asset) for asset in assets if asset.group_id == group.id],
    )


def _asset(context: ControlContext, asset: AssetRecord) -> AssetResponse:
    status = asset_status_at(asset, context.clocks.now(asset.account))
    return AssetResponse(
        id=asset.id,
        upstream=asset.upstream,
        account=asset.account,
        group_id=asset.group_id,
        kind=asset.kind,
        name=asset.name,
        url=shortened_url(asset.url),
        status=status,
        failure=asset.failure.message if asset.failure and status != "Processing" else "",
        created_at=asset.created_at,
        facts=media_facts(asset.facts),
        content=f"assets/{asset.id}/content" if asset.source is not None else "",
    )


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/assets",
        handler=read,
        summary="List the groups of assets of all keys or of one, each with its assets and their states.",
        query=ACCOUNT_QUERY,
        response=AssetsResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/assets/{id}/content",
        handler=content,
        summary="Download the bytes of an asset that is stored here.",
        response=bytes,
        media_type="application/octet-stream",
    ),
)
