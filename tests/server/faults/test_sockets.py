"""Faults of the connection: the bytes that arrive on a socket, and how the connection ends."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx
import pytest

from seedmock_server.clock import Clock
from seedmock_server.faults.kinds import FaultKind
from seedmock_server.faults.rules import Fault, FaultRule
from seedmock_server.matching.rules import Match

WITHOUT_BODY = ("response_lost", "reset when=after", "wrong_length", "duplicate")
"""Faults that show in a response without a body, too."""


def statuses(socket_server: Any) -> list[int]:
    return [entry["status"] for entry in socket_server.journal()]


def tasks(socket_server: Any) -> int:
    """Count the tasks in the journal."""
    creates = [
        entry
        for entry in socket_server.journal()
        if entry["operation"] == "create" and "cgt-" in entry["response_body"]
    ]
    return len(creates)


def test_reset_before_the_response_has_no_effect(socket_server: Any) -> None:
    exchange = socket_server.raw_create("reset")
    assert (exchange.written, exchange.end) == (b"", "reset")
    assert socket_server.faults() == [["reset"]]
    assert statuses(socket_server) == [0]
    assert tasks(socket_server) == 0


def test_response_lost_comes_after_the_task_was_created(socket_server: Any) -> None:
    exchange = socket_server.raw_create("response_lost")
    assert (exchange.written, exchange.end) == (b"", "reset")
    [entry] = socket_server.journal()
    assert (entry["status"], entry["faults"]) == (200, ("response_lost",))
    task_id = json.loads(entry["response_body"])["id"]
    assert socket_server.ask("GET", f"/v1/videos/{task_id}").json()["status"] == "SUCCESS"


def test_a_retry_after_response_lost_makes_a_second_task(socket_server: Any) -> None:
    socket_server.rule("response_lost", operation="create", times=1)
    with pytest.raises(httpx.ReadError):
        socket_server.create()
    assert socket_server.create().status_code == 200
    assert tasks(socket_server) == 2


def test_reset_during_the_response_comes_after_half_of_it(socket_server: Any) -> None:
    exchange = socket_server.raw_create("reset when=during")
    assert exchange.end == "reset"
    assert len(exchange.body) == int(exchange.headers[b"content-length"]) // 2


def test_reset_after_the_response_comes_after_all_of_it(socket_server: Any) -> None:
    exchange = socket_server.raw_create("reset when=after", closing=False)
    assert exchange.end == "reset"
    assert json.loads(exchange.body)["object"] == "video"


def test_without_a_fault_a_connection_stays_open(socket_server: Any) -> None:
    exchange = socket_server.raw_create("none", closing=False)
    assert exchange.end == "open"
    assert json.loads(exchange.body)["object"] == "video"


@pytest.mark.parametrize("at", [0, 1, 20])
def test_body_cut_leaves_a_number_of_bytes_and_a_longer_length(socket_server: Any, at: int) -> None:
    exchange = socket_server.raw_create(f"body_cut at={at}", closing=False)
    assert exchange.end == "closed"
    assert len(exchange.body) == at
    assert int(exchange.headers[b"content-length"]) > 100


def test_body_cut_ends_a_clip_at_the_byte(socket_server: Any) -> None:
    path = f"/v1/videos/{socket_server.finished_opeai()}/content"
    whole = socket_server.ask("GET", path).content
    exchange = socket_server.raw_exchange(
        "GET", path, "body_cut at=200000" if len(whole) > 300_000 else "body_cut at=2000"
    )
    assert 0 < len(exchange.body) < len(whole)
    assert whole.startswith(exchange.body)
    assert int(exchange.headers[b"content-length"]) == len(whole)
    assert socket_server.faults()[-1][0].startswith("body_cut at=200")


def test_body_cut_without_a_number_leaves_half(socket_server: Any) -> None:
    path = f"/v1/videos/{socket_server.finished_opeai()}/content"
    size = len(socket_server.ask("GET", path).content)
    assert len(socket_server.raw_exchange("GET", path, "body_cut").body) == size // 2


@pytest.mark.parametrize(("off", "more"), [("10", 10), ("-10", -10), ("-9999", None)])
def test_wrong_length_adds_to_content_length(socket_server: Any, off: str, more: int | None) -> None:
    exchange = socket_server.raw_create(f"wrong_length delta={off}", closing=False)
    assert exchange.end == "closed"
    assert json.loads(exchange.body)["object"] == "video"
    assert int(exchange.headers[b"content-length"]) == (0 if more is None else len(exchange.body) + more)


def test_a_response_that_fails_after_its_head_is_followed_by_no_other(
    socket_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    # No parser lets this fault through: it stands for whatever may fail between the head and the body.
    fault = Fault(FaultKind.OTHER_HEADER, {"name": "Content-Length", "to": "5"})
    socket_server.app.faults.add(FaultRule(Match(), fault))
    exchange = socket_server.raw_create("")
    assert exchange.written.count(b"HTTP/1.1") == 1
    assert exchange.end == "closed"
    socket_server.client.get("/_mock/health")
    assert "longer than Content-Length" in caplog.text
    caplog.clear()


def test_duplicate_sends_the_bytes_of_a_response_twice(socket_server: Any) -> None:
    exchange = socket_server.raw_create("duplicate", closing=False)
    half = len(exchange.written) // 2
    assert exchange.written[:half] == exchange.written[half:]
    assert exchange.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert exchange.end == "closed"
    assert tasks(socket_server) == 1


def test_duplicate_sends_the_bytes_of_a_clip_twice(socket_server: Any) -> None:
    exchange = socket_server.raw_exchange("GET", f"/v1/videos/{socket_server.finished_opeai()}/content", "duplicate")
    half = len(exchange.written) // 2
    assert exchange.written[:half] == exchange.written[half:]


def logged(socket_server: Any, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Return an event that is set when the next exchange is in the journal."""
    journal, event = socket_server.app.journal, threading.Event()
    append = journal.append_lazy

    def append_lazy(entry: Any, size: int) -> None:
        append(entry, size)
        event.set()

    monkeypatch.setattr(journal, "append_lazy", append_lazy)
    return event


