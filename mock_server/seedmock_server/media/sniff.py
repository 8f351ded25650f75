"""Recognize containers of video and sound by their first bytes, never by their name.

ffmpeg is only run on the kinds listed here, and on each with its own demuxer: a playlist is none of them, so that no
file can make ffmpeg open another file or a URL.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import IO

from seedmock_contracts.mp4 import is_truncated, iso_format

from . import wav
from .errors import Unrenderable

HEAD_BYTES = 512
ID3_HEADER_BYTES = 10


def container(path: Path) -> tuple[str, str]:
    """Return the name of the format and of ffmpeg's demuxer for it; raises Unrenderable for anything else."""
    try:
        with path.open("rb") as file:
            head = _head(file)
            formats = _boxes(head) or _tagged(head) or _framed(head)
            ends_within_box = formats is not None and formats[1] == "mov" and is_truncated(file)
    except OSError as error:
        raise Unrenderable(f"the file can't be read: {error.strerror}") from error
    if ends_within_box:
        raise Unrenderable("the file was cut short")
    if formats is None:
        raise Unrenderable("the file is empty" if not head else "neither an image nor a known kind of video or audio")
    return formats


def safe_input(path: Path) -> list[str]:
    """Return the arguments with which ffmpeg reads this file and no other."""
    demuxer = container(path)[1]
    return ["-nostdin", "-protocol_whitelist", "file", "-f", demuxer, "-i", f"file:{path.resolve()}"]


def _head(file: IO[bytes]) -> bytes:
    """Return the first bytes, after ID3 tags if audio frames follow: those stand before AAC and FLAC, too."""
    head = file.read(HEAD_BYTES)
    if not head.startswith(b"ID3") or len(head) < ID3_HEADER_BYTES:
        return head
    size = functools.reduce(lambda size, seven_bits: size << 7 | seven_bits & 0x7F, head[6:ID3_HEADER_BYTES], 0)
    file.seek(ID3_HEADER_BYTES + size)
    rest = file.read(HEAD_BYTES)
    return rest if _framed(rest) or rest.startswith(b"fLaC") else head


def _boxes(head: bytes) -> tuple[str, str] | None:
    name = iso_format(head)
    if name is not None:
        return name, "mov"
    if head[4:8] in (b"moov", b"mdat", b"free", b"wide", b"skip"):
        return "mov", "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return ("webm" if b"webm" in head[:64] else "matroska"), "matroska"
    return None


def _tagged(head: bytes) -> tuple[str, str] | None:
    if wav.is_wav(head):
        return "wav", "wav"
    if head[:4] == b"RIFF":
        return ("avi", "avi") if head[8:12] == b"AVI " else None
    signatures = {b"FLV\x01": "flv", b"OggS": "ogg", b"fLaC": "flac", b"ID3": "mp3", b"\x00\x00\x01\xba": "mpeg"}
    return next(((name, name) for signature, name in signatures.items() if head.startswith(signature)), None)


def _framed(head: bytes) -> tuple[str, str] | None:
    if len(head) > 188 and head[0] == head[188] == 0x47:
        return "mpegts", "mpegts"
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac", "aac"
    # MPEG audio; ffmpeg's demuxer is the same for all three layers.
    layer = {1: "mp3", 2: "mp2", 3: "mp1"}.get(head[1] >> 1 & 3)
    return (layer, "mp3") if head[1] & 0xE0 == 0xE0 and layer else None
