"""Order forms: what the contracts say about the fields, limits, sizes and references of an order, for a form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import ContentArray, FlatFields
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import ORDERS, MediaKind, Operation, Role
from seedmock_contracts.facts import Field
from seedmock_contracts.rules.cross_field import MaxReferences
from seedmock_contracts.rules.fields import MaxLength, NumberRange, OneOf, PromptLength, RequiredField
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import contracts

from .catalog_models import OrderField, OrderFormResponse, OrderModel, OrderSize, OrderSlot

SCALARS = frozenset({"string", "number", "integer", "boolean"})


@cache
def order_forms() -> list[OrderFormResponse]:
    """Return a form for each operation that creates a task. Shared: not to be changed."""
    return [
        _form(contract, operation)
        for contract in contracts()
        for operation in ORDERS
        if contract.endpoint(operation) is not None
    ]


def _form(contract: Contract, operation: Operation) -> OrderFormResponse:
    method, path = endpoint_path(contract, operation, {})
    is_upscale = operation is Operation.UPSCALE
    return OrderFormResponse(
        upstream=contract.name,
        display_name=contract.display_name,
        operation=operation,
        method=method,
        path=path,
        fields=list(_fields(contract, operation)),
        slots=[] if is_upscale else list(_slots(contract)),
        sizes=[OrderSize(resolution=row.resolution, ratio=row.ratio, text=row.text) for row in contract.sizes],
        models=[
            OrderModel(name=model.name, tier=model.tier, resolutions=model.resolutions)
            for model in contract.models
            if model.upscales is is_upscale
        ],
        example=dict(contract.example(operation)),
    )


def _fields(contract: Contract, operation: Operation) -> Iterator[OrderField]:
    """The fields that hold one value; references have slots of their own."""
    rules = (*contract.rules.get(operation, ()), *contract.advice)
    placed = _reference_fields(contract) if operation is Operation.CREATE else set()
    for field in contract.fields:
        is_scalar = SCALARS.intersection(field.types) and "[" not in field.path and "." not in field.path
        if field.operation is operation and is_scalar and field.path not in placed:
            own = [rule for rule in rules if rule.field == field.path]
            yield _field(contract, operation, field, own)


def _field(contract: Contract, operation: Operation, field: Field, rules: Sequence[Rule]) -> OrderField:
    limits = next((rule for rule in rules if isinstance(rule, NumberRange)), None)
    lengths = [rule.limit for rule in rules if isinstance(rule, MaxLength)]
    lengths += [rule.max_characters for rule in rules if isinstance(rule, PromptLength)]
    return OrderField(
        path=field.path,
        types=field.types,
        required=any(isinstance(rule, RequiredField) for rule in rules),
        default=field.default,
        allowed=_allowed(contract, operation, field, rules),
        low=None if limits is None else limits.low,
        high=None if limits is None else limits.high,
        max_length=min(lengths, default=None),
        fact=field.id,
        basis=field.basis,
    )


def _allowed(contract: Contract, operation: Operation, field: Field, rules: Sequence[Rule]) -> tuple[str, ...]:
    if field.path == contract.request.path("model", operation):
        upscales = operation is Operation.UPSCALE
        return tuple(model.name for model in contract.models if model.upscales is upscales)
    return next((rule.allowed for rule in rules if isinstance(rule, OneOf)), ())


def _reference_fields(contract: Contract) -> set[str]:
    layout = contract.request.layout
    return {slot.field for slot in layout.slots} if isinstance(layout, FlatFields) else set()


def _slots(contract: Contract) -> Iterator[OrderSlot]:
    layout = contract.request.layout
    pairs: list[tuple[MediaKind, Role]] = []
    if isinstance(layout, FlatFields):
        pairs = [(slot.kind, slot.role) for slot in layout.slots]
    elif isinstance(layout, ContentArray):
        pairs = list(layout.roles.values())
    counts = [rule for rule in contract.rules[Operation.CREATE] if isinstance(rule, MaxReferences)]
    for kind, role in dict.fromkeys(pairs):
        limit = next((rule.limit for rule in counts if (rule.media, rule.role) == (kind, role)), None)
        formats = [row.formats for row in contract.formats if row.kind is kind and row.quantity == "format"]
        frame = role in (Role.FIRST_FRAME, Role.LAST_FRAME)
        yield OrderSlot(kind=kind, role=role, limit=1 if frame else limit, formats=next(iter(formats), ()))
