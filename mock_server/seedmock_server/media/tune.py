"""The sound of a seed: four soft plucks, one a second, that repeat without a seam.

The phrase lasts exactly 125 AAC frames (4 s at 32 kHz), so its frames can be laid end to end: the frames of a longer
clip are those of the phrase again, and only the phrase is encoded.
"""

from __future__ import annotations

import hashlib

RATE = 32_000
PHRASE_SECONDS = 4
PHRASE_FRAMES = PHRASE_SECONDS * RATE // 1024
SCALE = (0, 2, 4, 7, 9, 12, 14, 16)
"""Semitones of a pentatonic scale: any four of them sound well together."""


def phrase(seed: int) -> str:
    """The wave of the phrase as an ffmpeg expression over t, in seconds."""
    numbers = hashlib.sha256(f"tune {seed}".encode()).digest()
    root = 174.614 * 2 ** (numbers[0] % 12 / 12)
    notes = [root * 2 ** (SCALE[number % len(SCALE)] / 12) for number in numbers[1 : 1 + PHRASE_SECONDS]]
    now = f"mod(t,{PHRASE_SECONDS})"
    return "+".join(_pluck(f"({now}-{second})", note) for second, note in enumerate(notes))


def laid(frames: list[bytes], count: int) -> list[bytes]:
    """So many frames of endless music, after the one that primes the decoder."""
    return [frames[0]] + [frames[1 + index % PHRASE_FRAMES] for index in range(count)]


def _pluck(since: str, note: float) -> str:
    """A note that swells within a hundredth of a second and fades within the next one."""
    shape = f"between({since},0,0.9999)*(1-exp(-90*{since}))*exp(-4.2*{since})"
    tone = f"(sin({_turns(note, since)})+0.35*sin({_turns(note * 2, since)})+0.12*sin({_turns(note * 3, since)}))"
    return f"0.16*{shape}*{tone}"


def _turns(note: float, since: str) -> str:
    return f"{note * 6.283185307179586:.6f}*{since}"
