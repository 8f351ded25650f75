"""The smallest media that can be sent inside a request: pictures and sounds of a given form, as data: URIs."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from functools import cache

RATE = 4000
"""Samples a second; one byte each."""


@cache
def picture(width: int, height: int) -> str:
    """A black PNG of so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(width + 1) * height, 9)
    chunks = b"".join(_chunk(name, data) for name, data in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")))
    return _uri("image/png", b"\x89PNG\r\n\x1a\n" + chunks)


@cache
def sound(seconds: float) -> str:
    """A silent WAV."""
    samples = b"\x80" * round(seconds * RATE)
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE, 1, 8)
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return _uri("audio/wav", b"RIFF" + struct.pack("<I", len(body)) + body)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
