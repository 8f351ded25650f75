"""Links from what creates a task, an asset or a group to every operation about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contract import Contract
from ..enums import SUBJECTS, Operation
from .annotations import Schema
from .parameters import CREATED_BY
from .response_schemas import created_id


def operation_links(contract: Contract, operation: Operation, options: Mapping[str, str]) -> dict[str, Any]:
    """Links of the success of an operation, by name."""
    subject = next((name for name, creator in CREATED_BY.items() if creator is operation), "")
    links = {}
    if subject and (path := created_id(contract, operation, options)):
        expression = f"$response.body#/{path.replace('.', '/')}"
        links = {str(other): _link(contract, other, expression) for other in _about(contract, subject)}
    if operation is Operation.QUERY:
        links |= _to_content(contract)
    return links


def _about(contract: Contract, subject: str) -> list[Operation]:
    return [row.operation for row in contract.endpoints if SUBJECTS.get(row.operation) == subject]


def _link(contract: Contract, operation: Operation, expression: str) -> Schema:
    """Link to an operation whose parameter, or the field of whose body, is the id."""
    endpoint, name = contract.endpoint(operation), contract.id_parameter(operation)
    assert endpoint is not None
    if name in endpoint.parameters or endpoint.method == "GET":
        return {"operationId": str(operation), "parameters": {name: expression}}
    return {"operationId": str(operation), "requestBody": {name: expression}}


def _to_content(contract: Contract) -> dict[str, Any]:
    """Link from a query to the clip; the id is where the query has it."""
    if contract.endpoint(Operation.CONTENT) is None:
        return {}
    endpoint, name = contract.endpoint(Operation.QUERY), contract.id_parameter(Operation.QUERY)
    place = "path" if endpoint is not None and name in endpoint.parameters else "query"
    return {str(Operation.CONTENT): _link(contract, Operation.CONTENT, f"$request.{place}.{name}")}
