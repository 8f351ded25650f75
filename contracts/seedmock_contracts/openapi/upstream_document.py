"""OpenAPI 3.1 document of an upstream, made from its contract: every operation, field, rule, error, link and fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..contract import Contract
from ..enums import ORDERS, Operation
from ..facts import Document, Endpoint, Fact, ModeFact, Model, Size, Tariff
from .annotations import Schema, fact_extensions, fact_text
from .error_schemas import JSON, error_responses, error_schemas, with_errors
from .links import operation_links
from .parameters import parameters
from .request_schemas import form_schema, model_schema, request_schema
from .response_schemas import success_schema

Examples = Mapping[str, Mapping[str, Document]]
"""Bodies by name, by the name of an operation; `create.response` are those of its responses."""

TAGS: Mapping[str, str] = {
    "tasks": "Orders of clips, and what becomes of them",
    "assets": "Pictures, videos and sounds that orders refer to",
    "files": "Uploads",
    "account": "Models, balance and bills",
}
TITLES: Mapping[Operation, str] = {
    Operation.CREATE: "Order a clip", Operation.UPSCALE: "Order an upscale", Operation.QUERY: "Query a task",
    Operation.CONTENT: "Download a clip", Operation.CANCEL: "Cancel a task", Operation.TASK_LIST: "List tasks",
    Operation.GROUP_CREATE: "Create a group of assets", Operation.GROUP_LIST: "List groups of assets",
    Operation.GROUP_DELETE: "Delete a group of assets", Operation.ASSET_CREATE: "Create an asset",
    Operation.ASSET_GET: "Get an asset", Operation.ASSET_LIST: "List assets", Operation.ASSET_UPDATE: "Change an asset",
    Operation.ASSET_DELETE: "Delete an asset", Operation.BALANCE: "Get the balance", Operation.MODELS: "List models",
    Operation.RECORD: "Get the bill of a task", Operation.FILE_CREATE: "Upload a file",
}  # fmt: skip


def openapi_document(
    contract: Contract,
    options: Mapping[str, str] | None = None,
    *,
    version: str,
    examples: Examples | None = None,
    servers: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an upstream, as JSON.

    `options`: the option in force of each variant; others have their default. `examples`: bodies beside those of the
    contract. `servers`: base URLs that come before those of the live service.
    """
    chosen = {**contract.defaults, **(options or {})}
    return _UpstreamDocument(contract, chosen, examples or {}).build(version, servers)


