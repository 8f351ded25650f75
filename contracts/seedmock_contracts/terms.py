"""Terms of what an upstream offers beside generations: its asset library, and upscaling."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from .enums import AssetStatus, MediaKind
from .facts import Amount, Variants


class AssetTerms(Struct, frozen=True, kw_only=True):
    """Price of an asset, and the words of the asset library.

    `fee` is what an asset costs in USD once it is active; `processing_seconds` is how long one is processed. `kinds`
    spells each kind of media, `statuses` each status of an asset. `first_status` is the variant that chooses the status
    in the response to a creation, `group_listing` the one between a list of groups as an `array` and as `items` of an
    object; None where nothing is open.
    """

    fee: Amount
    processing_seconds: Amount
    kinds: Mapping[MediaKind, str]
    statuses: Mapping[AssetStatus, str] = field(default_factory=lambda: {status: str(status) for status in AssetStatus})
    first_status: Variants | None = None
    group_listing: Variants | None = None

    def parse_kind(self, text: object) -> MediaKind | None:
        """Kind of media with this spelling; None for an unknown one."""
        return next((kind for kind, spelling in self.kinds.items() if spelling == text), None)

    def parse_status(self, text: object) -> AssetStatus | None:
        """Status of an asset with this spelling; None for an unknown one."""
        return next((status for status, spelling in self.statuses.items() if spelling == text), None)


class UpscaleTerms(Struct, frozen=True, kw_only=True):
    """Seconds that are billed at least, and for an input of unknown length; the shorter side of each resolution."""

    minimum_seconds: Amount
    unknown_seconds: Amount
    sides: Mapping[str, Amount]
