"""OpenAPI documents of the upstreams: valid, complete, with every fact, examples that keep their own schemas, links."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.openapi.upstream_document import openapi_document
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_contracts.validation import condition
from seedmock_server.cli.openapi import openapi
from seedmock_server.control.upstream_documents import vendor_examples

Document = dict[str, Any]


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def document(name: str) -> Document:
    return openapi_document(get_contract(name), version="1", examples=vendor_examples(name))


def operations(document: Document) -> Iterator[Document]:
    for path in document["paths"].values():
        yield from path.values()


def media_types(document: Document) -> Iterator[Document]:
    for operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        yield from (media for body in bodies for media in body.get("content", {}).values())


def keys(value: Any, name: str) -> Iterator[Any]:
    """Values of a key anywhere in a document."""
    if isinstance(value, dict):
        yield from (inner for key, inner in value.items() if key == name)
        yield from (leaf for inner in value.values() for leaf in keys(inner, name))
    elif isinstance(value, list):
        yield from (leaf for item in value for leaf in keys(item, name))


def test_every_endpoint_is_an_operation_and_operation_ids_are_unique(name: str, document: Document) -> None:
    contract = get_contract(name)
    documented = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert documented == {(row.path, row.method) for row in contract.endpoints}
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert document["servers"][-1]["url"] == contract.bases[-1].host + contract.bases[-1].prefix


def test_every_fact_is_listed_with_basis_and_source(name: str, document: Document) -> None:
    listed = {fact["x-fact"]: (fact["x-basis"], fact["x-source"]) for fact in document["x-facts"]}
    assert listed == {fact.id: (fact.basis, fact.source) for fact in get_contract(name).facts()}


def test_fields_rules_and_errors_stand_where_they_apply(name: str, document: Document) -> None:
    contract = get_contract(name)
    shown = {*keys(document["paths"], "x-fact"), *keys(document["components"], "x-fact")}
    rules = {rule.fact.id for rules in contract.rules.values() for rule in rules if _is_in_force(contract, rule)}
    assert rules - shown == set()
    assert {field.id for field in contract.fields} - shown == set()
    errors = {case.id for case in contract.errors if not case.style and case.status >= 400}
    assert {ErrorKind(id_.rpartition(".")[2]) for id_ in errors - shown} <= OF_NO_OPERATION[name]
    responses = {field.id for field in contract.response_fields if not field.variant}
    assert {id_ for id_ in responses - shown if ".error_response." not in id_} == set()


def _is_in_force(contract: Contract, rule: Rule) -> bool:
    only = condition(rule)
    return only is None or contract.defaults[only[0]] == only[1]


ROUTING = {ErrorKind.ROUTE_NOT_FOUND, ErrorKind.METHOD_NOT_ALLOWED, ErrorKind.STATE_CONFLICT}
OF_NO_OPERATION = {
    "apimodels": ROUTING
    | {
        *(ErrorKind.CONTENT_NOT_FOUND, ErrorKind.NOT_READY, ErrorKind.LINK_EXPIRED),
        *(ErrorKind.PRECONDITION_FAILED, ErrorKind.RANGE_NOT_SATISFIABLE),
    },
    "opeai": ROUTING
    | {
        *(ErrorKind.ASSET_REFUSED, ErrorKind.ASSET_NOT_FOUND, ErrorKind.GROUP_NOT_FOUND),
        *(ErrorKind.TASK_FAILED, ErrorKind.MODERATION_OUTPUT),
    },
}
"""Errors that belong to no operation, or to downloads by link, which are no endpoints; or of another upstream's."""


def test_every_example_keeps_its_schema(document: Document) -> None:
    count = 0
    for media in media_types(document):
        validator = Draft202012Validator({**media["schema"], "components": document["components"]})
        for example in media.get("examples", {}).values():
            assert [error.message for error in validator.iter_errors(example["value"])] == []
            count += 1
    assert count > 20
    pages = {key for media in media_types(document) for key in media.get("examples", {})}
    assert {"create-text", "create-first-frame"} <= pages


