"""Parts of a request that an upstream does not read, and the references among them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.upstreams import NAMES, contracts, get_contract
from seedmock_contracts.validation.unread import unknown_fields, unknown_parameters, unused_files, unused_references

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=12,
)
NAME = st.sampled_from(["input_reference", "images", "image", "content", "callback_url", "prompt"]) | st.text(
    max_size=8
)


@given(st.sampled_from(NAMES), st.sampled_from(ORDERS), st.dictionaries(NAME, JSON, max_size=5))
@example("opeai", Operation.CREATE, {"input_reference": {"content": [{"type": ["image_url"]}, None, "x"]}})
@example("opeai", Operation.CREATE, {"input_reference": {"content": [{"type": {}}]}})
@example("opeai", Operation.CREATE, {"image": "https://[::1/a.png"})
def test_any_document_can_be_searched(upstream: str, operation: Operation, document: dict[str, Any]) -> None:
    paths = unknown_fields(upstream, operation, document)
    assert all(any(path.startswith(name) for name in document) for path in paths)
    for unused in unused_references(upstream, operation, document, ["image"]):
        assert unused.message.startswith("this order ")


def test_no_example_and_no_documented_order_has_anything_unread() -> None:
    for contract in contracts():
        for operation, examples in contract.request.examples.items():
            for document in examples:
                assert unknown_fields(contract.name, operation, document) == []
                assert unused_references(contract.name, operation, document) == []


def test_names_with_dots_and_brackets_are_listed_as_they_are() -> None:
    document = {"input_reference": {"content": [{"a.b": 1, "c[0]": 2}]}}
    expected = ["input_reference.content[0].a.b", "input_reference.content[0].c[0]"]
    assert unknown_fields("opeai", Operation.CREATE, document) == expected


def test_only_an_order_has_unused_references() -> None:
    assert unused_references("apimodels", Operation.ASSET_CREATE, {"image": "https://example.com/a.png"}) == []


@pytest.mark.parametrize(
    ("upstream", "operation", "parts", "expected"),
    [
        ("opeai", Operation.CREATE, ["input_reference", "input_reference"], []),
        ("opeai", Operation.CREATE, ["input_reference", "mask"], ["mask"]),
        ("apimodels", Operation.FILE_CREATE, ["file", "file"], ["file"]),
        ("apimodels", Operation.CREATE, ["file"], ["file"]),
    ],
)
def test_files_are_unused_by_name_and_number(
    upstream: str, operation: Operation, parts: list[str], expected: list[str]
) -> None:
    assert unused_files(get_contract(upstream), operation, parts) == expected


def test_parameters_of_a_query_are_fields_and_those_of_an_order_are_not() -> None:
    assert unknown_parameters("apimodels", Operation.QUERY, ["task_id", "x", "x"]) == ["x"]
    assert unknown_parameters("apimodels", Operation.CREATE, ["model"]) == ["model"]
    assert unknown_parameters("opeai", Operation.QUERY, ["task_id"]) == ["task_id"]
