"""Journal endpoints: filters, paging, HAR, curl and JSON Lines, and contract violations."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY

from seedmock_contracts.exchange import parse_exchange

START = 1_780_000_000.0
Control = Callable[..., Any]
StartServer = Callable[..., Any]


def numbers(response: Any) -> list[int]:
    return [exchange["number"] for exchange in response["exchanges"]]


@pytest.fixture
def task_ids(frozen_server: Any) -> list[str]:
    """Six exchanges: create, query and rejected create on opeai, create on apimodels, a 404, another key's balance."""
    first = frozen_server.order_opeai()
    frozen_server.query_opeai(first)
    frozen_server.post("/v1/videos", {"model": "seedance-2-0"})
    second = frozen_server.order_apimodels()
    frozen_server.get("/v1/nowhere")
    frozen_server.get("/v1/balance", key="sk_other")
    return [first, second]


def test_the_journal_can_be_filtered(task_ids: list[str], control: Control) -> None:
    for query, expected in {
        "upstream=opeai": [0, 1, 2, 4],
        "operation=create": [0, 2, 3],
        "operation=create&kind=ok": [0, 3],
        "kind=refused": [2, 4],
        "kind=violating": [2, 4],
        "kind=lost": [],
        "key=sk_other": [5],
        f"task={task_ids[0]}": [0, 1],
        f"task={task_ids[1]}": [3],
        "task=nobody": [],
        "upstream=apimodels&since=4": [5],
    }.items():
        assert numbers(control("GET", f"journal?{query}")) == expected, query


def test_an_exchange_tells_orders_and_the_status_of_a_task(frozen_server: Any, control: Control) -> None:
    for task_id, query in (
        (frozen_server.order_opeai(), frozen_server.query_opeai),
        (frozen_server.order_apimodels(), frozen_server.query_apimodels),
    ):
        query(task_id)
        control("POST", "clock", {"advance": 60, "key": KEY})
        query(task_id)
        control("POST", "clock", {"freeze_at": START, "key": KEY})
    frozen_server.get("/v1/nowhere")
    exchanges = control("GET", "journal")["exchanges"]
    shown = [(exchange["is_order"], exchange["task_status"], exchange["task_ended"]) for exchange in exchanges]
    polls = [(False, "QUEUED", False), (False, "SUCCESS", True)]
    assert shown == [*[(True, "QUEUED", False)] * 2, *polls * 2, (False, None, False)]


def test_a_key_can_be_sent_in_a_header(task_ids: list[str], control: Control) -> None:
    assert numbers(control("GET", "journal", headers={"X-Mock-Key": "sk_other"})) == [5]


def test_since_pages_forwards_and_without_it_the_last_are_returned(task_ids: list[str], control: Control) -> None:
    last = control("GET", "journal?limit=2")
    assert (numbers(last), last["total"], last["next"]) == ([4, 5], 6, 6)
    paged, since = [], 0
    while since < 6:
        page = control("GET", f"journal?limit=4&since={since}")
        paged.append(numbers(page))
        since = page["next"]
    assert paged == [[0, 1, 2, 3], [4, 5]]
    assert control("GET", "journal?since=6")["exchanges"] == []


def test_an_error_with_http_200_is_of_kind_refused(start_server: StartServer) -> None:
    server = start_server(variants={"apimodels.errors": "ok"})
    server.post("/api/v1/video/generations", {"model": "x"})
    assert [exchange["kind"] for exchange in server.journal()] == ["refused"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("kind=good", "allowed: ok, refused, failed, lost, faulted, violating"),
        ("operation=fly", "allowed: create"),
        ("since=-1", "a whole number"),
        ("limit=99999", "0 to 10000"),
        ("format=xml", "allowed: json, har, curl, jsonl"),
        ("until=3", "available: upstream, operation"),
    ],
)
def test_an_invalid_filter_is_rejected(control: Control, query: str, message: str) -> None:
    assert message in control("GET", f"journal?{query}", status=400)["error"]["message"]


# --- violations ---


