"""Each scenario shows what it says: one prover for each, on the wire, on every upstream that it names."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from seedmock_server.scenarios.catalog import load_builtin, scenario_names

DAY, OTHER = 86400.0, "sk_test_another"
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)
Prover = Callable[[Any], None]


def is_clip(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.content[4:8] == b"ftyp"


# --- a task's life ---


def normal_lifecycle(theatre: Any) -> None:
    task_id, told = theatre.order(), []
    for _ in range(3):
        told.append(theatre.word(task_id))
        theatre.clock.advance(20)
    assert told == theatre.of(["pending", "processing", "completed"], ["QUEUED", "IN_PROGRESS", "SUCCESS"])
    assert is_clip(theatre.content(task_id))


def expired(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(59)
    assert theatre.word(task_id) == theatre.of("processing", "IN_PROGRESS")
    theatre.clock.advance(1)
    assert theatre.word(task_id) == "expired"


def stuck(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(DAY)
    assert theatre.word(task_id) == theatre.of("processing", "IN_PROGRESS")


def stuck_in_queue(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(DAY)
    assert theatre.word(task_id) == theatre.of("pending", "QUEUED")


def stale_status(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(DAY)
    assert theatre.word(task_id) == "IN_PROGRESS"
    assert is_clip(theatre.content(task_id))


def undocumented_early_status(theatre: Any) -> None:
    task_id, told = theatre.order(), []
    for seconds in (4, 4, 2, 10, 0):
        told.append(theatre.word(task_id))
        theatre.clock.advance(seconds)
    assert told == ["NOT_START", "SUBMITTED", "QUEUED", "IN_PROGRESS", "SUCCESS"]


def undocumented_success_status(theatre: Any) -> None:
    created = theatre.create().json()
    assert theatre.of(created.get("data", {}).get("state"), created.get("status")) == theatre.of("pending", "queued")
    (task_id,) = theatre.made()
    assert theatre.word(task_id) == "succeeded"
    assert is_clip(theatre.content(task_id))


def transient_poll_errors(theatre: Any) -> None:
    task_id = theatre.order()
    assert [theatre.query(task_id).status_code for _ in range(4)] == [404, 502, 502, 200]
    assert theatre.word(task_id) == theatre.of("pending", "QUEUED")
    theatre.clock.advance(60)
    assert theatre.word(task_id) == theatre.of("completed", "SUCCESS")


def flake_not_drift(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(DAY)
    answers = [theatre.query(task_id) for _ in range(40)]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert 5 < sum(answer.status_code == 503 for answer in answers) < 30
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1


def html_errors(theatre: Any) -> None:
    task_id = theatre.order()
    for status in (502, 520, 524):
        answer = theatre.query(task_id)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=UTF-8")
        assert answer.text.startswith("<!DOCTYPE html>")
    with pytest.raises(BROKEN):
        theatre.query(task_id)
    assert theatre.query(task_id).status_code == 200


# --- the order ---


def response_lost(theatre: Any) -> None:
    with pytest.raises(BROKEN):
        theatre.create()
    (lost,) = theatre.made()
    again = theatre.order()
    theatre.clock.advance(DAY)
    assert theatre.made() == [lost, again]
    first, second = theatre.charged()
    assert first == second > 0


def rate_limited(theatre: Any) -> None:
    refused = theatre.create()
    assert (refused.status_code, refused.content) == (429, b"")
    task_id = theatre.order()
    answers = [theatre.query(task_id) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert not any("retry-after" in answer.headers for answer in (refused, *answers))
    assert answers[0].json()


def error_in_200(theatre: Any) -> None:
    answer = theatre.create()
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (200, 402, None)
    assert theatre.made() == []


def nested_error(theatre: Any) -> None:
    answer = theatre.create()
    assert answer.status_code == 400
    inner = json.loads(answer.json()["error"]["message"])
    assert inner["error"]["message"]
    assert theatre.made() == []


def unavailable_model(theatre: Any) -> None:
    listed = [row["id"] for row in theatre.ask("GET", "/api/v1/models").json()["data"]]
    model = "seedance2-a/seedance-2.0-mini"
    assert model in listed
    answer = theatre.create(model=model)
    assert answer.status_code == answer.json()["code"] == 400
    assert answer.json()["msg"].startswith("Invalid model: ")


def seconds_type(theatre: Any) -> None:
    odd = theatre.of({"duration": "4"}, {"seconds": 4})
    refused = theatre.create(**odd)
    assert (refused.status_code, "decoded" in refused.text) == (400, True)
    assert theatre.made() == []
    assert theatre.create(**odd).status_code == theatre.create().status_code == 200


def account_isolation(theatre: Any) -> None:
    mine, other = theatre.order(), theatre.order(key=OTHER)
    assert mine != other
    assert theatre.create().status_code == theatre.create(key=OTHER).status_code == 429
    assert theatre.query(mine, key=OTHER).status_code == theatre.query(other).status_code == 404
    assert theatre.query(mine).status_code == theatre.query(other, key=OTHER).status_code == 200
    theatre.clock.advance(20)
    assert theatre.charged() == theatre.charged(OTHER)
    assert len(theatre.charged()) == 1


def large_body(theatre: Any) -> None:
    theatre.order(note="x" * 2_000_000)
    (entry,) = theatre.journal()
    assert 1000 < len(entry["request_body"]) < 10_000
    assert "sk_test" not in json.dumps(entry)
    assert ["authorization", "***"] in entry["request_headers"]


def offline(theatre: Any) -> None:
    def ordered(picture: str, key: str) -> httpx.Response:
        url = f"https://unreachable.invalid/{picture}.png"
        part = {"type": "image_url", "role": "first_frame", "image_url": {"url": url}}
        return theatre.create(key=key, **theatre.of({"first_frame_url": url}, {"input_reference": {"content": [part]}}))

    for key in ("anything", "at all"):
        assert ordered("boat", key).status_code == 200
        refused = ordered("too-wide", key)  # by its declared form: nobody can fetch it
        assert (refused.status_code, "allowed" in refused.text) == (400, True), refused.text


def local_urls(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(DAY)
    told = json.dumps(theatre.task(task_id))
    assert "apimodels.app" not in told
    assert "ope.ai" not in told
    assert theatre.of(theatre.link(task_id), theatre.url).startswith(theatre.url)
    answer = theatre.content(task_id)
    assert answer.status_code == 302
    assert str(httpx.URL(theatre.url).join(answer.headers["location"])).startswith(theatre.url)


# --- moderation ---


def face_refused(theatre: Any) -> None:
    answer = theatre.create()
    assert answer.status_code == 400
    code = theatre.of("CONTENT_MODERATION", "InputImageSensitiveContentDetected.PrivacyInformation")
    assert code in answer.text
    assert (theatre.made(), theatre.charged()) == ([], [])


def audio_moderated(theatre: Any) -> None:
    orders = [theatre.order() for _ in range(12)]
    theatre.clock.advance(149)
    assert {theatre.word(task_id) for task_id in orders} == {theatre.of("processing", "IN_PROGRESS")}
    theatre.clock.advance(1)
    words = [theatre.word(task_id) for task_id in orders]
    assert set(words) == {*theatre.of(("completed", "failed"), ("SUCCESS", "FAILURE"))}
    failed = theatre.task(orders[words.index(theatre.of("failed", "FAILURE"))])
    assert theatre.of("CONTENT_MODERATION", "OutputAudioSensitiveContentDetected") in json.dumps(failed)
    assert "audio" in json.dumps(failed)


def partial_batch_failure(theatre: Any) -> None:
    orders = [theatre.order() for _ in range(4)]
    theatre.clock.advance(20)
    good, bad = theatre.of(("completed", "failed"), ("SUCCESS", "FAILURE"))
    assert [theatre.word(task_id) for task_id in orders] == [good, bad, good, good]
    assert [bool(amount) for amount in theatre.charged()] == [True, False, True, True]


def moderated_early_and_late(theatre: Any) -> None:
    assert theatre.create(prompt="A portrait of somebody").status_code == 400
    task_id = theatre.order()
    theatre.clock.advance(119)
    assert theatre.word(task_id) == theatre.of("processing", "IN_PROGRESS")
    theatre.clock.advance(1)
    assert theatre.word(task_id) == theatre.of("failed", "FAILURE")
    assert theatre.of("output video", "OutputVideoSensitiveContentDetected") in json.dumps(theatre.task(task_id))


# --- money ---


def failed_but_charged(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(DAY)
    assert theatre.word(task_id) == theatre.of("failed", "FAILURE")
    (charged,) = theatre.charged()
    assert charged > 0


def failed_not_charged(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(60)
    assert theatre.word(task_id) == theatre.of("failed", "FAILURE")
    assert theatre.charged() == [0]


def duplicate_responses(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(20)
    said = raw_query(theatre, task_id)
    assert said.count(b"HTTP/1.1 200") == said.count(theatre.of(b'"completed"', b'"SUCCESS"')) == 2
    (charged,) = theatre.charged()
    theatre.clock.advance(DAY)
    raw_query(theatre, task_id)
    assert theatre.charged() == [charged]
    assert charged > 0


def raw_query(theatre: Any, task_id: str) -> bytes:
    """All that a connection brings after one query."""
    url = httpx.URL(theatre.url)
    path = theatre.of(f"/api/v1/video/generations?task_id={task_id}", f"/v1/videos/{task_id}")
    with socket.create_connection((url.host, url.port), timeout=10) as line:
        head = f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: Bearer sk_test_scenarios\r\n"
        line.sendall(f"{head}Connection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: line.recv(65536), b""))


def wrong_size(theatre: Any, watch: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(DAY)
    answer = theatre.content(task_id)
    assert watch(answer.content)["size"] == theatre.of((480, 480), (320, 320))
    if theatre.is_a:
        (charged,) = theatre.charged()
        told = theatre.ask("GET", f"/api/v1/records/{task_id}").json()["data"]["credits"]
        assert told == pytest.approx(2 * float(charged))


# --- answers that changed ---


def field_renamed(theatre: Any) -> None:
    told = theatre.task(theatre.order())
    old, new = theatre.of(("state", "stateOfTask"), ("status", "state_of_task"))
    assert old not in told
    assert told[new] == theatre.of("pending", "QUEUED")


def intermittent_drift(theatre: Any) -> None:
    task_id, field = theatre.order(), theatre.of("createTime", "created_at")
    there = [field in theatre.task(task_id) for _ in range(40)]
    assert 5 < sum(there) < 35


def legacy_field_names(theatre: Any) -> None:
    created = theatre.create().json()["data"]
    assert created.keys() >= {"task_id", "status"}
    theatre.clock.advance(DAY)
    told = theatre.task(created["task_id"])
    assert (told["task_id"], told["status"], len(told["videos"])) == (created["task_id"], "completed", 1)
    assert not told.keys() & {"taskId", "state", "resultUrls"}


# --- the content ---


def content_race(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(20)
    for _ in range(2):
        assert theatre.word(task_id) == "SUCCESS"
        answer = theatre.content(task_id)
        assert answer.status_code == 400
        assert answer.json()["error"]["message"].startswith("Task is not completed yet, current status: ")
        theatre.clock.advance(5)
    assert is_clip(theatre.content(task_id))


def download_reset(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(DAY)
    got = bytearray()
    with theatre.http.stream("GET", theatre.link(task_id), headers=bearer()) as answer, contextlib.suppress(*BROKEN):
        for chunk in answer.iter_bytes():
            got += chunk
    whole = theatre.content(task_id)
    assert is_clip(whole)
    assert 0 < len(got) < len(whole.content)


def bearer() -> dict[str, str]:
    return {"Authorization": "Bearer sk_test_scenarios"}


def content_not_found(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(10)
    assert theatre.word(task_id) == theatre.of("completed", "SUCCESS")
    assert [theatre.content(task_id).status_code for _ in range(3)] == [404] * 3
    assert theatre.charged() != [0]


def download_errors(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(10)
    assert theatre.content(task_id).status_code == 500
    with pytest.raises(BROKEN):
        theatre.content(task_id)
    assert is_clip(theatre.content(task_id))
    theatre.clock.advance(3600)
    assert theatre.content(task_id).status_code == theatre.of(404, 410)


def content_unavailable(theatre: Any) -> None:
    task_id = theatre.order()
    for _ in range(3):
        theatre.clock.advance(DAY / 4)
        assert theatre.word(task_id) == "SUCCESS"
        answer = theatre.content(task_id)
        assert (answer.status_code, answer.json()["error"]["message"]) == (502, "Failed to fetch video content")


def completed_without_url(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(DAY / 4)
    assert theatre.word(task_id) == theatre.of("completed", "SUCCESS")
    if theatre.is_a:
        assert theatre.task(task_id)["resultUrls"] == []
    else:
        assert theatre.content(task_id).status_code == 502


def link_expires(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(20)
    link, lives = theatre.link(task_id), theatre.of(7 * DAY, DAY)
    theatre.clock.advance(lives - 1)
    assert is_clip(theatre.ask("GET", link))
    theatre.clock.advance(1)
    assert theatre.ask("GET", link).status_code == theatre.of(404, 410)


def content_redirects(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(10)
    early = theatre.content(task_id)
    assert (early.status_code, "not completed yet" in early.text) == (400, True)
    moved = theatre.content(task_id)
    assert (moved.status_code, moved.content) == (302, b"")
    assert is_clip(theatre.http.get(moved.headers["location"]))


def broken_download(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(10)
    for _ in range(2):
        with pytest.raises(BROKEN):
            theatre.content(task_id)
    whole = theatre.content(task_id, Range="bytes=10-19")
    assert is_clip(whole)
    assert len(whole.content) > 10


def wrong_content_type(theatre: Any) -> None:
    task_id = theatre.order()
    theatre.clock.advance(10)
    answer = theatre.content(task_id, Range="bytes=10-19")
    assert is_clip(answer)
    assert answer.headers["content-type"] == "text/plain"


# --- assets ---


def registered(theatre: Any) -> str:
    group = theatre.post("/api/v1/assets/groups", {"name": "cast"}).json()["data"]["id"]
    wanted = {"group_id": group, "url": "https://mock.test/not-a-face.png", "asset_type": "Image"}
    answer = theatre.post("/api/v1/assets", wanted)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["id"])


def status_of(theatre: Any, asset_id: str) -> str:
    return str(theatre.post("/api/v1/assets/get", {"id": asset_id}).json()["data"]["status"])


def asset_not_active(theatre: Any) -> None:
    asset_id = registered(theatre)
    theatre.clock.advance(3599)
    assert status_of(theatre, asset_id) == "Processing"
    refused = theatre.create(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")
    assert refused.status_code == 400
    assert asset_id in refused.text
    assert "INVALID_INPUT" in refused.text
    assert theatre.made() == []
    theatre.clock.advance(1)
    assert status_of(theatre, asset_id) == "Active"
    theatre.order(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")


def asset_active_at_once(theatre: Any) -> None:
    asset_id = registered(theatre)
    assert status_of(theatre, asset_id) == "Active"
    theatre.order(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")


PROVERS: dict[str, Callable[..., None]] = {
    prover.__name__.replace("_", "-"): prover
    for prover in (
        account_isolation, asset_active_at_once, asset_not_active, audio_moderated, broken_download,
        completed_without_url, content_not_found, content_race, content_redirects, content_unavailable,
        download_errors, download_reset, duplicate_responses, error_in_200, expired, face_refused,
        failed_but_charged, failed_not_charged, field_renamed, flake_not_drift, html_errors, intermittent_drift,
        large_body, legacy_field_names, link_expires, local_urls, moderated_early_and_late, nested_error,
        normal_lifecycle, offline, partial_batch_failure, rate_limited, response_lost, seconds_type, stale_status,
        stuck, stuck_in_queue, transient_poll_errors, unavailable_model, undocumented_early_status,
        undocumented_success_status, wrong_content_type, wrong_size,
    )
}  # fmt: skip
PLAYED = [(name, upstream) for name in scenario_names() for upstream in load_builtin(name).upstreams]


def test_every_scenario_has_a_prover() -> None:
    assert sorted(PROVERS) == list(scenario_names())


@pytest.mark.parametrize(("name", "upstream"), PLAYED)
def test_a_scenario_shows_what_it_says(theatre: Any, name: str, upstream: str, watch: Any) -> None:
    theatre.put(name, upstream)
    more = {"watch": watch} if name == "wrong-size" else {}
    PROVERS[name](theatre, **more)
