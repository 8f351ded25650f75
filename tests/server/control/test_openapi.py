"""OpenAPI document of the control API: valid and complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_server.control.app import ENDPOINTS

Control = Callable[..., Any]


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
