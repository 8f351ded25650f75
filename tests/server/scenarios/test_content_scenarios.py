"""Scenarios of money, of drift from the contract, of content and of assets. Each behaves as described.

A test has the name of its scenario, which conftest.py activates on each upstream that the scenario names.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("scenario")

DAY = 86400.0
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)


def is_clip(response: httpx.Response) -> bool:
    return response.status_code == 200 and response.content[4:8] == b"ftyp"


# --- money ---


def test_failed_but_charged(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("failed", "FAILURE")
    (charge,) = scenario_server.charges()
    assert charge > 0


def test_failed_not_charged(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(60)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("failed", "FAILURE")
    assert scenario_server.charges() == [0]


def test_duplicate_responses(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(20)
    received = raw_query(scenario_server, task_id)
    assert (
        received.count(b"HTTP/1.1 200")
        == received.count(scenario_server.by_upstream(b'"completed"', b'"SUCCESS"'))
        == 2
    )
    (charge,) = scenario_server.charges()
    scenario_server.clock.advance(DAY)
    raw_query(scenario_server, task_id)
    assert scenario_server.charges() == [charge]
    assert charge > 0


def raw_query(scenario_server: Any, task_id: str) -> bytes:
    """Return all bytes that a connection sends after one query."""
    url = httpx.URL(scenario_server.url)
    path = scenario_server.by_upstream(f"/api/v1/video/generations?task_id={task_id}", f"/v1/videos/{task_id}")
    with socket.create_connection((url.host, url.port), timeout=10) as line:
        head = f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: Bearer sk_test_scenarios\r\n"
        line.sendall(f"{head}Connection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: line.recv(65536), b""))


def test_wrong_size(scenario_server: Any, watch: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY)
    response = scenario_server.content(task_id)
    assert watch(response.content)["size"] == scenario_server.by_upstream((480, 480), (320, 320))
    if scenario_server.is_apimodels:
        (charge,) = scenario_server.charges()
        credits_ = scenario_server.request("GET", f"/api/v1/records/{task_id}").json()["data"]["credits"]
        assert credits_ == pytest.approx(2 * float(charge))


# --- contract drift ---


def test_field_renamed(scenario_server: Any) -> None:
    task = scenario_server.task(scenario_server.create_task())
    old, new = scenario_server.by_upstream(("state", "stateOfTask"), ("status", "state_of_task"))
    assert old not in task
    assert task[new] == scenario_server.by_upstream("pending", "QUEUED")


def test_intermittent_drift(scenario_server: Any) -> None:
    task_id, field = scenario_server.create_task(), scenario_server.by_upstream("createTime", "created_at")
    present = [field in scenario_server.task(task_id) for _ in range(40)]
    assert 5 < sum(present) < 35


def test_legacy_field_names(scenario_server: Any) -> None:
    created = scenario_server.create().json()["data"]
    assert created.keys() >= {"task_id", "status"}
    scenario_server.clock.advance(DAY)
    task = scenario_server.task(created["task_id"])
    assert (task["task_id"], task["status"], len(task["videos"])) == (created["task_id"], "completed", 1)
    assert not task.keys() & {"taskId", "state", "resultUrls"}


# --- the content ---


def test_content_race(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(20)
    for _ in range(2):
        assert scenario_server.raw_status(task_id) == "SUCCESS"
        response = scenario_server.content(task_id)
        assert response.status_code == 400
        assert response.json()["error"]["message"].startswith("Task is not completed yet, current status: ")
        scenario_server.clock.advance(5)
    assert is_clip(scenario_server.content(task_id))


def test_download_reset(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY)
    received = bytearray()
    with (
        scenario_server.http.stream("GET", scenario_server.content_url(task_id), headers=bearer()) as response,
        contextlib.suppress(*BROKEN),
    ):
        for chunk in response.iter_bytes():
            received += chunk
    complete = scenario_server.content(task_id)
    assert is_clip(complete)
    assert 0 < len(received) < len(complete.content)


def bearer() -> dict[str, str]:
    return {"Authorization": "Bearer sk_test_scenarios"}


def test_content_not_found(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(10)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("completed", "SUCCESS")
    assert [scenario_server.content(task_id).status_code for _ in range(3)] == [404] * 3
    assert scenario_server.charges() != [0]


def test_download_errors(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(10)
    assert scenario_server.content(task_id).status_code == 500
    with pytest.raises(BROKEN):
        scenario_server.content(task_id)
    assert is_clip(scenario_server.content(task_id))
    scenario_server.clock.advance(3600)
    assert scenario_server.content(task_id).status_code == scenario_server.by_upstream(404, 410)


def test_content_unavailable(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    for _ in range(3):
        scenario_server.clock.advance(DAY / 4)
        assert scenario_server.raw_status(task_id) == "SUCCESS"
        response = scenario_server.content(task_id)
        assert (response.status_code, response.json()["error"]["message"]) == (502, "Failed to fetch video content")


def test_completed_without_url(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY / 4)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("completed", "SUCCESS")
    if scenario_server.is_apimodels:
        assert scenario_server.task(task_id)["resultUrls"] == []
    else:
        assert scenario_server.content(task_id).status_code == 502


def test_link_expires(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(20)
    content_url, lifetime = scenario_server.content_url(task_id), scenario_server.by_upstream(7 * DAY, DAY)
    scenario_server.clock.advance(lifetime - 1)
    assert is_clip(scenario_server.request("GET", content_url))
    scenario_server.clock.advance(1)
    assert scenario_server.request("GET", content_url).status_code == scenario_server.by_upstream(404, 410)


def test_content_redirects(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(10)
    early = scenario_server.content(task_id)
    assert (early.status_code, "not completed yet" in early.text) == (400, True)
    moved = scenario_server.content(task_id)
    assert (moved.status_code, moved.content) == (302, b"")
    assert is_clip(scenario_server.http.get(moved.headers["location"]))


def test_broken_download(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(10)
    for _ in range(2):
        with pytest.raises(BROKEN):
            scenario_server.content(task_id)
    complete = scenario_server.content(task_id, Range="bytes=10-19")
    assert is_clip(complete)
    assert len(complete.content) > 10


def test_wrong_content_type(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(10)
    response = scenario_server.content(task_id, Range="bytes=10-19")
    assert is_clip(response)
    assert response.headers["content-type"] == "text/plain"


# --- assets ---


def registered(scenario_server: Any) -> str:
    group = scenario_server.post("/api/v1/assets/groups", {"name": "cast"}).json()["data"]["id"]
    asset = {"group_id": group, "url": "https://mock.test/not-a-face.png", "asset_type": "Image"}
    response = scenario_server.post("/api/v1/assets", asset)
    assert response.status_code == 200, response.text
    return str(response.json()["data"]["id"])


def status_of(scenario_server: Any, asset_id: str) -> str:
    return str(scenario_server.post("/api/v1/assets/get", {"id": asset_id}).json()["data"]["status"])


def test_asset_not_active(scenario_server: Any) -> None:
    asset_id = registered(scenario_server)
    scenario_server.clock.advance(3599)
    assert status_of(scenario_server, asset_id) == "Processing"
    rejected = scenario_server.create(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")
    assert rejected.status_code == 400
    assert asset_id in rejected.text
    assert "INVALID_INPUT" in rejected.text
    assert scenario_server.task_ids() == []
    scenario_server.clock.advance(1)
    assert status_of(scenario_server, asset_id) == "Active"
    scenario_server.create_task(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")


def test_asset_active_at_once(scenario_server: Any) -> None:
    asset_id = registered(scenario_server)
    assert status_of(scenario_server, asset_id) == "Active"
    scenario_server.create_task(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")
