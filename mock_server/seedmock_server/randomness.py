"""Seeded randomness: every draw is a hash of the seed and the draw's labels. The only module that may draw."""

from __future__ import annotations

import secrets
from hashlib import blake2b

ALPHABET = b"0123456789abcdefghijklmnopqrstuvwxyz"
# Maps each byte of a digest to a character. 256 is no multiple of 36, so the first four are slightly likelier; a fairer
# mapping would change every id that a seed gives.
TOKEN_CHARS = bytes(ALPHABET[byte % 36] for byte in range(256))


def fresh_seed() -> int:
    """Return an unpredictable seed, for a server that is started without one."""
    return secrets.randbits(63)


def fresh_token() -> str:
    """Return an unguessable token of 32 URL-safe characters, for a control API that strangers can reach."""
    return secrets.token_urlsafe(24)


class SeededRandom:
    """Random numbers and tokens that depend on the seed and their labels alone: equal labels give equal draws."""

    def __init__(self, seed: int) -> None:
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on."""
        self.seed = seed
        self._hash = blake2b(digest_size=32, key=seed.to_bytes(32, "big", signed=True))

    def integer(self, below: int, *labels: object) -> int:
        """Draw a whole number in [0, below); `below` is at most 2**192, so that the remainder's bias is negligible."""
        return int.from_bytes(self._digest(labels), "big") % below

    def uniform(self, *labels: object) -> float:
        """Draw a float in [0, 1)."""
        return self.integer(1 << 53, *labels) / (1 << 53)

    def token(self, length: int, *labels: object) -> str:
        """Draw `length` characters (at most 32) of 0-9 and a-z."""
        return self._digest(labels).translate(TOKEN_CHARS)[:length].decode("ascii")

    def _digest(self, labels: tuple[object, ...]) -> bytes:
        digest = self._hash.copy()
        digest.update("\x1f".join(map(str, labels)).encode("utf-8", "surrogatepass"))
        return digest.digest()
