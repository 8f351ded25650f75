"""The command `seedmock assets`: an upstream's asset library. Heavy imports wait until a command runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from seedmock_contracts.enums import Capability, MediaKind
from seedmock_contracts.printable import printable

from .exit_codes import epilog, exit_on_error
from .options import connection_options, make_client, url_or_file

if TYPE_CHECKING:
    from ..clients import Client
    from ..models import Asset

KINDS = tuple(kind.value for kind in MediaKind)


@click.group(epilog=epilog())
def assets() -> None:
    """Manage an upstream's asset library: images, videos and sounds for reuse as asset:// references."""


@assets.command("groups")
@click.argument("name", required=False)
@connection_options(Capability.ASSETS)
def groups(name: str | None, **connection: Any) -> None:
    """List the asset groups, or get the one called NAME, creating it if it does not exist."""

    def work(client: Client) -> Any:
        groups = (client.ensure_group(name),) if name else client.list_groups()
        return [{"id": group.id, "group_name": group.group_name, "name": group.name} for group in groups]

    _run(work, **connection)


@assets.command("create")
@click.argument("url", metavar="URL|FILE")
@click.option("--group", required=True, help="Id of a group, or its name; a missing one is created.")
@click.option("--name", default="", help="Name of the asset.")
@click.option("--type", "kind", type=click.Choice(KINDS), default="image", show_default=True, help="Kind of the file.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the asset is Active.")
@connection_options(Capability.ASSETS)
def create_asset(url: str, group: str, name: str, kind: str, wait: bool, **connection: Any) -> None:
    """Register an image, video or sound as an asset, which is charged if it succeeds. A file is uploaded first."""

    def work(client: Client) -> Any:
        from ..files import local_path

        source = url_or_file(url, "URL")
        path = local_path(source)
        source = client.upload(path, MediaKind(kind)) if path else source
        group_id = group if group.isdigit() else client.ensure_group(group).id
        asset = client.create_asset(source, group_id, name=name, kind=MediaKind(kind))
        try:
            return _row(client.wait_asset(asset.id) if wait else asset)
        except KeyboardInterrupt:
            click.echo(f"interrupted: {printable(asset.url)} may still become active and be charged", err=True)
            raise

    _run(work, **connection)


@assets.command("list")
@click.option("--group", help="Id of a group.  [default: all groups]")
@click.option("--page", type=int, default=1, show_default=True, help="Number of the page.")
@click.option("--page-size", type=int, default=10, show_default=True, help="Assets on a page.")
@connection_options(Capability.ASSETS)
def list_assets(group: str | None, page: int, page_size: int, **connection: Any) -> None:
    """List one page of assets."""
    _run(
        lambda client: [_row(asset) for asset in client.list_assets(group, page=page, page_size=page_size).items],
        **connection,
    )


@assets.command("get")
@click.argument("asset_id")
@connection_options(Capability.ASSETS)
def get_asset(asset_id: str, **connection: Any) -> None:
    """Show one asset."""
    _run(lambda client: _row(client.get_asset(asset_id)), **connection)


@assets.command("rename")
@click.argument("asset_id")
@click.argument("name")
@connection_options(Capability.ASSETS)
def rename(asset_id: str, name: str, **connection: Any) -> None:
    """Rename an asset."""
    _run(lambda client: client.rename_asset(asset_id, name), **connection)


@assets.command("delete")
@click.argument("asset_id")
@connection_options(Capability.ASSETS)
def delete(asset_id: str, **connection: Any) -> None:
    """Delete an asset."""
    _run(lambda client: client.delete_asset(asset_id), **connection)


@assets.command("delete-group")
@click.argument("group_id")
@connection_options(Capability.ASSETS)
def delete_group(group_id: str, **connection: Any) -> None:
    """Delete a group and every asset in it."""
    _run(lambda client: client.delete_group(group_id), **connection)


def _run(
    work: Callable[[Client], Any], upstream: str, base_url: str | None, api_key: str | None, as_json: bool
) -> None:
    with exit_on_error(as_json), make_client(upstream, base_url, api_key) as client:
        result = work(client)
    if as_json:
        click.echo(json.dumps(result))
        return
    for row in result if isinstance(result, list) else [result or {"": "done"}]:
        click.echo("  ".join(printable(str(value)) for value in row.values() if value))


def _row(asset: Asset) -> dict[str, Any]:
    return {
        "url": asset.url,
        "status": asset.raw_status,
        "type": asset.type,
        "group_id": asset.group_id,
        "name": asset.name,
    }
