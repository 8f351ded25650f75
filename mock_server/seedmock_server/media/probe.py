"""Measure media files: images with Pillow, video and sound with ffmpeg, by their content and never by their name.

Video and sound are not decoded: ffmpeg copies their packets and prints the times (its muxer framecrc).
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
    """The file is not media, or is broken; the message says why."""


@dataclass(frozen=True, slots=True)
class Track:
    """One track: its codec, its size in pixels if it has one, and the seconds from its first to its last packet."""

    codec: str
    width: int | None
    height: int | None
    packets: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Tracks:
    """The first video track and the first audio track of a file."""

    video: Track | None
    audio: Track | None


def measure(path: Path) -> MediaFacts:
    """Return the facts of an image, a video or a sound. Blocking, for at most about 20 s. Raises UnreadableMedia."""
    try:
        size = path.stat().st_size
        return _measure_image(path, size) or _measure_tracks(path, size)
    except OSError as error:
        raise UnreadableMedia(f"the file can't be read: {error.strerror}") from error
    except Unrenderable as error:
        raise UnreadableMedia(str(error)) from error


def read_tracks(path: Path, ffmpeg: Encoder) -> Tracks:
    """Return the tracks of a video or sound file; raises Unrenderable."""
    maps = ("-map", "0:V:0?", "-map", "0:a:0?")
    output = ffmpeg.run(["-xerror", *safe_input(path), *maps, "-c", "copy", "-f", "framecrc", "pipe:1"])
    return _parse_framecrc(output.decode("ascii", "replace"))


def _measure_image(path: Path, size: int) -> MediaFacts | None:
    """Measure an image; None for what Pillow does not recognize. Raises Unrenderable for a broken or too large one."""
    from .drawing.images import recognised

    image = recognised(path)
    if image is None:
        return None
    width, height, name = image
    return MediaFacts(kind=MediaKind.IMAGE, size_bytes=size, format=name, width=width, height=height)


def _measure_tracks(path: Path, size: int) -> MediaFacts:
    name, _ = container(path)
    with tempfile.TemporaryDirectory() as folder:
        tracks = read_tracks(path, Encoder(Path(folder), seconds=TIME_LIMIT))
    video, audio = tracks.video, tracks.audio
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


def _parse_framecrc(output: str) -> Tracks:
    """Parse framecrc: `#name track: value` lines, then `track, dts, pts, duration, size, checksum` lines."""
    heads: dict[tuple[str, int], str] = {}
    packets: dict[int, list[tuple[int, int]]] = {}
    for line in output.splitlines():
        if line.startswith("#"):
            name, _, value = line[1:].partition(": ")
            key, _, number = name.partition(" ")
            if number.isdigit():
                heads[key, int(number)] = value
        elif line:
            number, _, start, duration, *_ = (part.strip() for part in line.split(","))
            packets.setdefault(int(number), []).append((int(start), int(duration)))
    tracks = {heads["media_type", number]: _track(heads, number, times) for number, times in packets.items()}
    return Tracks(tracks.get("video"), tracks.get("audio"))


def _track(heads: dict[tuple[str, int], str], number: int, packets: list[tuple[int, int]]) -> Track:
    width, _, height = heads.get(("dimensions", number), "").partition("x")
    end = max(start + duration for start, duration in packets)
    # Negative times are the encoder's priming, which players do not play.
    ticks = end - max(0, min(start for start, _ in packets))
    return Track(
        codec=heads["codec_id", number],
        width=int(width) if width else None,
        height=int(height) if height else None,
        packets=len(packets),
        seconds=float(Fraction(heads["tb", number]) * ticks),
    )
