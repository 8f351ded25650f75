"""The ffmpeg executable, and its version: the bytes of a clip depend on it."""

from __future__ import annotations

import functools
import hashlib
import subprocess


@functools.cache
def executable() -> str:
    """Return the path of the ffmpeg in the imageio-ffmpeg package."""
    import imageio_ffmpeg  # type: ignore[import-untyped]

    return str(imageio_ffmpeg.get_ffmpeg_exe())


@functools.cache
def version() -> str:
    """Return the first line of `ffmpeg -version`."""
    return _about().partition("\n")[0]


def build() -> str:
    """Return 12 hex digits of all that ffmpeg says of itself: builds of one version differ in their libraries."""
    return hashlib.sha256(_about().encode()).hexdigest()[:12]


@functools.cache
def _about() -> str:
    command = [executable(), "-version"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout  # noqa: S603
    except subprocess.SubprocessError as error:
        raise RuntimeError(f"ffmpeg does not run: {error}") from error
