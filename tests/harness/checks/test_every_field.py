"""Every field of every answer of both contracts: confirmed where it is right, found where it is gone or retyped."""

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

FIXTURES = Path(__file__).parents[3] / "fixtures"
FIELDS = [field for said in contracts() for field in said.response_fields]
SAMPLES: dict[str, Any] = {"string": "a text", "integer": 5, "number": 5, "boolean": True, "object": {}, "array": [],
                           "null": None}  # fmt: skip
TEXTS = ("video", "1280x720", "50%", "4", "https://example.com/a.mp4", "asset://a", "group-20260601090000-w5t1z",
         "TEXT_TO_VIDEO", "Active", "Image", "USD")  # fmt: skip


def sample(field: ResponseField, status: str) -> Any:
    """A value of the field's type and form."""
    if field.path.rpartition(".")[2] in ("status", "state") and not field.pattern:
        return status
    if field.pattern:
        return next(text for text in TEXTS if re.fullmatch(field.pattern, text))
    return deepcopy(SAMPLES[field.types[0]])


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at a path, with whatever must be around it; lists have one item."""
    *around, last = path.replace("[]", ".[]").split(".")
    at: Any = body
    for step, then in zip(around, [*around, last][1:], strict=True):
        empty: Any = [] if then == "[]" else {}
        if step == "[]":
            at[:] = at or [empty]
            at = at[0]
        else:
            at[step] = at[step] if isinstance(at.get(step), type(empty)) else empty
            at = at[step]
    if last == "[]":
        at[:] = [value]
    else:
        at[last] = value


def honest(fields: Iterable[ResponseField], status: str, holder: str) -> dict[str, Any]:
    """A body that has all of these fields."""
    body: dict[str, Any] = {"code": 200, "msg": "success", "data": {}} if holder else {}
    for field in fields:
        put(body, field.path, sample(field, status))
    return body


class Case:
    """An answer in which a field is told, in the option and the status under which it is."""

    def __init__(self, field: ResponseField) -> None:
        self.contract, self.field = get_contract(field.id.partition(".")[0]), field
        self.options = {**self.contract.defaults, **({field.variant: field.option} if field.variant else {})}
        self.status = field.statuses[0] if field.statuses else TaskStatus.QUEUED
        fields = [other for other in self.contract.response_fields if self._beside(other)]
        moment = (
            StatusContext.CREATE if field.operation is Operation.CREATE and not field.statuses else StatusContext.QUERY
        )
        word = self.contract.spelling(self.status, moment, field.option if field.option == "openai" else "")
        self.body = honest(fields, word, self.contract.response.envelope_key if field.operation else "")
        if field.operation is None:
            self._refuse()

    def _refuse(self) -> None:
        """Make it the refusal of a kind that comes in the field's envelope."""
        ours = [case for case in self.contract.errors if case.envelope == self.field.envelope]
        self.refusal = next((case for case in ours if self._known_by_status(case)), ours[0])
        if self.refusal.style:
            self.options[f"{self.contract.name}.errors"] = "newapi"
        beside = [field for field in self.contract.response_fields if self._beside(field)]
        for field in beside:
            if field.path in ("code", "error.code"):
                put(self.body, field.path, self.refusal.code)

    def _known_by_status(self, case: ErrorCase) -> bool:
        """Whether no other envelope has a case of this status without a code."""
        like = {other.envelope for other in self.contract.errors if (other.status, other.code) == (case.status, "")}
        return case.code == "" and like == {case.envelope}

    def _beside(self, other: ResponseField) -> bool:
        if self.field.operation is None:
            return other.operation is None and other.envelope == self.field.envelope
        same = other.operation is self.field.operation and (not other.statuses or self.status in other.statuses)
        ruled = self.options.get("opeai.status") == "openai" and other.variant not in ("", "opeai.status")
        return same and not ruled and (not other.variant or self.options[other.variant] == other.option)

    def heard(self, talk: Any, body: dict[str, Any]) -> Any:
        begun = talk(self.contract.name, self.options)
        if self.field.operation is None:
            return begun.hear(Operation.QUERY, body, status=self.refusal.status, task_id="x")
        return begun.hear(self.field.operation, body, task_id="x")

    @property
    def check(self) -> Callable[..., Any]:
        return error_envelopes_are_complete if self.field.operation is None else responses_match_their_schema


