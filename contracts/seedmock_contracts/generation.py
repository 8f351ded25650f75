"""One order in the house's words: what users of the client write and what the emulator understands.

Knows no wire: how an order is spelt is each upstream's affair.
"""

from __future__ import annotations

from dataclasses import dataclass

from .enums import MediaKind, Mode, Role


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture, clip or sound that a generation starts from. `url` is https, data, or A's `asset://`."""

    kind: MediaKind
    url: str
    role: Role = Role.REFERENCE


def first_frame(url: str) -> Reference:
    """The image that the clip begins with."""
    return Reference(MediaKind.IMAGE, url, Role.FIRST_FRAME)


def last_frame(url: str) -> Reference:
    """The image that the clip ends with; needs a first frame."""
    return Reference(MediaKind.IMAGE, url, Role.LAST_FRAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """An order for one clip.

    Say the picture's form by `size` ("1280x720") or by `resolution` ("720p") and `ratio` ("16:9", A also "adaptive").
    `model` is a wire name or a tier ("standard", "fast", "mini", "nsfw"); None means the upstream's first model.
    `seconds` is a whole number from 4 to 15. `generate_audio` None leaves the upstream's default.
    """

    prompt: str = ""
    model: str | None = None
    size: str | None = None
    resolution: str | None = None
    ratio: str | None = None
    seconds: int = 5
    generate_audio: bool | None = None
    seed: int | None = None
    references: tuple[Reference, ...] = ()
    web_search: bool | None = None
    callback_url: str | None = None

    @property
    def mode(self) -> Mode:
        """What the generation starts from."""
        if not self.references:
            return Mode.TEXT
        roles = {reference.role for reference in self.references}
        if Role.LAST_FRAME in roles:
            return Mode.FIRST_LAST_FRAME
        if Role.FIRST_FRAME in roles:
            return Mode.FIRST_FRAME
        if any(reference.kind is MediaKind.VIDEO for reference in self.references):
            return Mode.EDIT if len(self.references) == 1 else Mode.REFERENCE
        return Mode.REFERENCE if self.references else Mode.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleRequest:
    """An order to make a video larger. `seconds` is the input's length where it is known: the bill depends on it."""

    url: str
    resolution: str
    seconds: float | None = None
    model: str | None = None
    callback_url: str | None = None
