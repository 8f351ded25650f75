"""What a document orders, in the house's words, by the names that the contract gives to its fields.

The judges' own reading: the emulator and the client each have theirs, so that one that is wrong is found out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .contract import Contract
from .references import Found
from .rules import numeric
from .terms import Document, Model, Operation, Size

ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True)
class Ordered:
    """One order that keeps the rules. `size` is None where the answer decides it (adaptive, upscale)."""

    operation: Operation
    model: Model
    prompt: str
    resolution: str
    size: Size | None
    seconds: int | None
    audio: bool
    seed: int | None
    references: tuple[Found, ...]


def ordered(said: Contract, operation: Operation, document: Document) -> Ordered | None:
    """What a document orders; None where it names no model of this upstream's, or no size that there is."""
    model = said.model(str(_value(said, operation, document, "model")))
    if model is None:
        return None
    if operation is Operation.UPSCALE:
        target = str(_value(said, operation, document, "resolution"))
        return Ordered(operation, model, "", target, None, None, True, None, ())
    size, adaptive = _size(said, document)
    if size is None and not adaptive:
        return None
    resolution = size.resolution if size else str(_value(said, operation, document, "resolution"))
    seconds, seed = (numeric(_value(said, operation, document, name)) for name in ("seconds", "seed"))
    return Ordered(
        operation,
        model,
        str(_value(said, operation, document, "prompt") or ""),
        resolution,
        size,
        None if seconds is None else int(seconds),
        bool(_value(said, operation, document, "generate_audio")),
        None if seed is None else int(seed),
        said.layout.find(document),
    )


def _size(said: Contract, document: Document) -> tuple[Size | None, bool]:
    text = _value(said, Operation.CREATE, document, "size")
    if text is not None:
        return said.size_of(str(text)), False
    resolution, ratio = (str(_value(said, Operation.CREATE, document, name)) for name in ("resolution", "ratio"))
    return said.size(resolution, ratio), ratio == ADAPTIVE


def _value(said: Contract, operation: Operation, document: Document, name: str) -> Any:
    """A field by the house's name, or its default."""
    path = said.names.get(f"{operation}.{name}") or said.names.get(name, name)
    value = document.get(path)
    if value is not None:
        return value
    return next((f.default for f in said.fields if f.operation is operation and f.path == path), None)
