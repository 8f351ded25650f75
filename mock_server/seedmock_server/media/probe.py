"""Measures media files: images with Pillow, video and sound with ffmpeg, by content and never by name.

Nothing is decoded but an image's header: ffmpeg copies packets and prints their times (framecrc).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.facts import MediaFacts

from ..errors import SeedmockServerError
from .encoding.encoder import Encoder, Unrenderable
from .sniff import container, safe_input

TIME_LIMIT = 20.0


class UnreadableMedia(SeedmockServerError, ValueError):
    """Not media, or broken; the message says why."""


@dataclass(frozen=True, slots=True)
class Track:
    """One track as its packets tell it: the codec, pixels if it has any, seconds from its first to its last packet."""

    codec: str
    width: int | None
    height: int | None
    packets: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Tracks:
    """The first moving picture and the first sound of a file."""

    video: Track | None
    audio: Track | None


def measure(path: Path) -> MediaFacts:
    """The facts of an image, a video or a sound; blocking, for at most some 20 seconds. Raises Unreadable."""
    try:
        size = path.stat().st_size
        return _image(path, size) or _media(path, size)
    except OSError as error:
        raise UnreadableMedia(f"the file can't be read: {error.strerror}") from error
    except Unrenderable as error:
        raise UnreadableMedia(str(error)) from error


def streams(path: Path, ffmpeg: Encoder) -> Tracks:
    """The tracks of a video or sound file; raises Unrenderable."""
    maps = ("-map", "0:V:0?", "-map", "0:a:0?")
    told = ffmpeg.run(["-xerror", *safe_input(path), *maps, "-c", "copy", "-f", "framecrc", "pipe:1"])
    return _tracks(told.decode("ascii", "replace"))


def _image(path: Path, size: int) -> MediaFacts | None:
    """None for what Pillow does not know; raises Unrenderable for an image that is broken or too large."""
    from .drawing.images import recognised

    image = recognised(path)
    if image is None:
        return None
    width, height, name = image
    return MediaFacts(kind=MediaKind.IMAGE, size_bytes=size, format=name, width=width, height=height)


def _media(path: Path, size: int) -> MediaFacts:
    name, _ = container(path)
    with tempfile.TemporaryDirectory() as folder:
        found = streams(path, Encoder(Path(folder), seconds=TIME_LIMIT))
    video, audio = found.video, found.audio
    track = video or audio
    if track is None:
        raise Unrenderable("neither pictures nor sound in it")
    return MediaFacts(
        kind=MediaKind.VIDEO if video else MediaKind.AUDIO,
        size_bytes=size,
        format=name,
        seconds=round(track.seconds, 6),
        width=video.width if video else None,
        height=video.height if video else None,
        fps=round(video.packets / video.seconds, 3) if video and video.seconds else None,
        has_audio=audio is not None,
    )


def _tracks(told: str) -> Tracks:
    """Reads framecrc: `#name track: value` lines, then `track, dts, pts, duration, size, checksum` lines."""
    heads: dict[tuple[str, int], str] = {}
    times: dict[int, list[tuple[int, int]]] = {}
    for line in told.splitlines():
        if line.startswith("#"):
            name, _, value = line[1:].partition(": ")
            key, _, number = name.partition(" ")
            if number.isdigit():
                heads[key, int(number)] = value
        elif line:
            number, _, start, duration, *_ = (part.strip() for part in line.split(","))
            times.setdefault(int(number), []).append((int(start), int(duration)))
    found = {heads["media_type", number]: _track(heads, number, rows) for number, rows in times.items()}
    return Tracks(found.get("video"), found.get("audio"))


def _track(heads: dict[tuple[str, int], str], number: int, rows: list[tuple[int, int]]) -> Track:
    width, _, height = heads.get(("dimensions", number), "").partition("x")
    ends = max(start + duration for start, duration in rows)
    length = Fraction(heads["tb", number]) * (ends - max(0, min(start for start, _ in rows)))
    return Track(
        codec=heads["codec_id", number],
        width=int(width) if width else None,
        height=int(height) if height else None,
        packets=len(rows),
        seconds=float(length),
    )
