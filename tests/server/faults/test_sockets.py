"""Faults of the connection, seen from a bare socket: what bytes arrive, and how it ends."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx
import pytest

from seedmock_server.clock import Clock


def statuses(wired: Any) -> list[int]:
    return [entry["status"] for entry in wired.journal()]


def tasks(wired: Any) -> int:
    """How many tasks there are."""
    made = [entry for entry in wired.journal() if entry["operation"] == "create" and "cgt-" in entry["response_body"]]
    return len(made)


def test_a_reset_before_the_answer_leaves_nothing_done(wired: Any) -> None:
    seen = wired.bare_create("reset")
    assert (seen.written, seen.end) == (b"", "reset")
    assert wired.faults() == [["reset"]]
    assert statuses(wired) == [0]
    assert tasks(wired) == 0


def test_an_answer_is_lost_after_its_task_was_created(wired: Any) -> None:
    seen = wired.bare_create("response_lost")
    assert (seen.written, seen.end) == (b"", "reset")
    [entry] = wired.journal()
    assert (entry["status"], entry["faults"]) == (200, ("response_lost",))
    task_id = json.loads(entry["response_body"])["id"]
    assert wired.ask("GET", f"/v1/videos/{task_id}").json()["status"] == "SUCCESS"


def test_a_client_that_posts_again_after_a_lost_answer_has_two_tasks(wired: Any) -> None:
    wired.rule("response_lost", operation="create", times=1)
    with pytest.raises(httpx.ReadError):
        wired.create()
    assert wired.create().status_code == 200
    assert tasks(wired) == 2


def test_a_reset_during_the_answer_comes_after_half_of_it(wired: Any) -> None:
    seen = wired.bare_create("reset when=during")
    assert seen.end == "reset"
    assert len(seen.body) == int(seen.headers[b"content-length"]) // 2


def test_a_reset_after_the_answer_comes_when_all_of_it_has(wired: Any) -> None:
    seen = wired.bare_create("reset when=after", closing=False)
    assert seen.end == "reset"
    assert json.loads(seen.body)["object"] == "video"


def test_without_a_fault_a_connection_stays_open(wired: Any) -> None:
    seen = wired.bare_create("none", closing=False)
    assert seen.end == "open"
    assert json.loads(seen.body)["object"] == "video"


@pytest.mark.parametrize("at", [0, 1, 20])
def test_a_cut_leaves_so_many_bytes_and_a_length_that_says_more(wired: Any, at: int) -> None:
    seen = wired.bare_create(f"body_cut at={at}", closing=False)
    assert seen.end == "closed"
    assert len(seen.body) == at
    assert int(seen.headers[b"content-length"]) > 100


def test_a_cut_clip_breaks_off_at_the_byte(wired: Any) -> None:
    path = f"/v1/videos/{wired.made()}/content"
    whole = wired.ask("GET", path).content
    seen = wired.bare("GET", path, "body_cut at=200000" if len(whole) > 300_000 else "body_cut at=2000")
    assert 0 < len(seen.body) < len(whole)
    assert whole.startswith(seen.body)
    assert int(seen.headers[b"content-length"]) == len(whole)
    assert wired.faults()[-1][0].startswith("body_cut at=200")


def test_a_cut_without_a_number_leaves_half(wired: Any) -> None:
    path = f"/v1/videos/{wired.made()}/content"
    size = len(wired.ask("GET", path).content)
    assert len(wired.bare("GET", path, "body_cut").body) == size // 2


@pytest.mark.parametrize(("off", "more"), [("10", 10), ("-10", -10), ("-9999", None)])
def test_a_wrong_length_is_off_by_so_much(wired: Any, off: str, more: int | None) -> None:
    seen = wired.bare_create(f"wrong_length off={off}", closing=False)
    assert seen.end == "closed"
    assert json.loads(seen.body)["object"] == "video"
    assert int(seen.headers[b"content-length"]) == (0 if more is None else len(seen.body) + more)


def test_a_duplicate_answer_is_the_same_bytes_twice(wired: Any) -> None:
    seen = wired.bare_create("duplicate", closing=False)
    half = len(seen.written) // 2
    assert seen.written[:half] == seen.written[half:]
    assert seen.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert seen.end == "open"
    assert tasks(wired) == 1


def test_a_duplicate_clip_is_the_same_bytes_twice(wired: Any) -> None:
    seen = wired.bare("GET", f"/v1/videos/{wired.made()}/content", "duplicate")
    half = len(seen.written) // 2
    assert seen.written[:half] == seen.written[half:]


def test_a_client_that_hangs_up_ends_a_hang(wired: Any) -> None:
    before = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        wired.ask("GET", "/api/v1/balance", "hang", timeout=0.15)
    deadline = time.monotonic() + 2
    while not wired.journal() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert time.monotonic() - before < 2
    assert (wired.faults(), statuses(wired)) == ([["hang"]], [0])


def test_a_hang_ends_by_itself_without_a_byte(wired: Any) -> None:
    seen = wired.bare("GET", "/api/v1/balance", "hang seconds=50ms", closing=False)
    assert (seen.written, seen.end) == (b"", "closed")


def test_a_hang_does_not_keep_others_waiting(wired: Any) -> None:
    waiting = threading.Thread(target=lambda: wired.bare("GET", "/api/v1/balance", "hang seconds=300ms"))
    waiting.start()
    assert wired.ask("GET", "/api/v1/balance").status_code == 200
    assert waiting.is_alive()
    waiting.join()


@pytest.mark.parametrize("fault", ["dribble bytes=10 every=10ms", "bandwidth rate=1000"])
def test_a_slow_body_takes_its_time_and_is_whole(wire: Any, fault: str) -> None:
    wired = wire(clock=Clock())
    before = time.monotonic()
    answer = wired.create(fault)
    assert 0.12 < time.monotonic() - before < 1
    assert answer.json()["object"] == "video"


def test_a_dribbled_body_arrives_piece_by_piece(wire: Any) -> None:
    wired = wire(clock=Clock())
    with wired.client.stream("GET", "/api/v1/models", headers={
        "Authorization": "Bearer k", "X-Mock-Fault": "dribble bytes=100 every=20ms",
    }) as answer:  # fmt: skip
        pieces = [len(piece) for piece in answer.iter_raw()]
    assert len(pieces) > 2
    assert max(pieces) <= 300


def test_a_slow_body_does_not_wait_for_a_clock_that_stands_still(wired: Any) -> None:
    before = time.monotonic()
    assert wired.create("dribble bytes=1 every=1h").json()["object"] == "video"
    assert time.monotonic() - before < 1


def test_a_client_that_leaves_ends_a_slow_body(wire: Any) -> None:
    wired = wire(clock=Clock())
    with pytest.raises(httpx.ReadTimeout):
        wired.ask("GET", "/api/v1/models", "dribble bytes=1 every=300ms", timeout=0.1)
    deadline = time.monotonic() + 2
    while not wired.journal() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert wired.faults() == [["dribble bytes=1 every=0.3s"]]


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize(
    "fault",
    ["response_lost", "reset when=after", "body_cut", "wrong_length", "duplicate", "dribble bytes=900 every=0s"],
)
def test_every_end_of_an_answer_leaves_the_server_well(wired: Any, method: str, fault: str) -> None:
    path = f"/v1/videos/{wired.made()}/content"
    wired.bare(method, path, fault)
    wired.bare(method, path, fault, closing=False)
    assert wired.ask("GET", path).status_code == 200
    assert wired.faults()[-3:-1] == [[fault]] * 2


@pytest.mark.parametrize("fault", ["reset", "response_lost"])
def test_a_client_that_has_left_already_cannot_be_reset(wire: Any, fault: str) -> None:
    wired = wire(clock=Clock())
    with pytest.raises(httpx.ReadTimeout):
        wired.ask("GET", "/api/v1/balance", f"latency seconds=150ms; {fault}", timeout=0.05)
    deadline = time.monotonic() + 2
    while not wired.journal() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert wired.faults() == [["latency seconds=0.15s", fault]]
