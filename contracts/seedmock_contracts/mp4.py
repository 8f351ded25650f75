"""Minimal MP4 reader: detects truncated files, and measures pixels, length, frames, sound and codecs.

Tells the formats in this container apart, too, by the brands of the first box (ISO/IEC 14496-12, 4.3): a HEIC image
begins like a video.

Its walk over boxes serves HEIF images as well. Reads a seekable binary file. Knows no upstream and no transport.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from struct import error as StructError
from struct import unpack, unpack_from
from typing import IO, BinaryIO, Final

from msgspec import Struct

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
HEADER_BYTES = 16
# A fragment a frame makes some thousands. An upload of nothing but empty boxes would take a minute otherwise.
MAX_BOXES = 100_000


class Box(Struct, frozen=True):
    """A box: its kind, and the first byte of its content and the first one after it."""

    kind: bytes
    start: int
    end: int


def boxes(file: IO[bytes], start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes of a part of a file; the last may claim to end after it, and a broken size ends the walk."""
    end = file.seek(0, 2) if end is None else end
    for _ in range(MAX_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        header = file.read(HEADER_BYTES)
        size, kind, large = unpack(">I4sQ", header.ljust(HEADER_BYTES, b"\x00"))
        header_bytes = 16 if size == 1 else 8
        size = {0: end - start, 1: large}.get(size, size)  # 0: up to the end; 1: the size follows in 64 bits
        if size < header_bytes:
            return
        yield Box(kind, start + header_bytes, start + size)
        start += size


def is_truncated(file: IO[bytes]) -> bool:
    """Check if a file ends within a box."""
    ends = [box.end for box in boxes(file)]
    return bool(ends) and ends[-1] > file.seek(0, 2)


def child(file: IO[bytes], parent: Box, kind: bytes, *, skip: int = 0) -> Box | None:
    """Return the first child of a kind; `skip` is the number of bytes before the first child."""
    return next((box for box in boxes(file, parent.start + skip, parent.end) if box.kind == kind), None)


def content(file: IO[bytes], box: Box, limit: int) -> bytes:
    """Return the content of a box, at most `limit` bytes of it."""
    file.seek(box.start)
    return file.read(min(box.end - box.start, limit))


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
        # A version number stands between the first brand and the compatible ones.
        brands = {first, *(head[at : at + 4] for at in range(16, size, 4))}
        return "heic" if brands & HEIC_BRANDS else "avif" if brands & AVIF_BRANDS else "heif"
    return (PREFIXES | MOBILE_PREFIXES).get(first[:3], "mp4")


def movie_facts(clip: bytes) -> MediaFacts:
    """Measure a clip in memory. Raises InvalidMovie."""
    movie = read_movie(BytesIO(clip))
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
        digest=sha256(clip).hexdigest()[:16],
    )


def read_movie(file: BinaryIO) -> Movie:
    """Measure an open MP4 file. Raises InvalidMovie if a box is missing or exceeds the file."""
    size = file.seek(0, 2)
    # From the end, so that the first box of a kind counts.
    by_kind = {box.kind: box for box in reversed(_top_level_boxes(file, size))}
    for kind in (b"ftyp", b"moov", b"mdat"):
        if kind not in by_kind:
            raise InvalidMovie(f"no {kind.decode()} box in {size} bytes")
    moov = by_kind[b"moov"]
    if moov.end - moov.start > _MAX_MOOV_BYTES:
        raise InvalidMovie(f"a moov box of {moov.end - moov.start} bytes; allowed: {_MAX_MOOV_BYTES}")
    try:
        return _parse_moov(content(file, moov, _MAX_MOOV_BYTES), size)
    except (StructError, IndexError, ZeroDivisionError) as error:
        raise InvalidMovie(f"a damaged moov box: {error}") from error


def _top_level_boxes(file: BinaryIO, size: int) -> list[Box]:
    """Top-level boxes, which fill the file."""
    listed: list[Box] = []
    for box in boxes(file):
        if not listed and box.kind != b"ftyp":
            raise InvalidMovie(f"begins with a {box.kind.decode('latin-1')!r} box, not with an ftyp box")
        if box.end > size:
            name = box.kind.decode("latin-1")
            raise InvalidMovie(f"the {name!r} box needs {box.end} bytes, the file has {size}")
        listed.append(box)
    end = listed[-1].end if listed else 0
    if end != size:
        raise InvalidMovie(f"{size - end} stray bytes at {end}")
    return listed


def _child(data: bytes, *names: bytes) -> bytes:
    for name in names:
        data = next((inner for kind, inner in _children(data) if kind == name), b"")
    return data


def _children(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box in the content of one; the last may be cut."""
    return ((box.kind, data[box.start : box.end]) for box in boxes(BytesIO(data)))


def _parse_moov(moov: bytes, size: int) -> Movie:
    tracks = [track for name, track in _children(moov) if name == b"trak"]
    kinds = [_child(track, b"mdia", b"hdlr")[8:12] for track in tracks]
    if b"vide" not in kinds:
        raise InvalidMovie("no video track")
    video = tracks[kinds.index(b"vide")]
    width, height = _upright_size(_child(video, b"tkhd"))
    seconds = _seconds(_child(video, b"mdia", b"mdhd")) or _seconds(_child(moov, b"mvhd"))
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
    table = _child(track, b"mdia", b"minf", b"stbl", b"stsz")
    return int(unpack_from(">I", table, 8)[0]) if len(table) >= 12 else 0


def _codec(track: bytes) -> str:
    """Name of the first sample entry of a track: avc1 is H.264, mp4a is AAC."""
    table = _child(track, b"mdia", b"minf", b"stbl", b"stsd")
    return table[12:16].decode("latin-1")


def _seconds(header: bytes) -> float:
    """Duration of an mvhd or mdhd box; versions 0 and 1 have it at different offsets."""
    scale, length = unpack_from(">IQ", header, 20) if header[0] == 1 else unpack_from(">II", header, 12)
    return float(length / scale)
