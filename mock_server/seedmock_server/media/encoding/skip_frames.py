"""Writes pictures that say "as before": a dozen bytes of H.264 each, for any size.

The studio animates on twos, as cartoons do: of the 24 pictures of a second 12 are drawn, and each is shown twice.
The second showing is one slice in which every macroblock is skipped. It is no reference for others, so the encoder's
own numbering of its pictures stays right (ITU-T H.264, 7.3.3, 7.3.4 and 7.4.3; frame_num of a non-reference picture).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

BASELINE = 66


@dataclass(slots=True)
class Bits:
    """Reads a parameter set bit by bit."""

    value: int
    left: int

    @classmethod
    def of(cls, unit: bytes) -> Bits:
        """The bits after the unit's first byte."""
        body = unit[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        return cls(int.from_bytes(body, "big"), 8 * len(body))

    def take(self, count: int) -> int:
        self.left -= count
        return self.value >> self.left & (1 << count) - 1

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


@dataclass(frozen=True, slots=True)
class SkipFrames:
    """What the slice header needs to know of a stream."""

    number_bits: int
    macroblocks: int
    deblocking: bool

    @classmethod
    def of(cls, sps: bytes, pps: bytes) -> SkipFrames:
        """Reads the parameter sets of a baseline stream without B pictures; raises ValueError for any other."""
        number_bits, macroblocks = _sequence(Bits.of(sps))
        return cls(number_bits, macroblocks, _picture(Bits.of(pps)))

    def sample(self, before: int) -> bytes:
        """The sample that shows again the picture that is `before` pictures after its key picture (0 for that)."""
        number = (before + 1) % (1 << self.number_bits)
        header = _golomb(0) + _golomb(0) + _golomb(0) + f"{number:0{self.number_bits}b}" + "00" + _golomb(0)
        bits = header + (_golomb(1) if self.deblocking else "") + _golomb(self.macroblocks) + "1"
        bits += "0" * (-len(bits) % 8)
        body = int(bits, 2).to_bytes(len(bits) // 8, "big")
        for last in range(4):
            body = body.replace(bytes((0, 0, last)), bytes((0, 0, 3, last)))
        return struct.pack(">IB", 1 + len(body), 1) + body


def _sequence(bits: Bits) -> tuple[int, int]:
    """The width of frame_num, and how many macroblocks a picture has."""
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    number_bits = bits.golomb() + 4
    if (profile, bits.golomb()) != (BASELINE, 2):
        raise ValueError("not a baseline stream in its own order")
    bits.golomb()
    bits.take(1)
    return number_bits, (bits.golomb() + 1) * (bits.golomb() + 1)


def _picture(bits: Bits) -> bool:
    """Whether slices say how they are to be smoothed."""
    bits.golomb()
    bits.golomb()
    if bits.take(2) or bits.golomb():
        raise ValueError("not a stream of simple slices")
    bits.golomb()
    bits.golomb()
    bits.take(3)
    for _ in range(3):
        bits.golomb()
    return bool(bits.take(1))


def _golomb(value: int) -> str:
    """An unsigned Exp-Golomb number, as digits; for 0 the signed one is the same."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits
