"""Each built-in scenario behaves as described: one check for each, over HTTP, on every upstream that it names."""

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
Check = Callable[[Any], None]


def is_clip(response: httpx.Response) -> bool:
    return response.status_code == 200 and response.content[4:8] == b"ftyp"


# --- the status of a task ---


def normal_lifecycle(server: Any) -> None:
    task_id, statuses = server.create_task(), []
    for _ in range(3):
        statuses.append(server.raw_status(task_id))
        server.clock.advance(20)
    assert statuses == server.by_upstream(["pending", "processing", "completed"], ["QUEUED", "IN_PROGRESS", "SUCCESS"])
    assert is_clip(server.content(task_id))


def expired(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(59)
    assert server.raw_status(task_id) == server.by_upstream("processing", "IN_PROGRESS")
    server.clock.advance(1)
    assert server.raw_status(task_id) == "expired"


def stuck(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    assert server.raw_status(task_id) == server.by_upstream("processing", "IN_PROGRESS")


def stuck_in_queue(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    assert server.raw_status(task_id) == server.by_upstream("pending", "QUEUED")


def stale_status(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    assert server.raw_status(task_id) == "IN_PROGRESS"
    assert is_clip(server.content(task_id))


def undocumented_early_status(server: Any) -> None:
    task_id, statuses = server.create_task(), []
    for seconds in (4, 4, 2, 10, 0):
        statuses.append(server.raw_status(task_id))
        server.clock.advance(seconds)
    assert statuses == ["NOT_START", "SUBMITTED", "QUEUED", "IN_PROGRESS", "SUCCESS"]


def undocumented_success_status(server: Any) -> None:
    created = server.create().json()
    assert server.by_upstream(created.get("data", {}).get("state"), created.get("status")) == server.by_upstream(
        "pending", "queued"
    )
    (task_id,) = server.task_ids()
    assert server.raw_status(task_id) == "succeeded"
    assert is_clip(server.content(task_id))


def transient_poll_errors(server: Any) -> None:
    task_id = server.create_task()
    assert [server.query(task_id).status_code for _ in range(4)] == [404, 502, 502, 200]
    assert server.raw_status(task_id) == server.by_upstream("pending", "QUEUED")
    server.clock.advance(60)
    assert server.raw_status(task_id) == server.by_upstream("completed", "SUCCESS")


def flake_not_drift(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    responses = [server.query(task_id) for _ in range(40)]
    assert {response.status_code for response in responses} == {200, 503}
    assert 5 < sum(response.status_code == 503 for response in responses) < 30
    assert len({response.text for response in responses if response.status_code == 200}) == 1


def html_errors(server: Any) -> None:
    task_id = server.create_task()
    for status in (502, 520, 524):
        response = server.query(task_id)
        assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=UTF-8")
        assert response.text.startswith("<!DOCTYPE html>")
    with pytest.raises(BROKEN):
        server.query(task_id)
    assert server.query(task_id).status_code == 200


# --- creating a task ---


def response_lost(server: Any) -> None:
    with pytest.raises(BROKEN):
        server.create()
    (first_id,) = server.task_ids()
    second_id = server.create_task()
    server.clock.advance(DAY)
    assert server.task_ids() == [first_id, second_id]
    first, second = server.charges()
    assert first == second > 0


def rate_limited(server: Any) -> None:
    rejected = server.create()
    assert (rejected.status_code, rejected.content) == (429, b"")
    task_id = server.create_task()
    responses = [server.query(task_id) for _ in range(3)]
    assert [response.status_code for response in responses] == [429, 429, 200]
    assert not any("retry-after" in response.headers for response in (rejected, *responses))
    assert responses[0].json()


def error_in_200(server: Any) -> None:
    response = server.create()
    assert (response.status_code, response.json()["code"], response.json()["data"]) == (200, 402, None)
    assert server.task_ids() == []


def nested_error(server: Any) -> None:
    response = server.create()
    assert response.status_code == 400
    inner = json.loads(response.json()["error"]["message"])
    assert inner["error"]["message"]
    assert server.task_ids() == []


def unavailable_model(server: Any) -> None:
    listed = [row["id"] for row in server.request("GET", "/api/v1/models").json()["data"]]
    model = "seedance2-a/seedance-2.0-mini"
    assert model in listed
    response = server.create(model=model)
    assert response.status_code == response.json()["code"] == 400
    assert response.json()["msg"].startswith("Invalid model: ")


def seconds_type(server: Any) -> None:
    odd = server.by_upstream({"duration": "4"}, {"seconds": 4})
    rejected = server.create(**odd)
    assert (rejected.status_code, "decoded" in rejected.text) == (400, True)
    assert server.task_ids() == []
    assert server.create(**odd).status_code == server.create().status_code == 200


def account_isolation(server: Any) -> None:
    mine, other = server.create_task(), server.create_task(key=OTHER)
    assert mine != other
    assert server.create().status_code == server.create(key=OTHER).status_code == 429
    assert server.query(mine, key=OTHER).status_code == server.query(other).status_code == 404
    assert server.query(mine).status_code == server.query(other, key=OTHER).status_code == 200
    server.clock.advance(20)
    assert server.charges() == server.charges(OTHER)
    assert len(server.charges()) == 1


def large_body(server: Any) -> None:
    server.create_task(note="x" * 2_000_000)
    (entry,) = server.journal()
    assert 1000 < len(entry["request_body"]) < 10_000
    assert "sk_test" not in json.dumps(entry)
    assert ["authorization", "***"] in entry["request_headers"]


def offline(server: Any) -> None:
    def create_with(picture: str, key: str) -> httpx.Response:
        url = f"https://unreachable.invalid/{picture}.png"
        part = {"type": "image_url", "role": "first_frame", "image_url": {"url": url}}
        return server.create(
            key=key, **server.by_upstream({"first_frame_url": url}, {"input_reference": {"content": [part]}})
        )

    for key in ("anything", "at all"):
        assert create_with("boat", key).status_code == 200
        rejected = create_with("too-wide", key)  # by its declared size: the URL cannot be fetched
        assert (rejected.status_code, "allowed" in rejected.text) == (400, True), rejected.text


def local_urls(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    text = json.dumps(server.task(task_id))
    assert "apimodels.app" not in text
    assert "ope.ai" not in text
    assert server.by_upstream(server.content_url(task_id), server.url).startswith(server.url)
    response = server.content(task_id)
    assert response.status_code == 302
    assert str(httpx.URL(server.url).join(response.headers["location"])).startswith(server.url)


# --- moderation ---


def face_refused(server: Any) -> None:
    response = server.create()
    assert response.status_code == 400
    code = server.by_upstream("CONTENT_MODERATION", "InputImageSensitiveContentDetected.PrivacyInformation")
    assert code in response.text
    assert (server.task_ids(), server.charges()) == ([], [])


def audio_moderated(server: Any) -> None:
    orders = [server.create_task() for _ in range(12)]
    server.clock.advance(149)
    assert {server.raw_status(task_id) for task_id in orders} == {server.by_upstream("processing", "IN_PROGRESS")}
    server.clock.advance(1)
    statuses = [server.raw_status(task_id) for task_id in orders]
    assert set(statuses) == {*server.by_upstream(("completed", "failed"), ("SUCCESS", "FAILURE"))}
    failed = server.task(orders[statuses.index(server.by_upstream("failed", "FAILURE"))])
    assert server.by_upstream("CONTENT_MODERATION", "OutputAudioSensitiveContentDetected") in json.dumps(failed)
    assert "audio" in json.dumps(failed)


def partial_batch_failure(server: Any) -> None:
    orders = [server.create_task() for _ in range(4)]
    server.clock.advance(20)
    good, bad = server.by_upstream(("completed", "failed"), ("SUCCESS", "FAILURE"))
    assert [server.raw_status(task_id) for task_id in orders] == [good, bad, good, good]
    assert [bool(amount) for amount in server.charges()] == [True, False, True, True]


def moderated_early_and_late(server: Any) -> None:
    assert server.create(prompt="A portrait of somebody").status_code == 400
    task_id = server.create_task()
    server.clock.advance(119)
    assert server.raw_status(task_id) == server.by_upstream("processing", "IN_PROGRESS")
    server.clock.advance(1)
    assert server.raw_status(task_id) == server.by_upstream("failed", "FAILURE")
    assert server.by_upstream("output video", "OutputVideoSensitiveContentDetected") in json.dumps(server.task(task_id))


# --- money ---


def failed_but_charged(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    assert server.raw_status(task_id) == server.by_upstream("failed", "FAILURE")
    (charge,) = server.charges()
    assert charge > 0


def failed_not_charged(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(60)
    assert server.raw_status(task_id) == server.by_upstream("failed", "FAILURE")
    assert server.charges() == [0]


def duplicate_responses(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(20)
    received = raw_query(server, task_id)
    assert received.count(b"HTTP/1.1 200") == received.count(server.by_upstream(b'"completed"', b'"SUCCESS"')) == 2
    (charge,) = server.charges()
    server.clock.advance(DAY)
    raw_query(server, task_id)
    assert server.charges() == [charge]
    assert charge > 0


def raw_query(server: Any, task_id: str) -> bytes:
    """Return all bytes that a connection sends after one query."""
    url = httpx.URL(server.url)
    path = server.by_upstream(f"/api/v1/video/generations?task_id={task_id}", f"/v1/videos/{task_id}")
    with socket.create_connection((url.host, url.port), timeout=10) as line:
        head = f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: Bearer sk_test_scenarios\r\n"
        line.sendall(f"{head}Connection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: line.recv(65536), b""))


def wrong_size(server: Any, watch: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    response = server.content(task_id)
    assert watch(response.content)["size"] == server.by_upstream((480, 480), (320, 320))
    if server.is_apimodels:
        (charge,) = server.charges()
        credits_ = server.request("GET", f"/api/v1/records/{task_id}").json()["data"]["credits"]
        assert credits_ == pytest.approx(2 * float(charge))


# --- contract drift ---


def field_renamed(server: Any) -> None:
    task = server.task(server.create_task())
    old, new = server.by_upstream(("state", "stateOfTask"), ("status", "state_of_task"))
    assert old not in task
    assert task[new] == server.by_upstream("pending", "QUEUED")


def intermittent_drift(server: Any) -> None:
    task_id, field = server.create_task(), server.by_upstream("createTime", "created_at")
    present = [field in server.task(task_id) for _ in range(40)]
    assert 5 < sum(present) < 35


def legacy_field_names(server: Any) -> None:
    created = server.create().json()["data"]
    assert created.keys() >= {"task_id", "status"}
    server.clock.advance(DAY)
    task = server.task(created["task_id"])
    assert (task["task_id"], task["status"], len(task["videos"])) == (created["task_id"], "completed", 1)
    assert not task.keys() & {"taskId", "state", "resultUrls"}


# --- the content ---


def content_race(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(20)
    for _ in range(2):
        assert server.raw_status(task_id) == "SUCCESS"
        response = server.content(task_id)
        assert response.status_code == 400
        assert response.json()["error"]["message"].startswith("Task is not completed yet, current status: ")
        server.clock.advance(5)
    assert is_clip(server.content(task_id))


def download_reset(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    received = bytearray()
    with (
        server.http.stream("GET", server.content_url(task_id), headers=bearer()) as response,
        contextlib.suppress(*BROKEN),
    ):
        for chunk in response.iter_bytes():
            received += chunk
    complete = server.content(task_id)
    assert is_clip(complete)
    assert 0 < len(received) < len(complete.content)


def bearer() -> dict[str, str]:
    return {"Authorization": "Bearer sk_test_scenarios"}


def content_not_found(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(10)
    assert server.raw_status(task_id) == server.by_upstream("completed", "SUCCESS")
    assert [server.content(task_id).status_code for _ in range(3)] == [404] * 3
    assert server.charges() != [0]


def download_errors(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(10)
    assert server.content(task_id).status_code == 500
    with pytest.raises(BROKEN):
        server.content(task_id)
    assert is_clip(server.content(task_id))
    server.clock.advance(3600)
    assert server.content(task_id).status_code == server.by_upstream(404, 410)


def content_unavailable(server: Any) -> None:
    task_id = server.create_task()
    for _ in range(3):
        server.clock.advance(DAY / 4)
        assert server.raw_status(task_id) == "SUCCESS"
        response = server.content(task_id)
        assert (response.status_code, response.json()["error"]["message"]) == (502, "Failed to fetch video content")


def completed_without_url(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY / 4)
    assert server.raw_status(task_id) == server.by_upstream("completed", "SUCCESS")
    if server.is_apimodels:
        assert server.task(task_id)["resultUrls"] == []
    else:
        assert server.content(task_id).status_code == 502


def link_expires(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(20)
    content_url, lifetime = server.content_url(task_id), server.by_upstream(7 * DAY, DAY)
    server.clock.advance(lifetime - 1)
    assert is_clip(server.request("GET", content_url))
    server.clock.advance(1)
    assert server.request("GET", content_url).status_code == server.by_upstream(404, 410)


def content_redirects(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(10)
    early = server.content(task_id)
    assert (early.status_code, "not completed yet" in early.text) == (400, True)
    moved = server.content(task_id)
    assert (moved.status_code, moved.content) == (302, b"")
    assert is_clip(server.http.get(moved.headers["location"]))


def broken_download(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(10)
    for _ in range(2):
        with pytest.raises(BROKEN):
            server.content(task_id)
    complete = server.content(task_id, Range="bytes=10-19")
    assert is_clip(complete)
    assert len(complete.content) > 10


def wrong_content_type(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(10)
    response = server.content(task_id, Range="bytes=10-19")
    assert is_clip(response)
    assert response.headers["content-type"] == "text/plain"


# --- assets ---


def registered(server: Any) -> str:
    group = server.post("/api/v1/assets/groups", {"name": "cast"}).json()["data"]["id"]
    asset = {"group_id": group, "url": "https://mock.test/not-a-face.png", "asset_type": "Image"}
    response = server.post("/api/v1/assets", asset)
    assert response.status_code == 200, response.text
    return str(response.json()["data"]["id"])


def status_of(server: Any, asset_id: str) -> str:
    return str(server.post("/api/v1/assets/get", {"id": asset_id}).json()["data"]["status"])


def asset_not_active(server: Any) -> None:
    asset_id = registered(server)
    server.clock.advance(3599)
    assert status_of(server, asset_id) == "Processing"
    rejected = server.create(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")
    assert rejected.status_code == 400
    assert asset_id in rejected.text
    assert "INVALID_INPUT" in rejected.text
    assert server.task_ids() == []
    server.clock.advance(1)
    assert status_of(server, asset_id) == "Active"
    server.create_task(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")


def asset_active_at_once(server: Any) -> None:
    asset_id = registered(server)
    assert status_of(server, asset_id) == "Active"
    server.create_task(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")


CHECKS: dict[str, Callable[..., None]] = {
    check.__name__.replace("_", "-"): check
    for check in (
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
CASES = [(name, upstream) for name in scenario_names() for upstream in load_builtin(name).upstreams]


def test_every_scenario_has_a_check() -> None:
    assert sorted(CHECKS) == list(scenario_names())


@pytest.mark.parametrize(("name", "upstream"), CASES)
def test_a_scenario_behaves_as_described(server: Any, name: str, upstream: str, watch: Any) -> None:
    server.activate(name, upstream)
    extra = {"watch": watch} if name == "wrong-size" else {}
    CHECKS[name](server, **extra)
