"""A's asset library as flows: groups and assets, and waiting until an asset is Active. No I/O, no clock."""

from __future__ import annotations

from dataclasses import replace

from seedmock_contracts.enums import AssetStatus, ErrorKind, MediaKind
from seedmock_contracts.facts import Document

from .context import ClientConfig, ask, named
from .effects import Flow, Sleep
from .error_envelopes import document
from .errors import AssetFailedError, SeedmockError, WaitTimeoutError
from .flows import submit, unknown
from .models import Asset, Failure, Group, Page
from .upstreams.protocol import Unreadable


def ensure_group(setup: ClientConfig, name: str) -> Flow[Group]:
    """The group of this name, made if there is none yet."""
    groups = yield from list_groups(setup)
    found = next((group for group in groups if name in (group.name, group.group_name)), None)
    return found if found else (yield from create_group(setup, name))


def create_group(setup: ClientConfig, name: str) -> Flow[Group]:
    """A new group."""
    account = setup.account
    return (yield from ask(setup, account.group_create(name), lambda body: account.read_group(body, name)))


def list_groups(setup: ClientConfig) -> Flow[tuple[Group, ...]]:
    """Every group of this key."""
    return (yield from ask(setup, setup.account.group_list(), setup.account.read_groups))


def delete_group(setup: ClientConfig, group_id: str) -> Flow[None]:
    """Delete a group and every asset in it."""
    return (yield from ask(setup, setup.account.group_delete(group_id), _nothing))


def create_asset(
    setup: ClientConfig, url: str, group_id: str, name: str = "", kind: MediaKind = MediaKind.IMAGE
) -> Flow[Asset]:
    """Register a public URL as an asset. One that succeeds costs a fee, so a lost answer is SubmissionUnknownError."""
    account = setup.account
    request = account.asset_create(url, group_id, name, kind)
    setup.check(request)
    answer = yield from submit(setup, request)
    body = document(answer)
    try:
        asset = account.read_asset(body or {})
    except Unreadable as error:
        raise unknown(setup, str(error)) from error
    return replace(asset, name=asset.name or name, group_id=asset.group_id or group_id)


def get_asset(setup: ClientConfig, asset_id: str) -> Flow[Asset]:
    """Look at an asset once."""
    named(asset_id, "an asset id")
    return (yield from ask(setup, setup.account.asset_get(asset_id), setup.account.read_asset))


def wait_asset(setup: ClientConfig, asset_id: str) -> Flow[Asset]:
    """Look at an asset until it is Active. Raises AssetFailedError, or WaitTimeoutError at the deadline."""
    until = (yield Sleep(0)) + setup.patience.asset_seconds
    pauses, word, refusals = setup.patience.pauses(), "", 0
    while True:
        asked: float | None = None
        try:
            asset = yield from get_asset(setup, asset_id)
        except SeedmockError as error:
            refusals += 1
            if not error.retryable and (error.status != 404 or refusals >= setup.patience.missing_polls):
                raise
            asked = error.retry_after
        else:
            word, refusals = asset.word, 0
            if asset.status is AssetStatus.ACTIVE:
                return asset
            if asset.status is AssetStatus.FAILED:
                raise _failed(setup, asset)
        now = yield Sleep(0)
        if now + (asked or 0.0) >= until:
            said = f"asset {asset_id} is {word or 'without a status'} after {setup.patience.asset_seconds:g} s"
            raise WaitTimeoutError(said, word=word, upstream=setup.upstream, retryable=True)
        yield Sleep(max(asked or 0.0, min(next(pauses), until - now)))


def list_assets(setup: ClientConfig, group_id: str | None = None, page: int = 1, page_size: int = 10) -> Flow[Page]:
    """One page of assets, of one group or of all."""
    account = setup.account
    request = account.asset_list(page, page_size, group_id)
    return (yield from ask(setup, request, lambda body: account.read_page(body, page, page_size)))


def rename_asset(setup: ClientConfig, asset_id: str, name: str) -> Flow[None]:
    """Give an asset another name."""
    return (yield from ask(setup, setup.account.asset_rename(asset_id, name), _nothing))


def delete_asset(setup: ClientConfig, asset_id: str) -> Flow[None]:
    """Delete an asset."""
    return (yield from ask(setup, setup.account.asset_delete(asset_id), _nothing))


def _nothing(_: Document) -> None:
    """Some answers say no more than that it was done."""


def _failed(setup: ClientConfig, asset: Asset) -> AssetFailedError:
    failure = asset.failure or Failure()
    said = ": ".join(part for part in (failure.code, failure.message) if part) or "the upstream gives no reason"
    message = f"asset {asset.id} failed: {said}"
    return AssetFailedError(message, upstream=setup.upstream, code=failure.code or None, kind=ErrorKind.ASSET_REFUSED)
