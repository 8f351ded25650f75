"""Specification of a clip: everything that determines its bytes, and so neither a task id nor a time."""

from __future__ import annotations

import functools
import hashlib
import json
import unicodedata
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

# Increase it whenever the same spec would be drawn or encoded differently: it is part of the digest and the etag.
RENDER_VERSION = 3
MAX_CACHED_PROMPT = 4096
# Live responses of Ark say framespersecond 24, and no upstream has a parameter for it.
FPS = 24
STILL_DECODERS = ("libjpeg_turbo", "jpg", "jpg_2000", "webp", "avif", "libtiff", "littlecms2")
# Frames of a second that are drawn; each is shown twice.
STEPS = 12


class StoredFile(Struct, frozen=True):
    """A file on disk and the hash of its content."""

    path: Path
    digest: str


class ClipSpec(Struct, frozen=True):
    """Clip to be rendered. Width and height are even, in pixels; `source` is a video to upscale.

    The names of the fields are part of the digest.
    """

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
        """Number of frames of a drawn clip; an upscaled one has those of its source."""
        return FPS * self.seconds + self.extra_frame

    @property
    def digest(self) -> str:
        """64 hex digits that identify the clip's bytes; the first call in a process runs ffmpeg for its version."""
        tools = _tool_versions() + (_decoder_versions() if self.first or self.last else ())
        if not (self.prompt.isascii() and self.model.isascii()):
            tools += (unicodedata.unidata_version,)  # decides which characters are drawn: see `drawing.text.clean`
        # Each request for a clip asks for it. A prompt can have megabytes, which would be held on to.
        digest = _cached_digest if len(self.prompt) <= MAX_CACHED_PROMPT else _digest
        return digest(self, (RENDER_VERSION, *tools))


def _digest(spec: ClipSpec, versions: tuple[object, ...]) -> str:
    values = {name: _hashable(value) for name, value in asdict(spec).items()}
    document = json.dumps([*versions, values], sort_keys=True)
    return hashlib.sha256(document.encode("ascii")).hexdigest()


_cached_digest = functools.lru_cache(maxsize=1024)(_digest)


def tags(spec: ClipSpec) -> dict[bytes, str]:
    """Return the file's metadata: a title to read, a comment (JSON) to parse, and the tool."""
    model = "".join(character if character.isprintable() else " " for character in spec.model)
    title = f"{model} · {spec.width}x{spec.height} · {spec.seconds} s · seed {spec.seed}"
    comment = {"model": spec.model, "size": f"{spec.width}x{spec.height}", "seconds": spec.seconds, "seed": spec.seed}
    return {b"\xa9nam": title, b"\xa9cmt": json.dumps(comment | {"prompt": spec.prompt}), b"\xa9too": "seedmock"}


def _hashable(value: object) -> object:
    return value.digest if isinstance(value, StoredFile) else value


def _decoder_versions() -> tuple[str, ...]:
    from .heif import decoder_version

    return _pillow_decoder_versions() + decoder_version()


@functools.cache
def _pillow_decoder_versions() -> tuple[str, ...]:
    """Return the versions of the libraries with which this Pillow was built."""
    from PIL import features

    return tuple(str(features.version(name)) for name in STILL_DECODERS)


@functools.cache
def _tool_versions() -> tuple[str, ...]:
    import PIL
    from PIL import features

    from .ffmpeg import build, version

    return version(), build(), PIL.__version__, str(features.version("freetype2"))
