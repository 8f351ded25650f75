"""Example bodies of the vendors, in `fixtures/<upstream>/examples`, against the contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.enums import Mode, Operation, StatusContext, TaskStatus
from seedmock_contracts.generation import GenerationRequest
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_contracts.validation import notices, violations
from seedmock_contracts.validation.unread import unknown_fields

FIXTURES = Path(__file__).parents[2] / "fixtures"
OPERATIONS = {
    "create": Operation.CREATE,
    "query": Operation.QUERY,
    "upscale": Operation.UPSCALE,
    "group-create": Operation.GROUP_CREATE,
    "asset-create": Operation.ASSET_CREATE,
    "asset-get": Operation.ASSET_GET,
}
MODES = {
    "create-format": Mode.REFERENCE,
    "create-text": Mode.TEXT,
    "create-first-frame": Mode.FIRST_FRAME,
    "create-first-last-frame": Mode.FIRST_LAST_FRAME,
    "create-images": Mode.REFERENCE,
    "create-multimodal": Mode.REFERENCE,
    "create-resolution-ratio": Mode.TEXT,
    "create-edit": Mode.EDIT,
    "create-web-search": Mode.TEXT,
    "create-asset": Mode.REFERENCE,
}
FILES = [
    (upstream, name)
    for upstream in NAMES
    for name in sorted(p.stem for p in (FIXTURES / upstream / "examples").iterdir())
]
REQUESTS = [(upstream, name) for upstream, name in FILES if not name.endswith("-answer")]


def load(upstream: str, name: str) -> dict[str, Any]:
    body = json.loads((FIXTURES / upstream / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(body, dict)
    return body


def operation(name: str) -> Operation:
    """Operation by the longest prefix of a file's name."""
    return OPERATIONS[max((prefix for prefix in OPERATIONS if name.startswith(prefix)), key=len)]


def test_every_example_of_both_pages_has_a_file() -> None:
    assert [name for upstream, name in FILES if upstream == "apimodels"] == [
        "asset-create",
        "asset-create-answer",
        "asset-get",
        "create-asset",
        "create-edit",
        "create-first-frame",
        "create-first-last-frame",
        "create-multimodal",
        "create-text",
        "create-web-search",
        "group-create",
        "group-create-answer",
        "query",
        "upscale",
    ]
    assert [name for upstream, name in FILES if upstream == "opeai"] == [
        "create-answer",
        "create-first-frame",
        "create-first-last-frame",
        "create-format",
        "create-images",
        "create-multimodal",
        "create-resolution-ratio",
        "create-text",
        "query-answer",
    ]


@pytest.mark.parametrize(("upstream", "name"), REQUESTS)
def test_an_example_request_violates_no_rule_under_any_variant(upstream: str, name: str) -> None:
    document = load(upstream, name)
    single_options = [{variant.id: option} for variant in get_contract(upstream).variants for option in variant.options]
    for variants in (None, *single_options):
        assert violations(upstream, operation(name), document, variants) == []
    assert notices(upstream, document) == []
    assert unknown_fields(upstream, operation(name), document) == []


@pytest.mark.parametrize(("upstream", "name"), [case for case in REQUESTS if case[1] in MODES])
def test_an_example_request_has_the_mode_of_its_name(upstream: str, name: str) -> None:
    references = get_contract(upstream).request.layout.find(load(upstream, name))
    order = GenerationRequest(references=tuple(located.reference for located in references))
    assert order.mode is MODES[name]


@pytest.mark.parametrize(("upstream", "name"), [case for case in REQUESTS if case[1].startswith("create")])
def test_references_of_an_example_are_placed_as_in_the_example(upstream: str, name: str) -> None:
    layout, document = get_contract(upstream).request.layout, load(upstream, name)
    placed = layout.place(document, [located.reference for located in layout.find(document)])
    assert placed == document


def test_resolution_and_ratio_of_the_example_have_the_size_of_the_guide() -> None:
    document = load("opeai", "create-resolution-ratio")
    size = get_contract("opeai").size(document["resolution"], document["ratio"])
    assert size is not None
    assert size.text == "720x1280"


def test_keys_of_example_responses_are_in_the_order_of_the_contract() -> None:
    descriptions = {fact.id: fact.description for fact in get_contract("opeai").behaviours}
    created, queried = load("opeai", "create-answer"), load("opeai", "query-answer")
    for body, description in [
        (created, descriptions["opeai.create.response"]),
        (queried, descriptions["opeai.query.response"]),
    ]:
        positions = [description.index(key) for key in body]
        assert positions == sorted(positions)
    assert created["id"] == created["task_id"]
    assert list(queried) == sorted(queried)
    assert get_contract("opeai").spelling(TaskStatus.QUEUED, StatusContext.CREATE) == created["status"]
    assert get_contract("opeai").spelling(TaskStatus.SUCCESS, StatusContext.QUERY) == queried["status"]
    assert get_contract("opeai").parse_size(queried["size"])


def test_examples_of_assets_refer_to_the_same_asset() -> None:
    asset = load("apimodels", "asset-create-answer")["data"]
    assert asset["asset_url"] == f"asset://{asset['id']}"
    assert load("apimodels", "create-asset")["reference_image_urls"] == [asset["asset_url"]]
    assert load("apimodels", "asset-get") == {"id": asset["id"]}
    assert load("apimodels", "asset-create")["group_id"] == load("apimodels", "group-create-answer")["data"]["id"]
