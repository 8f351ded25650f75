"""The control API's own OpenAPI document, from the table that serves it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from seedmock_contracts import __version__

from .context import ControlContext
from .endpoints import ROOT, ControlEndpoint, ControlRequest

JSON = "application/json"
REF = "#/components/schemas/{name}"
SEGMENT = re.compile(r"\{(\w+)\}")
HEADER = {
    "name": "X-Mock-Key",
    "in": "header",
    "description": "an API key: only what belongs to it",
    "schema": {"type": "string"},
}


def document(rows: Iterable[ControlEndpoint]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these rows."""
    told = list(rows)
    types = [row.response for row in told] + [row.body for row in told if row.body is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    answers, orders = schemas[: len(told)], iter(schemas[len(told) :])
    paths: dict[str, dict[str, Any]] = {}
    for row, answer in zip(told, answers, strict=True):
        order = next(orders) if row.body is not None else None
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, answer, order)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "seedmock control API",
            "version": __version__,
            "description": "Time, fates, faults, money and the journal of a running emulator.",
        },
        "paths": paths,
        "components": {
            "schemas": {**components, "Trouble": TROUBLE},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "token": {"type": "apiKey", "in": "header", "name": "X-Mock-Token"},
            },
        },
        "security": [{}, {"bearer": []}, {"token": []}],
    }


TROUBLE: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "message": {"type": "string"},
                "field": {"type": "string"},
                "allowed": {"type": "array", "items": {"type": "string"}},
            },
        }
    },
}


def _operation(row: ControlEndpoint, answer: Any, order: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": _name(row),
        "summary": row.summary,
        "parameters": _parameters(row),
        "responses": {
            str(row.status): {"description": "what was asked for", "content": {JSON: {"schema": answer}}},
            "4XX": {
                "description": "what was found, and what is allowed",
                "content": {JSON: {"schema": {"$ref": REF.format(name="Trouble")}}},
            },
        },
    }
    if row.body is not None:
        needed = any(one.required for one in msgspec.structs.fields(row.body))
        said["requestBody"] = {"required": needed, "content": {JSON: {"schema": order}}}
    elif row.raw:
        said["requestBody"] = {"required": True, "content": {"*/*": {"schema": {}}}}
    return said


def _parameters(row: ControlEndpoint) -> list[dict[str, Any]]:
    segments = [{"name": name, "in": "path", "required": True} for name in SEGMENT.findall(row.path)]
    query = [{"name": name, "in": "query", "description": says} for name, says in row.query.items()]
    header = [HEADER] if "key" in row.query else []
    return [{**one, "schema": {"type": "string"}} for one in (*segments, *query)] + header


def _name(row: ControlEndpoint) -> str:
    """`get_tasks_id_timeline` for GET /_mock/tasks/{id}/timeline."""
    return "_".join([row.method.lower(), *re.findall(r"\w+", row.path.removeprefix(ROOT))])


def with_document(rows: tuple[ControlEndpoint, ...]) -> tuple[ControlEndpoint, ...]:
    """The rows, and one more that tells of them all, itself included."""

    def read(_: ControlContext, __: ControlRequest) -> dict[str, Any]:
        return document(whole)

    own = ControlEndpoint(
        method="GET", path=f"{ROOT}/openapi.json", handler=read, summary="This document.", response=dict[str, Any]
    )
    whole = (*rows, own)
    return whole
