"""Split an encoder's output (H.264 Annex B, AAC ADTS) into the samples of a container."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from msgspec import Struct

# Types of H.264 NAL units.
SLICE, IDR_SLICE, SPS, PPS = 1, 5, 7, 8
START_CODE = b"\x00\x00\x01"
# Without a checksum, which would add two bytes: ffmpeg writes none.
ADTS_HEADER_BYTES = 7
# Audio samples of an AAC-LC frame.
FRAME_SAMPLES = 1024


class Stream(Struct, frozen=True):
    """H.264 video: the two parameter sets, and one sample (length-prefixed) for each frame."""

    sps: bytes
    pps: bytes
    frames: list[bytes]


def parse_h264(annex_b: bytes) -> Stream:
    """Split the output of an encoder that writes one slice per frame; its messages (SEI) are dropped."""
    units: dict[int, bytes] = {}
    samples: list[bytes] = []
    for unit in _nal_units(annex_b):
        kind = unit[0] & 0x1F
        if kind in (SLICE, IDR_SLICE):
            samples.append(struct.pack(">I", len(unit)) + unit)
        else:
            units[kind] = unit
    return Stream(units[SPS], units[PPS], samples)


def _nal_units(annex_b: bytes) -> Iterator[bytes]:
    start = annex_b.find(START_CODE)
    while start >= 0:
        start += len(START_CODE)
        end = annex_b.find(START_CODE, start)
        yield annex_b[start : end if end >= 0 else None].rstrip(b"\x00")
        start = end


def parse_adts(adts: bytes) -> list[bytes]:
    """Split an ADTS stream into AAC frames without their headers (7 bytes, the length in bits 30 to 42)."""
    frames = []
    at = 0
    while at + ADTS_HEADER_BYTES <= len(adts):
        size = (adts[at + 3] & 3) << 11 | adts[at + 4] << 3 | adts[at + 5] >> 5
        frames.append(adts[at + ADTS_HEADER_BYTES : at + size])
        at += size
    return frames
