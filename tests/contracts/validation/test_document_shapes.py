"""Verdicts by shape: documents of one shape are judged alike, whatever their texts, numbers and URLs.

The general validator judges each document here by itself; a verdict remembered of another one must be the same.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents import hosts
from seedmock_contracts.documents.hosts import is_plain_public_url
from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_contracts.validation import Verdict, _inputs, _violations, judge, rules_in_force
from seedmock_contracts.validation.document_shapes import MAX_SHAPES, ShapeSet, shape_of, traits_of
from seedmock_contracts.validation.unread import reads_whole
from seedmock_harness.conformance.hostile_bodies import hostile_bodies
from seedmock_harness.conformance.invalid_strategies import violating_documents
from seedmock_harness.conformance.strategies import valid_documents

CASES = [(contract, operation) for contract in contracts() for operation in contract.request.examples]
OPEAI = get_contract("opeai")
URLS = (
    "https://example.com/reference.png",
    "http://cdn.example.org/a/b.mp4?x=1#y",
    "https://files.internal/reference",
    "https://mock.test/face.png",
    "https://10.0.0.1/a.png",
    "https://0x7f.1/a.png",
    "https://gateway/a.png",
    "https://me:secret@example.com/a.png",
    "https://Example.com/a.png",
    "https://example.com\\@internal/a.png",
    "https://",
    "ftp://example.com/a.png",
    "data:image/png;base64,AAAA",
    "asset://asset-1",
    "a plain text",
    "",
)
TEXTS = ("A kite.", "", "  ", "\u3000", "word " * 1001, "https://example.com/a.png", "[[mock: failed]]")
NUMBERS = (0, -1, -2, 1, 3, 4, 5, 15, 16, 4294967295, 4294967296, 10**400, 4.0, True, None, "5")


def judge_generally(contract: Contract, operation: Operation, document: Any, options: dict[str, str]) -> Verdict:
    selected = {**contract.defaults, **options}
    broken = _violations(contract.name, operation, document, selected)
    return Verdict(tuple(broken), not broken and reads_whole(contract.name, operation, document))


def siblings(value: Any, draw: Any) -> Any:
    """Copy a document with other texts, numbers and URLs: mostly of the same shape, sometimes of another one."""
    if isinstance(value, dict):
        return {name: siblings(inner, draw) for name, inner in value.items()}
    if isinstance(value, list):
        return [siblings(inner, draw) for inner in value]
    if draw(st.booleans()):
        return value
    if isinstance(value, str):
        return draw(st.sampled_from(URLS if "://" in value else (*TEXTS, value)))
    return draw(st.sampled_from(NUMBERS)) if isinstance(value, int) and not isinstance(value, bool) else value


@st.composite
def pairs(draw: Any) -> tuple[Contract, Operation, dict[str, str], Any, Any]:
    """A contract, an operation, options of variants, a valid, invalid or hostile document, and a sibling of it."""
    contract, operation = draw(st.sampled_from(CASES))
    options = {variant.id: draw(st.sampled_from(variant.options)) for variant in contract.variants}
    document = draw(valid_documents(contract, operation, variants=options))
    kind = draw(st.sampled_from(("valid", "valid", "violating", "hostile")))
    rules = rules_in_force(contract, operation, options)
    if kind == "violating" and rules:
        document = draw(violating_documents(contract, operation, draw(st.sampled_from(rules)), variants=options))
    if kind == "hostile":
        document = draw(st.sampled_from(_hostile_documents(document)))
    return contract, operation, options, document, siblings(document, draw)


def _hostile_documents(document: dict[str, Any]) -> list[Any]:
    parsed = []
    for body in hostile_bodies(document):
        try:
            parsed.append(json.loads(body.body))
        except (ValueError, RecursionError):
            continue
    return [value for value in parsed if isinstance(value, dict)] or [document]


@pytest.mark.slow
@given(pairs())
def test_a_remembered_verdict_is_that_of_the_general_validator(
    pair: tuple[Contract, Operation, dict[str, str], Any, Any],
) -> None:
    contract, operation, options, document, sibling = pair
    for each in (document, sibling, document):
        expected = judge_generally(contract, operation, each, options)
        assert judge(contract.name, operation, each, options) == expected


@pytest.mark.parametrize(("upstream", "operation"), CASES, ids=lambda value: getattr(value, "name", value))
def test_examples_are_judged_by_their_shape(upstream: Contract, operation: Operation) -> None:
    for document in upstream.request.examples[operation]:
        judge(upstream.name, operation, document)
        inputs = _inputs(upstream.name, operation)
        if inputs is not None:
            shape = shape_of(document, inputs.traits)
            assert shape is not None
            assert inputs.sound.includes(inputs.defaults, shape)


def test_orders_that_differ_in_prompt_seed_and_urls_have_one_shape() -> None:
    def order(number: int) -> dict[str, Any]:
        url = f"https://cdn{number}.example.com/{number}.png"
        items = [{"type": "image_url", "role": "reference_image", "image_url": {"url": url}}]
        return {
            **OPEAI.example(Operation.CREATE),
            "prompt": f"take {number}",
            "seed": number,
            "input_reference": {"content": items},
        }

    traits = traits_of(OPEAI.rules[Operation.CREATE])
    assert len({shape_of(order(number), traits) for number in range(9)}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": " "},
        {"seed": True},
        {"seed": 4294967296},
        {"seed": 4.0},
        {"model": "seedance-2-0-fast"},
        {"input_reference": {"content": []}},
        {"input_reference": [{"content": {}}]},
        {"watermark": False},
    ],
    ids=str,
)
def test_a_difference_that_a_rule_can_tell_is_one_of_shape(change: dict[str, Any]) -> None:
    document = {**OPEAI.example(Operation.CREATE), "seed": 4, "input_reference": {"content": {}}}
    traits = traits_of(OPEAI.rules[Operation.CREATE])
    assert shape_of({**document, **change}, traits) != shape_of(document, traits)


def test_large_and_deep_documents_have_no_shape() -> None:
    traits = traits_of(OPEAI.rules[Operation.CREATE])
    deep: Any = []
    for _ in range(9):
        deep = [deep]
    for value in ("n" * 81, [0] * 81, deep, dict.fromkeys(map(str, range(81)))):
        assert shape_of({"x": value}, traits) is None
    assert shape_of(dict.fromkeys(map(str, range(81))), traits) is None
    assert shape_of({"prompt": "n" * 10_000}, traits) is not None


def test_the_set_of_shapes_is_bounded() -> None:
    shapes = ShapeSet()
    for number in range(MAX_SHAPES + 1):
        shapes.add((), (number,))
    assert not shapes.includes((), (0,))
    assert shapes.includes((), (MAX_SHAPES,))


HOSTS = st.sampled_from(
    [
        "example.com",
        "a-b.example.org",
        "mock.test",
        "x.mock.test",
        "files.internal",
        "internal",
        "localhost",
        "a.localhost",
        "127.0.0.1",
        "0x7f.1",
        "1.2.3.com",
        "xn--bcher-kva.ch",
        "bücher.ch",
        "EXAMPLE.com",
        "a..com",
        "home.arpa",
        "me@example.com",
        "me:word@example.com",
        "example.com.",
        "example.com:80",
        "[::1]",
        "a.onion",
        "a.invalid",
        "%6cocalhost",
        "local",
        "b.lan",
    ]
) | st.text(st.sampled_from("ab1.-@:%\\\t"), max_size=12)
TAILS = st.sampled_from(
    ["", "/", "/a.png", "?x=/y", "#z", "/a b", "/\\@b", "/%2e", "/ä", "/\n", "/_mock/files/t", "/" + "p" * 2001]
)


@given(st.sampled_from(["https://", "http://", "HTTPS://", " https://", "ftp://", "data:"]), HOSTS, TAILS)
@example("https://", "example.com", "/a.png")
def test_a_plain_public_url_is_one_in_which_nothing_else_is_found(scheme: str, host: str, tail: str) -> None:
    url = scheme + host + tail
    if not is_plain_public_url(url):
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hosts, "is_plain_public_url", lambda _: False)
        assert hosts.unreachable_reason(url) == ""
        assert not hosts.is_private_url(url)
        assert not hosts.has_user_information(url)
        assert hosts.web_host(url) == host
        assert hosts.web_host(url) != "mock.test"


@pytest.mark.parametrize("url", URLS[:2])
def test_ordinary_urls_are_plain(url: str) -> None:
    assert is_plain_public_url(url)


@pytest.mark.parametrize("url", URLS[2:])
def test_other_urls_are_not_plain(url: str) -> None:
    assert not is_plain_public_url(url)
