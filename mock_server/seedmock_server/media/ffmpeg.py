"""Which ffmpeg there is, and of which version: the bytes of a clip depend on it."""

from __future__ import annotations

import functools
import subprocess


@functools.cache
def executable() -> str:
    """The path of the ffmpeg that imageio-ffmpeg brings along."""
    import imageio_ffmpeg  # type: ignore[import-untyped]

    return str(imageio_ffmpeg.get_ffmpeg_exe())


@functools.cache
def version() -> str:
    """The first line of `ffmpeg -version`."""
    told = subprocess.run([executable(), "-version"], capture_output=True, text=True, check=True, timeout=30)  # noqa: S603
    return told.stdout.partition("\n")[0]
