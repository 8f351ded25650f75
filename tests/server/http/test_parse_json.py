"""Strict JSON: what is accepted, what is rejected, and the messages."""

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedmock_server.http.request_body import (
    MAX_EXAMINED_QUOTES,
    MalformedBody,
    _count_quotes,
    _count_strings,
    parse_json,
)

texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=20,
)
marks = ['"', "\\", "\\u", "d83d", "de00", "{", "}", "[", "]", ":", ",", " ", "\n", "1", "-", ".", "e", "+", "9" * 101]
tokens = [
    '"a"',
    '"b":',
    '"a":',
    "true",
    "null",
    "NaN",
    "-Infinity",
    "1e999",
    "18446744073709551616",
    "\0",
    "é",
    "\ufeff",
]
scraps = st.lists(st.sampled_from([*marks, *tokens]), max_size=30).map(lambda parts: "".join(parts).encode())


@given(st.one_of(st.binary(), scraps))
@example(b'"\\')
@example(b'{"a":1,"a":2} nul')
@example(b'{"a"')
def test_any_bytes_are_parsed_or_rejected(body: bytes) -> None:
    try:
        document = parse_json(body)
    except MalformedBody:
        return
    assert msgspec.json.decode(msgspec.json.encode(document)) == document, "a parsed document can be encoded again"


@given(documents, st.booleans(), st.sampled_from([None, 1]))
def test_a_strict_document_is_parsed_as_by_the_standard_library(
    document: object, ascii_only: bool, indent: int | None
) -> None:
    body = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    parsed = parse_json(body)
    assert parsed == json.loads(body) == document
    assert json.dumps(parsed) == json.dumps(document), "the types are the same, too"


@given(documents, st.sampled_from(["a", "é", "", 'q"q', "\\"]), documents)
def test_a_duplicate_key_is_rejected_by_name(first: object, key: str, second: object) -> None:
    name = json.dumps(key)
    body = f'{{"other": 1, {name}: {json.dumps(first)}, {name}: {json.dumps(second)}}}'
    with pytest.raises(MalformedBody, match="duplicate key") as caught:
        parse_json(body.encode())
    assert name in caught.value.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty: expected a JSON document"),
        (b" \r\n", "the body is empty: expected a JSON document"),
        (b"\xef\xbb\xbf{}", "line 1, column 1: a byte order mark: expected JSON in UTF-8 without one"),
        (b'{"a":\n "\xff"}', "line 2, column 3: byte 0xff: expected UTF-8"),
        (b'"\xed\xa0\x80"', "line 1, column 2: byte 0xed: expected UTF-8"),
        (b'{"a" 1}', "line 1, column 6: expecting ':' delimiter"),
        (b"{'a': 1}", "line 1, column 2: expecting property name enclosed in double quotes"),
        (b"1 2", "line 1, column 3: extra data"),
        (b'"a\nb"', "line 1, column 3: invalid control character at"),
        (b"[NaN]", "line 1, column 2: NaN: expected a finite number of at most 100 characters"),
        (b"-Infinity", "line 1, column 1: -Infinity: expected a finite number of at most 100 characters"),
        (b'{"a": 1e999}', "line 1, column 7: 1e999: expected a finite number of at most 100 characters"),
        (b'"\\ud800"', "line 1, column 1: half a surrogate pair: expected both halves"),
        (b'{"\\udc00": 1}', "line 1, column 2: half a surrogate pair: expected both halves"),
        (b'{"a": 1,\n "\\u0061": 2}', 'line 2, column 2: duplicate key "\\u0061": expected each key once'),
        (b'[{"a": {"b": 1, "b": 1}}]', 'line 1, column 17: duplicate key "b": expected each key once'),
        (b"[" * 65 + b"]" * 65, "line 1, column 65: more than 64 levels: expected a flatter document"),
    ],
)
def test_the_message_has_the_position_and_what_was_expected(body: bytes, message: str) -> None:
    with pytest.raises(MalformedBody) as caught:
        parse_json(body)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "body", [b"[" * 10**6, b'{"a":' * 10**6, b"9" * 10**6, b"[" + b"1" * 10**6 + b".5]", b'"' + b"\\" * 10**6]
)
def test_a_megabyte_of_nonsense_is_rejected_quickly(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        parse_json(body)


def test_sixty_four_levels_are_accepted() -> None:
    document = parse_json(b"[" * 64 + b"]" * 64)
    for _ in range(63):
        assert isinstance(document, list)
        (document,) = document
    assert document == []


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert parse_json(b"[" + b"{}," * 1000 + b"[]]") == [{}] * 1000 + [[]]


def test_brackets_and_tokens_inside_strings_do_not_count() -> None:
    text = "[" * 100 + "NaN \\ud800 " + '"a": 1, "a": 2'
    assert parse_json(json.dumps([text]).encode()) == [text]


def test_an_escaped_backslash_before_u_is_not_a_surrogate() -> None:
    assert parse_json(b'"\\\\ud800"') == "\\ud800"
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_integers_beyond_64_bits_become_floats() -> None:
    assert parse_json(b"[18446744073709551615, -9223372036854775808]") == [2**64 - 1, -(2**63)]
    for digits in (b"18446744073709551616", b"-9223372036854775809", b"1" * 100):
        number = parse_json(digits)
        assert isinstance(number, float)
        assert number == float(digits)


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        (r'{"a":"b"}', 4),
        (r'{"a":"\\"}', 4),
        (r'{"a":"\""}', 4),
        (r'{"a":"\\\""}', 4),
        (r'{"a\\":"\\\\\"\\"}', 4),
        (r'["\\","\u0022"]', 4),
    ],
)
def test_quotes_that_are_characters_are_not_counted(text: str, quotes: int) -> None:
    assert _count_quotes(text.encode()) == quotes
    assert 2 * _count_strings(json.loads(text)) == quotes


@given(st.lists(st.text('"\\an\n', max_size=20), max_size=8), st.sampled_from([0, 98, 103]))
def test_quotes_are_counted_alike_one_by_one_and_all_at_once(texts: list[str], run: int) -> None:
    body = json.dumps(["\\" * run, *texts]).encode()
    many = json.dumps([["\\" * run, *texts], [""] * MAX_EXAMINED_QUOTES]).encode()
    assert _count_quotes(body) == 2 * (1 + len(texts))
    assert _count_quotes(many) == 2 * (1 + len(texts) + MAX_EXAMINED_QUOTES)
