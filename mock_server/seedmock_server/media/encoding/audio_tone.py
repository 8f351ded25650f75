"""Sound of a clip: four soft plucked notes chosen by the seed, one a second, that repeat without a seam.

The phrase lasts exactly 125 AAC frames (4 s at 32 kHz), so that its frames can be looped: only the phrase is encoded,
and longer clips repeat its frames.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise

from .bitstream import FRAME_SAMPLES

TAU = 6.283185307179586
RATE = 32_000
# 125 whole frames of AAC: a phrase that is repeated needs no part of one. At 48 kHz they would be 187.5.
PHRASE_SECONDS = 4
PHRASE_FRAMES = PHRASE_SECONDS * RATE // FRAME_SAMPLES
# Semitones of a pentatonic scale: any four of them are consonant.
SCALE = (0, 2, 4, 7, 9, 12, 14, 16)


def tone_expression(seed: int) -> str:
    """Return the wave of the phrase as an ffmpeg expression over t, in seconds.

    Each note swells within a hundredth of a second, and has all but faded when the next one comes.
    """
    numbers = hashlib.sha256(f"tune {seed}".encode()).digest()
    root = 174.614 * 2 ** (numbers[0] % 12 / 12)
    notes = [root * 2 ** (SCALE[number % len(SCALE)] / 12) for number in numbers[1 : 1 + PHRASE_SECONDS]]
    changes = enumerate(pairwise(notes), start=1)
    steps = "".join(
        f"+{after - before:.6f}*gte(mod(t,{PHRASE_SECONDS}),{second})" for second, (before, after) in changes
    )
    phase = f"st(1,{TAU}*ld(0)*({notes[0]:.6f}{steps}))"
    envelope = "0.16*(1-exp(-90*ld(0)))*exp(-4.2*ld(0))"
    return f"st(0,mod(t,1));{phase};{envelope}*(sin(ld(1))+0.35*sin(2*ld(1))+0.12*sin(3*ld(1)))"


def looped_frames(phrase: list[bytes], count: int) -> list[bytes]:
    """Return `count` frames of the looped phrase, after its first one, which primes the decoder."""
    return [phrase[0]] + [phrase[1 + index % PHRASE_FRAMES] for index in range(count)]
