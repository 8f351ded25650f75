"""Schemas of successes: the response fields of an operation, with those that depend on a task's status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..contract import Contract
from ..enums import Operation, StatusContext
from ..facts import ResponseField
from ..response_format import KeyOrder
from .annotations import Schema, fact_extensions
from .schema_tree import parent_path, require, schema_at, typed

CREATES = (Operation.CREATE, Operation.UPSCALE)


def fields_in_force(contract: Contract, operation: Operation | None, options: Mapping[str, str]) -> list[ResponseField]:
    """Response fields of an operation under the options of variants; those of errors for None."""
    fields = (field for field in contract.response_fields if field.operation is operation)
    return [field for field in fields if not field.variant or options.get(field.variant) == field.option]


def success_schema(contract: Contract, operation: Operation, options: Mapping[str, str]) -> Schema:
    """Schema of the body of a success under the options of variants."""
    root: Schema = {"type": "object"}
    fields = fields_in_force(contract, operation, options)
    if contract.response.code_path:
        schema_at(root, contract.response.code_path)["type"] = "integer"
    for field in fields:
        _add_field(root, field)
    for field in fields:
        _add_presence(contract, root, field, fields)
    _add_status(contract, operation, root, options)
    order = contract.key_order(operation)
    return {**root, **_order_extensions(order)} if order is not None else root


def _add_field(root: Schema, field: ResponseField) -> None:
    schema = typed(field.types)
    if field.pattern:
        schema["pattern"] = f"^(?:{field.pattern})$"
    at = schema_at(root, field.path)
    if "x-fact" in at:  # the same field, with another status
        at.setdefault("x-also", []).append(_with_statuses(field))
    else:
        at.update({**schema, **_with_statuses(field)})


def _with_statuses(field: ResponseField) -> Schema:
    statuses = {"x-statuses": [str(status) for status in field.statuses]} if field.statuses else {}
    return {**fact_extensions(field), **statuses}


def _add_presence(contract: Contract, root: Schema, field: ResponseField, fields: Iterable[ResponseField]) -> None:
    """Require a field always, or with some statuses; below a parent that comes with the same statuses, always."""
    if not field.required:
        return
    parent = parent_path(field.path)
    owner = next((other for other in fields if other.path == parent), None)
    if not field.statuses or (owner is not None and owner.statuses == field.statuses):
        require(root, field.path)
        return
    status_path = _status_path(contract, fields)
    if status_path and parent_path(status_path) == parent:
        spellings = [row.spelling for row in contract.spellings(StatusContext.QUERY) if row.status in field.statuses]
        status, name = status_path.rpartition(".")[2], field.path.rpartition(".")[2]
        condition = {"required": [status], "properties": {status: {"enum": spellings}}}
        node = schema_at(root, parent) if parent else root
        node.setdefault("allOf", []).append({"if": condition, "then": {"required": [name]}})


def _status_path(contract: Contract, fields: Iterable[ResponseField]) -> str:
    """Path of the status in a body of this operation; empty if it has none."""
    envelope = f"{contract.response.envelope_key}." if contract.response.envelope_key else ""
    paths = {field.path for field in fields}
    return next((envelope + path for path in contract.response.status_paths if envelope + path in paths), "")


def _add_status(contract: Contract, operation: Operation, root: Schema, options: Mapping[str, str]) -> None:
    context = StatusContext.CREATE if operation in CREATES else StatusContext.QUERY
    path = _status_path(contract, fields_in_force(contract, operation, options))
    if not path or operation not in (*CREATES, Operation.QUERY, Operation.CANCEL):
        return
    rows = [row for row in contract.spellings(context) if not row.variant or row.variant in options.values()]
    chosen = {row.status for row in rows if row.variant}
    rows = [row for row in rows if row.variant or row.status not in chosen]
    schema = schema_at(root, path)
    schema["enum"] = list(dict.fromkeys(row.spelling for row in rows))
    schema["x-statuses"] = {row.spelling: {"status": str(row.status), **fact_extensions(row)} for row in rows}
    aliases = [row.spelling for row in contract.spellings(StatusContext.ALIAS)]
    if aliases:
        schema["x-aliases"] = aliases


def _order_extensions(order: KeyOrder) -> Schema:
    return {"x-key-order": list(order.keys), "x-key-order-fact": fact_extensions(order)}


def created_id(contract: Contract, operation: Operation, options: Mapping[str, str]) -> str:
    """Path of the id of what an operation creates, in its response; empty if there is none."""
    envelope = f"{contract.response.envelope_key}." if contract.response.envelope_key else ""
    paths = {field.path for field in fields_in_force(contract, operation, options)}
    return next((envelope + path for path in contract.response.id_paths if envelope + path in paths), "")