def test_a_violation_names_the_fact_and_its_basis(frozen_server: Any, control: Control) -> None:
    frozen_server.post("/v1/videos", {"model": "seedance-2-0", "prompt": "x", "size": "1x1", "seconds": "99"})
    response = control("GET", "violations")
    assert {row["field"] for row in response["violations"]} == {"size", "seconds"}
    facts = {fact["id"]: fact for fact in control("GET", "basis")["opeai"]}
    for row in response["violations"]:
        assert (row["basis"], row["source"]) == (facts[row["fact"]]["basis"], facts[row["fact"]]["source"])
        assert (row["upstream"], row["operation"], row["status"], row["advice"]) == ("opeai", "create", 400, False)


def test_an_unknown_field_is_reported_as_advice(frozen_server: Any, control: Control) -> None:
    frozen_server.order_opeai(colour="red")
    (row,) = control("GET", "violations")["violations"]
    assert (row["fact"], row["field"], row["advice"], row["status"]) == ("", "colour", True, 200)
    assert control("GET", "violations?advice=false") == {"violations": [], "total": 0}


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
def test_a_request_without_a_valid_body_is_a_violation(
    frozen_server: Any, control: Control, method: str, path: str, more: Any
) -> None:
    frozen_server.ask(method, path, **more)
    (row,) = control("GET", "violations")["violations"]
    assert row["fact"]
    assert row["basis"] in ("documented", "observed", "assumed")
    assert row["message"]


def test_a_404_and_an_early_download_are_no_violations(frozen_server: Any, control: Control) -> None:
    frozen_server.get("/v1/videos/cgt-20260529102017-sjqj9")
    frozen_server.get(f"/v1/videos/{frozen_server.order_opeai()}/content")
    assert control("GET", "violations")["total"] == 0


# --- other forms ---


def test_har_has_all_required_fields(task_ids: list[str], control: Control) -> None:
    log = control("GET", "journal?format=har")["log"]
    assert (log["version"], set(log["creator"])) == ("1.2", {"name", "version"})
    assert len(log["entries"]) == 6
    for entry in log["entries"]:
        assert datetime.fromisoformat(entry["startedDateTime"]).utcoffset() is not None
        assert entry["time"] == sum(entry["timings"].values()) > 0
        assert {"request", "response", "cache", "timings"} <= set(entry)
        request, response = entry["request"], entry["response"]
        common = {"httpVersion", "cookies", "headers", "headersSize", "bodySize"}
        assert {"method", "url", "queryString", *common} <= set(request)
        assert {"status", "statusText", "content", "redirectURL", *common} <= set(response)
        assert {"size", "mimeType"} <= set(response["content"])
        assert all(set(row) == {"name", "value"} for row in request["headers"] + response["headers"])
    assert log["entries"][0]["request"]["postData"]["mimeType"] == "application/json"
    assert log["entries"][0]["request"]["url"] == "http://emulator.test/v1/videos"


def test_jsonl_can_be_read_as_exchanges(frozen_server: Any, task_ids: list[str]) -> None:
    lines = frozen_server.get("/_mock/journal?format=jsonl", key=None).text.splitlines()
    exchanges = [parse_exchange(line) for line in lines]
    assert [exchange.operation for exchange in exchanges] == ["create", "query", "create", "create", "", "balance"]
    assert exchanges[1].request.url == f"http://emulator.test/v1/videos/{task_ids[0]}"
    assert task_ids[0] in exchanges[0].response.body


def test_no_format_shows_a_key(frozen_server: Any, task_ids: list[str]) -> None:
    for form in ("json", "har", "curl", "jsonl"):
        text = frozen_server.get(f"/_mock/journal?format={form}", key=None).text
        assert KEY not in text
        assert "sk_other" not in text


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_commands_repeat_the_calls(start_server: StartServer) -> None:
    server = start_server("on a socket")
    task_id = server.order_opeai(prompt='It\'s a "cat" for $5 & `more`')
    server.get("/api/v1/video/generations", params={"task_id": "a b&c"})
    server.get(f"/v1/videos/{task_id}?x=1%202")
    commands = server.get("/_mock/journal?format=curl", key=None).text
    environment = {**os.environ, "SEEDMOCK_API_KEY": KEY}
    subprocess.run(["sh", "-e", "-c", commands], env=environment, check=True, capture_output=True, timeout=30)
    first, again = server.journal()[:3], server.journal()[3:]
    for exchange, repeated in zip(first, again, strict=True):
        same = ("account", "method", "path", "query", "request_body", "status", "operation")
        assert [exchange[name] for name in same] == [repeated[name] for name in same]


