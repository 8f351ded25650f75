"""What a recording keeps of an exchange: no key, no id and no link, but everything that the checks look at."""

from __future__ import annotations

import json
import re
from string import ascii_letters, digits
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.redaction import PRIVATE_HOST, PUBLIC_HOST, STORED_HEADERS, Redactor
from seedmock_contracts.response_format import IdPattern
from seedmock_contracts.upstreams import contracts, get_contract

OPEAI, APIMODELS = get_contract("opeai"), get_contract("apimodels")
SIGNS = "bcdefghijkmnpqrstuvwxyz23456789"
"""Without the signs that references begin with, so that no original looks like a reference by chance."""
KEYS = st.text(ascii_letters + digits, min_size=12, max_size=40).map("sk-".__add__)
TASKS = st.one_of(
    st.tuples(st.text(digits, min_size=14, max_size=14), st.text(SIGNS, min_size=5, max_size=5)).map(
        lambda parts: f"cgt-{parts[0]}-{parts[1]}"
    ),
    st.text(SIGNS, min_size=23, max_size=23).map("cl".__add__),
    st.uuids().map(lambda id_: str(id_)[:-12] + "b2c3d4e5f6f7"),
)
FORMS = {
    fact.id: fact.pattern for contract in contracts() for fact in contract.behaviours if isinstance(fact, IdPattern)
}
TOKENS = st.text(SIGNS, min_size=16, max_size=32)


def exchange(method: str, url: str, asked: Any, answered: Any, headers: Any = (), operation: str = "query") -> Exchange:
    sent, told = ("" if body is None else json.dumps(body) for body in (asked, answered))
    return Exchange(operation, Request(method, url, tuple(headers), sent), Response(200, (), told), "first", 1.0)


@given(key=KEYS, task=TASKS, other=TASKS, token=TOKENS)
def test_no_key_no_id_and_no_link_survives_anywhere(key: str, task: str, other: str, token: str) -> None:
    link = f"https://cdn.example.com/{task}/{token}.mp4?X-Amz-Signature={token}&key={key}"
    nested = json.dumps({"resultUrls": [link], "taskId": task, "previous": other})
    made = [
        exchange("POST", "/api/v1/video/generations", {"prompt": "x"}, {"data": {"taskId": task}}, operation="create"),
        exchange("POST", "/api/v1/video/generations", {"prompt": "x"}, {"data": {"taskId": other}}, operation="create"),
        exchange(
            "GET",
            f"/api/v1/video/generations?taskId={task}&api_key={key}",
            None,
            {"data": {"taskId": task, "resultUrls": [link], "resultJson": nested, "note": f"Bearer {key} of {other}"}},
            [("Authorization", f"Bearer {key}"), ("Cookie", key), ("X-Else", key)],
        ),
        exchange("GET", link, None, None, [("Range", "bytes=0-1")], "content"),
    ]
    redactor = Redactor(APIMODELS)
    kept = "\n".join(redactor.redact(one).to_json() for one in made)
    for secret in (key, task, other, token, "cdn.example.com"):
        assert secret not in kept


@given(tasks=st.lists(TASKS, min_size=2, max_size=8, unique=True))
def test_ids_keep_who_they_are_and_how_they_look(tasks: list[str]) -> None:
    redactor = Redactor(OPEAI)
    seen: dict[str, set[str]] = {}
    for task in [*tasks, *tasks]:
        asked = redactor.redact(exchange("GET", f"/v1/videos/{task}", None, {"id": task, "task_id": task}))
        body = json.loads(asked.response.body)
        seen.setdefault(task, set()).update((body["id"], body["task_id"], asked.request.url.rpartition("/")[2]))
    references = [next(iter(found)) for found in seen.values()]
    assert all(len(found) == 1 for found in seen.values())
    assert len(set(references)) == len(tasks)
    for task, reference in zip(seen, references, strict=True):
        assert [_sort(sign) for sign in task] == [_sort(sign) for sign in reference]
        assert all(re.fullmatch(form, reference) for form in FORMS.values() if re.fullmatch(form, task))
        assert reference[:18] == task[:18] or not task.startswith("cgt-")


def _sort(sign: str) -> str:
    return "a" if sign.islower() else "A" if sign.isupper() else "0" if sign.isdecimal() else sign


