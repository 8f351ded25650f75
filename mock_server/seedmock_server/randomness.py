"""Everything that looks random: a hash of the seed and of what is drawn for. The only module that may draw."""

from __future__ import annotations

import secrets
from hashlib import blake2b

LOWER = b"0123456789abcdefghijklmnopqrstuvwxyz"
SIGNS = bytes(LOWER[byte % 36] for byte in range(256))


def fresh_seed() -> int:
    """A seed that nobody can guess, for a server that was given none."""
    return secrets.randbits(63)


class SeededRandom:
    """Draws that depend on the seed and their labels alone: the same labels give the same draw."""

    def __init__(self, seed: int) -> None:
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on."""
        self.seed = seed
        self._keyed = blake2b(digest_size=32, key=seed.to_bytes(32, "big", signed=True))

    def whole(self, below: int, *labels: object) -> int:
        """A whole number from 0 up to, not including, `below` (at most 2**192)."""
        return int.from_bytes(self._digest(labels), "big") % below

    def fraction(self, *labels: object) -> float:
        """A float from 0 up to, not including, 1."""
        return self.whole(1 << 53, *labels) / (1 << 53)

    def text(self, length: int, *labels: object) -> str:
        """So many signs (at most 32) of 0-9 and a-z."""
        return self._digest(labels).translate(SIGNS)[:length].decode("ascii")

    def _digest(self, labels: tuple[object, ...]) -> bytes:
        drawn = self._keyed.copy()
        drawn.update("\x1f".join(map(str, labels)).encode("utf-8", "surrogatepass"))
        return drawn.digest()
