"""Minimal MP4 files, which can be measured but not played."""

from __future__ import annotations

from struct import pack


def mp4_box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return pack(">I", 8 + len(content)) + name + content


UPRIGHT = (1, 0, 0, 1)
QUARTER_TURN = (0, 1, -1, 0)


def mp4_bytes(
    width: int = 1280,
    height: int = 720,
    seconds: float = 4,
    audio: bool = True,
    payload: bytes = b"\0" * 4000,
    matrix: tuple[int, int, int, int] = UPRIGHT,
) -> bytes:
    """Build an MP4 file of a few boxes, which can be measured but not played."""

    def times(version: int) -> bytes:
        if version == 1:
            return b"\1" + b"\0" * 19 + pack(">IQ", 1000, int(seconds * 1000))
        return b"\0" * 12 + pack(">II", 1000, int(seconds * 1000))

    def track(kind: bytes, w: int, h: int) -> bytes:
        a, b, c, d = (value << 16 for value in matrix)
        transform = pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        header = mp4_box(b"tkhd", b"\0" * 40, transform, pack(">II", w << 16, h << 16))
        return mp4_box(
            b"trak", header, mp4_box(b"mdia", mp4_box(b"mdhd", times(1)), mp4_box(b"hdlr", b"\0" * 8, kind, b"\0" * 12))
        )

    tracks = track(b"vide", width, height) + (track(b"soun", 0, 0) if audio else b"")
    return (
        mp4_box(b"ftyp", b"isom\0\0\2\0isom")
        + mp4_box(b"moov", mp4_box(b"mvhd", times(0)), tracks)
        + mp4_box(b"mdat", payload)
    )