@pytest.mark.parametrize(
    "id_", ["CGT-20260601120000-ABCDE", "cgt_1", "video-7f", "1234567890", "cgt-20260601120000-ab"]
)
def test_an_id_of_a_wrong_form_stays_of_a_wrong_form(id_: str) -> None:
    kept = Redactor(OPEAI).redact(exchange("GET", f"/v1/videos/{id_}", None, {"id": id_}))
    told = json.loads(kept.response.body)["id"]
    assert not re.fullmatch(FORMS["opeai.task_id"], told)
    assert len(told) == len(id_)


def test_a_number_in_an_id_s_place_stays_a_number() -> None:
    kept = Redactor(OPEAI).redact(exchange("GET", "/v1/videos/x", None, {"id": 778899}))
    assert json.loads(kept.response.body) == {"id": 770001}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://cdn.test/a.mp4?sig=1", f"https://{PUBLIC_HOST}/0001.mp4"),
        ("http://cdn.test/a?b=c", f"http://{PUBLIC_HOST}/0001"),
        ("http://127.0.0.1:8000/_mock/results/x/y.mp4", f"http://{PRIVATE_HOST}/0001.mp4"),
        ("http://localhost/x.png", f"http://{PRIVATE_HOST}/0001.png"),
        ("http://[::1]/x.png", f"http://{PRIVATE_HOST}/0001.png"),
        ("https://user:word@cdn.test/x", f"https://{PUBLIC_HOST}/0001"),
    ],
)
def test_links_keep_their_kind_only(written: str, kept: str) -> None:
    for text in (json.dumps(written), json.dumps(written).replace("/", "\\/"), json.dumps(json.dumps(written))):
        assert kept in Redactor(OPEAI).redact_text(text)
        assert "cdn.test" not in Redactor(OPEAI).redact_text(text)


def test_go_s_way_of_writing_an_ampersand_is_read_as_the_same_link() -> None:
    redactor = Redactor(OPEAI)
    plain = redactor.redact_text('"https://cdn.test/a.mp4?a=1&b=2"')
    assert redactor.redact_text('"https://cdn.test/a.mp4?a=1\\u0026b=2"') == plain
    assert (
        redactor.redact_text('{\\"u\\":\\"https://cdn.test/a.mp4?a=1\\\\u0026b=2\\"}')
        == f'{{\\"u\\":\\{plain[:-1]}\\"}}'
    )


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
def test_what_looks_like_a_key_is_hidden(text: str) -> None:
    kept = Redactor(OPEAI).redact_text(text)
    assert "abcdef" not in kept
    assert "***" in kept


@pytest.mark.parametrize(
    "text",
    ['{"model":"seedance-2-0-fast","status":"in_progress"}', "a task_force of key-frames", '{"total_tokens":12345678}'],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor(OPEAI).redact_text(text) == text


def test_only_headers_that_matter_are_kept_and_a_length_that_was_right_stays_right() -> None:
    body = '{"id":"cgt-20260601120000-abc12","url":"https://cdn.test/a-long-way/to-the.mp4"}'
    headers = (("Content-Length", str(len(body))), ("X-Request-Id", "1"), ("Server", "x"), ("ETag", '"1"'))
    asked = Request("GET", "https://live.test/v1/videos/x", (("Authorization", "Bearer abc"), ("Host", "live.test")))
    kept = Redactor(OPEAI).redact(Exchange("query", asked, Response(200, headers, body)))
    assert dict(kept.request.headers) == {"authorization": "***"}
    assert dict(kept.response.headers) == {"content-length": str(len(kept.response.body)), "etag": '"1"'}
    assert kept.request.url == "/v1/videos/x"
    assert {name for name, _ in kept.response.headers} <= STORED_HEADERS


def test_a_length_that_was_wrong_stays_wrong() -> None:
    answer = Response(200, (("content-length", "3"),), '{"id":"cgt-20260601120000-abc12"}')
    kept = Redactor(OPEAI).redact(Exchange("query", Request("GET", "/v1/videos/x"), answer))
    assert dict(kept.response.headers) == {"content-length": "3"}


@given(task=TASKS, key=KEYS)
def test_what_was_redacted_stays_as_it_is(task: str, key: str) -> None:
    first = Redactor(OPEAI)
    once = first.redact(exchange("GET", f"/v1/videos/{task}?key={key}", None, {"id": task, "url": "https://a.test/b"}))
    assert first.redact(once) == once
