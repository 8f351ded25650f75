"""The journal: every exchange, bounded in size, and without keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_server.journal import JournalEntry

StartServer = Callable[..., Any]


def test_an_exchange_is_logged_with_both_bodies(server: Any) -> None:
    task_id = server.order_opeai()
    server.clock.advance(5)
    server.query_opeai(task_id)
    create, query = server.journal()
    assert list(create) == [
        "number", "at", "upstream", "operation", "account", "method", "path", "query", "status", "kind", "is_order",
        "task_status", "task_ended", "request_body", "response_body", "notes", "request_headers", "response_headers",
        "faults", "violations", "download",
    ]  # fmt: skip
    assert (create["number"], create["upstream"], create["operation"], create["status"]) == (0, "opeai", "create", 200)
    assert (create["method"], create["path"]) == ("POST", "/v1/videos")
    assert '"prompt"' in create["request_body"]
    assert task_id in create["response_body"]
    assert query["at"] - create["at"] == 5
    assert query["path"] == f"/v1/videos/{task_id}"
    assert create["account"] == query["account"]
    assert (create["is_order"], query["is_order"]) == (True, False)
    assert (query["task_status"], query["task_ended"]) == ("SUCCESS", True)
    assert ["authorization", "***"] in create["request_headers"]


def test_errors_are_logged_too(server: Any) -> None:
    server.post("/v1/videos", {"model": "x"})
    server.get("/api/v1/balance", key=None)
    server.get("/v1/nowhere")
    server.ask("PUT", "/api/v1/assets")
    rows = [(exchange["upstream"], exchange["operation"], exchange["status"]) for exchange in server.journal()]
    assert rows == [
        ("opeai", "create", 404),
        ("apimodels", "balance", 401),
        ("opeai", "", 404),
        ("apimodels", "", 405),
    ]


def test_a_download_is_logged_without_its_bytes(server: Any) -> None:
    server.get(f"/v1/videos/{server.order_opeai()}/content", headers={"Range": "bytes=0-9"})
    last = server.journal()[-1]
    assert (last["operation"], last["status"], last["response_body"]) == ("content", 206, "")


def test_the_journal_can_be_filtered_by_upstream_and_account(in_process_server: Any) -> None:
    in_process_server.order_apimodels()
    in_process_server.order_opeai()
    in_process_server.order_opeai(key="sk_other")
    for query, count in (("upstream=opeai", 2), ("upstream=apimodels", 1), ("operation=query", 0)):
        assert len(in_process_server.get(f"/_mock/journal?{query}", key=None).json()["exchanges"]) == count
    account = in_process_server.journal()[2]["account"]
    assert len(in_process_server.get(f"/_mock/journal?account={account}", key=None).json()["exchanges"]) == 1


def test_the_journal_keeps_the_latest_exchanges_and_goes_on_counting(start_server: StartServer) -> None:
    server = start_server(max_journal_entries=5)
    for _ in range(12):
        server.get("/v1/balance")
    assert [exchange["number"] for exchange in server.journal()] == [7, 8, 9, 10, 11]


@pytest.mark.parametrize(
    "document",
    [
        {"prompt": "x" * 1_000_000},
        {f"unknown {number}": number for number in range(20_000)},
        {"x" * 100_000: 1},
    ],
    ids=["a long prompt", "many unknown fields", "a long name"],
)
def test_an_entry_is_bounded_in_size(in_process_server: Any, document: dict[str, Any]) -> None:
    in_process_server.order_opeai(**document)
    in_process_server.get("/v1/videos/" + "\u00e9" * 5000)
    assert len(in_process_server.get("/_mock/journal", key=None).content) < 20_000
    assert len(in_process_server.journal()[-1]["path"]) <= 500


def test_many_unknown_fields_are_listed_in_part_and_counted(in_process_server: Any) -> None:
    in_process_server.order_opeai(**{f"unknown_{number}": number for number in range(100)})
    notes = in_process_server.journal()[0]["notes"]
    assert notes[0] == "unknown field 'unknown_0'"
    assert notes[-1] == "and 80 more"


def test_bytes_that_are_not_text_can_be_logged(in_process_server: Any) -> None:
    in_process_server.post("/v1/videos", content=b"\xff\xfe\x00\x01", headers={"Content-Type": "application/json"})
    in_process_server.get("/v1/videos/%ff%00%0a")
    assert len(in_process_server.journal()) == 2


def test_a_response_of_200_is_an_error_only_if_its_code_says_so() -> None:
    entries = [
        JournalEntry(0.0, "apimodels", "", "", "GET", "/", 200, b"", answered, ())
        for answered in (b'{"code":200}', b'{"code":404}', b'{"code":500}', b'{"code":"x"}', b'{"code":', b"[]")
    ]
    assert [entry.kind for entry in entries] == ["ok", "refused", "failed", "ok", "ok", "ok"]
