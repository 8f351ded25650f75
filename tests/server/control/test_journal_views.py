"""The journal as others read it: narrowed, paged, as HAR, as curl commands; and where the contract was broken."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from tests.server.conftest import KEY

from seedmock_contracts.exchange import parse_exchange

Tell = Callable[..., Any]
Open = Callable[..., Any]


def numbers(said: Any) -> list[int]:
    return [one["number"] for one in said["exchanges"]]


@pytest.fixture
def told(still: Any) -> list[str]:
    """Six exchanges: a create at B, a query, a refusal, a create at A, a 404, and another key's balance."""
    first = still.order_b()
    still.task_b(first)
    still.post("/v1/videos", {"model": "seedance-2-0"})
    second = still.order_a()
    still.get("/v1/nowhere")
    still.get("/v1/balance", key="sk_other")
    return [first, second]


def test_the_journal_is_narrowed_by_everything_that_it_knows(told: list[str], tell: Tell) -> None:
    for query, wanted in {
        "upstream=opeai": [0, 1, 2, 4],
        "operation=create": [0, 2, 3],
        "operation=create&kind=ok": [0, 3],
        "kind=refused": [2, 4],
        "kind=violating": [2, 4],
        "kind=lost": [],
        "key=sk_other": [5],
        f"task={told[0]}": [0, 1],
        f"task={told[1]}": [3],
        "task=nobody": [],
        "upstream=apimodels&since=4": [5],
    }.items():
        assert numbers(tell("GET", f"journal?{query}")) == wanted, query


def test_a_key_is_named_in_a_header_too(told: list[str], tell: Tell) -> None:
    assert numbers(tell("GET", "journal", headers={"X-Mock-Key": "sk_other"})) == [5]


def test_without_since_the_last_are_shown_and_with_it_the_first(told: list[str], tell: Tell) -> None:
    last = tell("GET", "journal?limit=2")
    assert (numbers(last), last["total"], last["next"]) == ([4, 5], 6, 6)
    paged, since = [], 0
    while since < 6:
        page = tell("GET", f"journal?limit=4&since={since}")
        paged.append(numbers(page))
        since = page["next"]
    assert paged == [[0, 1, 2, 3], [4, 5]]
    assert tell("GET", "journal?since=6")["exchanges"] == []


