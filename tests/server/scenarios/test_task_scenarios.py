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


def test_normal_lifecycle(scenario_server: Any) -> None:
    task_id, statuses = scenario_server.create_task(), []
    for _ in range(3):
        statuses.append(scenario_server.raw_status(task_id))
        scenario_server.clock.advance(20)
    assert statuses == scenario_server.by_upstream(
        ["pending", "processing", "completed"], ["QUEUED", "IN_PROGRESS", "SUCCESS"]
    )
    assert is_clip(scenario_server.content(task_id))


def test_expired(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(59)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("processing", "IN_PROGRESS")
    scenario_server.clock.advance(1)
    assert scenario_server.raw_status(task_id) == "expired"


def test_stuck(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("processing", "IN_PROGRESS")


def test_stuck_in_queue(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("pending", "QUEUED")


def test_stale_status(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY)
    assert scenario_server.raw_status(task_id) == "IN_PROGRESS"
    assert is_clip(scenario_server.content(task_id))


def test_undocumented_early_status(scenario_server: Any) -> None:
    task_id, statuses = scenario_server.create_task(), []
    for seconds in (4, 4, 2, 10, 0):
        statuses.append(scenario_server.raw_status(task_id))
        scenario_server.clock.advance(seconds)
    assert statuses == ["NOT_START", "SUBMITTED", "QUEUED", "IN_PROGRESS", "SUCCESS"]


def test_undocumented_success_status(scenario_server: Any) -> None:
    created = scenario_server.create().json()
    assert scenario_server.by_upstream(
        created.get("data", {}).get("state"), created.get("status")
    ) == scenario_server.by_upstream("pending", "queued")
    (task_id,) = scenario_server.task_ids()
    assert scenario_server.raw_status(task_id) == "succeeded"
    assert is_clip(scenario_server.content(task_id))


def test_transient_poll_errors(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    assert [scenario_server.query(task_id).status_code for _ in range(4)] == [404, 502, 502, 200]
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("pending", "QUEUED")
    scenario_server.clock.advance(60)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("completed", "SUCCESS")


def test_flake_not_drift(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY)
    responses = [scenario_server.query(task_id) for _ in range(40)]
    assert {response.status_code for response in responses} == {200, 503}
    assert 5 < sum(response.status_code == 503 for response in responses) < 30
    assert len({response.text for response in responses if response.status_code == 200}) == 1


def test_html_errors(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    for status in (502, 520, 524):
        response = scenario_server.query(task_id)
        assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=UTF-8")
        assert response.text.startswith("<!DOCTYPE html>")
    with pytest.raises(BROKEN):
        scenario_server.query(task_id)
    assert scenario_server.query(task_id).status_code == 200


# --- creating a task ---


def test_response_lost(scenario_server: Any) -> None:
    with pytest.raises(BROKEN):
        scenario_server.create()
    (first_id,) = scenario_server.task_ids()
    second_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY)
    assert scenario_server.task_ids() == [first_id, second_id]
    first, second = scenario_server.charges()
    assert first == second > 0


def test_rate_limited(scenario_server: Any) -> None:
    rejected = scenario_server.create()
    assert (rejected.status_code, rejected.content) == (429, b"")
    task_id = scenario_server.create_task()
    responses = [scenario_server.query(task_id) for _ in range(3)]
    assert [response.status_code for response in responses] == [429, 429, 200]
    assert not any("retry-after" in response.headers for response in (rejected, *responses))
    assert responses[0].json()


def test_error_in_200(scenario_server: Any) -> None:
    response = scenario_server.create()
    assert (response.status_code, response.json()["code"], response.json()["data"]) == (200, 402, None)
    assert scenario_server.task_ids() == []


def test_nested_error(scenario_server: Any) -> None:
    response = scenario_server.create()
    assert response.status_code == 400
    inner = json.loads(response.json()["error"]["message"])
    assert inner["error"]["message"]
    assert scenario_server.task_ids() == []


def test_unavailable_model(scenario_server: Any) -> None:
    listed = [row["id"] for row in scenario_server.request("GET", "/api/v1/models").json()["data"]]
    model = "seedance2-a/seedance-2.0-mini"
    assert model in listed
    response = scenario_server.create(model=model)
    assert response.status_code == response.json()["code"] == 400
    assert response.json()["msg"].startswith("Invalid model: ")


def test_seconds_type(scenario_server: Any) -> None:
    odd = scenario_server.by_upstream({"duration": "4"}, {"seconds": 4})
    rejected = scenario_server.create(**odd)
    assert (rejected.status_code, "decoded" in rejected.text) == (400, True)
    assert scenario_server.task_ids() == []
    assert scenario_server.create(**odd).status_code == scenario_server.create().status_code == 200


def test_account_isolation(scenario_server: Any) -> None:
    mine, other = scenario_server.create_task(), scenario_server.create_task(key=OTHER)
    assert mine != other
    assert scenario_server.create().status_code == scenario_server.create(key=OTHER).status_code == 429
    assert scenario_server.query(mine, key=OTHER).status_code == scenario_server.query(other).status_code == 404
    assert scenario_server.query(mine).status_code == scenario_server.query(other, key=OTHER).status_code == 200
    scenario_server.clock.advance(20)
    assert scenario_server.charges() == scenario_server.charges(OTHER)
    assert len(scenario_server.charges()) == 1


def test_large_body(scenario_server: Any) -> None:
    scenario_server.create_task(note="x" * 2_000_000)
    (entry,) = scenario_server.journal()
    assert 1000 < len(entry["request_body"]) < 10_000
    assert "sk_test" not in json.dumps(entry)
    assert ["authorization", "***"] in entry["request_headers"]


def test_offline(scenario_server: Any) -> None:
    def create_with(picture: str, key: str) -> httpx.Response:
        url = f"https://unreachable.invalid/{picture}.png"
        part = {"type": "image_url", "role": "first_frame", "image_url": {"url": url}}
        return scenario_server.create(
            key=key, **scenario_server.by_upstream({"first_frame_url": url}, {"input_reference": {"content": [part]}})
        )

    for key in ("anything", "at all"):
        assert create_with("boat", key).status_code == 200
        rejected = create_with("too-wide", key)  # by its declared size: the URL cannot be fetched
        assert (rejected.status_code, "allowed" in rejected.text) == (400, True), rejected.text


def test_local_urls(scenario_server: Any) -> None:
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(DAY)
    text = json.dumps(scenario_server.task(task_id))
    assert "apimodels.app" not in text
    assert "ope.ai" not in text
    assert scenario_server.by_upstream(scenario_server.content_url(task_id), scenario_server.url).startswith(
        scenario_server.url
    )
    response = scenario_server.content(task_id)
    assert response.status_code == 302
    assert str(httpx.URL(scenario_server.url).join(response.headers["location"])).startswith(scenario_server.url)


# --- moderation ---


def test_face_refused(scenario_server: Any) -> None:
    response = scenario_server.create()
    assert response.status_code == 400
    code = scenario_server.by_upstream("CONTENT_MODERATION", "InputImageSensitiveContentDetected.PrivacyInformation")
    assert code in response.text
    assert (scenario_server.task_ids(), scenario_server.charges()) == ([], [])


def test_audio_moderated(scenario_server: Any) -> None:
    orders = [scenario_server.create_task() for _ in range(12)]
    scenario_server.clock.advance(149)
    assert {scenario_server.raw_status(task_id) for task_id in orders} == {
        scenario_server.by_upstream("processing", "IN_PROGRESS")
    }
    scenario_server.clock.advance(1)
    statuses = [scenario_server.raw_status(task_id) for task_id in orders]
    assert set(statuses) == {*scenario_server.by_upstream(("completed", "failed"), ("SUCCESS", "FAILURE"))}
    failed = scenario_server.task(orders[statuses.index(scenario_server.by_upstream("failed", "FAILURE"))])
    assert scenario_server.by_upstream("CONTENT_MODERATION", "OutputAudioSensitiveContentDetected") in json.dumps(
        failed
    )
    assert "audio" in json.dumps(failed)


def test_partial_batch_failure(scenario_server: Any) -> None:
    orders = [scenario_server.create_task() for _ in range(4)]
    scenario_server.clock.advance(20)
    good, bad = scenario_server.by_upstream(("completed", "failed"), ("SUCCESS", "FAILURE"))
    assert [scenario_server.raw_status(task_id) for task_id in orders] == [good, bad, good, good]
    assert [bool(amount) for amount in scenario_server.charges()] == [True, False, True, True]


def test_moderated_early_and_late(scenario_server: Any) -> None:
    assert scenario_server.create(prompt="A portrait of somebody").status_code == 400
    task_id = scenario_server.create_task()
    scenario_server.clock.advance(119)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("processing", "IN_PROGRESS")
    scenario_server.clock.advance(1)
    assert scenario_server.raw_status(task_id) == scenario_server.by_upstream("failed", "FAILURE")
    assert scenario_server.by_upstream("output video", "OutputVideoSensitiveContentDetected") in json.dumps(
        scenario_server.task(task_id)
    )
