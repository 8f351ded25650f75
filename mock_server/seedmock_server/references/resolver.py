"""The references of an order: what each turned out to be, and whether it may be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import LocatedReference
from seedmock_contracts.enums import AssetStatus, ErrorKind, MediaKind, Role
from seedmock_contracts.facts import MediaFacts, MediaLimit
from seedmock_contracts.generation import Reference
from seedmock_contracts.validation import kind_violation, media_violations

from ..clock import Clocks
from ..errors import ApiError, api_error_from
from ..http.url_policy import FetchError, is_private_url
from ..media.clip_spec import StoredFile
from ..storage import Store
from ..tasks.timeline import asset_status_at
from .inspection import MediaInspector

ASSET_SCHEME = "asset://"


@dataclass(frozen=True, slots=True)
class Input:
    """A reference of an order and what became of it: its file if it could be read, its facts if they are known.

    `judge` is who says whether it shows a face, if anybody could.
    """

    path: str
    reference: Reference
    source: StoredFile | None = None
    facts: MediaFacts | None = None
    face_checked_by: str = ""

    @property
    def aspect_ratio(self) -> float | None:
        """Width over height, if known."""
        if self.facts is None or not self.facts.width or not self.facts.height:
            return None
        return self.facts.width / self.facts.height

    @property
    def is_private_address(self) -> bool:
        """Whether the address is one that no upstream would open, and the file is not one of ours."""
        return self.facts is None and is_private_url(self.reference.url)


class ReferenceResolver:
    """Reads references: assets from the store, files and data: URIs from their bytes, the rest as far as it may."""

    def __init__(self, store: Store, clocks: Clocks, sight: MediaInspector) -> None:
        self._store = store
        self._clocks = clocks
        self._sight = sight

    async def read_all(
        self,
        contract: Contract,
        account: str,
        found: Sequence[LocatedReference],
        origin: str,
        limits: Sequence[MediaLimit] | None = None,
    ) -> tuple[Input, ...]:
        """All references of an order. Raises ApiError for one that cannot be used, or for a limit that they break.

        `limits` are other ones than the upstream's.
        """
        inputs = [await self.read(account, one, origin, faces=True) for one in found]
        _check(contract, inputs, limits)
        return tuple(inputs)

    async def read(self, account: str, found: LocatedReference, origin: str, *, faces: bool = False) -> Input:
        """One reference. Raises ApiError for one that should be readable and is not, and for an asset not Active."""
        reference = found.reference
        if reference.url.startswith(ASSET_SCHEME):
            return self._asset(account, found)
        try:
            now = self._clocks.now(account)
            seen = await self._sight.inspect(reference.url, own_origin=origin, now=now, faces=faces)
        except FetchError as error:
            said = f"{found.path}: {error}"
            raise ApiError(ErrorKind.INVALID_INPUT, said, field=found.path, value=reference.url) from error
        return Input(found.path, found.reference, seen.source, seen.facts, seen.face_checked_by)

    def _asset(self, account: str, found: LocatedReference) -> Input:
        asset_id = found.reference.url.removeprefix(ASSET_SCHEME)
        asset = self._store.asset(account, asset_id)
        status = asset_status_at(asset, self._clocks.now(account)) if asset else None
        if asset is None or status is not AssetStatus.ACTIVE:
            found_it = f"is {status}" if asset else "does not exist under this key"
            said = f"{found.path}: asset {asset_id} {found_it}; allowed: an asset of this key that is Active"
            raise ApiError(ErrorKind.INVALID_INPUT, said, field=found.path, value=found.reference.url)
        return Input(found.path, found.reference, asset.source, asset.facts)


def frame_file(inputs: Sequence[Input], role: Role) -> StoredFile | None:
    """The file of the first or the last frame, if there is one that could be read."""
    return next((one.source for one in inputs if one.reference.role is role), None)


def first_face_path(inputs: Sequence[Input]) -> str | None:
    """The path of the first image that shows a face and is no asset: for these, faces are what assets are for."""
    direct = (one for one in inputs if not one.reference.url.startswith(ASSET_SCHEME))
    return next((one.path for one in direct if one.facts is not None and one.facts.face), None)


def log_notes(inputs: Sequence[Input]) -> list[str]:
    """For the journal: who says of which image whether it shows a face."""
    words = {True: "a face", False: "no face", None: "face or not"}
    return [
        f"{image.path}: {words[image.facts.face]}, says {image.face_checked_by}"
        for image in inputs
        if image.face_checked_by and image.facts is not None and image.facts.kind is MediaKind.IMAGE
    ]


def _check(contract: Contract, inputs: Sequence[Input], limits: Sequence[MediaLimit] | None) -> None:
    measured = [(one.path, one.facts) for one in inputs if one.facts is not None]
    for one in inputs:
        if one.facts is not None:
            limit = next(limit for limit in contract.limits if limit.kind is one.reference.kind)
            wrong = kind_violation(one.path, one.reference.kind, one.facts, limit)
            if wrong:
                raise api_error_from(wrong)
    for violation in media_violations(contract.name, measured, limits):
        raise api_error_from(violation)
