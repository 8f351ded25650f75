"""Cuts what an encoder writes into the samples that a container holds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SLICE, IDR_SLICE, SPS, PPS = 1, 5, 7, 8
START_CODE = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class Stream:
    """H.264 without its Annex B dress: the two parameter sets, and one sample (length-prefixed) per picture."""

    sps: bytes
    pps: bytes
    pictures: list[bytes]


def pictures(annex_b: bytes) -> Stream:
    """The stream of an encoder that writes one slice per picture; notes to the reader (SEI) are left out."""
    found: dict[int, bytes] = {}
    samples: list[bytes] = []
    for unit in _units(annex_b):
        kind = unit[0] & 0x1F
        if kind in (SLICE, IDR_SLICE):
            samples.append(struct.pack(">I", len(unit)) + unit)
        else:
            found[kind] = unit
    return Stream(found[SPS], found[PPS], samples)


def _units(annex_b: bytes) -> Iterator[bytes]:
    start = annex_b.find(START_CODE)
    while start >= 0:
        start += len(START_CODE)
        end = annex_b.find(START_CODE, start)
        yield annex_b[start : end if end >= 0 else None].rstrip(b"\x00")
        start = end


def frames(adts: bytes) -> list[bytes]:
    """The AAC frames of an ADTS stream, without their headers (7 bytes, length in bits 30 to 42)."""
    found = []
    at = 0
    while at + 7 <= len(adts):
        size = (adts[at + 3] & 3) << 11 | adts[at + 4] << 3 | adts[at + 5] >> 5
        found.append(adts[at + 7 : at + size])
        at += size
    return found