class _UpstreamDocument:
    def __init__(self, contract: Contract, options: Mapping[str, str], examples: Examples) -> None:
        self._contract, self._options, self._examples = contract, options, examples
        self._schemas: dict[str, Schema] = {}

    def build(self, version: str, servers: Sequence[str]) -> dict[str, Any]:
        contract = self._contract
        paths, used = self._paths(), {_tag(row.operation) for row in contract.endpoints}
        return {
            "openapi": "3.1.0",
            "info": self._info(version),
            "servers": [*({"url": url, "description": "the emulator"} for url in servers), *self._live_servers()],
            "security": [{"key": []}],
            "tags": [{"name": tag, "description": TAGS[tag]} for tag in TAGS if tag in used],
            "paths": paths,
            "components": {
                "schemas": {**self._schemas, **error_schemas(contract, self._options)},
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "the API key"}},
            },
            "x-variants": {variant.id: self._options[variant.id] for variant in contract.variants},
            "x-facts": [_listed(fact) for fact in contract.facts()],
        }

    def _info(self, version: str) -> Schema:
        name = self._contract.display_name
        return {
            "title": f"{name}, as seedmock understands it",
            "version": version,
            "description": "Made from seedmock's contract, and no document of the vendor. x-basis says of each part "
            "how well it is known: documented, observed or assumed; x-source says where. A field that is null counts "
            "as absent; fields that are not named here are ignored. x-rules holds every rule in words, also those "
            "that a schema cannot say.",
            "contact": {"name": "seedmock", "url": "https://github.com/seedmock/seedmock"},
            "license": {"name": "MIT", "identifier": "MIT"},
        }

    def _live_servers(self) -> list[Schema]:
        bases = self._contract.bases
        return [
            {"url": base.host + base.prefix, "description": "the live service", **fact_extensions(base)}
            for base in bases
        ]

    def _paths(self) -> dict[str, Any]:
        shared: dict[tuple[str, str], list[Endpoint]] = {}
        for endpoint in self._contract.endpoints:
            shared.setdefault((endpoint.path, endpoint.method.lower()), []).append(endpoint)
        paths: dict[str, Any] = {}
        for (path, method), endpoints in shared.items():
            paths.setdefault(path, {})[method] = self._operation(endpoints)
        return paths

    def _operation(self, endpoints: Sequence[Endpoint]) -> Schema:
        operations = [endpoint.operation for endpoint in endpoints]
        first = operations[0]
        operation: Schema = {
            "operationId": str(first),
            "tags": [_tag(first)],
            "summary": "; ".join(TITLES[name] for name in operations),
            "description": "; ".join(f"{row.id} is {row.basis}: {row.source}" for row in endpoints) + ".",
            "parameters": parameters(self._contract, first, self._options),
            **fact_extensions(endpoints[0]),
        }
        if any(name in self._contract.body_operations for name in operations):
            operation["requestBody"] = {"required": True, "content": self._request_content(operations)}
        success, errors = self._success(operations), error_responses(self._contract, operations, self._options)
        any_outcome = with_errors(success, errors.pop("200")) if "200" in errors else success
        links = operation_links(self._contract, first, self._options)
        responses = {"200": {**any_outcome, "links": links} if links else any_outcome}
        if first is Operation.CONTENT:
            responses["206"] = {**success, "description": "the part of the clip that Range asks for"}
        operation["responses"] = {**responses, **errors}
        if first in ORDERS and self._contract.callbacks is not None:
            operation["callbacks"] = self._callbacks(first)
        return operation

    def _request_content(self, operations: Sequence[Operation]) -> Schema:
        names, part = [], self._contract.request.file_parts.get(operations[0])
        if part is not None and operations[0] is Operation.FILE_CREATE:
            return {"multipart/form-data": {"schema": _file_schema(part)}}
        for operation in operations:
            schema = request_schema(self._contract, operation, self._options)
            if len(operations) > 1:
                model_schema(self._contract, schema, operation)
            names.append(self._named(_class_name(operation, "Request"), schema))
        references = [{"$ref": f"#/components/schemas/{name}"} for name in names]
        examples = {name: {"value": body} for operation in operations for name, body in self._bodies(operation).items()}
        media: Schema = {"schema": references[0] if len(references) == 1 else {"oneOf": references}}
        content = {JSON: {**media, "examples": examples} if examples else media}
        if part is None:
            return content
        form = self._named(_class_name(operations[0], "Form"), form_schema(self._schemas[names[0]], part))
        return {**content, "multipart/form-data": {"schema": {"$ref": f"#/components/schemas/{form}"}}}

    def _bodies(self, operation: Operation) -> dict[str, Document]:
        own = self._contract.request.examples.get(operation, ())
        numbered = {f"{operation}-{number}": dict(body) for number, body in enumerate(own, start=1)}
        return {**numbered, **self._examples.get(operation, {})}

    def _success(self, operations: Sequence[Operation]) -> Schema:
        if operations[0] is Operation.CONTENT:
            clip = {"schema": {"type": "string", "format": "binary"}}
            return {"description": "the clip", "content": {"video/mp4": clip}}
        names = [
            self._named(_class_name(name, "Response"), success_schema(self._contract, name, self._options))
            for name in operations
        ]
        references = [{"$ref": f"#/components/schemas/{name}"} for name in names]
        bodies = {key: body for name in operations for key, body in self._examples.get(f"{name}.response", {}).items()}
        media: Schema = {"schema": references[0] if len(references) == 1 else {"anyOf": references}}
        examples = {"examples": {key: {"value": body} for key, body in bodies.items()}} if bodies else {}
        return {"description": "Success", "content": {JSON: {**media, **examples}}}

    def _callbacks(self, operation: Operation) -> Schema:
        path = self._contract.request.path("callback_url", operation).replace(".", "/")
        body = {"$ref": f"#/components/schemas/{_class_name(Operation.QUERY, 'Response')}"}
        post = {
            "summary": "One POST at the end of the task, repeated until a 2xx",
            "requestBody": {"content": {JSON: {"schema": body}}},
            "responses": {"200": {"description": "taken"}},
        }
        return {"taskEnded": {f"{{$request.body#/{path}}}": {"post": post}}}

    def _named(self, name: str, schema: Schema) -> str:
        self._schemas[name] = schema
        return name


def _class_name(operation: Operation, kind: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_")) + kind


def _tag(operation: Operation) -> str:
    word = operation.partition("_")[0]
    return {"group": "assets", "asset": "assets", "file": "files"}.get(word, "account" if word in _ACCOUNT else "tasks")


_ACCOUNT = ("balance", "models", "record")


def _file_schema(part: str) -> Schema:
    file = {"type": "string", "format": "binary"}
    return {"type": "object", "required": [part], "properties": {part: file}, "additionalProperties": False}


def _listed(fact: Fact) -> Schema:
    """Entry of the list of all facts: those that no other part of the document shows have their value here."""
    value: Any = fact_text(fact)
    match fact:
        case Tariff():
            value = f"{fact.model} at {fact.resolution}: {fact.per_second} USD a second"
        case Model():
            value = f"{fact.name} ({fact.tier}): {', '.join(fact.resolutions)}"
        case Size():
            value = f"{fact.resolution} {fact.ratio} is {fact.text}"
        case ModeFact():
            value = str(fact.mode)
        case _ if hasattr(fact, "value"):
            value = str(fact.value)
    return {**fact_extensions(fact), **({"description": value} if value else {})}
