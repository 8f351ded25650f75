"""Every rule of both contracts over HTTP: a document that keeps it is accepted, one that breaks it is a 4xx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis, ErrorKind, Operation
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import contracts
from seedmock_contracts.validation import condition, violations

from ..each_case import each_case

ASSET_OPERATIONS = (Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_DELETE)
ERRORS = {"apimodels": ("status", "ok"), "opeai": ("ark", "newapi")}


def _cases() -> Iterator[Any]:
    for contract in contracts():
        for operation, rules in contract.rules.items():
            for rule in rules if operation is not Operation.QUERY else rules[1:]:  # a query string holds texts only
                yield contract, operation, rule


CASES = list(_cases())


def fill_ids(server: Any, contract: Contract, operation: Operation, document: Any) -> dict[str, Any]:
    """The document with ids of tasks, assets and groups that exist."""
    if contract.name == "opeai":
        return dict(document)
    group = server.post("/api/v1/assets/groups", {"name": "cast"}).json()["data"]["id"]
    asset = {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": group}
    asset_id = server.post("/api/v1/assets", asset).json()["data"]["id"]
    ids = {asset_operation: {"id": asset_id} for asset_operation in ASSET_OPERATIONS} | {
        Operation.QUERY: {"task_id": server.order_apimodels()},
        Operation.ASSET_CREATE: {"group_id": group},
        Operation.GROUP_DELETE: {"id": group},
    }
    return {**document, **ids.get(operation, {})}


def send(server: Any, contract: Contract, operation: Operation, document: dict[str, Any]) -> Any:
    endpoint = next(endpoint for endpoint in contract.endpoints if endpoint.operation is operation)
    path = contract.bases[0].prefix + endpoint.path
    if endpoint.method == "GET":
        return server.get(path, params={name: str(value) for name, value in document.items()})
    return server.post(path, document)


def parse_error(body: dict[str, Any]) -> tuple[Any, str, str | None]:
    """Code, message and param of an error, in any envelope."""
    error = body.get("error", body)
    return error.get("code"), str(error.get("message", error.get("msg"))), error.get("param")


@each_case("contract, operation, rule", CASES)
def test_a_document_that_keeps_a_rule_is_accepted(
    start_shared_server: Any, contract: Contract, operation: Operation, rule: Rule
) -> None:
    server = start_shared_server()
    answer = send(server, contract, operation, fill_ids(server, contract, operation, contract.example(operation, rule)))
    assert answer.status_code == 200, answer.text
    assert answer.json().get("code", 200) == 200


@pytest.mark.parametrize("style", ["default", "other"])
@each_case("contract, operation, rule", CASES)
def test_a_document_that_breaks_a_rule_is_rejected_by_name_and_leaves_no_trace(
    start_shared_server: Any, contract: Contract, operation: Operation, rule: Rule, style: str
) -> None:
    name, option = f"{contract.name}.errors", ERRORS[contract.name][style == "other"]
    variants = {name: option} | dict([required_option] if (required_option := condition(rule)) else [])
    server, untouched = (start_shared_server(copy=copy, variants=variants) for copy in (1, 2))
    document = fill_ids(server, contract, operation, contract.example(operation, rule))
    fill_ids(untouched, contract, operation, document)
    before = statement(server)

    broken = rule.violating_document(document, contract.request.layout)
    answer = send(server, contract, operation, broken)

    case = contract.error_case(rule.kind, option)
    assert answer.status_code == (200 if option == "ok" else case.status), answer.text
    code, message, param = parse_error(answer.json())
    assert code == case.code
    if option == "ark":
        assert param is not None
        assert param.partition(".")[0].partition("[")[0] in (rule.top_field, getattr(rule, "partner", ""))
    if option != "newapi" or rule.kind is not ErrorKind.UNKNOWN_MODEL:
        first = violations(contract.name, operation, broken, variants)[0]
        assert first.allowed in message or "does not take it" in message
        assert first.field.rpartition(".")[2] in message
    assumed = Basis.ASSUMED in (rule.fact.basis, case.basis)
    assert answer.headers.get("x-mock-basis") == ("assumed" if assumed else None)

    assert statement(server) == before
    # Ids are drawn in the order of creation: one drawn for a rejected order would shift these.
    assert (server.order_apimodels(), server.order_opeai(seed=None)) == (
        untouched.order_apimodels(),
        untouched.order_opeai(seed=None),
    )


def statement(server: Any) -> list[Any]:
    paths = ("/api/v1/balance", "/api/v1/assets/groups")
    return [server.get(path).json()["data"] for path in paths] + [server.post("/api/v1/assets/list", {}).json()["data"]]


@pytest.mark.parametrize("field", ["model", "prompt", "size", "seconds"])
def test_opeai_takes_null_for_a_missing_field(in_process_server: Any, field: str) -> None:
    order = {"model": "seedance-2-0", "prompt": "Rain", "size": "640x640", "seconds": "4"}
    answer = in_process_server.post("/v1/videos", order | {field: None})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)


def test_messages_name_field_value_and_what_is_allowed(in_process_server: Any) -> None:
    order = {"model": "seedance-2-0", "prompt": "Rain", "size": "640x641", "seconds": "4"}
    error = in_process_server.post("/v1/videos", order).json()["error"]
    assert error["param"] == "size"
    assert error["message"].startswith('size is "640x641"; allowed: 864x496, 752x560')
    model = in_process_server.post("/api/v1/video/generations", {"model": "seedance-2-fast", "prompt": "Rain"}).json()[
        "msg"
    ]
    assert model.startswith("Invalid model: seedance-2-fast. Supported: seedance2-a/seedance-2.0-a, ")


def test_the_first_rule_of_the_page_is_reported_when_several_are_broken(in_process_server: Any) -> None:
    answer = in_process_server.post("/v1/videos", {"seconds": "99", "size": "1x1"})
    assert answer.json()["error"]["param"] == "model"


def test_an_over_long_prompt_is_accepted_and_noted(server: Any) -> None:
    server.order_opeai(prompt="\u732b" * 501)
    server.order_apimodels(prompt="word " * 1001)
    notes = [exchange["notes"] for exchange in server.journal()]
    assert [len(note) for note in notes] == [1, 1]
    assert "details may be lost" in notes[0][0]
    assert "1001 words" in notes[1][0]


def test_unknown_fields_are_tolerated_and_noted(server: Any) -> None:
    server.order_opeai(watermark=False, size_="x")
    server.order_apimodels(Duration=9)
    notes = [exchange["notes"] for exchange in server.journal()]
    assert notes == [["unknown field 'watermark'", "unknown field 'size_'"], ["unknown field 'Duration'"]]
