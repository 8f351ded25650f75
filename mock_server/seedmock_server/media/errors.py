"""Why a clip, or a picture of a reference, cannot be made."""

from __future__ import annotations

from ..errors import SeedmockServerError


class Unrenderable(SeedmockServerError, ValueError):
    """A clip cannot be rendered; the message says why."""


class RenderBug(Unrenderable):
    """A clip cannot be rendered for a reason that lies in neither its spec nor its sources."""


class EncoderFailure(Unrenderable):
    """ffmpeg failed. Its own words are in the log, not in the message: they hold addresses, paths and codes."""


class NoDecoder(Unrenderable):
    """The image is known, but only an extra can decode it."""
