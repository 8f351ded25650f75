"""Records as bytes, for stores outside of this process. A stored file is named without its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Codec:
    """Encoding of records as MessagePack; files are decoded into `folder`, which differs between machines."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Amounts as strings: MessagePack has no decimals, and a float would round money.
        self.encode = msgspec.msgpack.Encoder(enc_hook=_encode_path, decimal_format="string").encode
        self._decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}

    def decode(self, body: bytes, kind: type[T]) -> T:
        """Decode a record of our own: what a store holds was encoded here."""
        decoder = self._decoders.get(kind)
        if decoder is None:
            decoder = self._decoders[kind] = msgspec.msgpack.Decoder(kind, dec_hook=self._decode_path)
        value: T = decoder.decode(body)
        return value

    def _decode_path(self, kind: type, name: Any) -> Path:
        if kind is not Path:
            raise NotImplementedError(f"{kind.__name__} has no decoding")
        return self._folder / str(name)


def _encode_path(value: Any) -> str:
    if isinstance(value, Path):
        return value.name
    raise NotImplementedError(f"{type(value).__name__} has no encoding in a store")
