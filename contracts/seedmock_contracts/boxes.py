"""Boxes of ISO base media files (MP4, MOV, HEIF): walk them without reading their content (ISO/IEC 14496-12, 4.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

HEADER_BYTES = 16
# A fragment a frame makes some thousands. An upload of nothing but empty boxes would take a minute otherwise.
MAX_BOXES = 100_000


@dataclass(frozen=True, slots=True)
class Box:
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
        size, kind, large = struct.unpack(">I4sQ", header.ljust(HEADER_BYTES, b"\x00"))
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
