"""Valid documents to start from. A document of an operation that orders nothing has only ids that do not exist."""

from __future__ import annotations

from collections.abc import Container
from functools import cache
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.facts import Document
from seedmock_contracts.upstreams import get_contract
from seedmock_contracts.validation import violations

UNKNOWN_ID, UNKNOWN_NUMBER = "seedmock-no-such-id", 999_999_999
"""Ids that no upstream has created."""


@cache
def base_documents(upstream: str, operation: Operation) -> tuple[Document, ...]:
    """Documents that break no rule of an operation, one for each example and model."""
    contract = get_contract(upstream)
    examples: list[Document] = list(contract.request.examples.get(operation, ()))
    if operation is Operation.CREATE:
        models = [model.name for model in contract.models if not model.upscales]
        examples = [contract.request.write(example, {"model": model}) for example in examples for model in models]
    names = _id_fields(contract, operation)
    optional = _optional_ids(contract, operation, names)
    documents = (_with_unknown_ids({**example, **optional}, names) for example in examples)
    return tuple(document for document in documents if not violations(upstream, operation, document))


def _id_fields(contract: Contract, operation: Operation) -> frozenset[str]:
    """Fields with the ids of tasks, assets and groups in a request; an order has none."""
    if operation in ORDERS:
        return frozenset()
    return frozenset(contract.request.path(kind, operation) for kind in ("task", "asset", "group"))


def _optional_ids(contract: Contract, operation: Operation, names: Container[str]) -> Document:
    """Optional ids of an operation that orders nothing: with an unknown one, even a valid request is rejected."""
    fields = (field for field in contract.fields if field.operation is operation and field.path in names)
    return {field.path: UNKNOWN_NUMBER for field in fields if "integer" in field.types}


def _with_unknown_ids(document: Document, names: Container[str]) -> dict[str, Any]:
    changed = dict(document)
    for name in filter(names.__contains__, document):
        changed[name] = UNKNOWN_NUMBER if isinstance(document[name], int) else UNKNOWN_ID
    return changed
