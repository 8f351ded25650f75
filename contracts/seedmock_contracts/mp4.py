"""Minimal MP4 reader: detects truncated files, and measures pixels, length, frames, sound and codecs.

Tells the formats in this container apart, too, by the brands of the first box (ISO/IEC 14496-12, 4.3): a HEIC image
begins like a video.

Reads a seekable binary file. Knows no upstream and no transport.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from struct import error as StructError
from struct import unpack_from
from typing import BinaryIO, Final

from .enums import MediaKind
from .errors import InvalidMovie
from .facts import MediaFacts

# The moov box of a clip of 15 s has some kilobytes; a larger one is an attack on memory or another kind of file.
_MAX_MOOV_BYTES = 64 * 1024 * 1024
# By the first brand, which tells how a file is meant to be used. That of HEVC among the others makes a heif a heic.
HEIC_BRANDS: Final = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
AVIF_BRANDS: Final = frozenset((b"avif", b"avis"))
HEIF_BRANDS: Final = frozenset((b"mif1", b"mif2", b"msf1", b"miaf", b"avci", b"avcs", b"jpeg", b"jpgs", b"j2ki"))
IMAGE_FORMATS: Final = ("heic", "heif", "avif")
# Files that are no plain MP4, by the first three characters of the brand: the fourth is a version.
PREFIXES: Final = {b"qt ": "mov", b"M4A": "m4a", b"M4B": "m4a", b"M4P": "m4a", b"F4A": "m4a", b"F4B": "m4a"}
MOBILE_PREFIXES: Final = {b"3g2": "3g2", b"3gp": "3gp", b"3ge": "3gp", b"3gg": "3gp", b"3gr": "3gp", b"3gs": "3gp"}
CONTENT_TYPES: Final = {
    "heic": "image/heic",
    "heif": "image/heif",
    "avif": "image/avif",
    "mov": "video/quicktime",
    "m4a": "audio/mp4",
    "3gp": "video/3gpp",
    "3g2": "video/3gpp2",
    "mp4": "video/mp4",
}


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


def iso_format(head: bytes) -> str | None:
    """Return the format, a key of `CONTENT_TYPES`, of a file by its first bytes; None in another container."""
    if head[4:8] != b"ftyp":
        return None
    first = head[8:12]
    if first in HEIC_BRANDS | AVIF_BRANDS | HEIF_BRANDS:
        size = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {first, *(head[at : at + 4] for at in range(16, size, 4))}
        return "heic" if brands & HEIC_BRANDS else "avif" if brands & AVIF_BRANDS else "heif"
    return (PREFIXES | MOBILE_PREFIXES).get(first[:3], "mp4")


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
    width, height = _upright_size(_child(video, "tkhd"))
    seconds = _seconds(_child(video, "mdia", "mdhd")) or _seconds(_child(moov, "mvhd"))
    sound = tracks[kinds.index(b"soun")] if b"soun" in kinds else b""
    return Movie(size, seconds, width, height, bool(sound), _samples(video), _codec(video), _codec(sound))


def _upright_size(header: bytes) -> tuple[int, int]:
    """Width and height as they are seen, of a tkhd box: it ends with a matrix of nine numbers and the stored size."""
    straight, turned = unpack_from(">ii", header, len(header) - 44)
    width, height = unpack_from(">II", header, len(header) - 8)  # fixed-point numbers of 16.16 bits
    size = (width >> 16, height >> 16)
    return size[::-1] if turned and not straight else size


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
