"""Recorded exchanges: written to a line and parsed, without secrets and media."""

from __future__ import annotations

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_contracts.errors import InvalidExchange
from seedmock_contracts.exchange import (
    MAX_URL_USER_BYTES,
    REDACTED,
    SECRET_HEADERS,
    Exchange,
    Request,
    Response,
    hide_url_users,
    parse_exchange,
    redact_headers,
    summarize_body,
)

HEADERS = st.lists(st.tuples(st.text(), st.text())).map(tuple)
EXCHANGES = st.builds(
    Exchange,
    st.text(),
    st.builds(Request, st.text(), st.text(), HEADERS.map(redact_headers), st.text()),
    st.builds(Response, st.integers(0, 599), HEADERS.map(redact_headers), st.text()),
)


@given(EXCHANGES)
def test_an_exchange_is_parsed_from_its_line(exchange: Exchange) -> None:
    assert "\n" not in exchange.to_json()
    assert parse_exchange(exchange.to_json()) == exchange


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS))
def test_secret_headers_are_redacted_in_any_case_and_when_parsed(name: str) -> None:
    for spelling in (name, name.title(), name.upper()):
        assert redact_headers([(spelling, "sk_x"), ("Accept", "*/*")]) == ((spelling, REDACTED), ("Accept", "*/*"))
        exchange = Exchange("query", Request("GET", "/", ((spelling, "sk_x"),)), Response(200, ((spelling, "sk_x"),)))
        assert "sk_x" not in parse_exchange(exchange.to_json()).to_json()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"operation": 1, "request": {"method": "GET", "url": "/"}, "response": {"status": 200}}',
        '{"operation": "", "request": {"method": "GET"}, "response": {"status": 200}}',
        '{"operation": "", "request": {"method": "GET", "url": "/", "more": 1}, "response": {"status": 200}}',
        '{"operation": "", "request": {"method": "GET", "url": "/"}, "response": {"status": "200"}}',
        '{"operation": "", "request": {"method": "GET", "url": "/", "headers": [["a"]]}, "response": {"status": 200}}',
        '{"operation": "", "request": {"method": "GET", "url": "/", "headers": [["a", 1]]}, "response": {"status": 1}}',
        '{"operation": "", "request": {"method": "GET", "url": "/", "body": 1}, "response": {"status": 200}}',
    ],
)
def test_an_invalid_line_is_an_error_with_the_expected_form(line: str) -> None:
    with pytest.raises(InvalidExchange, match="expected"):
        parse_exchange(line)


@given(st.binary(min_size=1, max_size=3000))
def test_a_data_uri_is_summarized_by_its_size(content: bytes) -> None:
    encoded = base64.b64encode(content).decode()
    body = json.dumps({"image": f"data:image/png;base64,{encoded}", "size": "1x1"}).encode()
    assert json.loads(summarize_body(body)) == {"image": f"data:image/png;base64,<{len(content)} bytes>", "size": "1x1"}


def test_a_summarized_data_uri_in_nested_json_leaves_valid_json() -> None:
    body = json.dumps({"message": f"url is {json.dumps('data:image/png;base64,AAAA')}; allowed: https://"}).encode()
    assert json.loads(summarize_body(body)) == {
        "message": 'url is "data:image/png;base64,<3 bytes>"; allowed: https://'
    }


def test_data_uris_are_summarized_up_to_the_limit() -> None:
    body = json.dumps(["data:image/png;base64,AAAA"] * 1000).encode()
    assert summarize_body(body, 200).count(b"<3 bytes>") == 5
    assert len(summarize_body(body, 200)) == 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\0", b"<9 bytes of image/png>"),
        (b"\xff\xd8\xff\xe0", b"<4 bytes of image/jpeg>"),
        (b"\0\0\0\x18ftypisom", b"<12 bytes of video/mp4>"),
        (b"\0\0\0\x18ftypheic", b"<12 bytes of image/heic>"),
        (b"\0\0\0\x18ftypavif", b"<12 bytes of image/avif>"),
        (b"\0\0\0\x18ftypqt  ", b"<12 bytes of video/quicktime>"),
        (b"RIFF\xff\0\0\0WAVE", b"<12 bytes of audio/wav>"),
        (b"RIFF\xff\0\0\0WEBP", b"<12 bytes of image/webp>"),
        (b"RIFF\xff\0\0\0????", b"<12 bytes of application/octet-stream>"),
        (b"ID3\xff", b"<4 bytes of audio/mpeg>"),
        (b"\xff\xfe", b"<2 bytes of application/octet-stream>"),
        (b"", b""),
        (b"a text", b"a text"),
    ],
)
def test_media_are_summarized_by_type_and_size(body: bytes, expected: bytes) -> None:
    assert summarize_body(body) == expected


