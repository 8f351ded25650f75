"""What a document orders, in the house's words, by the names that the contract gives to its fields.

The judges' own reading: the emulator and the client each have theirs, so that one that is wrong is found out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import LocatedReference
from seedmock_contracts.documents.values import to_number
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Document, Field, Model, Size
from seedmock_contracts.generation import GenerationRequest

ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True)
class ParsedOrder:
    """One order that keeps the rules. `size` is None where the answer decides it (adaptive, upscale)."""

    operation: Operation
    model: Model
    prompt: str
    resolution: str
    size: Size | None
    seconds: int | None
    audio: bool
    seed: int | None
    references: tuple[LocatedReference, ...]


def parse_order(contract: Contract, operation: Operation, document: Document) -> ParsedOrder | None:
    """What a document orders; None where it names no model of this upstream's, or no size that there is."""
    model = contract.model(str(_value(contract, operation, document, "model")))
    if model is None:
        return None
    if operation is Operation.UPSCALE:
        target = str(_value(contract, operation, document, "resolution"))
        return ParsedOrder(operation, model, "", target, None, None, True, None, ())
    size, adaptive = _size(contract, document)
    if size is None and not adaptive:
        return None
    resolution = size.resolution if size else str(_value(contract, operation, document, "resolution"))
    seconds, seed = (to_number(_value(contract, operation, document, name)) for name in ("seconds", "seed"))
    return ParsedOrder(
        operation,
        model,
        str(_value(contract, operation, document, "prompt") or ""),
        resolution,
        size,
        None if seconds is None else int(seconds),
        bool(_value(contract, operation, document, "generate_audio")),
        None if seed is None else int(seed),
        contract.request.layout.find(document),
    )


def build_document(contract: Contract, request: GenerationRequest) -> dict[str, Any]:
    """The document that says an order of the house's words, also one that breaks rules; what is None is left out.

    A size is told as resolution and ratio where the upstream has no field for it. Raises ValueError for a reference
    that its layout has no place for.
    """
    model, size = contract.resolve_model(request.model), contract.parse_size(request.size)
    told: dict[str, Any] = {
        "model": model.name if model else request.model,
        "prompt": request.prompt,
        "resolution": request.resolution,
        "ratio": request.ratio,
        "seconds": request.seconds,
        "generate_audio": request.generate_audio,
        "seed": request.seed,
    }
    if contract.field("size") is not None:
        told["size"] = request.size
    elif size is not None:
        told |= {"resolution": size.resolution, "ratio": size.ratio}
    parts = {name: _typed(contract.field(name), value) for name, value in told.items() if value is not None}
    return contract.request.layout.place(contract.request.write({}, parts), request.references)


def _typed(field: Field | None, value: Any) -> Any:
    return str(value) if field is not None and field.types[0] == "string" else value


def _size(contract: Contract, document: Document) -> tuple[Size | None, bool]:
    text = _value(contract, Operation.CREATE, document, "size")
    if text is not None:
        return contract.parse_size(str(text)), False
    resolution, ratio = (str(_value(contract, Operation.CREATE, document, name)) for name in ("resolution", "ratio"))
    return contract.size(resolution, ratio), ratio == ADAPTIVE


def _value(contract: Contract, operation: Operation, document: Document, name: str) -> Any:
    """A field by the house's name, or its default."""
    value = contract.request.read(document, name, operation)
    field = contract.field(name, operation) if value is None else None
    return value if field is None else field.default
