"""Measure media files: images with Pillow, video and sound with ffmpeg, by their content and never by their name.

ffmpeg copies the packets and prints their times (its muxer framecrc); of a video it decodes the first frame, too,
which has the size that is seen: turned as the file or the stream says, wherever that is written.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

from msgspec import Struct

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.facts import MediaFacts

from ..errors import SeedmockServerError
from . import wav
from .encoding.encoder import Encoder
from .errors import EncoderFailure, Unrenderable
from .sniff import container, safe_input

TIME_LIMIT = 20.0
# Names in MP4 of ffmpeg's codecs; the others keep ffmpeg's.
CODEC_NAMES = {"h264": "avc1", "hevc": "hvc1", "aac": "mp4a", "mpeg4": "mp4v", "av1": "av01", "vp9": "vp09"}


class UnreadableMedia(SeedmockServerError, ValueError):
    """The file is not media, or is broken; the message says why."""


class Track(Struct, frozen=True):
    """One track: its codec, its size as it is seen if it has one, and the seconds and packets that are played.

    `stored` is the size without rotation and shape of the pixels.
    """

    codec: str
    width: int | None
    height: int | None
    packets: int
    seconds: float
    stored: tuple[int, int] | None = None

    @property
    def stored_size(self) -> tuple[int, int] | None:
        """The stored size, where it is not the one that is seen."""
        return None if self.stored == (self.width, self.height) else self.stored


class Tracks(Struct, frozen=True):
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
    copied = ("-map", "0:V:0?", "-map", "0:a:0?", "-c", "copy")
    frame = ("-map", "0:V:0?", "-c:v:1", "wrapped_avframe", "-filter:v:1", "trim=end_frame=1")
    try:
        output = _framecrc(path, ffmpeg, (*copied, *frame))
    except Unrenderable:  # perhaps only because the first frame cannot be decoded
        output = _framecrc(path, ffmpeg, copied)
    return _parse_framecrc(output)


def _framecrc(path: Path, ffmpeg: Encoder, streams: tuple[str, ...]) -> str:
    command = ["-xerror", "-threads", "1", *safe_input(path), *streams, "-f", "framecrc", "pipe:1"]
    try:
        return ffmpeg.run(command).decode("ascii", "replace")
    except EncoderFailure as error:
        raise Unrenderable(f"the {container(path)[0]} file is damaged, or its codec is unknown") from error


def _measure_image(path: Path, size: int) -> MediaFacts | None:
    """Measure an image; None for what Pillow does not recognize. Raises Unrenderable for a broken or too large one."""
    from .drawing.images import recognised

    image = recognised(path)
    if image is None:
        return None
    return MediaFacts(
        kind=MediaKind.IMAGE,
        size_bytes=size,
        format=image.format,
        width=image.width,
        height=image.height,
        stored_size=image.stored_size,
    )


def _measure_tracks(path: Path, size: int) -> MediaFacts:
    name, _ = container(path)
    seconds = wav.seconds(path) if name == "wav" else None
    if seconds is not None:
        return MediaFacts(kind=MediaKind.AUDIO, size_bytes=size, format=name, seconds=round(seconds, 6), has_audio=True)
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
        codec=CODEC_NAMES.get(video.codec, video.codec) if video else "",
        audio_codec=CODEC_NAMES.get(audio.codec, audio.codec) if audio else "",
        stored_size=video.stored_size if video else None,
    )


def _parse_framecrc(output: str) -> Tracks:
    """Parse framecrc: `#name track: value` lines, then `track, dts, pts, duration, size, checksum` lines.

    The tracks are the first video and the first sound, then the first decoded frame of the video.
    """
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
    frames = [track for track in packets if heads["codec_id", track] == "wrapped_avframe"]
    upright = _displayed_size(heads, frames[0]) if frames else None
    tracks: dict[str, Track] = {}
    for track in packets.keys() - frames:
        kind = heads["media_type", track]
        tracks[kind] = _track(heads, track, packets[track], upright if kind == "video" else None)
    return Tracks(tracks.get("video"), tracks.get("audio"))


def _track(
    heads: dict[tuple[str, int], str], number: int, packets: list[tuple[int, int]], upright: tuple[int, int] | None
) -> Track:
    width, height = upright or _displayed_size(heads, number) or (None, None)
    end = max(start + duration for start, duration in packets)
    # Negative times are not played: the priming of an encoder, and what an edit list cuts off.
    begin = max(0, min(start for start, _ in packets))
    return Track(
        codec=heads["codec_id", number],
        width=width,
        height=height,
        packets=sum(start + duration > begin for start, duration in packets),
        seconds=float(Fraction(heads["tb", number]) * (end - begin)),
        stored=_stored_size(heads, number),
    )


def _displayed_size(heads: dict[tuple[str, int], str], number: int) -> tuple[int, int] | None:
    """Return width and height of square pixels: where the stream's are wider or narrower, so is the picture."""
    size = _stored_size(heads, number)
    if size is None:
        return None
    across, _, down = heads.get(("sar", number), "0/1").partition("/")
    ratio = Fraction(int(across), int(down)) if int(down) else Fraction(0)
    return max(1, round(size[0] * (ratio or 1))), size[1]


def _stored_size(heads: dict[tuple[str, int], str], number: int) -> tuple[int, int] | None:
    width, _, height = heads.get(("dimensions", number), "").partition("x")
    return (int(width), int(height)) if width else None