@pytest.fixture(params=FIELDS, ids=lambda field: field.id)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def severity(field: ResponseField) -> Severity:
    return Severity.INFO if field.basis is Basis.ASSUMED else Severity.BREAKING


def test_the_field_is_confirmed_in_a_body_that_has_all(talk: Callable[..., Any], case: Case) -> None:
    seen = case.heard(talk, case.body)
    assert case.field.id in seen.held(case.check)
    assert seen.broken(case.check) == {}


def test_a_field_of_another_type_is_blamed_on_its_fact(talk: Callable[..., Any], case: Case) -> None:
    wrong = next(value for value in (True, 1.5, "x") if not has_type(value, case.field.types))
    put(case.body, case.field.path, wrong)
    seen = case.heard(talk, case.body).broken(case.check)
    assert seen[case.field.id][0] is severity(case.field)


NEEDED = [field for field in FIELDS if field.required and not field.path.endswith("[]")]


@pytest.mark.parametrize("field", NEEDED, ids=lambda field: field.id)
def test_a_field_that_is_gone_is_blamed_on_its_fact(talk: Callable[..., Any], field: ResponseField) -> None:
    case = Case(field)
    around, _, name = field.path.rpartition(".")
    holders = [case.body] if not around else [value for _, value in values_at(case.body, around)]
    for holder in holders:
        del holder[name]
    assert case.heard(talk, case.body).broken(case.check)[field.id][0] is severity(field)


PATTERNED = [field for field in FIELDS if field.pattern]


@pytest.mark.parametrize("field", PATTERNED, ids=lambda field: field.id)
def test_a_text_of_another_form_is_blamed_on_its_fact(talk: Callable[..., Any], field: ResponseField) -> None:
    case = Case(field)
    put(case.body, field.path, "?!")
    assert case.heard(talk, case.body).broken(case.check)[field.id] == (
        severity(field),
        f"{field.path.rpartition('.')[2]} has another format",
    )


ANSWERS = {
    "create-answer": (Operation.CREATE, "create-text"),
    "query-answer": (Operation.QUERY, ""),
    "group-create-answer": (Operation.GROUP_CREATE, "group-create"),
    "asset-create-answer": (Operation.ASSET_CREATE, "asset-create"),
}
SHOWN = [
    (said.name, path)
    for said in contracts()
    for path in sorted((FIXTURES / said.name / "examples").glob("*-answer.json"))
]


@pytest.mark.parametrize(("name", "path"), SHOWN, ids=lambda part: getattr(part, "stem", part))
def test_what_the_vendors_show_is_right(talk: Callable[..., Any], name: str, path: Path) -> None:
    shown = json.loads(path.read_text(encoding="utf-8"))
    operation, asked = ANSWERS[path.stem]
    sent = json.loads(path.with_name(f"{asked}.json").read_text(encoding="utf-8")) if asked else None
    begun = talk(name)
    begun.at = 1780275602.0
    seen = begun.hear(operation, shown, sent=sent, task_id=shown.get("id", ""))
    assert [look for _, look in seen.looks if not look.passed and look.severity is not Severity.INFO] == []
    fields = [field for field in get_contract(name).response_fields if field.operation is operation]
    documented = {field.id for field in fields if field.basis is Basis.DOCUMENTED}
    assert documented <= seen.held(responses_match_their_schema)
    told = set(shown.get("data") or shown)
    assert told == {field.path.removeprefix("data.") for field in fields if field.id in documented}


def test_shapes_speak_the_types_of_the_fields() -> None:
    names = {name for field in FIELDS for name in field.types}
    assert names <= {json_type(value) for value in (None, True, 1, 1.5, "", [], {})}
    assert shape_of(1)["types"] == ["integer"]
