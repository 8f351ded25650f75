"""The smallest media that can be sent inside a request: pictures and sounds, as data: URIs, and a picture in a form."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache

RATE = 4000
"""Samples a second; one byte each."""
FORM: Mapping[str, str] = {"content-type": "multipart/form-data; boundary=seedmock"}
"""The headers of a form."""
_FIELD = '--seedmock\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
_FILE = (
    '--seedmock\r\nContent-Disposition: form-data; name="{}"; filename="kite.png"\r\nContent-Type: image/png\r\n\r\n'
)


@cache
def picture(width: int, height: int) -> str:
    """A black PNG of so many pixels."""
    return _uri("image/png", _png(width, height))


def form(name: str, side: int, fields: Mapping[str, str] | None = None) -> bytes:
    """The body of a form: these fields, and a square picture as the file of this name."""
    said = "".join(_FIELD.format(*field) for field in (fields or {}).items())
    return f"{said}{_FILE.format(name)}".encode() + _png(side, side) + b"\r\n--seedmock--\r\n"


@cache
def sound(seconds: float) -> str:
    """A silent WAV."""
    samples = b"\x80" * round(seconds * RATE)
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE, 1, 8)
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return _uri("audio/wav", b"RIFF" + struct.pack("<I", len(body)) + body)


def _png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(width + 1) * height, 9)
    chunks = b"".join(_chunk(name, data) for name, data in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
