"""Asset library: groups, assets and uploaded files of each account. Knows no HTTP, and no upstream by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec
from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.hosts import is_private_url, unreachable_reason
from seedmock_contracts.enums import AssetStatus, ErrorKind, MediaKind, Operation
from seedmock_contracts.facts import MediaFacts, MediaLimit
from seedmock_contracts.validation.media import counted_facts, media_violations

from ..billing.ledger import Ledger, balance_error
from ..clock import Clocks
from ..errors import ApiError
from ..fates.lifecycle import plan_asset
from ..fates.rules import FateRules
from ..http.url_policy import PRIVATE_ADDRESS_MESSAGE, FetchError
from ..matching.rules import RequestFacts
from ..references.files import MeasuredFile, ReferenceFiles
from ..references.inspection import Inspection, MediaInspector
from ..storage import Store
from ..storage.models import NotCovered
from ..storage.steering import Steering
from ..tasks.models import AssetGroup, AssetRecord, TaskFailure
from ..tasks.pace import Pace, asset_processing_seconds
from ..tasks.timeline import asset_status_at

DAY_SECONDS = 86400.0


class AssetPage(Struct, frozen=True):
    """One page of a list of assets; `total` counts those of all pages."""

    items: tuple[AssetRecord, ...]
    total: int
    page: int
    page_size: int


class AssetLibrary:
    """Groups and assets of all accounts; an account sees only its own."""

    def __init__(
        self,
        store: Store,
        clocks: Clocks,
        reference_files: ReferenceFiles,
        inspector: MediaInspector,
        fates: FateRules,
        ledger: Ledger,
        steering: Steering,
        *,
        pace: Pace,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """`options` are the options in force, by variant."""
        self.store = store
        self._inspector = inspector
        self._fates = fates
        self.clocks = clocks
        self._reference_files = reference_files
        self._pace = pace
        self._options = options or {}
        self._ledger = ledger
        self._steering = steering

    async def create_group(self, upstream: str, account: str, name: str, group_name: str) -> AssetGroup:
        """Create a group; ids count up from 1 within the account."""
        return await self.store.add_group(upstream, account, name, group_name, self.clocks.now(account))

    async def group(self, account: str, group_id: int) -> AssetGroup:
        """Look up a group. Raises ApiError GROUP_NOT_FOUND, also for a group of another account."""
        group = await self.store.group(account, group_id)
        if group is None:
            raise ApiError(ErrorKind.GROUP_NOT_FOUND, value=group_id)
        return group

    async def delete_group(self, account: str, group_id: int) -> None:
        """Delete a group with its assets. Raises ApiError GROUP_NOT_FOUND."""
        await self.store.remove_group(await self.group(account, group_id))

    async def create_asset(
        self,
        contract: Contract,
        account: str,
        asset_id: str,
        *,
        group_id: int,
        kind: MediaKind,
        url: str,
        name: str,
        origin: str,
        at_once: bool = False,
        fate: str = "",
    ) -> AssetRecord:
        """Create an asset, which is in processing for a while unless it is `at_once` ready.

        `fate` is the fate that a header asks for. Raises ApiError ASSET_REFUSED for an unreadable file, BALANCE when
        the account cannot pay the fee, and InvalidRule for a fate that assets don't have.
        """
        group = await self.group(account, group_id)
        request = RequestFacts(contract.name, Operation.ASSET_CREATE, account, 0, references=(url,))
        plan = plan_asset(contract, await self._fates.choose(contract, request, fate))
        inspection = await self._inspect(account, url, origin)
        await self._ledger.check_asset(account, contract.name)
        assert contract.assets is not None, "an upstream with assets has terms of assets"
        fast = float(contract.assets.processing_seconds.value)
        default_seconds = 0.0 if at_once else asset_processing_seconds(self._pace, fast)
        asset = AssetRecord(
            id=asset_id,
            upstream=contract.name,
            account=account,
            group_id=group.id,
            kind=kind,
            name=name,
            url=url,
            created_at=self.clocks.now(account),
            processing_seconds=plan.processing if plan.processing is not None else default_seconds,
            failure=plan.failure or _failure(contract, kind, inspection.facts, self._options),
            source=inspection.source,
            facts=inspection.facts,
        )
        booking, credit = self._ledger.booking(asset), self._ledger.enforced_credit(account, contract.name)
        # Covered a moment ago, but the store alone checks and books in one step: another request may have come between.
        refusal = await self.store.add_asset(asset, booking, credit)
        if isinstance(refusal, NotCovered):
            raise balance_error(self._ledger.quote(asset).amount, refusal.remaining)
        self._ledger.book(asset)
        return asset

    async def _inspect(self, account: str, url: str, origin: str) -> Inspection:
        try:
            inspection = await self._inspector.inspect(url, own_origin=origin, now=self.clocks.now(account))
        except FetchError as error:
            raise ApiError(ErrorKind.ASSET_REFUSED, f"url: {error}", field="url", value=url) from error
        reason = unreachable_reason(url) if inspection.facts is None else ""
        if reason:
            message = PRIVATE_ADDRESS_MESSAGE if is_private_url(url) else reason
            raise ApiError(ErrorKind.ASSET_REFUSED, f"url: {message}", field="url", value=url)
        return inspection

    async def asset(self, account: str, asset_id: str) -> AssetRecord:
        """Look up an asset. Raises ApiError ASSET_NOT_FOUND."""
        asset = await self.store.asset(account, asset_id)
        if asset is None:
            raise ApiError(ErrorKind.ASSET_NOT_FOUND, value=asset_id)
        return asset

    def status(self, asset: AssetRecord) -> AssetStatus:
        """Return the current status of an asset."""
        return asset_status_at(asset, self.clocks.now(asset.account))

    async def assets(self, account: str, group_id: int | None, page: int, page_size: int) -> AssetPage:
        """Return a page of an account's assets, oldest first. Raises ApiError GROUP_NOT_FOUND."""
        if group_id is not None:
            await self.group(account, group_id)
        assets = [asset for asset in await self.store.assets(account) if group_id in (None, asset.group_id)]
        start = (page - 1) * page_size
        return AssetPage(tuple(assets[start : start + page_size]), len(assets), page, page_size)

    async def rename(self, account: str, asset_id: str, name: str) -> AssetRecord:
        """Rename an asset. Raises ApiError ASSET_NOT_FOUND."""
        renamed = msgspec.structs.replace(await self.asset(account, asset_id), name=name)
        await self.store.replace_asset(renamed)
        return renamed

    async def delete_asset(self, account: str, asset_id: str) -> None:
        """Delete an asset. Raises ApiError ASSET_NOT_FOUND, also for the second of two calls."""
        await self.store.remove_asset(await self.asset(account, asset_id))

    async def upload(self, contract: Contract, account: str, token: str, content: bytes, name: str) -> MeasuredFile:
        """Store an uploaded file, and publish it under a token for as long as the upstream keeps files.

        Raises ApiError INVALID_INPUT for content that is not media.
        """
        try:
            file = await self._reference_files.store(content)
            assert contract.file_days is not None, "an upstream that takes files says how long it keeps them"
            days = float(contract.file_days.value)
            expires_at = self.clocks.now(account) + days * DAY_SECONDS
            publish = partial(self._reference_files.publish, token, file, name, expires_at, account)
            await self._steering.change(publish, "uploads", token)
        except FetchError as error:
            raise ApiError(ErrorKind.INVALID_INPUT, f"file: {error}", field="file", value=name) from error
        return file


def _failure(
    contract: Contract, kind: MediaKind, facts: MediaFacts | None, options: Mapping[str, str]
) -> TaskFailure | None:
    """Return the first problem of an asset whose facts are known."""
    if facts is None:
        return None
    if facts.kind is not kind:
        message = f"the file is of kind {facts.kind}; allowed: {kind}"
        return _failed(contract, "type", message)
    facts = counted_facts(contract.name, facts, options)
    for violation in media_violations(contract.name, [("url", facts)], variants=options):
        limit = violation.fact
        if not isinstance(limit, MediaLimit):
            return _failed(contract, "format", violation.message)
        bound = "low" if limit.low is not None and violation.value <= limit.low else "high"
        quantity = limit.quantity.removeprefix("total_")
        # Ark has a code for each of the two sides, and the limit is one for both.
        if quantity == "side":
            quantity = "width" if violation.value == facts.width else "height"
        return _failed(contract, f"{quantity}.{bound}", violation.message)
    return None


def _failed(contract: Contract, reason: str, message: str) -> TaskFailure:
    code = contract.fail_code_for(reason)
    return TaskFailure(ErrorKind.INVALID_INPUT, code.code if code else "", message)