def test_a_curl_command_with_a_truncated_body_says_so(frozen_server: Any) -> None:
    frozen_server.order_opeai(prompt="x" * 5000)
    text = frozen_server.get("/_mock/journal?format=curl", key=None).text
    assert re.search(r"# the journal has only a part of the body \(\d+ bytes\)", text)
    assert "--data-raw" not in text


def test_media_in_bodies_are_summarized_by_type_and_size(frozen_server: Any, picture: Callable[..., bytes]) -> None:
    content = picture()
    uri = "data:image/png;base64," + base64.b64encode(content).decode()
    frozen_server.post_file(content)
    frozen_server.post(
        "/v1/videos", {"model": "seedance-2-0", "prompt": "x", "image": uri, "size": "640x640", "seconds": "4"}
    )
    form, order = frozen_server.journal()
    assert f"<{len(content)} bytes of image/png>" in form["request_body"]
    assert 'filename="picture.png"' in form["request_body"]
    assert f'"data:image/png;base64,<{len(content)} bytes>"' in order["request_body"]
    assert '"size":"640x640"' in order["request_body"]


# --- downloads ---


def downloads(server: Any) -> list[Any]:
    exchanges = server.get("/_mock/journal?operation=content", key=None).json()["exchanges"]
    return [exchange["download"] for exchange in exchanges]


def test_an_exchange_tells_what_was_sent_of_a_clip(server: Any) -> None:
    task = server.order_opeai()
    path = f"/v1/videos/{task}/content"
    size = len(server.get(path).content)
    server.get(path, headers={"Range": "bytes=100-299"})
    server.ask("HEAD", path)
    server.get(path, headers={"Range": f"bytes={size}-"})
    assert downloads(server) == [
        {"task": task, "start": 0, "sent": size, "size": size, "whole": True},
        {"task": task, "start": 100, "sent": 200, "size": size, "whole": False},
        None,
        None,
    ]


def test_an_exchange_tells_what_was_sent_by_a_link(server: Any) -> None:
    task = server.order_apimodels()
    size = len(server.get(server.query_apimodels(task)["resultUrls"][0], key=None).content)
    assert downloads(server) == [{"task": task, "start": 0, "sent": size, "size": size, "whole": True}]


def test_bytes_after_the_end_of_a_connection_do_not_count(start_server: StartServer) -> None:
    server = start_server("on a socket")
    path = f"/v1/videos/{server.order_opeai()}/content"
    size = len(server.get(path).content)
    with pytest.raises(httpx.RemoteProtocolError):
        server.get(path, headers={"X-Mock-Fault": "body_cut at=1000"})
    with pytest.raises(httpx.RemoteProtocolError):
        server.get(path, headers={"X-Mock-Fault": "wrong_length delta=9"})
    assert [(part["sent"], part["whole"]) for part in downloads(server)] == [(size, True), (1000, False), (0, False)]


def test_the_journal_is_paged_from_the_newest_and_searched(frozen_server: Any, control: Control) -> None:
    for number in range(5):
        frozen_server.order_opeai(prompt=f"Prompt {number} of a Boat")

    def numbers(query: str) -> list[int]:
        return [exchange["number"] for exchange in control("GET", f"journal?{query}")["exchanges"]]

    assert numbers("limit=2") == [3, 4]
    assert numbers("limit=2&offset=2") == [1, 2]
    assert numbers("limit=2&before=2") == [0, 1]
    assert numbers("text=boat%20prompt&limit=1") == [4]
    assert numbers("text=nothing") == []
    listed = control("GET", "journal?bodies=false&limit=1")["exchanges"][0]
    assert (listed["request_body"], listed["response_body"], listed["status"]) == ("", "", 200)


def test_one_exchange_is_shown_by_its_number(frozen_server: Any, control: Control) -> None:
    frozen_server.order_opeai(prompt="First")
    frozen_server.order_opeai(prompt="Second")
    assert "Second" in control("GET", "journal/1")["request_body"]
    for number in ("2", "-1", "x", "9" * 300):
        assert control("GET", f"journal/{number}", status=404)["error"]["field"] == "number"
