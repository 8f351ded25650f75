"""Boundary cases of rules: documents just inside and just outside a limit, and values that tempt an implementation.

Knows no kind of rule and no upstream.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from ..documents.references import ReferenceLayout
from ..enums import MediaKind, Role
from ..facts import Document, Fact
from ..generation import Reference

NO_SUCH_VALUE = "no-such-value"
FAR_BEYOND = 1_000_000
"""Distance from a limit at which a number is beyond it even if the upstream has moved the limit a little."""
COMMON_VALUES = (
    frozenset({"360p", "480p", "540p", "720p", "1080p", "1440p", "2160p", "2k", "4k"}),
    frozenset({"21:9", "16:9", "3:2", "4:3", "1:1", "3:4", "2:3", "9:16", "9:21", "2:1", "1:2", "auto", "adaptive"}),
    frozenset({"640x480", "854x480", "864x480", "1024x1024", "1248x704", "1504x640", "1792x1024", "1280x720"}),
    frozenset({"2560x1440", "3840x2160", "1920x1088", "1920x1080", "2208x944", "auto"}),
    frozenset({"image_url", "video_url", "audio_url", "text", "image", "file_url"}),
    frozenset({"first_frame", "last_frame", "reference_image", "reference_text", "reference", "mask", "source"}),
    frozenset({"Image", "Video", "Audio", "Text", "Document", "image"}),
)
"""Values that video APIs accept in similar lists: the likeliest additions to a list of allowed values."""
URL_ENDINGS = {"data:": "image/png;base64,iVBORw0KGgo=", "asset://": "asset-20200101000000-zzzzz"}
"""Well-formed rest of a URL for the schemes that do not continue with a host."""


class BoundaryCase(Struct, frozen=True):
    """A document at the limit of a rule: just inside it if `valid`, else just outside.

    `value` is the value tried, and `fact` its own fact, if it has one. A `gross` violation stays one when the limit
    moves a little.
    """

    document: dict[str, Any]
    valid: bool
    value: Any = None
    gross: bool = False
    fact: Fact | None = None


def sample_reference(kind: MediaKind, role: Role = Role.REFERENCE) -> Reference:
    """Reference that satisfies every rule on its own form."""
    suffix = {MediaKind.IMAGE: "png", MediaKind.VIDEO: "mp4", MediaKind.AUDIO: "mp3"}[kind]
    return Reference(kind, f"https://example.com/{role}.{suffix}", role)


def with_each_reference(document: Document, layout: ReferenceLayout) -> Iterator[dict[str, Any]]:
    """Copy a document with references of each kind and role in turn, each time satisfying all rules on references."""
    image, video, audio = (sample_reference(kind) for kind in MediaKind)
    first, last = (sample_reference(MediaKind.IMAGE, role) for role in (Role.FIRST_FRAME, Role.LAST_FRAME))
    # The reference in question comes first, as rules change the first item of an array; the other is what it requires.
    for references in ([image], [video], [audio, image], [first], [last, first]):
        with contextlib.suppress(ValueError):  # the layout has no place for one of them
            yield layout.place(document, references)


def with_one_reference(document: Document, layout: ReferenceLayout) -> dict[str, Any]:
    """Copy a document with the simplest reference that the layout has a place for, if it has one for any."""
    return next(with_each_reference(document, layout), dict(document))
