"""Resolve the references of an order to files and facts, and check them against the media limits of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.hosts import is_private_url
from seedmock_contracts.documents.references import ASSET_SCHEME, LocatedReference
from seedmock_contracts.enums import AssetStatus, ErrorKind, MediaKind, Role
from seedmock_contracts.facts import MediaFacts, MediaFormats, MediaLimit
from seedmock_contracts.generation import Reference
from seedmock_contracts.validation.media import counted_facts, kind_violation, media_violations

from ..clock import Clocks
from ..errors import ApiError, api_error_from
from ..http.url_policy import FetchError
from ..media.clip_spec import StoredFile
from ..media.heif import is_undecodable
from ..storage import Store
from ..tasks.timeline import asset_status_at
from .inspection import MediaInspector


class Input(Struct, frozen=True):
    """A resolved reference: its file if it can be read, its facts if they are known.

    `path` is where the reference stands in the request; `face_checked_by` is the source of the verdict on a face.
    """

    path: str
    reference: Reference
    source: StoredFile | None = None
    facts: MediaFacts | None = None
    face_checked_by: str = ""

    @property
    def aspect_ratio(self) -> float | None:
        """Width divided by height, if they are known."""
        if self.facts is None or not self.facts.width or not self.facts.height:
            return None
        return self.facts.width / self.facts.height

    @property
    def is_private_address(self) -> bool:
        """True for a URL that no upstream can reach, unless it leads to a file of this server."""
        return self.facts is None and is_private_url(self.reference.url)


class ReferenceResolver:
    """Resolves references: assets from the store, files and data: URIs by their bytes, URLs as the policy allows."""

    def __init__(
        self, store: Store, clocks: Clocks, inspector: MediaInspector, options: Mapping[str, str] | None = None
    ) -> None:
        """`options` are the options in force, by variant."""
        self._store = store
        self._clocks = clocks
        self._inspector = inspector
        self._options = options or {}

    async def resolve_all(
        self,
        contract: Contract,
        account: str,
        references: Sequence[LocatedReference],
        origin: str,
        limits: Sequence[MediaLimit] | None = None,
        formats: Sequence[MediaFormats] | None = None,
    ) -> tuple[Input, ...]:
        """Resolve all references of an order; `limits` and `formats` replace those of the contract.

        Returns none of them where none is known: an order is the same with and without inputs of which only the URL is.
        Raises ApiError for a reference that cannot be used, and for a violated limit.
        """
        may_know = self._inspector.may_know
        if not any(may_know(located.reference.url) for located in references):
            return ()  # as nearly every order, whose references are URLs that may not be read
        inputs = [
            self._counted(contract, await self.resolve(account, located, origin, faces=True))
            if may_know(located.reference.url)
            else Input(located.path, located.reference)
            for located in references
        ]
        measured = _measured(contract, inputs)
        for violation in media_violations(contract.name, measured, limits, formats, self._options):
            raise api_error_from(violation)
        return tuple(inputs)

    async def resolve(self, account: str, located: LocatedReference, origin: str, *, faces: bool = False) -> Input:
        """Resolve one reference. Raises ApiError for an unreadable one, and for an asset that is not Active."""
        url = located.reference.url
        if url.startswith(ASSET_SCHEME):
            return await self._asset(account, located)
        try:
            now = self._clocks.now(account)
            inspection = await self._inspector.inspect(url, own_origin=origin, now=now, faces=faces)
        except FetchError as error:
            message = f"{located.path}: {error}"
            raise ApiError(ErrorKind.INVALID_INPUT, message, field=located.path, value=url) from error
        facts, face_checked_by = inspection.facts, inspection.face_checked_by
        return Input(located.path, located.reference, inspection.source, facts, face_checked_by)

    def _counted(self, contract: Contract, source: Input) -> Input:
        facts = source.facts and counted_facts(contract.name, source.facts, self._options)
        return source if facts is source.facts else replace(source, facts=facts)

    async def _asset(self, account: str, located: LocatedReference) -> Input:
        url = located.reference.url
        asset_id = url.removeprefix(ASSET_SCHEME)
        asset = await self._store.asset(account, asset_id)
        status = asset_status_at(asset, self._clocks.now(account)) if asset else None
        if asset is None or status is not AssetStatus.ACTIVE:
            state = f"is {status}" if asset else "does not exist under this key"
            message = f"{located.path}: asset {asset_id} {state}; allowed: an asset of this key that is Active"
            raise ApiError(ErrorKind.INVALID_INPUT, message, field=located.path, value=url)
        return Input(located.path, located.reference, asset.source, asset.facts)


def frame_file(inputs: Sequence[Input], role: Role) -> StoredFile | None:
    """Return the file of the first or the last frame, if there is a readable one."""
    return next((image.source for image in inputs if image.reference.role is role), None)


def first_face_path(inputs: Sequence[Input]) -> str | None:
    """Return the path of the first image with a face that is not an asset: assets exist to allow faces."""
    direct = (image for image in inputs if not image.reference.url.startswith(ASSET_SCHEME))
    return next((image.path for image in direct if image.facts is not None and image.facts.face), None)


def log_notes(inputs: Sequence[Input]) -> list[str]:
    """Return notes for the journal: verdicts on faces with their source, sizes that are assumed, missing decoders."""
    verdicts = {True: "a face", False: "no face", None: "face unknown"}
    images = [(image, image.facts) for image in inputs if image.facts and image.facts.kind is MediaKind.IMAGE]
    notes = [
        f"{image.path}: {verdicts[facts.face]} ({image.face_checked_by})"
        for image, facts in images
        if image.face_checked_by
    ]
    notes += [
        f"{source.path}: counts as seen, {facts.width}x{facts.height}; the file stores {width}x{height} (assumed)"
        for source in inputs
        if (facts := source.facts) and facts.stored_size
        for width, height in (facts.stored_size,)
    ]
    return notes + [
        f"{image.path}: a {facts.format} is measured, not drawn, without seedmock[heif]"
        for image, facts in images
        if image.source and image.reference.role is not Role.REFERENCE and is_undecodable(facts.format)
    ]


def _measured(contract: Contract, inputs: Sequence[Input]) -> list[tuple[str, MediaFacts]]:
    """Return the paths and facts of the references that could be read. Raises ApiError for one of another kind."""
    measured = [(source, source.facts) for source in inputs if source.facts is not None]
    for source, facts in measured:
        limit = next(limit for limit in contract.limits if limit.kind is source.reference.kind)
        violation = kind_violation(source.path, source.reference.kind, facts, limit)
        if violation:
            raise api_error_from(violation)
    return [(source.path, facts) for source, facts in measured]
