"""Faults of the answer itself: bytes, headers and the wait for it, through both doors where both can show them."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from seedmock_server.clock import Clock, ManualClock

VIDEOS = "/v1/videos"
BOAT = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4", "seed": 3}
BOAT |= {"generate_audio": False}


def create(door: Any, fault: str) -> Any:
    return door.post(VIDEOS, BOAT, headers={"X-Mock-Fault": fault})


def faults(door: Any) -> list[str]:
    """What the journal says of the last call."""
    return list(door.journal()[-1]["faults"])


def test_malformed_json_has_its_length_right_and_its_task_made(shared_door: Any) -> None:
    answer = create(shared_door, "malformed")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert faults(shared_door) == ["malformed"]
    task_id = answer.text.split('"')[3]
    assert shared_door.task_b(task_id)["status"] == "SUCCESS"


def test_truncated_json_ends_early_and_agrees_with_its_length(shared_door: Any) -> None:
    answer = create(shared_door, "truncated at=20")
    assert answer.content == b'{"id":"cgt-202605290'
    assert answer.headers["content-length"] == "20"
    assert len(create(shared_door, "truncated").content) > 50


def test_an_error_can_be_truncated_too(shared_door: Any) -> None:
    answer = create(shared_door, "status code=500; truncated at=5")
    assert (answer.status_code, answer.text) == (500, '{"err')
    assert faults(shared_door) == ["status code=500", "truncated at=5"]


def test_a_page_can_be_mistyped_and_what_is_empty_cannot_be_malformed(shared_door: Any) -> None:
    answer = create(shared_door, "status code=502 body=html; wrong_type to=application/json")
    assert answer.headers.get_list("content-type") == ["application/json"]
    assert answer.text.startswith("<!DOCTYPE html>")
    assert create(shared_door, "status code=502 body=empty; malformed").content == b""
    assert faults(shared_door) == ["status code=502 body=empty", "not applied: malformed"]


def test_the_journal_has_what_was_sent(shared_door: Any) -> None:
    create(shared_door, "truncated at=5")
    assert '{"id"' in str(shared_door.journal()[-1])
    assert "created_at" not in str(shared_door.journal()[-1])


@pytest.mark.parametrize(("fault", "type_"), [
    ("wrong_type", "text/html"), ("wrong_type to=application/octet-stream", "application/octet-stream"),
])  # fmt: skip
def test_a_wrong_content_type_is_said_of_the_right_bytes(shared_door: Any, fault: str, type_: str) -> None:
    answer = create(shared_door, fault)
    assert answer.headers.get_list("content-type") == [type_]
    assert answer.json()["object"] == "video"
    clip = shared_door.get(f"{VIDEOS}/{answer.json()['id']}/content", headers={"X-Mock-Fault": fault})
    assert clip.headers.get_list("content-type") == [type_]
    assert clip.content[4:8] == b"ftyp"


@pytest.mark.parametrize(("by", "seconds"), [("-5m", -300), ("2h", 7200), ("+10", 10)])
def test_the_date_is_off_by_so_much_and_said_once(shared_door: Any, by: str, seconds: int) -> None:
    answer = create(shared_door, f"clock_skew by={by}")
    [date] = answer.headers.get_list("date")
    assert parsedate_to_datetime(date).timestamp() == shared_door.clock.now() + seconds


def test_a_latency_waits_for_a_clock_that_runs(open_door: Any) -> None:
    door = open_door(clock=Clock())
    before = time.monotonic()
    assert create(door, "latency seconds=150ms").status_code == 200
    assert 0.14 < time.monotonic() - before < 1


def test_a_latency_is_shorter_on_a_clock_that_runs_faster(open_door: Any) -> None:
    door = open_door(clock=Clock(rate=100))
    before = time.monotonic()
    assert create(door, "latency seconds=10s").status_code == 200
    assert 0.09 < time.monotonic() - before < 1


def test_a_latency_neither_waits_for_a_clock_that_stands_still_nor_moves_it(shared_door: Any) -> None:
    before = time.monotonic()
    assert create(shared_door, "latency seconds=1h").status_code == 200
    assert time.monotonic() - before < 2
    assert faults(shared_door) == ["latency seconds=3600s"]


def test_a_latency_goes_by_the_account_s_own_clock(open_door: Any) -> None:
    door = open_door(clock=Clock())
    door.get("/api/v1/models", headers={"X-Mock-Advance": "1s"})
    before = time.monotonic()
    create(door, "latency seconds=100ms")
    assert time.monotonic() - before >= 0.1


def drawn(door: Any, count: int) -> list[float]:
    said = []
    for _ in range(count):
        create(door, "latency p50=2s p90=6s")
        said.append(float(faults(door)[0].removeprefix("latency seconds=").removesuffix("s")))
    return said


def test_drawn_latencies_are_of_the_seed_and_have_the_median(open_door: Any) -> None:
    one, again, other = (drawn(open_door(clock=ManualClock(), seed=seed), 60) for seed in (1, 1, 2))
    assert one == again != other
    assert len(set(one)) > 50
    assert 1.2 < sorted(one)[30] < 3.2
    assert 3 < sorted(one)[54] < 12


@pytest.mark.parametrize(
    "fault", ["hang", "reset", "reset when=after", "response_lost", "body_cut at=3", "wrong_length", "duplicate"]
)
def test_what_needs_a_socket_is_refused_in_process_before_anything_is_done(inside: Any, fault: str) -> None:
    answer = create(inside, fault)
    assert answer.status_code == 400
    assert f"{fault.split()[0]} needs a socket, and this call came in process" in answer.text
    entry = inside.journal()[-1]
    assert (entry["status"], list(entry["faults"])) == (400, [])
    assert "cgt-" not in str(entry)


def test_a_slow_body_is_whole_in_process_too(inside: Any) -> None:
    assert create(inside, "dribble bytes=3").json()["object"] == "video"
    assert create(inside, "bandwidth rate=20").json()["object"] == "video"


@pytest.mark.parametrize(("fault", "said"), [
    ("nope", "fault is 'nope'; allowed: status, "),
    ("status code=502 colour=red", "status has no parameter 'colour'; there are: code, kind, body, "),
    ("status", "neither code nor kind is given"),
    ("malformed; truncated", "malformed and truncated contradict each other"),
    ("redirect", "redirect makes no sense for the operation create; allowed: content"),
    ("backwards", "backwards makes no sense for the operation create; allowed: query"),
    (";", "fault is ''"),
])  # fmt: skip
def test_a_header_that_cannot_be_followed_is_refused_and_does_nothing(shared_door: Any, fault: str, said: str) -> None:
    answer = create(shared_door, fault)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert faults(shared_door) == []
    answer = shared_door.post("/api/v1/video/generations", {}, headers={"X-Mock-Fault": fault})
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert said in answer.json()["msg"]
