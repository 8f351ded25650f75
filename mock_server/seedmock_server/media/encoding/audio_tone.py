"""The sound of a seed: four soft plucks, one a second, that repeat without a seam.

The phrase lasts exactly 125 AAC frames (4 s at 32 kHz), so its frames can be laid end to end: the frames of a longer
clip are those of the phrase again, and only the phrase is encoded.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise

TAU = 6.283185307179586
RATE = 32_000
PHRASE_SECONDS = 4
PHRASE_FRAMES = PHRASE_SECONDS * RATE // 1024
SCALE = (0, 2, 4, 7, 9, 12, 14, 16)
"""Semitones of a pentatonic scale: any four of them sound well together."""


def phrase(seed: int) -> str:
    """The wave of the phrase as an ffmpeg expression over t, in seconds.

    Each note swells within a hundredth of a second and has all but faded when the next one comes.
    """
    numbers = hashlib.sha256(f"tune {seed}".encode()).digest()
    root = 174.614 * 2 ** (numbers[0] % 12 / 12)
    notes = [root * 2 ** (SCALE[number % len(SCALE)] / 12) for number in numbers[1 : 1 + PHRASE_SECONDS]]
    moves = enumerate(pairwise(notes), start=1)
    steps = "".join(f"+{after - before:.6f}*gte(mod(t,{PHRASE_SECONDS}),{second})" for second, (before, after) in moves)
    turns = f"st(1,{TAU}*ld(0)*({notes[0]:.6f}{steps}))"
    shape = "0.16*(1-exp(-90*ld(0)))*exp(-4.2*ld(0))"
    return f"st(0,mod(t,1));{turns};{shape}*(sin(ld(1))+0.35*sin(2*ld(1))+0.12*sin(3*ld(1)))"


def laid(frames: list[bytes], count: int) -> list[bytes]:
    """So many frames of endless music, after the one that primes the decoder."""
    return [frames[0]] + [frames[1 + index % PHRASE_FRAMES] for index in range(count)]