def test_links_lead_from_an_order_to_its_clip(name: str, document: Document) -> None:
    by_id = {operation["operationId"]: operation for operation in operations(document)}
    links = by_id["create"]["responses"]["200"]["links"]
    query = links["query"]["parameters"]
    assert query == {"task_id": f"$response.body#/{'data/taskId' if name == 'apimodels' else 'id'}"}
    assert all(link["operationId"] in by_id for response in keys(document, "links") for link in response.values())


def test_references_lead_somewhere(document: Document) -> None:
    for reference in keys(document, "$ref"):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_the_variant_in_force_is_described(name: str) -> None:
    contract = get_contract(name)
    variant, option = {"apimodels": ("apimodels.keys", "legacy"), "opeai": ("opeai.status", "openai")}[name]
    default, other = (
        json.dumps(openapi_document(contract, options, version="1")) for options in ({}, {variant: option})
    )
    assert default != other
    assert f'"{variant}": "{option}"' in other


def test_errors_that_come_with_200_are_among_the_bodies_of_200() -> None:
    contract = get_contract("apimodels")
    as_status = openapi_document(contract, version="1", examples=vendor_examples("apimodels"))
    as_200 = openapi_document(contract, {"apimodels.errors": "ok"}, version="1", examples=vendor_examples("apimodels"))
    for before, after in zip(operations(as_status), operations(as_200), strict=True):
        assert set(after["responses"]) - {"206"} == {"200"}
        errors = [error["kind"] for status, row in before["responses"].items() for error in row.get("x-errors", ())]
        success = after["responses"]["200"]
        assert sorted(error["kind"] for error in success["x-errors"]) == sorted(errors)
        media = success["content"]["application/json"]
        assert {"$ref": "#/components/schemas/Error"} in media["schema"]["anyOf"]
        before_success = before["responses"]["200"]["content"]["application/json"]["schema"]
        assert all(schema in media["schema"]["anyOf"] for schema in before_success.get("anyOf", [before_success]))
        assert "apimodels-error-authentication" in media["examples"]
    for media_type in media_types(as_200):
        schema = {**media_type.get("schema", {}), "components": as_200["components"]}
        for example in media_type.get("examples", {}).values():
            Draft202012Validator(schema).validate(example["value"])


def test_the_emulator_serves_what_the_command_writes(name: str, in_process_server: Any) -> None:
    served = in_process_server.get(f"/_mock/openapi/{name}.json", key=None)
    assert served.status_code == 200
    written = json.loads(CliRunner().invoke(openapi, [name], catch_exceptions=False).output)
    prefix = get_contract(name).bases[0].prefix
    assert served.json() == {
        **written,
        "servers": [{"url": prefix, "description": "the emulator"}, *written["servers"]],
    }


def test_an_unknown_upstream_and_an_unknown_variant_are_refused(in_process_server: Any) -> None:
    refused = in_process_server.get("/_mock/openapi/other.json", key=None)
    assert refused.status_code == 404
    assert refused.json()["error"]["allowed"] == [*NAMES]
    result = CliRunner().invoke(openapi, ["opeai", "--variant", "opeai.seed=no"])
    assert (result.exit_code, "allowed: accept, ignore, reject" in result.output) == (2, True)
    result = CliRunner().invoke(openapi, ["opeai", "-o", "no/such/folder/file.json"])
    assert (result.exit_code, "choose another file" in result.output) == (1, True)


def test_the_reference_page_and_its_parts_have_a_strict_policy(in_process_server: Any) -> None:
    for path in ("docs", "docs/start.js", "docs/redoc.standalone.js", "docs/page.css", "docs/LICENSE.txt"):
        response = in_process_server.get(f"/_mock/{path}", key=None)
        assert response.status_code == 200, path
        assert "script-src 'self';" in response.headers["content-security-policy"]
        assert "cdn." not in response.text.replace("cdn.redoc.ly, and", "")
    page = in_process_server.get("/_mock/docs", key=None).text
    assert all(f'data-document="openapi/{name}.json"' in page for name in NAMES)
    refused = in_process_server.get("/_mock/docs/app.py", key=None)
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "file")
