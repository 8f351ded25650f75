"""Fingerprint of an encoder: what the bytes of clips depend on beside their specs.

Servers of one store recompute each other's clips, and so must have the same one: a client resumes a download from
another server by its ETag.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import tempfile
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from seedmock_contracts import __version__

from .clip_spec import RENDER_VERSION, STILL_DECODERS, ClipSpec, StoredFile
from .encoding.encoder import Encoder
from .ffmpeg import build, executable, version
from .heif import decoder_version

SEPARATOR = "; "
PROMPT = "A fox, une forêt, 狐 \U0001fae0"
"""Letters of each font, and a character that Unicode has since 14."""


@functools.cache
def fingerprint(folder: Path) -> str:
    """Return the versions of an encoder, and the digest of a clip by it. Blocks for a quarter of a second.

    `folder` remembers it for the next start on this machine.
    """
    path = folder / f"encoder-{_machine()}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(path.read_bytes())["fingerprint"])
    text = SEPARATOR.join(f"{name} {value}" for name, value in _parts().items())
    with contextlib.suppress(OSError):  # a read-only home computes it at each start
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps({"fingerprint": text}))
        part.replace(path)
    return text


def difference(own: str, agreed: str) -> tuple[str, str]:
    """Return the parts in which two fingerprints differ, of each."""
    owns, agreeds = own.split(SEPARATOR), agreed.split(SEPARATOR)
    return (
        SEPARATOR.join(part for part in owns if part not in agreeds) or own,
        SEPARATOR.join(part for part in agreeds if part not in owns) or agreed,
    )


def _parts() -> Mapping[str, str]:
    return {
        "renderer": str(RENDER_VERSION),
        "ffmpeg": f"{version().removeprefix('ffmpeg version ').partition(' ')[0]} (build {build()})",
        **_libraries(),
        "reference clip": _reference_digest(),
    }


def _libraries() -> Mapping[str, str]:
    import PIL
    from PIL import features

    return {
        "Pillow": PIL.__version__,
        "FreeType": str(features.version("freetype2")),
        "Unicode": unicodedata.unidata_version,
        "pillow-heif": "".join(decoder_version()) or "none",
        **{name: str(features.version(name)) for name in STILL_DECODERS},
    }


def _machine() -> str:
    """Return hex digits of what can be known without running ffmpeg, which takes a tenth of a second."""
    file = Path(executable()).resolve()
    program = str(file), file.stat().st_size, file.stat().st_mtime_ns
    system = platform.system(), platform.machine(), platform.node(), *platform.libc_ver()
    about = [__version__, RENDER_VERSION, *system, *program, *_libraries().items()]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]


def _reference_digest() -> str:
    """Render a small clip with everything that clips have: two stills, letters of each font, sound."""
    from .pipeline import render

    with tempfile.TemporaryDirectory(prefix="seedmock-") as name:
        folder = Path(name)
        still, clip = folder / "still.jpg", folder / "clip.mp4"
        _draw_still(still)
        spec = ClipSpec(model="seedance", width=240, height=240, seconds=1, audio=True, seed=7, prompt=PROMPT)
        render(replace(spec, last=StoredFile(still, "")), clip, Encoder(folder))
        return hashlib.sha256(clip.read_bytes()).hexdigest()[:12]


def _draw_still(path: Path) -> None:
    from PIL import Image

    image = Image.radial_gradient("L").resize((300, 200), Image.Resampling.BICUBIC)
    image.convert("RGB").save(path, "JPEG", quality=80)
