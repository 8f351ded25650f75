"""Redaction keeps no key, id or link of an exchange, but everything that the checks need."""

from __future__ import annotations

import json
import re
from string import ascii_letters, digits
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.redaction import PRIVATE_HOST, PUBLIC_HOST, STORED_HEADERS, Redactor
from seedmock_contracts.response_format import IdPattern
from seedmock_contracts.upstreams import contracts, get_contract

OPEAI, APIMODELS = get_contract("opeai"), get_contract("apimodels")
CHARS = "bcdefghijkmnpqrstuvwxyz23456789"
"""Without the characters that references begin with, so that no id looks like a reference by chance."""
KEYS = st.text(ascii_letters + digits, min_size=12, max_size=40).map("sk-".__add__)
TASKS = st.one_of(
    st.tuples(st.text(digits, min_size=14, max_size=14), st.text(CHARS, min_size=5, max_size=5)).map(
        lambda parts: f"cgt-{parts[0]}-{parts[1]}"
    ),
    st.text(CHARS, min_size=23, max_size=23).map("cl".__add__),
    st.uuids().map(lambda id_: str(id_)[:-12] + "b2c3d4e5f6f7"),
)
PATTERNS = {
    fact.id: fact.pattern for contract in contracts() for fact in contract.behaviours if isinstance(fact, IdPattern)
}
TOKENS = st.text(CHARS, min_size=16, max_size=32)


def make_exchange(
    method: str, url: str, document: Any, body: Any, headers: Any = (), operation: str = "query"
) -> Exchange:
    request_text, response_text = ("" if value is None else json.dumps(value) for value in (document, body))
    request = Request(method, url, tuple(headers), request_text)
    return Exchange(operation, request, Response(200, (), response_text), "first", 1.0)


@given(key=KEYS, task=TASKS, other=TASKS, token=TOKENS)
def test_no_key_id_or_link_survives_anywhere(key: str, task: str, other: str, token: str) -> None:
    link = f"https://cdn.example.com/{task}/{token}.mp4?X-Amz-Signature={token}&key={key}"
    nested = json.dumps({"resultUrls": [link], "taskId": task, "previous": other})
    path, order = "/api/v1/video/generations", {"prompt": "x"}
    exchanges = [
        make_exchange("POST", path, order, {"data": {"taskId": task}}, operation="create"),
        make_exchange("POST", path, order, {"data": {"taskId": other}}, operation="create"),
        make_exchange(
            "GET",
            f"{path}?taskId={task}&api_key={key}",
            None,
            {"data": {"taskId": task, "resultUrls": [link], "resultJson": nested, "note": f"Bearer {key} of {other}"}},
            [("Authorization", f"Bearer {key}"), ("Cookie", key), ("X-Other", key)],
        ),
        make_exchange("GET", link, None, None, [("Range", "bytes=0-1")], "content"),
    ]
    redactor = Redactor(APIMODELS)
    text = "\n".join(redactor.redact(exchange).to_json() for exchange in exchanges)
    for secret in (key, task, other, token, "cdn.example.com"):
        assert secret not in text


@given(tasks=st.lists(TASKS, min_size=2, max_size=8, unique=True))
def test_references_preserve_identity_and_form_of_ids(tasks: list[str]) -> None:
    redactor = Redactor(OPEAI)
    references: dict[str, set[str]] = {}
    for task in [*tasks, *tasks]:
        redacted = redactor.redact(make_exchange("GET", f"/v1/videos/{task}", None, {"id": task, "task_id": task}))
        body = json.loads(redacted.response.body)
        in_path = redacted.request.url.rpartition("/")[2]
        references.setdefault(task, set()).update((body["id"], body["task_id"], in_path))
    assert all(len(alternatives) == 1 for alternatives in references.values())
    assert len(set.union(*references.values())) == len(tasks)
    for task, (reference,) in references.items():
        assert [_char_class(char) for char in task] == [_char_class(char) for char in reference]
        matching = (pattern for pattern in PATTERNS.values() if re.fullmatch(pattern, task))
        assert all(re.fullmatch(pattern, reference) for pattern in matching)
        assert reference[:18] == task[:18] or not task.startswith("cgt-")


