"""Faults of bytes, headers and latency, in process and on a socket."""

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


def create(server: Any, fault: str) -> Any:
    return server.post(VIDEOS, BOAT, headers={"X-Mock-Fault": fault})


def faults(server: Any) -> list[str]:
    """Return the faults of the last exchange in the journal."""
    return list(server.journal()[-1]["faults"])


def test_malformed_json_has_a_right_length_and_its_task_exists(shared_server: Any) -> None:
    response = create(shared_server, "malformed")
    assert response.status_code == 200
    assert int(response.headers["content-length"]) == len(response.content)
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert faults(shared_server) == ["malformed"]
    task_id = response.text.split('"')[3]
    assert shared_server.query_opeai(task_id)["status"] == "SUCCESS"


def test_truncated_json_has_a_matching_length(shared_server: Any) -> None:
    response = create(shared_server, "truncated at=20")
    assert response.content == b'{"id":"cgt-202605290'
    assert response.headers["content-length"] == "20"
    assert len(create(shared_server, "truncated").content) > 50


def test_an_error_can_be_truncated_too(shared_server: Any) -> None:
    response = create(shared_server, "status code=500; truncated at=5")
    assert (response.status_code, response.text) == (500, '{"err')
    assert faults(shared_server) == ["status code=500", "truncated at=5"]


def test_an_html_page_can_have_a_wrong_type_and_an_empty_body_cannot_be_malformed(shared_server: Any) -> None:
    response = create(shared_server, "status code=502 body=html; wrong_type to=application/json")
    assert response.headers.get_list("content-type") == ["application/json"]
    assert response.text.startswith("<!DOCTYPE html>")
    assert create(shared_server, "status code=502 body=empty; malformed").content == b""
    assert faults(shared_server) == ["status code=502 body=empty", "not applied: malformed"]


def test_the_journal_has_the_bytes_that_were_sent(shared_server: Any) -> None:
    create(shared_server, "truncated at=5")
    assert '{"id"' in str(shared_server.journal()[-1])
    assert "created_at" not in str(shared_server.journal()[-1])


@pytest.mark.parametrize(("fault", "type_"), [
    ("wrong_type", "text/html"), ("wrong_type to=application/octet-stream", "application/octet-stream"),
])  # fmt: skip
def test_a_wrong_content_type_leaves_the_body_alone(shared_server: Any, fault: str, type_: str) -> None:
    response = create(shared_server, fault)
    assert response.headers.get_list("content-type") == [type_]
    assert response.json()["object"] == "video"
    clip = shared_server.get(f"{VIDEOS}/{response.json()['id']}/content", headers={"X-Mock-Fault": fault})
    assert clip.headers.get_list("content-type") == [type_]
    assert clip.content[4:8] == b"ftyp"


@pytest.mark.parametrize(("by", "seconds"), [("-5m", -300), ("2h", 7200), ("+10", 10)])
def test_clock_skew_shifts_the_only_date_header(shared_server: Any, by: str, seconds: int) -> None:
    response = create(shared_server, f"clock_skew by={by}")
    [date] = response.headers.get_list("date")
    assert parsedate_to_datetime(date).timestamp() == shared_server.clock.now() + seconds


def test_latency_waits_on_a_running_clock(start_server: Any) -> None:
    server = start_server(clock=Clock())
    before = time.monotonic()
    assert create(server, "latency seconds=150ms").status_code == 200
    assert 0.14 < time.monotonic() - before < 1


def test_latency_is_shorter_on_a_faster_clock(start_server: Any) -> None:
    server = start_server(clock=Clock(rate=100))
    before = time.monotonic()
    assert create(server, "latency seconds=10s").status_code == 200
    assert 0.09 < time.monotonic() - before < 1


def test_latency_neither_waits_on_a_frozen_clock_nor_moves_it(shared_server: Any) -> None:
    before = time.monotonic()
    assert create(shared_server, "latency seconds=1h").status_code == 200
    assert time.monotonic() - before < 2
    assert faults(shared_server) == ["latency seconds=3600s"]


def test_latency_uses_the_clock_of_the_account(start_server: Any) -> None:
    server = start_server(clock=Clock())
    server.get("/api/v1/models", headers={"X-Mock-Advance": "1s"})
    before = time.monotonic()
    create(server, "latency seconds=100ms")
    assert time.monotonic() - before >= 0.1


def drawn(server: Any, count: int) -> list[float]:
    latencies = []
    for _ in range(count):
        create(server, "latency p50=2s p90=6s")
        latencies.append(float(faults(server)[0].removeprefix("latency seconds=").removesuffix("s")))
    return latencies


def test_drawn_latencies_repeat_with_the_seed_and_have_the_median(start_server: Any) -> None:
    one, again, other = (drawn(start_server(clock=ManualClock(), seed=seed), 60) for seed in (1, 1, 2))
    assert one == again != other
    assert len(set(one)) > 50
    assert 1.2 < sorted(one)[30] < 3.2
    assert 3 < sorted(one)[54] < 12


@pytest.mark.parametrize(
    "fault", ["hang", "reset", "reset when=after", "response_lost", "body_cut at=3", "wrong_length", "duplicate"]
)
def test_faults_that_need_a_socket_are_rejected_in_process_without_effect(in_process_server: Any, fault: str) -> None:
    response = create(in_process_server, fault)
    assert response.status_code == 400
    assert f"{fault.split()[0]} needs a socket, and this call came in process" in response.text
    entry = in_process_server.journal()[-1]
    assert (entry["status"], list(entry["faults"])) == (400, [])
    assert "cgt-" not in str(entry)


def test_a_slow_body_is_complete_in_process(in_process_server: Any) -> None:
    assert create(in_process_server, "dribble bytes=3").json()["object"] == "video"
    assert create(in_process_server, "bandwidth rate=20").json()["object"] == "video"


@pytest.mark.parametrize(("fault", "message"), [
    ("nope", "fault is 'nope'; allowed: status, "),
    ("status code=502 colour=red", "unknown parameter 'colour' of status; available: code, kind, body, "),
    ("status", "neither code nor kind is given"),
    ("malformed; truncated", "malformed and truncated contradict each other"),
    ("redirect", "redirect does not apply to the operation create; allowed: content"),
    ("backwards", "backwards does not apply to the operation create; allowed: query"),
    (";", "fault is ''"),
])  # fmt: skip
def test_an_invalid_fault_header_is_rejected_without_effect(shared_server: Any, fault: str, message: str) -> None:
    response = create(shared_server, fault)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]
    assert faults(shared_server) == []
    response = shared_server.post("/api/v1/video/generations", {}, headers={"X-Mock-Fault": fault})
    assert (response.status_code, response.json()["code"]) == (400, 400)
    assert message in response.json()["msg"]
