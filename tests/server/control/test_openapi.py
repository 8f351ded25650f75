"""The control API's own document: valid, and of everything that is served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_server.control.app import ENDPOINTS

Tell = Callable[..., Any]


def test_the_document_is_valid(tell: Tell) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(tell("GET", "openapi.json"))


def test_everything_that_is_served_is_told_and_nothing_else(tell: Tell) -> None:
    told = {(path, method.upper()) for path, verbs in tell("GET", "openapi.json")["paths"].items() for method in verbs}
    assert told == {(row.path, row.method) for row in ENDPOINTS}
    assert len(told) > 25


def test_operations_have_names_of_their_own(tell: Tell) -> None:
    names = [verb["operationId"] for verbs in tell("GET", "openapi.json")["paths"].values() for verb in verbs.values()]
    assert len(names) == len(set(names))
    assert "get_tasks_id_timeline" in names