def _char_class(char: str) -> str:
    return "a" if char.islower() else "A" if char.isupper() else "0" if char.isdecimal() else char


@pytest.mark.parametrize(
    "id_", ["CGT-20260601120000-ABCDE", "cgt_1", "video-7f", "1234567890", "cgt-20260601120000-ab"]
)
def test_id_of_a_wrong_form_keeps_a_wrong_form(id_: str) -> None:
    redacted = Redactor(OPEAI).redact(make_exchange("GET", f"/v1/videos/{id_}", None, {"id": id_}))
    reference = json.loads(redacted.response.body)["id"]
    assert not re.fullmatch(PATTERNS["opeai.task_id"], reference)
    assert len(reference) == len(id_)


def test_number_in_place_of_an_id_stays_a_number() -> None:
    redacted = Redactor(OPEAI).redact(make_exchange("GET", "/v1/videos/x", None, {"id": 778899}))
    assert json.loads(redacted.response.body) == {"id": 779998}


def test_number_of_nines_stays_since_it_stands_for_no_id() -> None:
    redacted = Redactor(OPEAI).redact(make_exchange("GET", "/v1/videos/x", None, {"id": 999_999_999}))
    assert json.loads(redacted.response.body) == {"id": 999_999_999}


def test_numbers_that_an_upstream_counts_are_not_taken_for_one_another() -> None:
    redactor, ids = Redactor(OPEAI), [*range(5_000_001, 5_000_009)]
    exchanges = [make_exchange("GET", "/v1/videos/x", None, {"id": id_}) for id_ in ids]
    redacted = [redactor.redact(exchange) for exchange in exchanges]
    references = [json.loads(exchange.response.body)["id"] for exchange in redacted]
    assert len({*references}) == len(ids)
    assert not {*references} & {*ids}
    assert [redactor.redact(exchange) for exchange in redacted] == redacted


def test_an_id_in_a_query_string_is_redacted_by_the_name_in_the_contract() -> None:
    exchange = make_exchange("GET", "/api/v1/video/generations?task_id=odd-id-77", None, {"code": 404})
    assert "odd-id-77" not in Redactor(get_contract("apimodels")).redact(exchange).request.url


@pytest.mark.parametrize(
    ("link", "reference"),
    [
        ("https://cdn.test/a.mp4?sig=1", f"https://{PUBLIC_HOST}/0001.mp4"),
        ("http://cdn.test/a?b=c", f"http://{PUBLIC_HOST}/0001"),
        ("http://127.0.0.1:8000/_mock/results/x/y.mp4", f"http://{PRIVATE_HOST}/0001.mp4"),
        ("http://localhost/x.png", f"http://{PRIVATE_HOST}/0001.png"),
        ("http://[::1]/x.png", f"http://{PRIVATE_HOST}/0001.png"),
        ("https://user:word@cdn.test/x", f"https://{PUBLIC_HOST}/0001"),
    ],
)
def test_link_keeps_scheme_suffix_and_kind_of_host(link: str, reference: str) -> None:
    for text in (json.dumps(link), json.dumps(link).replace("/", "\\/"), json.dumps(json.dumps(link))):
        assert reference in Redactor(OPEAI).redact_text(text)
        assert "cdn.test" not in Redactor(OPEAI).redact_text(text)


