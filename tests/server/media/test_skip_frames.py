"""Skip frames: for the streams of our encoder only, small, and without start codes."""

from __future__ import annotations

import pytest

from seedmock_server.media.encoding.skip_frames import SkipFrames


def test_a_stream_of_another_profile_is_rejected() -> None:
    with pytest.raises(ValueError, match="baseline"):
        SkipFrames.of(bytes((0x67, 100, 0, 40, 0b11111111)), b"\x68\xce\x38\x80")


def test_a_skip_frame_takes_at_most_16_bytes_and_contains_no_start_code() -> None:
    for macroblocks in (1, 1674, 8160, 32400):
        for number_bits in (4, 8, 16):
            for position in range(24):
                sample = SkipFrames(number_bits, macroblocks, deblocking=True).sample(position)
                assert len(sample) <= 16
                assert int.from_bytes(sample[:4], "big") == len(sample) - 4
                assert not any(bytes((0, 0, code)) in sample[4:] for code in (0, 1, 2))
