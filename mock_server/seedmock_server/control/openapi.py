"""OpenAPI document of the control API, generated from the endpoint table."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from seedmock_contracts import __version__

from .context import ControlContext
from .endpoints import ROOT, ControlEndpoint, ControlRequest

JSON = "application/json"
REF = "#/components/schemas/{name}"
PATH_PARAMETER = re.compile(r"\{(\w+)\}")
KEY_HEADER = {
    "name": "X-Mock-Key",
    "in": "header",
    "description": "an API key: only what belongs to it",
    "schema": {"type": "string"},
}
ERROR_SCHEMA_NAME = "ErrorResponse"
ERROR_SCHEMA: dict[str, Any] = {
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


def openapi_document(endpoints: Iterable[ControlEndpoint]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the endpoints."""
    from .request_schemas import refine  # only a reader of the document needs them

    table = list(endpoints)
    types = [endpoint.response for endpoint in table]
    types += [endpoint.body for endpoint in table if endpoint.body is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    refine(components)
    responses, bodies = schemas[: len(table)], iter(schemas[len(table) :])
    for component in components.values():
        _unpin_items(component)
        component["description"] = inspect.cleandoc(component["description"])  # msgspec keeps the indentation
    paths: dict[str, dict[str, Any]] = {}
    for endpoint, response in zip(table, responses, strict=True):
        body = next(bodies) if endpoint.body is not None else None
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, response, body)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "seedmock control API",
            "version": __version__,
            "description": "Clock, fates, faults, ledger and journal of a running emulator.",
            "contact": {"name": "seedmock", "url": "https://github.com/seedmock/seedmock"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "the emulator that this document comes from"}],
        "tags": [{"name": tag, "description": f"Endpoints of {tag}"} for tag in dict.fromkeys(map(_tag, table))],
        "paths": paths,
        "components": {
            "schemas": {**components, ERROR_SCHEMA_NAME: ERROR_SCHEMA},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "token": {"type": "apiKey", "in": "header", "name": "X-Mock-Token"},
            },
        },
        "security": [{}, {"bearer": []}, {"token": []}],
    }


def _operation(endpoint: ControlEndpoint, response: Any, body: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "description": endpoint.summary,
        "tags": [_tag(endpoint)],
        "parameters": _parameters(endpoint),
        "responses": {
            str(endpoint.status): {"description": "Success", "content": _content(endpoint, response)},
            "4XX": {
                "description": "Rejected request: the problem, and what is allowed",
                "content": {JSON: {"schema": {"$ref": REF.format(name=ERROR_SCHEMA_NAME)}}},
            },
        },
    }
    if endpoint.body is not None:
        from .request_schemas import needs_choice

        # What has no required field can still need one of several.
        required = any(field.required for field in msgspec.structs.fields(endpoint.body)) or needs_choice(endpoint.body)
        operation["requestBody"] = {"required": required, "content": {JSON: {"schema": body}}}
    elif endpoint.raw:
        content = {content_type: {"schema": schema} for content_type, schema in endpoint.bodies.items()}
        # In 3.1 a file needs no schema, but generators of clients leave an endpoint out whose body has none.
        content = content or {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _content(endpoint: ControlEndpoint, schema: Any) -> dict[str, Any]:
    """Return the media type object; of raw bytes OpenAPI 3.1 says nothing but their media type."""
    also = dict(endpoint.also)
    if endpoint.media_type in also:
        schema = {"anyOf": [schema, also.pop(endpoint.media_type)]}
    own = {endpoint.media_type: {"schema": schema} if endpoint.media_type == JSON else {}}
    return own | {media_type: {"schema": other} for media_type, other in also.items()}


def _parameters(endpoint: ControlEndpoint) -> list[dict[str, Any]]:
    names = PATH_PARAMETER.findall(endpoint.path)
    in_path = [{"name": name, "in": "path", "required": True, "schema": _path_schema(endpoint, name)} for name in names]
    in_query = [
        {"name": name, "in": "query", "description": parameter.description, "schema": dict(parameter.schema)}
        for name, parameter in endpoint.query.items()
    ]
    return [*in_path, *in_query, *([KEY_HEADER] if "key" in endpoint.query else [])]


def _path_schema(endpoint: ControlEndpoint, name: str) -> dict[str, Any]:
    parameter = endpoint.params.get(name)
    return {"type": "string", "minLength": 1} if parameter is None else dict(parameter.schema)


def _unpin_items(component: dict[str, Any]) -> None:
    """Describe pairs by one schema of their items: `items: false` of msgspec's tuples is unknown to most tools."""
    for schema in component.get("properties", {}).values():
        pair = schema.get("items", {})
        if isinstance(pair, dict) and pair.get("items") is False:
            pair["items"] = pair.pop("prefixItems")[0]


def _tag(endpoint: ControlEndpoint) -> str:
    """Return the resource of an endpoint: the first word of its path."""
    return endpoint.path.removeprefix(f"{ROOT}/").partition("/")[0].removesuffix(".json")


def _operation_id(endpoint: ControlEndpoint) -> str:
    """Return an id such as `get_tasks_id_timeline` for GET /_mock/tasks/{id}/timeline."""
    return "_".join([endpoint.method.lower(), *re.findall(r"\w+", endpoint.path.removeprefix(ROOT))])


def with_document(endpoints: tuple[ControlEndpoint, ...]) -> tuple[ControlEndpoint, ...]:
    """Return the endpoints and one more, which serves the document of them all, itself included."""

    def read(_: ControlContext, __: ControlRequest) -> dict[str, Any]:
        return openapi_document(table)

    own = ControlEndpoint(
        method="GET",
        path=f"{ROOT}/openapi.json",
        handler=read,
        summary="Show this OpenAPI document.",
        response=dict[str, Any],
    )
    table = (*endpoints, own)
    return table