def test_escaped_ampersand_as_go_writes_it_is_the_same_link() -> None:
    redactor = Redactor(OPEAI)
    plain = redactor.redact_text('"https://cdn.test/a.mp4?a=1&b=2"')
    assert redactor.redact_text('"https://cdn.test/a.mp4?a=1\\u0026b=2"') == plain
    nested = redactor.redact_text('{\\"u\\":\\"https://cdn.test/a.mp4?a=1\\\\u0026b=2\\"}')
    assert nested == f'{{\\"u\\":\\{plain[:-1]}\\"}}'


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-abcdefgh12345678.",
        "expected Authorization: Bearer abcdef123456",
        '{"api_key":"abcdef123456"}',
        '{\\"password\\": \\"abcdef123456\\"}',
        "/v1/videos?access_token=abcdef123456&x=1",
        "eyJhbGciOiJI.eyJzdWIiOiIx.abcdef123456",
    ],
)
def test_text_that_looks_like_a_key_is_hidden(text: str) -> None:
    redacted = Redactor(OPEAI).redact_text(text)
    assert "abcdef" not in redacted
    assert "***" in redacted


@pytest.mark.parametrize(
    "text",
    ['{"model":"seedance-2-0-fast","status":"in_progress"}', "a task_force of key-frames", '{"total_tokens":12345678}'],
)
def test_harmless_text_is_unchanged(text: str) -> None:
    assert Redactor(OPEAI).redact_text(text) == text


def test_only_stored_headers_remain_and_a_correct_length_stays_correct() -> None:
    body = '{"id":"cgt-20260601120000-abc12","url":"https://cdn.test/a-long-way/to-the.mp4"}'
    headers = (("Content-Length", str(len(body))), ("X-Request-Id", "1"), ("Server", "x"), ("ETag", '"1"'))
    request = Request("GET", "https://live.test/v1/videos/x", (("Authorization", "Bearer abc"), ("Host", "live.test")))
    redacted = Redactor(OPEAI).redact(Exchange("query", request, Response(200, headers, body)))
    assert dict(redacted.request.headers) == {"authorization": "***"}
    assert dict(redacted.response.headers) == {"content-length": str(len(redacted.response.body)), "etag": '"1"'}
    assert redacted.request.url == "/v1/videos/x"
    assert {name for name, _ in redacted.response.headers} <= STORED_HEADERS


def test_wrong_length_stays_wrong() -> None:
    response = Response(200, (("content-length", "3"),), '{"id":"cgt-20260601120000-abc12"}')
    redacted = Redactor(OPEAI).redact(Exchange("query", Request("GET", "/v1/videos/x"), response))
    assert dict(redacted.response.headers) == {"content-length": "3"}


@given(task=TASKS, key=KEYS)
def test_redaction_is_idempotent(task: str, key: str) -> None:
    redactor = Redactor(OPEAI)
    body = {"id": task, "url": "https://a.test/b"}
    redacted = redactor.redact(make_exchange("GET", f"/v1/videos/{task}?key={key}", None, body))
    assert redactor.redact(redacted) == redacted


def contract_with_ids(pattern: str) -> Contract:
    fact = next(fact for fact in OPEAI.behaviours if isinstance(fact, IdPattern))
    return replace(OPEAI, behaviours=(replace(fact, pattern=pattern),))


def test_ids_in_a_message_are_found_in_the_form_of_the_contract() -> None:
    contract = contract_with_ids(r"KJ(?P<time>\d{14})[A-F]{4}")
    body = {"error": {"message": "job KJ20260601120000ABCD is gone, XKJ20260601120000ABCD never was"}}
    response = Response(404, (), json.dumps(body))
    redacted = Redactor(contract).redact(Exchange("", Request("GET", "/v1/nothing"), response)).response.body
    assert "KJ20260601120000ABCD is gone" not in redacted
    assert "XKJ20260601120000ABCD never was" in redacted


def test_numbers_are_no_ids_unless_their_key_says_so() -> None:
    redactor = Redactor(contract_with_ids(r"5\d{6}"))
    response = Response(200, (), '{"id": 5123456, "size": 5999000}')
    redacted = redactor.redact(Exchange("", Request("GET", "/v1/videos/5123456"), response)).response.body
    assert "5123456" not in redacted
    assert "5999000" in redacted
