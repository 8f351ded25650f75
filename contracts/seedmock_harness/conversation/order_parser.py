"""Parse the order in a request, and write one, by the field names of a contract.

Written for the harness alone: the emulator and the client have their own, so that a wrong one is detected.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import LocatedReference
from seedmock_contracts.documents.values import to_number
from seedmock_contracts.enums import Mode, Operation
from seedmock_contracts.facts import Document, Field, Model, Size
from seedmock_contracts.generation import GenerationRequest, generation_mode

ADAPTIVE = "adaptive"


class ParsedOrder(Struct, frozen=True):
    """An order that breaks no rule. `size` is None where the result decides it: adaptive ratio, upscale."""

    operation: Operation
    model: Model
    prompt: str
    resolution: str
    size: Size | None
    seconds: int | None
    audio: bool
    seed: int | None
    references: tuple[LocatedReference, ...]

    @property
    def mode(self) -> Mode:
        """Kind of generation that the references select."""
        if self.operation is Operation.UPSCALE:
            return Mode.UPSCALE
        return generation_mode([located.reference for located in self.references])


def parse_order(contract: Contract, operation: Operation, document: Document) -> ParsedOrder | None:
    """Parse an order; None if it has no known model or no known size."""
    model = contract.model(str(_value(contract, operation, document, "model")))
    if model is None:
        return None
    if operation is Operation.UPSCALE:
        target = str(_value(contract, operation, document, "resolution"))
        return ParsedOrder(operation, model, "", target, None, None, True, None, ())
    size, adaptive = _size(contract, model, document)
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
    """Build the request body of an order, without the parts that are None. Checks no rule.

    A size becomes resolution and ratio where the upstream has no field for it. Raises ValueError for a reference that
    the upstream's layout cannot express.
    """
    model, size = contract.resolve_model(request.model), contract.parse_size(request.size)
    values: dict[str, Any] = {
        "model": model.name if model else request.model,
        "prompt": request.prompt,
        "resolution": request.resolution,
        "ratio": request.ratio,
        "seconds": request.seconds,
        "generate_audio": request.generate_audio,
        "seed": request.seed,
    }
    if contract.field("size") is not None:
        values["size"] = request.size
    elif size is not None:
        values |= {"resolution": size.resolution, "ratio": size.ratio}
        values = {name: value for name, value in values.items() if contract.field(name) is not None}
    parts = {name: _typed(contract.field(name), value) for name, value in values.items() if value is not None}
    return contract.request.layout.place(contract.request.write({}, parts), request.references)


def _typed(field: Field | None, value: Any) -> Any:
    return str(value) if field is not None and field.types[0] == "string" else value


def _size(contract: Contract, model: Model, document: Document) -> tuple[Size | None, bool]:
    text = _value(contract, Operation.CREATE, document, "size")
    if text is not None:
        return contract.parse_size(str(text)), False
    resolution, ratio = (str(_value(contract, Operation.CREATE, document, name)) for name in ("resolution", "ratio"))
    if contract.field("resolution") is None:
        resolution = model.resolutions[0]  # where an order cannot name one, the model decides
    return contract.size(resolution, ratio), ratio == ADAPTIVE


def _value(contract: Contract, operation: Operation, document: Document, name: str) -> Any:
    """Value of a field by its common name, or its default."""
    value = contract.request.read(document, name, operation)
    field = contract.field(name, operation) if value is None else None
    return value if field is None else field.default
