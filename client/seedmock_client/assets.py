"""Flows of asset groups and assets, and the wait until an asset is Active. No I/O, no clock."""

from __future__ import annotations

from dataclasses import replace

from seedmock_contracts.enums import AssetStatus, ErrorKind, MediaKind
from seedmock_contracts.facts import Document

from .context import ClientConfig, call, failure_text, require_id
from .effects import Flow, Sleep
from .error_envelopes import json_object
from .errors import AssetFailedError, SeedmockError, WaitTimeoutError
from .flows import submit, unknown_outcome
from .models import Asset, Failure, Group, Page
from .upstreams.protocol import DecodeError


def ensure_group(config: ClientConfig, name: str) -> Flow[Group]:
    groups = yield from list_groups(config)
    # Either name: the caller knows its own, and a group that a console made may have only the other.
    existing = next((group for group in groups if name in (group.name, group.group_name)), None)
    return existing if existing else (yield from create_group(config, name))


def create_group(config: ClientConfig, name: str) -> Flow[Group]:
    account = config.account
    return (yield from call(config, account.group_create(name), lambda body: account.read_group(body, name)))


def list_groups(config: ClientConfig) -> Flow[tuple[Group, ...]]:
    return (yield from call(config, config.account.group_list(), config.account.read_groups))


def delete_group(config: ClientConfig, group_id: str) -> Flow[None]:
    return (yield from call(config, config.account.group_delete(group_id), _read_nothing))


def create_asset(
    config: ClientConfig, url: str, group_id: str, name: str = "", kind: MediaKind = MediaKind.IMAGE
) -> Flow[Asset]:
    """Register a public URL as an asset. It is charged if it succeeds, so a lost response is SubmissionUnknownError."""
    account = config.account
    request = account.asset_create(url, group_id, name, kind)
    config.check_rules(request)
    response = yield from submit(config, request)
    body = json_object(response)
    try:
        asset = account.read_asset(body or {})
    except DecodeError as error:
        raise unknown_outcome(config, str(error)) from error
    return replace(asset, name=asset.name or name, group_id=asset.group_id or group_id)


def get_asset(config: ClientConfig, asset_id: str) -> Flow[Asset]:
    require_id(asset_id, "an asset id")
    return (yield from call(config, config.account.asset_get(asset_id), config.account.read_asset))


def wait_asset(config: ClientConfig, asset_id: str) -> Flow[Asset]:
    """Poll an asset until it is Active. Raises AssetFailedError, or WaitTimeoutError at the deadline."""
    policy = config.retry_policy
    until = (yield Sleep(0)) + policy.asset_seconds
    pauses, raw_status, errors_in_a_row = policy.pauses(), "", 0
    while True:
        retry_after: float | None = None
        try:
            asset = yield from get_asset(config, asset_id)
        except SeedmockError as error:
            errors_in_a_row += 1
            # A new asset can be unknown for some seconds, like a new task.
            if not error.retryable and (error.status != 404 or errors_in_a_row >= policy.missing_polls):
                raise
            retry_after = error.retry_after
        else:
            raw_status, errors_in_a_row = asset.raw_status, 0
            if asset.status is AssetStatus.ACTIVE:
                return asset
            if asset.status is AssetStatus.FAILED:
                raise _asset_failure(config, asset)
        now = yield Sleep(0)
        # No poll after the deadline: a server that asks for a longer pause than is left ends the wait now.
        if now + (retry_after or 0.0) >= until:
            message = f"asset {asset_id} is {raw_status or 'without a status'} after {policy.asset_seconds:g} s"
            raise WaitTimeoutError(message, raw_status=raw_status, upstream=config.upstream, retryable=True)
        yield Sleep(max(retry_after or 0.0, min(next(pauses), until - now)))


def list_assets(config: ClientConfig, group_id: str | None = None, page: int = 1, page_size: int = 10) -> Flow[Page]:
    account = config.account
    request = account.asset_list(page, page_size, group_id)
    return (yield from call(config, request, lambda body: account.read_page(body, page, page_size)))


def rename_asset(config: ClientConfig, asset_id: str, name: str) -> Flow[None]:
    return (yield from call(config, config.account.asset_rename(asset_id, name), _read_nothing))


def delete_asset(config: ClientConfig, asset_id: str) -> Flow[None]:
    return (yield from call(config, config.account.asset_delete(asset_id), _read_nothing))


def _read_nothing(_: Document) -> None:
    """Ignore the body: a rename or a deletion returns no content."""


def _asset_failure(config: ClientConfig, asset: Asset) -> AssetFailedError:
    failure = asset.failure or Failure()
    message = f"asset {asset.id} failed: {failure_text(failure)}"
    return AssetFailedError(message, upstream=config.upstream, code=failure.code or None, kind=ErrorKind.ASSET_REFUSED)
