"""Orders independent of the upstream: users of the client write them, and the emulator decodes requests to them.

Knows no upstream's field names; encoding and decoding are done by the client's and the server's upstream modules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .enums import MediaKind, Mode, Role


@dataclass(frozen=True, slots=True)
class Reference:
    """An image, video or sound that a generation starts from. `url` is https:, data: or, with assets, asset:."""

    kind: MediaKind
    url: str
    role: Role = Role.REFERENCE


def first_frame(url: str) -> Reference:
    """Reference to the image that the clip begins with."""
    return Reference(MediaKind.IMAGE, url, Role.FIRST_FRAME)


def last_frame(url: str) -> Reference:
    """Reference to the image that the clip ends with; requires a first frame."""
    return Reference(MediaKind.IMAGE, url, Role.LAST_FRAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """Order for one clip.

    Set `size` ("1280x720"), or `resolution` ("720p") with `ratio` ("16:9", or "adaptive" where it is taken).
    `model` is a wire name or a tier ("standard", "fast", "mini", "nsfw"); None is the upstream's first model.
    `seconds` is a whole number from 4 to 15. `generate_audio` None is the upstream's default.
    """

    prompt: str = ""
    model: str | None = None
    size: str | None = None
    resolution: str | None = None
    ratio: str | None = None
    # The default of the service behind.
    seconds: int = 5
    generate_audio: bool | None = None
    seed: int | None = None
    references: tuple[Reference, ...] = ()
    web_search: bool | None = None
    callback_url: str | None = None

    @property
    def mode(self) -> Mode:
        """Kind of generation that the references select."""
        return generation_mode(self.references)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleRequest:
    """Order to upscale a video. `seconds` is the input's length, on which the price depends; None if unknown."""

    url: str
    resolution: str
    seconds: float | None = None
    model: str | None = None
    callback_url: str | None = None


def generation_mode(references: Sequence[Reference]) -> Mode:
    """Kind of generation that references select."""
    if not references:
        return Mode.TEXT
    roles = [reference.role for reference in references]
    if Role.LAST_FRAME in roles:
        return Mode.FIRST_LAST_FRAME
    if Role.FIRST_FRAME in roles:
        return Mode.FIRST_FRAME
    is_edit = len(references) == 1 and references[0].kind is MediaKind.VIDEO
    return Mode.EDIT if is_edit else Mode.REFERENCE
