"""Parameters of operations: ids in the path, and the documents of GETs, which are query strings."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..contract import Contract
from ..enums import SUBJECTS, Operation
from .annotations import Schema
from .request_schemas import request_schema

CREATED_BY: Mapping[str, Operation] = {
    "task": Operation.CREATE,
    "asset": Operation.ASSET_CREATE,
    "group": Operation.GROUP_CREATE,
}
"""The operation that creates what an id names, by the id's common name."""
_NAMED_GROUP = re.compile(r"\(\?P<\w+>")


def parameters(contract: Contract, operation: Operation, options: Mapping[str, str]) -> list[Schema]:
    """Parameters of an operation in its path, query and headers."""
    endpoint = contract.endpoint(operation)
    assert endpoint is not None
    in_path: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": _id_schema(contract, operation)}
        for name in endpoint.parameters
    ]
    rows = [*in_path, *_query(contract, operation, options)] if endpoint.method == "GET" else in_path
    if operation is Operation.CONTENT:
        rows.append({"name": "Range", "in": "header", "schema": {"type": "string"}, "example": "bytes=0-1023"})
    return rows


def _query(contract: Contract, operation: Operation, options: Mapping[str, str]) -> list[Schema]:
    schema = request_schema(contract, operation, options)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in schema.get("properties", {}).items()
    ]


def _id_schema(contract: Contract, operation: Operation) -> Schema:
    creator = CREATED_BY.get(SUBJECTS.get(operation, ""))
    form = contract.id_pattern(creator) if creator is not None else None
    schema: Schema = {"type": "string", "minLength": 1}
    if form is not None:
        schema |= {"pattern": f"^{_NAMED_GROUP.sub('(?:', form.pattern)}$", "description": form.description}
    return schema
