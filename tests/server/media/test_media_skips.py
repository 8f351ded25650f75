"""The pictures that say "as before" are written for the encoder's own streams only."""

from __future__ import annotations

import pytest

from seedmock_server.media.encoding.skip_frames import SkipFrames


def test_a_stream_of_another_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="baseline"):
        SkipFrames.of(bytes((0x67, 100, 0, 40, 0b11111111)), b"\x68\xce\x38\x80")


def test_a_picture_as_before_takes_a_dozen_bytes_and_never_looks_like_a_start_code() -> None:
    for macroblocks in (1, 1674, 8160, 32400):
        for number_bits in (4, 8, 16):
            for before in range(24):
                sample = SkipFrames(number_bits, macroblocks, deblocking=True).sample(before)
                assert len(sample) <= 16
                assert int.from_bytes(sample[:4], "big") == len(sample) - 4
                assert not any(bytes((0, 0, code)) in sample[4:] for code in (0, 1, 2))
