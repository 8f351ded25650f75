"""Minimal MP4 reader: detects truncated files, and measures pixels, length, frames, sound and codecs.

Reads a seekable binary file. Knows no upstream and no transport.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from struct import error as StructError
from struct import unpack_from
from typing import BinaryIO

from .enums import MediaKind
from .errors import InvalidMovie
from .facts import MediaFacts

# The moov box of a clip of 15 s has some kilobytes; a larger one is an attack on memory or another kind of file.
_MAX_MOOV_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Movie:
    """Properties of an MP4 file; the codecs by their names in MP4, such as avc1 and mp4a."""

    bytes: int
    seconds: float
    width: int
    height: int
    has_audio: bool
    frames: int = 0
    codec: str = ""
    audio_codec: str = ""

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"


def movie_facts(content: bytes) -> MediaFacts:
    """Measure a clip in memory. Raises InvalidMovie."""
    movie = read_movie(BytesIO(content))
    return MediaFacts(
        kind=MediaKind.VIDEO,
        size_bytes=movie.bytes,
        format="mp4",
        seconds=round(movie.seconds, 6),
        width=movie.width,
        height=movie.height,
        fps=round(movie.frames / movie.seconds, 3) if movie.seconds else None,
        has_audio=movie.has_audio,
        frames=movie.frames,
        codec=movie.codec,
        audio_codec=movie.audio_codec,
        digest=sha256(content).hexdigest()[:16],
    )


def read_movie(file: BinaryIO) -> Movie:
    """Measure an open MP4 file. Raises InvalidMovie if a box is missing or exceeds the file."""
    size = file.seek(0, 2)
    boxes = {name: (at, end) for name, at, end in reversed(list(_top_level_boxes(file, size)))}
    for name in ("ftyp", "moov", "mdat"):
        if name not in boxes:
            raise InvalidMovie(f"no {name} box in {size} bytes")
    at, end = boxes["moov"]
    if end - at > _MAX_MOOV_BYTES:
        raise InvalidMovie(f"a moov box of {end - at} bytes; allowed: {_MAX_MOOV_BYTES}")
    file.seek(at)
    try:
        return _parse_moov(file.read(end - at), size)
    except (StructError, IndexError, ZeroDivisionError) as error:
        raise InvalidMovie(f"a damaged moov box: {error}") from error


def _top_level_boxes(file: BinaryIO, size: int) -> Iterator[tuple[str, int, int]]:
    """Top-level boxes: name, first byte of the content, first byte after it."""
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(16)
        name, start, end = _parse_header(header, at, size)
        if at == 0 and name != "ftyp":
            raise InvalidMovie(f"begins with {header[:8]!r}, not with an ftyp box")
        if end > size or end < start:
            raise InvalidMovie(f"the {name!r} box needs {end} bytes, the file has {size}")
        yield name, start, end
        at = end


def _parse_header(header: bytes, at: int, size: int) -> tuple[str, int, int]:
    if len(header) < 8:
        raise InvalidMovie(f"{len(header)} stray bytes at {at}")
    length, name = unpack_from(">I4s", header)
    text = name.decode("latin-1")
    if length == 1 and len(header) == 16:  # the length follows in 64 bits
        return text, at + 16, at + int(unpack_from(">Q", header, 8)[0])
    return text, at + 8, size if length == 0 else at + length  # 0: up to the end of the file


def _child_boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at + 8 <= len(data):
        name, start, end = _parse_header(data[at : at + 16], at, len(data))
        if end <= at:
            return
        yield name, data[start:end]
        at = end


def _child(data: bytes, *names: str) -> bytes:
    for name in names:
        data = next((content for box, content in _child_boxes(data) if box == name), b"")
    return data


def _parse_moov(moov: bytes, size: int) -> Movie:
    tracks = [content for name, content in _child_boxes(moov) if name == "trak"]
    kinds = [_child(track, "mdia", "hdlr")[8:12] for track in tracks]
    if b"vide" not in kinds:
        raise InvalidMovie("no video track")
    video = tracks[kinds.index(b"vide")]
    header = _child(video, "tkhd")
    width, height = unpack_from(">II", header, len(header) - 8)  # fixed-point numbers of 16.16 bits
    seconds = _seconds(_child(video, "mdia", "mdhd")) or _seconds(_child(moov, "mvhd"))
    sound = tracks[kinds.index(b"soun")] if b"soun" in kinds else b""
    return Movie(size, seconds, width >> 16, height >> 16, bool(sound), _samples(video), _codec(video), _codec(sound))


def _samples(track: bytes) -> int:
    """Number of samples of a track; those of a video track are its frames."""
    table = _child(track, "mdia", "minf", "stbl", "stsz")
    return int(unpack_from(">I", table, 8)[0]) if len(table) >= 12 else 0


def _codec(track: bytes) -> str:
    """Name of the first sample entry of a track: avc1 is H.264, mp4a is AAC."""
    table = _child(track, "mdia", "minf", "stbl", "stsd")
    return table[12:16].decode("latin-1")


def _seconds(header: bytes) -> float:
    """Duration of an mvhd or mdhd box; versions 0 and 1 have it at different offsets."""
    scale, length = unpack_from(">IQ", header, 20) if header[0] == 1 else unpack_from(">II", header, 12)
    return float(length / scale)
