"""Write H.264 P slices in which every macroblock is skipped: a repeated frame, in a dozen bytes for any size.

Clips are animated on twos, as cartoons are: of the 24 frames of a second 12 are drawn, and each is shown twice. The
second showing is such a slice. It is no reference for others, so that the encoder's own frame numbers stay valid
(ITU-T H.264, 7.3.3, 7.3.4 and 7.4.3: frame_num of a non-reference picture).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from msgspec import Struct

# profile_idc: ITU-T H.264, A.2.1.
BASELINE = 66


@dataclass(slots=True)
class BitReader:
    """Reads a parameter set bit by bit."""

    value: int
    left: int

    @classmethod
    def of(cls, unit: bytes) -> BitReader:
        """Start after the unit's header byte, without emulation prevention bytes."""
        body = unit[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        return cls(int.from_bytes(body, "big"), 8 * len(body))

    def take(self, count: int) -> int:
        self.left -= count
        return self.value >> self.left & (1 << count) - 1

    def golomb(self) -> int:
        """Read an unsigned Exp-Golomb number."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


class SkipFrames(Struct, frozen=True):
    """Parameters of a stream that a slice header depends on. `number_bits` is the width of frame_num."""

    number_bits: int
    macroblocks: int
    deblocking: bool

    @classmethod
    def of(cls, sps: bytes, pps: bytes) -> SkipFrames:
        """Read the parameter sets of a baseline stream without B frames; raises ValueError for any other."""
        number_bits, macroblocks = _read_sps(BitReader.of(sps))
        return cls(number_bits, macroblocks, _read_pps(BitReader.of(pps)))

    def sample(self, position: int) -> bytes:
        """Return the sample that repeats the frame at a position after its key frame (0 is the key frame)."""
        number = (position + 1) % (1 << self.number_bits)
        header = _golomb(0) + _golomb(0) + _golomb(0) + f"{number:0{self.number_bits}b}" + "00" + _golomb(0)
        bits = header + (_golomb(1) if self.deblocking else "") + _golomb(self.macroblocks) + "1"
        bits += "0" * (-len(bits) % 8)
        body = int(bits, 2).to_bytes(len(bits) // 8, "big")
        for last in range(4):  # emulation prevention: no start code may occur inside a unit
            body = body.replace(bytes((0, 0, last)), bytes((0, 0, 3, last)))
        return struct.pack(">IB", 1 + len(body), 1) + body


def _read_sps(bits: BitReader) -> tuple[int, int]:
    """Return the width of frame_num and the number of macroblocks of a frame."""
    profile = bits.take(8)
    bits.take(16)  # constraint flags, level
    bits.golomb()  # seq_parameter_set_id
    number_bits = bits.golomb() + 4
    if (profile, bits.golomb()) != (BASELINE, 2):  # pic_order_cnt_type 2: frames are shown in the order of the stream
        raise ValueError("not a baseline stream in its own order")
    bits.golomb()  # max_num_ref_frames
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag
    return number_bits, (bits.golomb() + 1) * (bits.golomb() + 1)


def _read_pps(bits: BitReader) -> bool:
    """Return deblocking_filter_control_present_flag."""
    bits.golomb()  # pic_parameter_set_id
    bits.golomb()  # seq_parameter_set_id
    if bits.take(2) or bits.golomb():  # entropy coding, field order, slice groups
        raise ValueError("not a stream of simple slices")
    bits.golomb()  # num_ref_idx_l0_default_active_minus1
    bits.golomb()  # num_ref_idx_l1_default_active_minus1
    bits.take(3)  # weighted_pred_flag, weighted_bipred_idc
    for _ in range(3):  # pic_init_qp, pic_init_qs, chroma_qp_index_offset
        bits.golomb()
    return bool(bits.take(1))


def _golomb(value: int) -> str:
    """Write an unsigned Exp-Golomb number as binary digits; for 0 the signed code is the same."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits
