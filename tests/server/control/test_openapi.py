"""OpenAPI document of the control API: valid and complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_server.control.app import ENDPOINTS

Control = Callable[..., Any]


@pytest.mark.slow
def test_the_document_is_valid(control: Control) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(control("GET", "openapi.json"))


def test_the_document_has_every_endpoint_and_no_other(control: Control) -> None:
    documented = {
        (path, method.upper())
        for path, operations in control("GET", "openapi.json")["paths"].items()
        for method in operations
    }
    assert documented == {(row.path, row.method) for row in ENDPOINTS}
    assert len(documented) > 25


def test_operation_ids_are_unique(control: Control) -> None:
    names = [
        operation["operationId"]
        for operations in control("GET", "openapi.json")["paths"].values()
        for operation in operations.values()
    ]
    assert len(names) == len(set(names))
    assert "get_tasks_id_timeline" in names


QUERY = [(row, name, parameter) for row in ENDPOINTS for name, parameter in row.query.items()]
FREE_TEXT = {"account", "after", "task", "text", "url"}


def test_the_schema_of_every_query_parameter_says_what_is_accepted(frozen_server: Any, control: Control) -> None:
    for row, name, parameter in QUERY:
        schema = parameter.schema
        assert (name in FREE_TEXT) == (schema == {"type": "string"})
        accepted = {"integer": [0, schema.get("maximum")], "boolean": ["true", "false"]}.get(schema["type"])
        rejected = {"integer": [-1, 1.5, "all", schema.get("maximum", 0) + 1], "boolean": ["yes", 1]}.get(
            schema["type"], ["nonsense"] if "enum" in schema else ["%20"] if "pattern" in schema else []
        )
        for value in schema.get("enum", accepted or []):
            response = frozen_server.ask(row.method, f"{row.path}?{name}={value}", key=None)
            assert response.status_code == 200, f"{name}={value}: {response.text}"
        for value in rejected:
            error = control(row.method, f"{row.path.removeprefix('/_mock/')}?{name}={value}", status=400)["error"]
            assert (error["field"], "allowed" in error["message"]) == (name, True)


def test_query_parameters_are_typed_in_the_document(control: Control) -> None:
    parameters = control("GET", "openapi.json")["paths"]["/_mock/violations"]["get"]["parameters"]
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters}
    assert schemas["limit"] == {"type": "integer", "minimum": 0, "maximum": 10_000, "default": 1000}
    assert schemas["advice"] == {"type": "boolean", "default": True}
    assert schemas["upstream"] == {"type": "string", "enum": ["apimodels", "opeai"]}
    assert schemas["task"] == {"type": "string"}
