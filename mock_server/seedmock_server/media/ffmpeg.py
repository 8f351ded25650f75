"""The ffmpeg executable, and its version: the bytes of a clip depend on it."""

from __future__ import annotations

import functools
import subprocess


@functools.cache
def executable() -> str:
    """Return the path of the ffmpeg in the imageio-ffmpeg package."""
    import imageio_ffmpeg  # type: ignore[import-untyped]

    return str(imageio_ffmpeg.get_ffmpeg_exe())


@functools.cache
def version() -> str:
    """Return the first line of `ffmpeg -version`."""
    command = [executable(), "-version"]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout  # noqa: S603
    return output.partition("\n")[0]
