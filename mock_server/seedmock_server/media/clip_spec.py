"""What determines a clip's bytes, and nothing else: no task id and no time."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path

RENDER_VERSION = 1
"""Raise it whenever the studio would draw or pack the same look differently."""

FPS = 24

STEPS = 12
"""How many pictures of a second are drawn; each is shown twice."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file on disk and the hash of its content."""

    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """One clip to be; width and height are even, in pixels."""

    model: str
    width: int
    height: int
    seconds: int
    audio: bool
    seed: int
    prompt: str
    extra_frame: bool = False
    first: StoredFile | None = None
    last: StoredFile | None = None
    source: StoredFile | None = None

    @property
    def frames(self) -> int:
        """How many pictures a drawn clip has; an upscaled one keeps those of its source."""
        return FPS * self.seconds + self.extra_frame

    @property
    def digest(self) -> str:
        """64 hex digits that name the bytes to come; the first call of a process asks ffmpeg for its version."""
        parts = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        told = json.dumps([RENDER_VERSION, *_tools(), parts], sort_keys=True)
        return hashlib.sha256(told.encode("ascii")).hexdigest()


def tags(spec: ClipSpec) -> dict[bytes, str]:
    """Return the file's metadata: a title to read, a comment (JSON) to parse, and the tool."""
    model = "".join(character if character.isprintable() else " " for character in spec.model)
    title = f"{model} · {spec.width}x{spec.height} · {spec.seconds} s · seed {spec.seed}"
    comment = {"model": spec.model, "size": f"{spec.width}x{spec.height}", "seconds": spec.seconds, "seed": spec.seed}
    return {b"\xa9nam": title, b"\xa9cmt": json.dumps(comment | {"prompt": spec.prompt}), b"\xa9too": "seedmock"}


def _plain(value: object) -> object:
    return value.digest if isinstance(value, StoredFile) else value


@functools.cache
def _tools() -> tuple[str, str]:
    import PIL

    from .ffmpeg import version

    return version(), PIL.__version__
