"""The command `seedmock assets`: A's asset library. Heavy imports wait until a command runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from seedmock_contracts.enums import Capability, MediaKind

from .exit_codes import epilog, guarded, printable
from .options import address_of, client_of, connected

if TYPE_CHECKING:
    from ..clients import Client
    from ..models import Asset

KINDS = tuple(kind.value for kind in MediaKind)


@click.group(epilog=epilog())
def assets() -> None:
    """The asset library of an upstream that has one: faces and other things to use again as asset:// references."""


@assets.command("groups")
@click.argument("name", required=False)
@connected(Capability.ASSETS)
def groups(name: str | None, **connection: Any) -> None:
    """List the groups, or make sure that the one called NAME is there."""

    def work(client: Client) -> Any:
        found = (client.ensure_group(name),) if name else client.list_groups()
        return [{"id": group.id, "group_name": group.group_name, "name": group.name} for group in found]

    _answer(work, **connection)


@assets.command("create")
@click.argument("url", metavar="URL|FILE")
@click.option("--group", required=True, help="A group's id, or the name of one that is made if it is not there.")
@click.option("--name", default="")
@click.option("--type", "kind", type=click.Choice(KINDS), default="image", show_default=True)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the asset is Active.")
@connected(Capability.ASSETS)
def create_asset(url: str, group: str, name: str, kind: str, wait: bool, **connection: Any) -> None:
    """Register a picture, video or sound; one that succeeds costs a fee. A file is uploaded first."""

    def work(client: Client) -> Any:
        from ..files import local_path

        address = address_of(url, "URL")
        path = local_path(address)
        address = client.upload(path, MediaKind(kind)) if path else address
        group_id = group if group.isdigit() else client.ensure_group(group).id
        asset = client.create_asset(address, group_id, name=name, kind=MediaKind(kind))
        try:
            return _row(client.wait_asset(asset.id) if wait else asset)
        except KeyboardInterrupt:
            click.echo(f"interrupted: {printable(asset.url)} may still become active and be charged", err=True)
            raise

    _answer(work, **connection)


@assets.command("list")
@click.option("--group", help="A group's id.")
@click.option("--page", type=int, default=1, show_default=True)
@click.option("--page-size", type=int, default=10, show_default=True)
@connected(Capability.ASSETS)
def list_assets(group: str | None, page: int, page_size: int, **connection: Any) -> None:
    """List assets, a page at a time."""
    _answer(
        lambda client: [_row(asset) for asset in client.list_assets(group, page=page, page_size=page_size).items],
        **connection,
    )


@assets.command("get")
@click.argument("asset_id")
@connected(Capability.ASSETS)
def get_asset(asset_id: str, **connection: Any) -> None:
    """Look at one asset."""
    _answer(lambda client: _row(client.get_asset(asset_id)), **connection)


@assets.command("rename")
@click.argument("asset_id")
@click.argument("name")
@connected(Capability.ASSETS)
def rename(asset_id: str, name: str, **connection: Any) -> None:
    """Give an asset another name."""
    _answer(lambda client: client.rename_asset(asset_id, name), **connection)


@assets.command("delete")
@click.argument("asset_id")
@connected(Capability.ASSETS)
def delete(asset_id: str, **connection: Any) -> None:
    """Delete an asset."""
    _answer(lambda client: client.delete_asset(asset_id), **connection)


@assets.command("delete-group")
@click.argument("group_id")
@connected(Capability.ASSETS)
def delete_group(group_id: str, **connection: Any) -> None:
    """Delete a group and every asset in it."""
    _answer(lambda client: client.delete_group(group_id), **connection)


def _answer(
    work: Callable[[Client], Any], upstream: str, base_url: str | None, api_key: str | None, as_json: bool
) -> None:
    with guarded(as_json), client_of(upstream, base_url, api_key) as client:
        found = work(client)
    if as_json:
        click.echo(json.dumps(found))
        return
    for row in found if isinstance(found, list) else [found or {"": "done"}]:
        click.echo("  ".join(printable(str(value)) for value in row.values() if value))


def _row(asset: Asset) -> dict[str, Any]:
    return {
        "url": asset.url,
        "status": asset.word,
        "type": asset.type,
        "group_id": asset.group_id,
        "name": asset.name,
    }