def test_a_multipart_body_keeps_texts_and_summarizes_files() -> None:
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nx',
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n\x89PNG\0',
        b"--b--\r\n",
    ]
    summary = summarize_body(b"\r\n".join(parts))
    assert summary == b"\r\n".join(parts).replace(b"\x89PNG\0", b"<5 bytes of image/png>")


@given(
    st.lists(st.binary(max_size=40).filter(lambda content: b"--b" not in content), min_size=1, max_size=5), st.data()
)
def test_a_form_is_summarized_alike_with_the_places_of_its_files_and_without(
    contents: list[bytes], data: st.DataObject
) -> None:
    body, files = b"", {}
    for content in contents:
        body += b'--b\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n'
        files[len(body)] = len(body) + len(content)
        body += content + b"\r\n"
    some = {start: end for start, end in files.items() if data.draw(st.booleans())}
    assert summarize_body(body + b"--b--\r\n", files=some) == summarize_body(body + b"--b--\r\n")


def test_the_place_of_a_file_is_not_searched_for_where_it_is_known() -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    content = b"\x89PNG\0\r\n--bc\r\n\r\n\x89PNG"  # a longer boundary is content
    body = head + content + b"\r\n--b--\r\n"
    summary = summarize_body(body, files={len(head): len(head) + len(content)})
    assert summary == body.replace(content, b"<%d bytes of image/png>" % len(content))


@given(st.binary(max_size=300), st.integers(1, 100))
def test_a_summary_is_bounded_for_any_body(body: bytes, limit: int) -> None:
    for sent in (body, b"--b\r\n" + body, body + b";base64," + body, "\u00e9".encode() * 200 + body):
        summary = summarize_body(sent, limit)
        assert len(summary) <= max(limit, 60)


def test_a_text_cut_inside_a_character_is_still_a_text() -> None:
    assert summarize_body("a\u00e9".encode() * 50, 2) == b"a\xc3"


COLON, SLASH, AT = rb"(?::|\\u003a|%3a)", rb"(?:/|\\/|\\u002f|%2f)", rb"(?:@|\\u0040|%40)"
ONE_PATTERN = re.compile(rb'(%b%b{2})((?:[^/\s"?#&\\]|\\u[0-9a-f]{4})+)(%b)' % (COLON, SLASH, AT), re.IGNORECASE)
"""The definition of a user in a URL, which takes time with the square of a hostile text."""
PIECES = (
    *(b"://", b"%3a%2f%2f", b"%3A//", rb":\/\/", rb"\u003a\u002F\u002f", b":/", b"/", b":", b"%3a"),
    *(b"@", b"%40", rb"\u0040", b"a", b"bc", rb"\u00e9", b" ", b"?", b"&", b'"', b"#"),
)


def one_pattern(text: bytes) -> bytes:
    def hidden(match: re.Match[bytes]) -> bytes:
        colon = re.search(COLON, match[2], re.IGNORECASE)
        return match[1] + (b"***%b***" % colon[0] if colon else b"***") + match[3]

    return ONE_PATTERN.sub(hidden, text)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_users_of_urls_are_those_that_one_pattern_finds(text: bytes) -> None:
    assert hide_url_users(text) == one_pattern(text)


@pytest.mark.parametrize("end", [b"@", b" @", b'"@', b"", b"%40"])
def test_a_mebibyte_of_separators_is_read_once(end: bytes) -> None:
    separators = b"%3a%2f%2f" * (1 << 17)  # to read on from each of them would take minutes
    assert len(hide_url_users(separators + end)) == len(separators + end) - (
        MAX_URL_USER_BYTES // 9 * 9 - len(b"***%3a***") if end in (b"@", b"%40") else 0
    )


def test_a_user_ends_at_the_last_at_sign_within_the_bound() -> None:
    password = b"p@" * (MAX_URL_USER_BYTES // 2 - 1)
    assert hide_url_users(b"http://u:" + password + b"host/") == b"http://***:***@host/"
    assert hide_url_users(b"http://" + b"u" * (MAX_URL_USER_BYTES + 1) + b"@host/").endswith(b"uu@host/")
