"""Faults that change fields of a response, and clips that are not as ordered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_server.faults.kinds import (
    ENDS_CONNECTION,
    GROUPS,
    LINKS,
    MUTATIONS,
    PACE,
    REQUEST_LINKS,
    FaultKind,
    Link,
)
from seedmock_server.faults.mutations import BODY_MUTATIONS, mutate_body
from seedmock_server.faults.response_mutations import RESPONSE_MUTATIONS
from seedmock_server.faults.response_stream import HEADER_MUTATIONS
from seedmock_server.faults.rules import parse_fault

QUERIES = {"apimodels": "/api/v1/video/generations", "opeai": "/v1/videos"}


def query(socket_server: Any, upstream: str, task_id: str, fault: str = "none") -> dict[str, Any]:
    if upstream == "opeai":
        response = socket_server.ask("GET", f"/v1/videos/{task_id}", fault)
        return dict(response.json())
    response = socket_server.ask("GET", QUERIES[upstream], fault, params={"task_id": task_id})
    return dict(response.json()["data"])


def test_every_mutation_is_made_by_one_of_the_links() -> None:
    of_the_request = {kind for kind in MUTATIONS if LINKS[kind] <= REQUEST_LINKS}
    elsewhere = {FaultKind.OTHER_HEADER, FaultKind.EARLY_CONTENT, FaultKind.OTHER_CLIP} | of_the_request
    assert set(BODY_MUTATIONS) | set(RESPONSE_MUTATIONS) & MUTATIONS | elsewhere == MUTATIONS


def test_every_fault_is_applied_at_the_links_that_its_kind_declares() -> None:
    at = {link: {kind for kind in FaultKind if link in LINKS[kind]} for link in Link}
    with_services = {FaultKind.CLOCK_SKEW, FaultKind.EARLY_CONTENT, FaultKind.OTHER_CLIP}
    assert at[Link.MUTATE] == set(RESPONSE_MUTATIONS) | with_services
    on_the_way_out = {kind for kind, group in GROUPS.items() if group in (ENDS_CONNECTION, PACE)}
    assert at[Link.SEND] == on_the_way_out | HEADER_MUTATIONS
    assert set(LINKS) == set(FaultKind)


@pytest.mark.parametrize(("upstream", "field", "raw_status", "first"), [
    ("apimodels", "state", "completed", "pending"), ("opeai", "status", "SUCCESS", "QUEUED"),
])  # fmt: skip
def test_backwards_returns_to_the_first_status(
    socket_server: Any, upstream: str, field: str, raw_status: str, first: str
) -> None:
    task_id = socket_server.finished_opeai() if upstream == "opeai" else socket_server.finished_apimodels()[0]
    socket_server.rule("backwards", operation="query", nth=2)
    statuses = [query(socket_server, upstream, task_id, "")[field] for _ in range(3)]
    assert statuses == [raw_status, first, raw_status]
    assert query(socket_server, upstream, task_id, "backwards to=NOT_START")[field] == "NOT_START"


def test_backwards_uses_the_status_words_of_the_openai_variant(start_socket_server: Any) -> None:
    socket_server = start_socket_server(variants={"opeai.status": "openai"})
    assert query(socket_server, "opeai", socket_server.finished_opeai(), "backwards")["status"] == "queued"


@pytest.mark.parametrize("upstream", list(QUERIES))
def test_missing_removes_a_field(socket_server: Any, upstream: str) -> None:
    task_id = socket_server.finished_opeai() if upstream == "opeai" else socket_server.finished_apimodels()[0]
    original = query(socket_server, upstream, task_id)
    for field in original:
        mutated = query(socket_server, upstream, task_id, f"missing field={field}")
        assert mutated == {name: value for name, value in original.items() if name != field}
        assert list(mutated) == [name for name in original if name != field]


def test_missing_removes_a_field_of_the_envelope(socket_server: Any) -> None:
    body = socket_server.create("missing field=data.taskId", "apimodels").json()
    assert body["data"] == {"state": "pending"}
    assert "data" not in socket_server.create("missing field=data", "apimodels").json()
    assert socket_server.create("missing field=code", "apimodels").json()["msg"] == "success"


@pytest.mark.parametrize(("upstream", "fault", "old", "new"), [
    ("apimodels", "renamed field=taskId", "taskId", "task_id"),
    ("opeai", "renamed field=created_at", "created_at", "createdAt"),
    ("opeai", "renamed field=status to=state", "status", "state"),
    ("opeai", "renamed field=id", "id", "ID"),
])  # fmt: skip
def test_renamed_keeps_the_position_of_a_field(
    socket_server: Any, upstream: str, fault: str, old: str, new: str
) -> None:
    responses = socket_server.create(fault, upstream), socket_server.create("none", upstream)
    mutated, original = (body.get("data", body) for body in (response.json() for response in responses))
    assert list(mutated) == [new if name == old else name for name in original]


@pytest.mark.parametrize(("as_", "value"), [
    ("string", "1780000000"), ("number", None), ("boolean", True), ("array", [1780000000]),
    ("object", {"value": 1780000000}), ("null", None),
])  # fmt: skip
def test_retyped_changes_the_type_of_a_field(socket_server: Any, as_: str, value: Any) -> None:
    body = socket_server.create(f"retyped field=created_at as={as_}").json()
    if as_ == "number":
        assert body["created_at"] == 1780000000
        assert socket_server.faults() == [["not applied: retyped field=created_at as=number"]]
    else:
        assert body["created_at"] == value
        assert socket_server.faults() == [[f"retyped field=created_at as={as_}"]]


@pytest.mark.parametrize("upstream", list(QUERIES))
def test_other_id_changes_the_id_of_a_created_task(socket_server: Any, upstream: str) -> None:
    body = socket_server.create("other_id", upstream).json()
    payload = body.get("data", body)
    lied = {payload[name] for name in ("id", "task_id", "taskId") if name in payload}
    assert len(lied) == 1
    path, params = (
        (f"/v1/videos/{lied.pop()}", {}) if upstream == "opeai" else (QUERIES[upstream], {"task_id": lied.pop()})
    )
    assert socket_server.ask("GET", path, params=params).status_code == 404


def test_other_id_changes_the_id_between_two_queries(socket_server: Any) -> None:
    task_id = socket_server.finished_opeai()
    socket_server.rule("other_id", nth=2)
    first, second, third = (query(socket_server, "opeai", task_id, "")["id"] for _ in range(3))
    assert first == third == task_id != second
    assert len(second) == len(task_id)


def test_other_size_changes_the_size_in_a_response(socket_server: Any) -> None:
    task_id = socket_server.finished_opeai()
    assert query(socket_server, "opeai", task_id, "other_size")["size"] == "320x320"
    assert query(socket_server, "opeai", task_id, "other_size to=1x2")["size"] == "1x2"


def test_other_duration_changes_the_duration_in_a_response(start_socket_server: Any) -> None:
    socket_server = start_socket_server(variants={"opeai.status": "openai"})
    task_id = socket_server.finished_opeai()
    assert query(socket_server, "opeai", task_id, "other_duration")["seconds"] == "5"
    assert query(socket_server, "opeai", task_id, "other_duration seconds=11")["seconds"] == "11"


def test_other_size_changes_the_size_of_a_clip(socket_server: Any, watch: Any) -> None:
    path = f"/v1/videos/{socket_server.finished_opeai()}/content"
    assert watch(socket_server.ask("GET", path, "other_size to=128x96").content)["size"] == (128, 96)
    assert watch(socket_server.ask("GET", path).content)["size"] == (640, 640)
    assert socket_server.faults()[-2:] == [["other_size to=128x96"], []]


def test_other_duration_changes_the_duration_of_a_clip(socket_server: Any, watch: Any) -> None:
    _, path = socket_server.finished_apimodels()
    assert watch(socket_server.ask("GET", path, "other_duration seconds=2").content)["frames"] == 48


@pytest.mark.parametrize(("fault", "message"), [
    ("other_size to=9999x9999", "to is 9999x9999; allowed for a clip: even sides of"),
    ("other_size to=65x65", "to is 65x65; allowed for a clip: even sides of"),
    ("other_duration seconds=1h", "seconds is 3600; allowed for a clip: 1 to 60"),
])  # fmt: skip
def test_a_size_that_cannot_be_rendered_is_rejected(socket_server: Any, fault: str, message: str) -> None:
    response = socket_server.ask("GET", f"/v1/videos/{socket_server.finished_opeai()}/content", fault)
    assert (response.status_code, message in response.text) == (400, True)
    response = socket_server.ask("GET", socket_server.finished_apimodels()[1], fault)
    assert (response.status_code, message in response.text) == (400, True)


def test_other_price_multiplies_prices(socket_server: Any) -> None:
    task_id, _ = socket_server.finished_apimodels()

    def record(fault: str) -> Any:
        return socket_server.ask("GET", f"/api/v1/records/{task_id}", fault).json()["data"]["credits"]

    def balance(fault: str) -> Any:
        return socket_server.ask("GET", "/api/v1/balance", fault).json()["data"]["balance"]

    assert Decimal(str(record("other_price"))) == 2 * Decimal(str(record("none")))
    assert Decimal(str(record("other_price factor=0.5"))) == Decimal(str(record("none"))) / 2
    assert record("other_price factor=0") == 0
    assert Decimal(str(balance("other_price"))) == 2 * Decimal(str(balance("none")))


def test_errors_are_not_mutated_by_faults_of_fields(socket_server: Any) -> None:
    response = socket_server.create("missing field=error", model="no such model")
    assert response.json()["error"]["code"] == "InvalidEndpointOrModel.NotFound"
    assert socket_server.faults() == [["not applied: missing field=error"]]


def test_a_mutation_leaves_the_original_body_unchanged() -> None:
    original = {"id": "cgt-1", "nested": {"seen": [1]}}
    mutated = mutate_body(parse_fault("retyped field=nested.seen as=string"), original, get_contract("opeai"))
    assert mutated == {"id": "cgt-1", "nested": {"seen": "[1]"}}
    assert original == {"id": "cgt-1", "nested": {"seen": [1]}}


@pytest.mark.parametrize("fault", ["missing field=a.b.c", "renamed field=x", "retyped field=x as=array", "other_size",
    "other_duration", "other_price", "other_id", "backwards", "not_found", "response_lost"])  # fmt: skip
def test_a_mutation_without_its_field_returns_none(fault: str) -> None:
    assert mutate_body(parse_fault(fault), {"a": {"b": 1}}, get_contract("opeai")) is None
    assert mutate_body(parse_fault(fault), ["a"], get_contract("opeai")) is None


@pytest.mark.parametrize("fault", ["other_id", "other_size", "backwards"])
def test_mutations_of_one_field_can_follow_each_other(socket_server: Any, fault: str) -> None:
    field = {"other_id": "id", "other_size": "size", "backwards": "status"}[fault]
    task_id = socket_server.finished_opeai()
    for as_ in ("array", "object", "number", "boolean", "null"):
        response = socket_server.ask("GET", f"/v1/videos/{task_id}", f"retyped field={field} as={as_}; {fault}")
        assert response.status_code == 200


def test_prices_and_durations_that_are_not_numbers_stay() -> None:
    for fault in ("other_price", "other_duration"):
        assert (
            mutate_body(parse_fault(fault), {"credits": ["1"], "balance": None, "seconds": {}}, get_contract("opeai"))
            is None
        )
