"""HEIF images (HEIC, AVIF): told from videos by their brands, and measured by their boxes (ISO/IEC 23008-12).

The container is that of MP4. Decoding needs the extra `seedmock[heif]`, measuring does not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.mp4 import IMAGE_FORMATS, Box, boxes, child, content, is_truncated, iso_format, read_movie

from .errors import Unrenderable

# Tables of a photograph of hundreds of tiles take some kilobytes.
MAX_TABLE_BYTES: Final = 1 << 20
MAX_ITEMS: Final = 10_000
HEAD_BYTES: Final = 512


def format_of(path: Path) -> str | None:
    """Return heic, avif or heif for such an image; None for any other file, videos included."""
    with path.open("rb") as file:
        name = iso_format(file.read(HEAD_BYTES))
    return name if name in IMAGE_FORMATS else None


def has_decoder() -> bool:
    """Look for the library that reads HEIC; AVIF is read by Pillow itself."""
    return find_spec("pillow_heif") is not None


def is_undecodable(name: str) -> bool:
    """True for a format of `format_of` that nothing installed can decode."""
    return name in ("heic", "heif") and not has_decoder()


def is_still(path: Path) -> bool:
    """True for a file with a primary image, which a sequence need not have: only that can be decoded."""
    with path.open("rb") as file:
        return _meta(file) is not None


def decoder_version() -> tuple[str, ...]:
    """Return the decoder's version, on which a clip with a HEIC still depends; empty without one."""
    return (_installed_version(),) if has_decoder() else ()


@cache
def _installed_version() -> str:
    from importlib.metadata import version  # which loads csv, zipfile and a parser of mail

    return version("pillow-heif")


def decode(path: Path, max_pixels: int) -> Any:
    """Return a HEIC image upright, as an image of Pillow; needs the extra. Raises ValueError and others."""
    import pillow_heif

    # Not `register_heif_opener`: it would change what Pillow can open in a user's own process.
    file = pillow_heif.open_heif(path, convert_hdr_to_8bit=True)
    width, height = file.size
    if width * height > max_pixels:
        raise Unrenderable(f"an image of {width} x {height} pixels is too large")
    return file.to_pillow()


def size_in_boxes(path: Path) -> tuple[int, int]:
    """Return the upright width and height of the primary image, or of a sequence; raises Unrenderable."""
    with path.open("rb") as file:
        if is_truncated(file):
            raise Unrenderable("the file was cut short")
        try:
            size = _primary_size(file) or _sequence_size(file)
        except (struct.error, IndexError, ZeroDivisionError, InvalidMovie):
            size = None
    if size is None or not min(size):
        raise Unrenderable("the image is damaged: its boxes state no size")
    return size


def _meta(file: IO[bytes]) -> Box | None:
    return next((box for box in boxes(file) if box.kind == b"meta"), None)


def _sequence_size(file: BinaryIO) -> tuple[int, int]:
    """Return the size of a burst or an animation: a track of HEVC in a file whose brands call it an image."""
    movie = read_movie(file)
    return movie.width, movie.height


def _primary_size(file: IO[bytes]) -> tuple[int, int] | None:
    meta = _meta(file)
    properties = child(file, meta, b"iprp", skip=4) if meta else None
    if meta is None or properties is None:
        return None
    item, shared = child(file, meta, b"pitm", skip=4), child(file, properties, b"ipco")
    associations = child(file, properties, b"ipma")
    if item is None or shared is None or associations is None:
        return None
    stated = [box for box, _ in zip(boxes(file, shared.start, shared.end), range(MAX_ITEMS), strict=False)]
    number = _item_number(content(file, item, 8))
    size: tuple[int, int] | None = None
    for index in _property_indexes(content(file, associations, MAX_TABLE_BYTES), number):
        if 0 < index <= len(stated):
            size = _transformed(size, stated[index - 1], content(file, stated[index - 1], 32))
    return size


def _item_number(pitm: bytes) -> int:
    return int(struct.unpack_from(">H" if pitm[0] == 0 else ">I", pitm, 4)[0])


def _property_indexes(ipma: bytes, item: int) -> Iterator[int]:
    """Yield the numbers, from 1, of the properties of an item, in the order in which they apply."""
    has_wide_items, has_wide_indexes = ipma[0] > 0, ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(min(count, MAX_ITEMS)):
        number, properties = struct.unpack_from(">IB" if has_wide_items else ">HB", ipma, at)
        at += 5 if has_wide_items else 3
        width = 2 if has_wide_indexes else 1
        if number == item:
            for start in range(at, at + properties * width, width):
                yield int.from_bytes(ipma[start : start + width], "big") & (0x7FFF if width == 2 else 0x7F)
        at += properties * width


def _transformed(size: tuple[int, int] | None, box: Box, value: bytes) -> tuple[int, int] | None:
    """Return the size after a property: the stated size itself, a crop, or a quarter turn; others leave it."""
    if box.kind == b"ispe":
        width, height = struct.unpack_from(">4x2I", value)
        return width, height
    if box.kind == b"clap":
        width, width_unit, height, height_unit = struct.unpack_from(">4I", value)
        return width // width_unit, height // height_unit
    if box.kind == b"irot" and size is not None and value[0] & 1:
        return size[1], size[0]
    return size
