"""Small media that fit into a request: images and sounds as data: URIs, and an image in a multipart form."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache

# Low, so that 15 s of sound are 60 kB inside a request.
SAMPLE_RATE = 4000
"""Samples per second, of one byte each."""
FORM_HEADERS: Mapping[str, str] = {"content-type": "multipart/form-data; boundary=seedmock"}
_FIELD = '--seedmock\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
_FILE = (
    '--seedmock\r\nContent-Disposition: form-data; name="{}"; filename="kite.png"\r\nContent-Type: image/png\r\n\r\n'
)


@cache
def image_uri(width: int, height: int) -> str:
    """A black PNG of this size in pixels."""
    return _data_uri("image/png", _png(width, height))


def form_body(name: str, side: int, fields: Mapping[str, str] | None = None) -> bytes:
    """Body of a multipart form with these fields, and a square PNG as the file `name`."""
    parts = "".join(_FIELD.format(*field) for field in (fields or {}).items())
    return f"{parts}{_FILE.format(name)}".encode() + _png(side, side) + b"\r\n--seedmock--\r\n"


@cache
def bitmap_uri(side: int) -> str:
    """A black square as a BMP of one bit a pixel."""
    rows = bytes((side + 31) // 32 * 4 * side)
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 1, 0, len(rows), 2835, 2835, 2, 2)
    palette = b"\x00\x00\x00\x00\xff\xff\xff\x00"
    start = 14 + len(info) + len(palette)
    return _data_uri("image/bmp", b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + info + palette + rows)


@cache
def drawing_uri(side: int) -> str:
    """An empty SVG, which is a picture to browsers only."""
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}"/>'
    return _data_uri("image/svg+xml", drawing.encode())


@cache
def portable_bitmap_uri(side: int) -> str:
    """A white square in a format that libraries read and no service takes: the Portable Bitmap of 1988."""
    return _data_uri("image/x-portable-bitmap", b"P4\n%d %d\n" % (side, side) + bytes((side + 7) // 8 * side))


@cache
def sound_uri(seconds: float) -> str:
    """A silent WAV of this duration."""
    samples = b"\x80" * round(seconds * SAMPLE_RATE)
    header = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, SAMPLE_RATE, 1, 8)
    chunks = b"fmt " + struct.pack("<I", len(header)) + header + b"data" + struct.pack("<I", len(samples)) + samples
    body = b"WAVE" + chunks
    return _data_uri("audio/wav", b"RIFF" + struct.pack("<I", len(body)) + body)


def _png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(width + 1) * height, 9)
    chunks = b"".join(_chunk(name, data) for name, data in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _data_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"
