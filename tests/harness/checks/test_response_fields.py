"""Each response field of both contracts: confirmed when present, failed when missing or of another type."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.documents.paths import values_at
from seedmock_contracts.documents.shape import has_type, json_type, shape_of
from seedmock_contracts.enums import Basis, Operation, StatusContext, TaskStatus
from seedmock_contracts.facts import ErrorCase, ResponseField
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_harness.checks.envelopes import error_envelopes_are_complete
from seedmock_harness.checks.response_shape import responses_match_their_schema
from seedmock_harness.results.checks import Severity

from ...each_case import each_case

FIXTURES = Path(__file__).parents[3] / "fixtures"
FIELDS = [field for contract in contracts() for field in contract.response_fields]
SAMPLES: dict[str, Any] = {"string": "a text", "integer": 5, "number": 5, "boolean": True, "object": {}, "array": [],
                           "null": None}  # fmt: skip
TEXTS = ("video", "1280x720", "50%", "4", "https://example.com/a.mp4", "asset://a", "group-20260601090000-w5t1z",
         "TEXT_TO_VIDEO", "Active", "Image", "USD", "list", "model")  # fmt: skip


def sample(field: ResponseField, status: str) -> Any:
    """Return a value that matches the type and the pattern of the field."""
    if field.path.rpartition(".")[2] in ("status", "state") and not field.pattern:
        return status
    if field.pattern:
        return next(text for text in TEXTS if re.fullmatch(field.pattern, text))
    return deepcopy(SAMPLES[field.types[0]])


def set_at(body: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path and create its parents; lists get one item."""
    *parents, last = path.replace("[]", ".[]").split(".")
    node: Any = body
    for step, following in zip(parents, [*parents, last][1:], strict=True):
        empty: Any = [] if following == "[]" else {}
        if step == "[]":
            node[:] = node or [empty]
            node = node[0]
        else:
            node[step] = node[step] if isinstance(node.get(step), type(empty)) else empty
            node = node[step]
    if last == "[]":
        node[:] = [value]
    else:
        node[last] = value


def complete_body(fields: Iterable[ResponseField], status: str, envelope_key: str) -> dict[str, Any]:
    """Return a response body with all of these fields."""
    body: dict[str, Any] = {"code": 200, "msg": "success", "data": {}} if envelope_key else {}
    for field in fields:
        set_at(body, field.path, sample(field, status))
    return body


class FieldCase:
    """Response with the field, under the option and the status that require it."""

    def __init__(self, field: ResponseField) -> None:
        self.contract, self.field = get_contract(field.id.partition(".")[0]), field
        self.options = {**self.contract.defaults, **({field.variant: field.option} if field.variant else {})}
        self.status = field.statuses[0] if field.statuses else TaskStatus.QUEUED
        fields = [candidate for candidate in self.contract.response_fields if self._coexists(candidate)]
        context = (
            StatusContext.CREATE if field.operation is Operation.CREATE and not field.statuses else StatusContext.QUERY
        )
        spelling = self.contract.spelling(self.status, context, field.option if field.option == "openai" else "")
        self.body = complete_body(fields, spelling, self.contract.response.envelope_key if field.operation else "")
        if field.operation is None:
            self._use_error_case()

    def _use_error_case(self) -> None:
        cases = [case for case in self.contract.errors if case.envelope == self.field.envelope]
        self.error = next((case for case in cases if self._identified_by_status(case)), cases[0])
        if self.error.style:
            self.options[f"{self.contract.name}.errors"] = "newapi"
        siblings = [field for field in self.contract.response_fields if self._coexists(field)]
        for field in siblings:
            if field.path in ("code", "error.code"):
                set_at(self.body, field.path, self.error.code)

    def _identified_by_status(self, case: ErrorCase) -> bool:
        envelopes = {
            candidate.envelope
            for candidate in self.contract.errors
            if (candidate.status, candidate.code) == (case.status, "")
        }
        return case.code == "" and envelopes == {case.envelope}

    def _coexists(self, candidate: ResponseField) -> bool:
        if self.field.operation is None:
            return candidate.operation is None and candidate.envelope == self.field.envelope
        same_operation = candidate.operation is self.field.operation and (
            not candidate.statuses or self.status in candidate.statuses
        )
        fixed_by_openai = self.options.get("opeai.status") == "openai" and candidate.variant not in ("", "opeai.status")
        return (
            same_operation
            and not fixed_by_openai
            and (not candidate.variant or self.options[candidate.variant] == candidate.option)
        )

    def respond(self, new_history: Any, body: dict[str, Any]) -> Any:
        history = new_history(self.contract.name, self.options)
        if self.field.operation is None:
            return history.respond(Operation.QUERY, body, status=self.error.status, task_id="x")
        return history.respond(self.field.operation, body, task_id="x")

    @property
    def check(self) -> Callable[..., Any]:
        return error_envelopes_are_complete if self.field.operation is None else responses_match_their_schema