def test_a_hang_ends_when_the_client_disconnects(socket_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    has_ended = logged(socket_server, monkeypatch)
    with pytest.raises(httpx.ReadTimeout):
        socket_server.ask("GET", "/api/v1/balance", "hang", timeout=0.15)
    assert has_ended.wait(2)
    assert (socket_server.faults(), statuses(socket_server)) == ([["hang"]], [0])


def test_a_hang_ends_after_its_time_without_a_byte(socket_server: Any) -> None:
    exchange = socket_server.raw_exchange("GET", "/api/v1/balance", "hang seconds=50ms", closing=False)
    assert (exchange.written, exchange.end) == (b"", "closed")


def test_a_hang_does_not_delay_other_requests(socket_server: Any) -> None:
    waiting = threading.Thread(
        target=lambda: socket_server.raw_exchange("GET", "/api/v1/balance", "hang seconds=300ms")
    )
    waiting.start()
    assert socket_server.ask("GET", "/api/v1/balance").status_code == 200
    assert waiting.is_alive()
    waiting.join()


@pytest.mark.parametrize("fault", ["dribble bytes=10 every=10ms", "bandwidth rate=1000"])
def test_a_slow_body_takes_its_time_and_is_complete(start_socket_server: Any, fault: str) -> None:
    socket_server = start_socket_server(clock=Clock())
    before = time.monotonic()
    response = socket_server.create(fault)
    assert 0.12 < time.monotonic() - before < 1
    assert response.json()["object"] == "video"


def test_a_dribbled_body_arrives_in_pieces(start_socket_server: Any) -> None:
    socket_server = start_socket_server(clock=Clock())
    with socket_server.client.stream("GET", "/api/v1/models", headers={
        "Authorization": "Bearer k", "X-Mock-Fault": "dribble bytes=100 every=20ms",
    }) as response:  # fmt: skip
        pieces = [len(chunk) for chunk in response.iter_raw()]
    assert len(pieces) > 2
    assert max(pieces) <= 300


def test_a_slow_body_does_not_wait_on_a_frozen_clock(socket_server: Any) -> None:
    before = time.monotonic()
    assert socket_server.create("dribble bytes=1 every=1h").json()["object"] == "video"
    assert time.monotonic() - before < 1


def test_a_slow_body_ends_when_the_client_disconnects(
    start_socket_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket_server = start_socket_server(clock=Clock())
    has_ended = logged(socket_server, monkeypatch)
    with pytest.raises(httpx.ReadTimeout):
        socket_server.ask("GET", "/api/v1/models", "dribble bytes=1 every=300ms", timeout=0.1)
    assert has_ended.wait(2)
    assert socket_server.faults() == [["dribble bytes=1 every=0.3s"]]


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        *((method, fault) for method in ("HEAD", "GET") for fault in WITHOUT_BODY),
        ("GET", "body_cut"), ("GET", "dribble bytes=900 every=0s"),
    ],
)  # fmt: skip
def test_the_server_survives_every_fault_at_the_end_of_a_response(socket_server: Any, method: str, fault: str) -> None:
    path = f"/v1/videos/{socket_server.finished_opeai()}/content"
    socket_server.raw_exchange(method, path, fault)
    socket_server.raw_exchange(method, path, fault, closing=False)
    assert socket_server.ask("GET", path).status_code == 200
    assert socket_server.faults()[-3:-1] == [[fault]] * 2


@pytest.mark.parametrize("fault", ["body_cut", "reset when=during", "bandwidth rate=9000", "dribble"])
def test_a_fault_of_the_body_is_refused_for_head_or_waits_for_the_get(socket_server: Any, fault: str) -> None:
    path = f"/v1/videos/{socket_server.finished_opeai()}/content"
    refusal = socket_server.ask("HEAD", path, fault)
    assert refusal.status_code == 400
    label = socket_server.rule(fault, operation="content", times=1)
    assert socket_server.ask("HEAD", path).status_code == 200
    row = next(row for row in socket_server.app.faults.rows() if row["id"] == label)
    assert (row["matched"], row["applied"]) == (0, 0)


@pytest.mark.parametrize("fault", ["reset", "response_lost"])
def test_a_reset_after_the_client_disconnected_is_harmless(
    start_socket_server: Any, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    socket_server = start_socket_server(clock=Clock())
    has_ended = logged(socket_server, monkeypatch)
    with pytest.raises(httpx.ReadTimeout):
        socket_server.ask("GET", "/api/v1/balance", f"latency seconds=150ms; {fault}", timeout=0.05)
    assert has_ended.wait(2)
    assert socket_server.faults() == [["latency seconds=0.15s", fault]]
