"""The verbs of A's asset library: groups, assets, files. Introduces store, sources and clock; no HTTP."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import AssetStatus, ErrorKind, MediaKind, Operation
from seedmock_contracts.facts import MediaFacts
from seedmock_contracts.validation import media_violations

from ..billing.ledger import Ledger
from ..clock import Clocks
from ..errors import ApiError
from ..fates.lifecycle import living_asset
from ..fates.rules import Fates
from ..http.url_policy import FetchError, is_private_url
from ..matching.rules import RequestFacts
from ..references.files import MeasuredFile, ReferenceFiles
from ..references.inspection import Inspection, MediaInspector
from ..storage import Store
from ..tasks.models import AssetGroup, AssetRecord, TaskFailure
from ..tasks.timeline import Pace, asset_processing_seconds, asset_status_at

DAY = 86400.0
TOO = {
    "size_bytes": ("", "FileSizeTooLarge"),
    "seconds": ("DurationTooShort", "DurationTooLong"),
    "total_seconds": ("", "DurationTooLong"),
    "width": ("WidthTooSmall", "WidthTooLarge"),
    "height": ("HeightTooSmall", "HeightTooLarge"),
    "ratio": ("AspectRatioTooSmall", "AspectRatioTooLarge"),
}
"""The codes with which the service behind fails an asset below and above a limit (facts: asset library of Ark)."""


@dataclass(frozen=True, slots=True)
class AssetPage:
    """One page of a listing."""

    items: tuple[AssetRecord, ...]
    total: int
    page: int
    page_size: int


class AssetLibrary:
    """Groups and assets of all accounts; an account sees its own and nothing else."""

    def __init__(
        self,
        store: Store,
        clocks: Clocks,
        reference_files: ReferenceFiles,
        sight: MediaInspector,
        fates: Fates,
        ledger: Ledger,
        *,
        pace: Pace,
    ) -> None:
        self.store = store
        self._sight = sight
        self._fates = fates
        self.clocks = clocks
        self._reference_files = reference_files
        self._pace = pace
        self._ledger = ledger

    def create_group(self, upstream: str, account: str, name: str, group_name: str) -> AssetGroup:
        """A new group; ids count up from 1 within the account."""
        group = AssetGroup(
            id=self.store.next_group_id(account),
            upstream=upstream,
            account=account,
            name=name,
            group_name=group_name,
            created_at=self.clocks.now(account),
        )
        self.store.add_group(group)
        return group

    def group(self, account: str, group_id: int) -> AssetGroup:
        """Raises ApiError GROUP_NOT_FOUND: a foreign group is as unknown as one that never was."""
        group = self.store.group(account, group_id)
        if group is None:
            raise ApiError(ErrorKind.GROUP_NOT_FOUND, field="group_id", value=group_id)
        return group

    def delete_group(self, account: str, group_id: int) -> None:
        """Takes its assets with it."""
        self.store.remove_group(self.group(account, group_id))

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
        """A new asset, in processing for a while unless it is ready `at_once`; `fate` is what a header wants.

        Raises ApiError ASSET_REFUSED when its file cannot be had, BALANCE when its fee cannot, and InvalidRule for a
        fate that assets don't have.
        """
        group = self.group(account, group_id)
        subject = RequestFacts(contract.name, Operation.ASSET_CREATE, account, 0, references=(url,))
        lived = living_asset(contract, self._fates.choose(contract, subject, fate))
        seen = await self._look(account, url, origin)
        self._ledger.check_asset(account, contract.name)
        fast = float(contract.amount(f"{contract.name}.assets.processing_seconds").value)
        usual = 0.0 if at_once else asset_processing_seconds(self._pace, fast)
        asset = AssetRecord(
            id=asset_id,
            upstream=contract.name,
            account=account,
            group_id=group.id,
            kind=kind,
            name=name,
            url=url,
            created_at=self.clocks.now(account),
            processing_seconds=lived.processing if lived.processing is not None else usual,
            failure=lived.failure or _failure(contract, kind, seen.facts),
            source=seen.source,
            facts=seen.facts,
        )
        self.store.put_asset(asset)
        self._ledger.book(asset)
        return asset

    async def _look(self, account: str, url: str, origin: str) -> Inspection:
        try:
            seen = await self._sight.inspect(url, own_origin=origin, now=self.clocks.now(account))
        except FetchError as error:
            raise ApiError(ErrorKind.ASSET_REFUSED, f"url: {error}", field="url", value=url) from error
        if seen.facts is None and is_private_url(url):
            said_so = "url: private/reserved IP addresses not allowed"
            raise ApiError(ErrorKind.ASSET_REFUSED, said_so, field="url", value=url)
        return seen

    def asset(self, account: str, asset_id: str) -> AssetRecord:
        """Raises ApiError ASSET_NOT_FOUND."""
        asset = self.store.asset(account, asset_id)
        if asset is None:
            raise ApiError(ErrorKind.ASSET_NOT_FOUND, field="id", value=asset_id)
        return asset

    def status(self, asset: AssetRecord) -> AssetStatus:
        """An asset's status now."""
        return asset_status_at(asset, self.clocks.now(asset.account))

    def assets(self, account: str, group_id: int | None, page: int, page_size: int) -> AssetPage:
        """A page of an account's assets, oldest first. Raises ApiError GROUP_NOT_FOUND."""
        if group_id is not None:
            self.group(account, group_id)
        found = [asset for asset in self.store.assets(account) if group_id in (None, asset.group_id)]
        start = (page - 1) * page_size
        return AssetPage(tuple(found[start : start + page_size]), len(found), page, page_size)

    def rename(self, account: str, asset_id: str, name: str) -> AssetRecord:
        """Raises ApiError ASSET_NOT_FOUND."""
        renamed = msgspec.structs.replace(self.asset(account, asset_id), name=name)
        self.store.put_asset(renamed)
        return renamed

    def delete_asset(self, account: str, asset_id: str) -> None:
        """Raises ApiError ASSET_NOT_FOUND, also for the second of two calls."""
        self.store.remove_asset(self.asset(account, asset_id))

    async def upload(self, contract: Contract, account: str, token: str, content: bytes, name: str) -> MeasuredFile:
        """Keep a posted file and publish it under a token for as long as the upstream keeps files.

        Raises ApiError INVALID_INPUT for what is no media.
        """
        try:
            readable = await self._reference_files.store(content)
            assert contract.file_days is not None, "an upstream that takes files says how long it keeps them"
            days = float(contract.file_days.value)
            self._reference_files.publish(token, readable, name, self.clocks.now(account) + days * DAY, account)
        except FetchError as error:
            raise ApiError(ErrorKind.INVALID_INPUT, f"file: {error}", field="file", value=name) from error
        return readable


def _failure(contract: Contract, kind: MediaKind, facts: MediaFacts | None) -> TaskFailure | None:
    """What is wrong with an asset of which the facts are known."""
    if facts is None:
        return None
    if facts.kind is not kind:
        found = f"the file is of kind {facts.kind}; allowed: {kind}"
        return TaskFailure(ErrorKind.INVALID_INPUT, "TypeMismatch", found)
    for violation in media_violations(contract.name, [("url", facts)]):
        limit = next(limit for limit in contract.limits if limit is violation.fact)
        low = limit.low is not None and violation.value <= limit.low
        quantity = limit.quantity
        if quantity == "side":
            quantity = "width" if violation.value == facts.width else "height"
        return TaskFailure(ErrorKind.INVALID_INPUT, TOO[quantity][0 if low else 1], violation.message)
    return None
