"""Scenarios of the lifecycle of a task: its status, its creation, and moderation. Each behaves as described.

A test has the name of its scenario, which conftest.py activates on each upstream that the scenario names.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("scenario")

DAY, OTHER = 86400.0, "sk_test_another"
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)


def is_clip(response: httpx.Response) -> bool:
    return response.status_code == 200 and response.content[4:8] == b"ftyp"


# --- the status of a task ---


def test_normal_lifecycle(server: Any) -> None:
    task_id, statuses = server.create_task(), []
    for _ in range(3):
        statuses.append(server.raw_status(task_id))
        server.clock.advance(20)
    assert statuses == server.by_upstream(["pending", "processing", "completed"], ["QUEUED", "IN_PROGRESS", "SUCCESS"])
    assert is_clip(server.content(task_id))


def test_expired(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(59)
    assert server.raw_status(task_id) == server.by_upstream("processing", "IN_PROGRESS")
    server.clock.advance(1)
    assert server.raw_status(task_id) == "expired"


def test_stuck(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    assert server.raw_status(task_id) == server.by_upstream("processing", "IN_PROGRESS")


def test_stuck_in_queue(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    assert server.raw_status(task_id) == server.by_upstream("pending", "QUEUED")


def test_stale_status(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    assert server.raw_status(task_id) == "IN_PROGRESS"
    assert is_clip(server.content(task_id))


def test_undocumented_early_status(server: Any) -> None:
    task_id, statuses = server.create_task(), []
    for seconds in (4, 4, 2, 10, 0):
        statuses.append(server.raw_status(task_id))
        server.clock.advance(seconds)
    assert statuses == ["NOT_START", "SUBMITTED", "QUEUED", "IN_PROGRESS", "SUCCESS"]


def test_undocumented_success_status(server: Any) -> None:
    created = server.create().json()
    assert server.by_upstream(created.get("data", {}).get("state"), created.get("status")) == server.by_upstream(
        "pending", "queued"
    )
    (task_id,) = server.task_ids()
    assert server.raw_status(task_id) == "succeeded"
    assert is_clip(server.content(task_id))


def test_transient_poll_errors(server: Any) -> None:
    task_id = server.create_task()
    assert [server.query(task_id).status_code for _ in range(4)] == [404, 502, 502, 200]
    assert server.raw_status(task_id) == server.by_upstream("pending", "QUEUED")
    server.clock.advance(60)
    assert server.raw_status(task_id) == server.by_upstream("completed", "SUCCESS")


def test_flake_not_drift(server: Any) -> None:
    task_id = server.create_task()
    server.clock.advance(DAY)
    responses = [server.query(task_id) for _ in range(40)]
    assert {response.status_code for response in responses} == {200, 503}
    assert 5 < sum(response.status_code == 503 for response in responses) < 30
    assert len({response.text for response in responses if response.status_code == 200}) == 1


def test_html_errors(server: Any) -> None:
    task_id = server.create_task()
    for status in (502, 520, 524):
        response = server.query(task_id)
        assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=UTF-8")
        assert response.text.startswith("<!DOCTYPE html>")
    with pytest.raises(BROKEN):
        server.query(task_id)
    assert server.query(task_id).status_code == 200


# --- creating a task ---


def test_response_lost(server: Any) -> None:
    with pytest.raises(BROKEN):
        server.create()
    (first_id,) = server.task_ids()
    second_id = server.create_task()
    server.clock.advance(DAY)
    assert server.task_ids() == [first_id, second_id]
    first, second = server.charges()
    assert first == second > 0


def test_rate_limited(server: Any) -> None:
    rejected = server.create()
    assert (rejected.status_code, rejected.content) == (429, b"")
    task_id = server.create_task()
    responses = [server.query(task_id) for _ in range(3)]
    assert [response.status_code for response in responses] == [429, 429, 200]
    assert not any("retry-after" in response.headers for response in (rejected, *responses))
    assert responses[0].json()


def test_error_in_200(server: Any) -> None:
    response = server.create()
    assert (response.status_code, response.json()["code"], response.json()["data"]) == (200, 402, None)
    assert server.task_ids() == []


def test_nested_error(server: Any) -> None:
    response = server.create()
    assert response.status_code == 400
    inner = json.loads(response.json()["error"]["message"])
    assert inner["error"]["message"]
    assert server.task_ids() == []


def test_unavailable_model(server: Any) -> None:
    listed = [row["id"] for row in server.request("GET", "/api/v1/models").json()["data"]]
    model = "seedance2-a/seedance-2.0-mini"
    assert model in listed
    response = server.create(model=model)
    assert response.status_code == response.json()["code"] == 400
    assert response.json()["msg"].startswith("Invalid model: ")


def test_seconds_type(server: Any) -> None:
    odd = server.by_upstream({"duration": "4"}, {"seconds": 4})
    rejected = server.create(**odd)
    assert (rejected.status_code, "decoded" in rejected.text) == (400, True)
    assert server.task_ids() == []
    assert server.create(**odd).status_code == server.create().status_code == 200


def test_account_isolation(server: Any) -> None:
    mine, other = server.create_task(), server.create_task(key=OTHER)
    assert mine != other
    assert server.create().status_code == server.create(key=OTHER).status_code == 429
    assert server.query(mine, key=OTHER).status_code == server.query(other).status_code == 404
    assert server.query(mine).status_code == server.query(other, key=OTHER).status_code == 200
    server.clock.advance(20)
    assert server.charges() == server.charges(OTHER)
    assert len(server.charges()) == 1


def test_large_body(server: Any) -> None:
    server.create_task(note="x" * 2_000_000)
    (entry,) = server.journal()
    assert 1000 < len(entry["request_body"]) < 10_000
    assert "sk_test" not in json.dumps(entry)
    assert ["authorization", "***"] in entry["request_headers"]


def test_offline(server: Any) -> None:
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


def test_local_urls(server: Any) -> None:
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


def test_face_refused(server: Any) -> None:
    response = server.create()
    assert response.status_code == 400
    code = server.by_upstream("CONTENT_MODERATION", "InputImageSensitiveContentDetected.PrivacyInformation")
    assert code in response.text
    assert (server.task_ids(), server.charges()) == ([], [])


def test_audio_moderated(server: Any) -> None:
    orders = [server.create_task() for _ in range(12)]
    server.clock.advance(149)
    assert {server.raw_status(task_id) for task_id in orders} == {server.by_upstream("processing", "IN_PROGRESS")}
    server.clock.advance(1)
    statuses = [server.raw_status(task_id) for task_id in orders]
    assert set(statuses) == {*server.by_upstream(("completed", "failed"), ("SUCCESS", "FAILURE"))}
    failed = server.task(orders[statuses.index(server.by_upstream("failed", "FAILURE"))])
    assert server.by_upstream("CONTENT_MODERATION", "OutputAudioSensitiveContentDetected") in json.dumps(failed)
    assert "audio" in json.dumps(failed)


def test_partial_batch_failure(server: Any) -> None:
    orders = [server.create_task() for _ in range(4)]
    server.clock.advance(20)
    good, bad = server.by_upstream(("completed", "failed"), ("SUCCESS", "FAILURE"))
    assert [server.raw_status(task_id) for task_id in orders] == [good, bad, good, good]
    assert [bool(amount) for amount in server.charges()] == [True, False, True, True]


def test_moderated_early_and_late(server: Any) -> None:
    assert server.create(prompt="A portrait of somebody").status_code == 400
    task_id = server.create_task()
    server.clock.advance(119)
    assert server.raw_status(task_id) == server.by_upstream("processing", "IN_PROGRESS")
    server.clock.advance(1)
    assert server.raw_status(task_id) == server.by_upstream("failed", "FAILURE")
    assert server.by_upstream("output video", "OutputVideoSensitiveContentDetected") in json.dumps(server.task(task_id))