def test_an_upstream_that_refuses_with_http_200_has_refused(open_door: Open) -> None:
    door = open_door(variants={"apimodels.errors": "ok"})
    door.post("/api/v1/video/generations", {"model": "x"})
    assert [one["kind"] for one in door.journal()] == ["refused"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("kind=good", "allowed: ok, refused, failed, lost, faulted, violating"),
        ("operation=fly", "allowed: create"),
        ("since=-1", "a whole number"),
        ("limit=99999", "0 to 10000"),
        ("format=xml", "allowed: json, har, curl, jsonl"),
        ("until=3", "allowed: upstream, operation"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(tell: Tell, query: str, says: str) -> None:
    assert says in tell("GET", f"journal?{query}", status=400)["error"]["message"]


# --- violations ---


def test_a_violation_names_the_fact_and_its_basis(still: Any, tell: Tell) -> None:
    still.post("/v1/videos", {"model": "seedance-2-0", "prompt": "x", "size": "1x1", "seconds": "99"})
    said = tell("GET", "violations")
    assert {row["field"] for row in said["violations"]} == {"size", "seconds"}
    facts = {fact["id"]: fact for fact in tell("GET", "basis")["opeai"]}
    for row in said["violations"]:
        assert (row["basis"], row["source"]) == (facts[row["fact"]]["basis"], facts[row["fact"]]["source"])
        assert (row["upstream"], row["operation"], row["status"], row["advice"]) == ("opeai", "create", 400, False)


def test_what_is_let_pass_is_told_as_advice(still: Any, tell: Tell) -> None:
    still.order_b(colour="red")
    (row,) = tell("GET", "violations")["violations"]
    assert (row["fact"], row["field"], row["advice"], row["status"]) == ("", "colour", True, 200)
    assert tell("GET", "violations?advice=no") == {"violations": [], "total": 0}


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/v1/nowhere", {}),
        ("PUT", "/v1/videos", {}),
        ("GET", "/v1/balance", {"key": None}),
        ("POST", "/v1/videos", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        ("POST", "/v1/videos", {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
    ],
)
def test_a_call_that_never_came_to_a_document_breaks_the_contract_too(
    still: Any, tell: Tell, method: str, path: str, more: Any
) -> None:
    still.ask(method, path, **more)
    (row,) = tell("GET", "violations")["violations"]
    assert row["fact"]
    assert row["basis"] in ("documented", "observed", "assumed")
    assert row["message"]


def test_what_only_went_wrong_breaks_no_contract(still: Any, tell: Tell) -> None:
    still.get("/v1/videos/cgt-20260529102017-sjqj9")
    still.get(f"/v1/videos/{still.order_b()}/content")
    assert tell("GET", "violations")["total"] == 0


# --- other forms ---


def test_the_journal_as_har_has_all_that_har_1_2_asks_for(told: list[str], tell: Tell) -> None:
    log = tell("GET", "journal?format=har")["log"]
    assert (log["version"], set(log["creator"])) == ("1.2", {"name", "version"})
    assert len(log["entries"]) == 6
    for entry in log["entries"]:
        assert datetime.fromisoformat(entry["startedDateTime"]).utcoffset() is not None
        assert entry["time"] == sum(entry["timings"].values()) == 0
        assert {"request", "response", "cache", "timings"} <= set(entry)
        request, response = entry["request"], entry["response"]
        common = {"httpVersion", "cookies", "headers", "headersSize", "bodySize"}
        assert {"method", "url", "queryString", *common} <= set(request)
        assert {"status", "statusText", "content", "redirectURL", *common} <= set(response)
        assert {"size", "mimeType"} <= set(response["content"])
        assert all(set(row) == {"name", "value"} for row in request["headers"] + response["headers"])
    assert log["entries"][0]["request"]["postData"]["mimeType"] == "application/json"
    assert log["entries"][0]["request"]["url"] == "http://emulator.test/v1/videos"


def test_the_journal_as_lines_can_be_read_as_exchanges(still: Any, told: list[str]) -> None:
    lines = still.get("/_mock/journal?format=jsonl", key=None).text.splitlines()
    exchanges = [parse_exchange(line) for line in lines]
    assert [one.operation for one in exchanges] == ["create", "query", "create", "create", "", "balance"]
    assert exchanges[1].request.url == f"http://emulator.test/v1/videos/{told[0]}"
    assert told[0] in exchanges[0].response.body


def test_no_form_of_the_journal_shows_a_key(still: Any, told: list[str]) -> None:
    for form in ("json", "har", "curl", "jsonl"):
        text = still.get(f"/_mock/journal?format={form}", key=None).text
        assert KEY not in text
        assert "sk_other" not in text


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_a_curl_command_repeats_the_call(open_door: Open) -> None:
    door = open_door("on a socket")
    task_id = door.order_b(prompt='It\'s a "cat" for $5 & `more`')
    door.get("/api/v1/video/generations", params={"task_id": "a b&c"})
    door.get(f"/v1/videos/{task_id}?x=1%202")
    commands = door.get("/_mock/journal?format=curl", key=None).text
    environment = {**os.environ, "SEEDMOCK_API_KEY": KEY}
    subprocess.run(["sh", "-e", "-c", commands], env=environment, check=True, capture_output=True, timeout=30)
    first, again = door.journal()[:3], door.journal()[3:]
    for one, other in zip(first, again, strict=True):
        same = ("account", "method", "path", "query", "request_body", "status", "operation")
        assert [one[name] for name in same] == [other[name] for name in same]


def test_a_command_whose_body_is_not_whole_says_so(still: Any) -> None:
    still.order_b(prompt="x" * 5000)
    text = still.get("/_mock/journal?format=curl", key=None).text
    assert re.search(r"# the journal has only a part of the body \(\d+ bytes\)", text)
    assert "--data-raw" not in text


def test_pictures_in_bodies_are_told_by_kind_and_size(still: Any, picture: Callable[..., bytes]) -> None:
    content = picture()
    uri = "data:image/png;base64," + base64.b64encode(content).decode()
    still.post_file(content)
    still.post("/v1/videos", {"model": "seedance-2-0", "prompt": "x", "image": uri, "size": "640x640", "seconds": "4"})
    form, order = still.journal()
    assert f"<{len(content)} bytes of image/png>" in form["request_body"]
    assert 'filename="picture.png"' in form["request_body"]
    assert f'"data:image/png;base64,<{len(content)} bytes>"' in order["request_body"]
    assert '"size":"640x640"' in order["request_body"]