def severity(field: ResponseField) -> Severity:
    return Severity.INFO if field.basis is Basis.ASSUMED else Severity.BREAKING


@each_case("field", FIELDS)
def test_field_is_confirmed_in_a_complete_body(new_history: Callable[..., Any], field: ResponseField) -> None:
    case = FieldCase(field)
    history = case.respond(new_history, case.body)
    assert case.field.id in history.passed(case.check)
    assert history.failed(case.check) == {}


@each_case("field", FIELDS)
def test_field_of_another_type_fails_its_fact(new_history: Callable[..., Any], field: ResponseField) -> None:
    case = FieldCase(field)
    wrong = next(value for value in (True, 1.5, "x") if not has_type(value, case.field.types))
    set_at(case.body, case.field.path, wrong)
    failures = case.respond(new_history, case.body).failed(case.check)
    assert failures[case.field.id][0] is severity(case.field)


REQUIRED = [field for field in FIELDS if field.required and not field.path.endswith("[]")]


@each_case("field", REQUIRED)
def test_missing_field_fails_its_fact(new_history: Callable[..., Any], field: ResponseField) -> None:
    case = FieldCase(field)
    parent_path, _, name = field.path.rpartition(".")
    parents = [case.body] if not parent_path else [value for _, value in values_at(case.body, parent_path)]
    for parent in parents:
        del parent[name]
    assert case.respond(new_history, case.body).failed(case.check)[field.id][0] is severity(field)


WITH_PATTERN = [field for field in FIELDS if field.pattern]


@each_case("field", WITH_PATTERN)
def test_string_in_another_format_fails_its_fact(new_history: Callable[..., Any], field: ResponseField) -> None:
    case = FieldCase(field)
    set_at(case.body, field.path, "?!")
    assert case.respond(new_history, case.body).failed(case.check)[field.id] == (
        severity(field),
        f"{field.path.rpartition('.')[2]} has another format",
    )


EXAMPLE_REQUESTS = {
    "create-answer": (Operation.CREATE, "create-text"),
    "query-answer": (Operation.QUERY, ""),
    "group-create-answer": (Operation.GROUP_CREATE, "group-create"),
    "asset-create-answer": (Operation.ASSET_CREATE, "asset-create"),
}
EXAMPLES = [
    (contract.name, path)
    for contract in contracts()
    for path in sorted((FIXTURES / contract.name / "examples").glob("*-answer.json"))
]


@pytest.mark.parametrize(("name", "path"), EXAMPLES, ids=lambda part: getattr(part, "stem", part))
def test_vendor_examples_pass(new_history: Callable[..., Any], name: str, path: Path) -> None:
    example = json.loads(path.read_text(encoding="utf-8"))
    operation, request_name = EXAMPLE_REQUESTS[path.stem]
    request = json.loads(path.with_name(f"{request_name}.json").read_text(encoding="utf-8")) if request_name else None
    history = new_history(name)
    history.now = 1780275602.0
    history = history.respond(operation, example, request=request, task_id=example.get("id", ""))
    assert [result for _, result in history.results if not result.passed and result.severity is not Severity.INFO] == []
    fields = [field for field in get_contract(name).response_fields if field.operation is operation]
    documented = {field.id for field in fields if field.basis is Basis.DOCUMENTED}
    assert documented <= history.passed(responses_match_their_schema)
    keys = set(example.get("data") or example)
    assert keys == {field.path.removeprefix("data.") for field in fields if field.id in documented}


def test_field_types_are_json_types() -> None:
    names = {name for field in FIELDS for name in field.types}
    values: tuple[Any, ...] = (None, True, 1, 1.5, "", [], {})
    assert names <= {json_type(value) for value in values}
    assert shape_of(1)["types"] == ["integer"]
