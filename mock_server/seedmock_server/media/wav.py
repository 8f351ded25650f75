"""Length of WAV files, counted from their samples.

A program that streams a WAV does not know its length when it writes the header, and leaves 0 or the largest number
there. ffmpeg takes such a file for a broken one, or loses its last samples.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from .errors import Unrenderable

SIGNATURES: Final = (b"RIFF", b"RF64", b"BW64")
# A size from here on is no statement: writers leave 2^31 or 2^32, or that without the bytes of the header.
MIN_UNKNOWN_SIZE: Final = 0x7F000000
MAX_CHUNKS: Final = 1000
PCM, ADPCM_MICROSOFT, FLOAT, A_LAW, MU_LAW, ADPCM_IMA, EXTENSIBLE = 1, 2, 3, 6, 7, 0x11, 0xFFFE
# Bytes of the chunk fmt: up to the size of a block, the samples of a block of ADPCM, the format behind EXTENSIBLE.
FORMAT_BYTES, BLOCK_SAMPLES_AT, SUBFORMAT_AT = 16, 18, 24


class _Format(Struct, frozen=True):
    """Codec, samples a second, bytes a second (of compressed sound an average), and bytes and samples of a block."""

    codec: int
    rate: int
    byte_rate: int
    block_bytes: int
    block_samples: int


def is_wav(head: bytes) -> bool:
    """Recognize a WAV file by its first 12 bytes."""
    return head[:4] in SIGNATURES and head[8:12] == b"WAVE"


def seconds(path: Path) -> float | None:
    """Return the length of the sound; None for a compressed one whose header states a size. Raises Unrenderable."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        chunks: dict[bytes, tuple[int, int]] = {}
        for kind, start, size in _chunks(file, end):
            chunks.setdefault(kind, (start, size))
            if kind == b"data":
                break
        try:
            layout = _format(_read(file, chunks[b"fmt "]))
            start, size = chunks[b"data"]
            stated = _ds64_size(_read(file, chunks[b"ds64"])) if b"ds64" in chunks else size
        except (KeyError, struct.error):
            raise Unrenderable("the wav file is damaged: it has no format or no data") from None
    return _seconds(layout, stated, end - start)


def _chunks(file: IO[bytes], end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, first byte and stated size of each chunk."""
    at = 12
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return
        kind, size = struct.unpack("<4sI", header)
        yield kind, at + 8, size
        at += 8 + size + size % 2
        if at >= end:
            return


def _read(file: IO[bytes], chunk: tuple[int, int]) -> bytes:
    start, size = chunk
    file.seek(start)
    return file.read(min(size, 64))


def _format(fmt: bytes) -> _Format:
    codec, _, rate, byte_rate, block_bytes, _ = struct.unpack_from("<HHIIHH", fmt)
    block_samples = 1
    if codec == EXTENSIBLE:
        (codec,) = struct.unpack_from("<H", fmt, SUBFORMAT_AT)
    elif codec in (ADPCM_MICROSOFT, ADPCM_IMA):
        (block_samples,) = struct.unpack_from("<H", fmt, BLOCK_SAMPLES_AT)
    if not (rate and block_bytes and block_samples):
        raise Unrenderable("the wav file is damaged: its format states no rate or no size of a sample")
    return _Format(codec, rate, byte_rate, block_bytes, block_samples)


def _ds64_size(ds64: bytes) -> int:
    """Return the size of the data of an RF64 file, which stands in a chunk of its own, in 64 bits."""
    return int(struct.unpack_from("<8xQ", ds64)[0])


def _seconds(layout: _Format, stated: int, available: int) -> float | None:
    is_streamed = available > 0 and (stated == 0 or (stated > available and stated >= MIN_UNKNOWN_SIZE))
    if stated > available and not is_streamed:
        raise Unrenderable(f"the file was cut short: it states {stated} bytes of sound and has {available}")
    size = available if is_streamed else stated
    if size == 0:
        raise Unrenderable("neither pictures nor sound in it")
    if layout.codec in (PCM, FLOAT, A_LAW, MU_LAW, ADPCM_MICROSOFT, ADPCM_IMA):
        return size // layout.block_bytes * layout.block_samples / layout.rate
    return size / layout.byte_rate if is_streamed and layout.byte_rate else None
