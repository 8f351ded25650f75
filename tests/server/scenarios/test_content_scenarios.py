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


def test_failed_but_charged(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    assert server.raw_status(task_id) == server.by_upstream("failed", "FAILURE")
    (charge,) = server.charges()
    assert charge > 0


def test_failed_not_charged(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(60)
    assert server.raw_status(task_id) == server.by_upstream("failed", "FAILURE")
    assert server.charges() == [0]


def test_duplicate_responses(server: Any) -> None:
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


def test_wrong_size(server: Any, watch: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    response = server.content(task_id)
    assert watch(response.content)["size"] == server.by_upstream((480, 480), (320, 320))
    if server.is_apimodels:
        (charge,) = server.charges()
        credits_ = server.request("GET", f"/api/v1/records/{task_id}").json()["data"]["credits"]
        assert credits_ == pytest.approx(2 * float(charge))


# --- contract drift ---


def test_field_renamed(server: Any) -> None:
    task = server.task(server.create_task())
    old, new = server.by_upstream(("state", "stateOfTask"), ("status", "state_of_task"))
    assert old not in task
    assert task[new] == server.by_upstream("pending", "QUEUED")


def test_intermittent_drift(server: Any) -> None:
    task_id, field = server.create_task(), server.by_upstream("createTime", "created_at")
    present = [field in server.task(task_id) for _ in range(40)]
    assert 5 < sum(present) < 35


def test_legacy_field_names(server: Any) -> None:
    created = server.create().json()["data"]
    assert created.keys() >= {"task_id", "status"}
    server.clock.advance(DAY)
    task = server.task(created["task_id"])
    assert (task["task_id"], task["status"], len(task["videos"])) == (created["task_id"], "completed", 1)
    assert not task.keys() & {"taskId", "state", "resultUrls"}


# --- the content ---


def test_content_race(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(20)
    for _ in range(2):
        assert server.raw_status(task_id) == "SUCCESS"
        response = server.content(task_id)
        assert response.status_code == 400
        assert response.json()["error"]["message"].startswith("Task is not completed yet, current status: ")
        server.clock.advance(5)
    assert is_clip(server.content(task_id))


def test_download_reset(server: Any) -> None:
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


def test_content_not_found(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(10)
    assert server.raw_status(task_id) == server.by_upstream("completed", "SUCCESS")
    assert [server.content(task_id).status_code for _ in range(3)] == [404] * 3
    assert server.charges() != [0]


def test_download_errors(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(10)
    assert server.content(task_id).status_code == 500
    with pytest.raises(BROKEN):
        server.content(task_id)
    assert is_clip(server.content(task_id))
    server.clock.advance(3600)
    assert server.content(task_id).status_code == server.by_upstream(404, 410)


def test_content_unavailable(server: Any) -> None:
    task_id = server.create_task()
    for _ in range(3):
        server.clock.advance(DAY / 4)
        assert server.raw_status(task_id) == "SUCCESS"
        response = server.content(task_id)
        assert (response.status_code, response.json()["error"]["message"]) == (502, "Failed to fetch video content")


def test_completed_without_url(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY / 4)
    assert server.raw_status(task_id) == server.by_upstream("completed", "SUCCESS")
    if server.is_apimodels:
        assert server.task(task_id)["resultUrls"] == []
    else:
        assert server.content(task_id).status_code == 502


def test_link_expires(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(20)
    content_url, lifetime = server.content_url(task_id), server.by_upstream(7 * DAY, DAY)
    server.clock.advance(lifetime - 1)
    assert is_clip(server.request("GET", content_url))
    server.clock.advance(1)
    assert server.request("GET", content_url).status_code == server.by_upstream(404, 410)


def test_content_redirects(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(10)
    early = server.content(task_id)
    assert (early.status_code, "not completed yet" in early.text) == (400, True)
    moved = server.content(task_id)
    assert (moved.status_code, moved.content) == (302, b"")
    assert is_clip(server.http.get(moved.headers["location"]))


def test_broken_download(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(10)
    for _ in range(2):
        with pytest.raises(BROKEN):
            server.content(task_id)
    complete = server.content(task_id, Range="bytes=10-19")
    assert is_clip(complete)
    assert len(complete.content) > 10


def test_wrong_content_type(server: Any) -> None:
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


def test_asset_not_active(server: Any) -> None:
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


def test_asset_active_at_once(server: Any) -> None:
    asset_id = registered(server)
    assert status_of(server, asset_id) == "Active"
    server.create_task(first_frame_url=f"asset://{asset_id}", aspect_ratio="adaptive")
