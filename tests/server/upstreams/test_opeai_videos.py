"""Videos of opeai: create, query, content."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[3] / "fixtures" / "opeai"
EXAMPLES = sorted(set((FIXTURES / "examples").glob("*.json")) - set((FIXTURES / "examples").glob("*-answer.json")))
NOT_FOUND = {"error": {"message": "video not found", "type": "NotFound", "param": "", "code": "ResourceNotFound"}}
NOWHERE = (
    "cgt-20260529102017-sjqj9",
    "x",
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2F",
    "a%2Fb%2Fcontent",
    "%00",
    "%ff%fe",
    "%25",
    "%0d%0aX-Injected:%20yes",
    "\u00e9" * 40,
    "x" * 3000,
)


def item(type_: str, role: str | None, name: str) -> dict[str, Any]:
    named = {"role": role} if role else {}
    return {"type": type_, **named, type_: {"url": f"https://media.example.org/{name}"}}


def with_references(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    order = {"model": "seedance-2-0-fast", "prompt": "Two kites over a dune", "size": "1280x720", "seconds": "5"}
    return order | {"input_reference": {"content": list(items)}} | more


DOCUMENTED = {
    "text, by size": {
        "model": "seedance-2-0-fast",
        "prompt": "A fox crosses a frozen lake at dawn",
        "size": "1280x720",
        "seconds": "4",
        "generate_audio": False,
    },
    "text, by resolution and ratio": {
        "model": "seedance-2-0-fast",
        "prompt": "A tram climbs a steep street at night",
        "resolution": "720p",
        "ratio": "9:16",
        "seconds": "4",
        "generate_audio": False,
    },
    "first frame": with_references(item("image_url", "first_frame", "start.png")),
    "first and last frame": with_references(
        item("image_url", "first_frame", "start.png"), item("image_url", "last_frame", "end.png")
    ),
    "several images": with_references(
        *(item("image_url", "reference_image", f"{n}.png") for n in range(3)), seconds="6"
    ),
    "images, video and audio": with_references(
        item("image_url", "reference_image", "1.jpg"),
        item("image_url", "reference_image", "2.jpg"),
        item("video_url", "reference_video", "motion.mp4"),
        item("audio_url", "reference_audio", "beat.mp3"),
        seconds="8",
        generate_audio=True,
    ),
    "items without a role": with_references(item("image_url", None, "1.jpg"), item("video_url", None, "2.mp4")),
    "the third model at 1080p": {
        "model": "seedance-2-0-nsfw",
        "prompt": "Rain on a window",
        "size": "2206x946",
        "seconds": "15",
        "seed": 4294967295,
    },
    "seconds as a number": {"model": "seedance-2-0", "prompt": "Rain", "size": "864x496", "seconds": 4},
}


def test_create_returns_the_documented_keys_in_their_order(slow_server: Any) -> None:
    response = slow_server.post("/v1/videos", DOCUMENTED["text, by size"])
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    created = {
        "id": body["id"],
        "task_id": body["id"],
        "object": "video",
        "model": "seedance-2-0-fast",
        "status": "queued",
        "created_at": int(slow_server.clock.now()),
    }
    assert list(body.items()) == list(created.items())
    assert type(body["created_at"]) is int
    assert "x-mock-basis" not in response.headers


def test_an_id_carries_the_time_of_creation_in_the_vendors_zone(slow_server: Any) -> None:
    slow_server.clock.advance(datetime(2026, 11, 30, 17, 59, 58, tzinfo=UTC).timestamp() - slow_server.clock.now())
    assert re.fullmatch(r"cgt-20261201015958-[0-9a-z]{5}", slow_server.order_opeai())


@pytest.mark.parametrize("form", DOCUMENTED)
def test_every_documented_form_of_request_is_accepted(in_process_server: Any, form: str) -> None:
    response = in_process_server.post("/v1/videos", DOCUMENTED[form])
    assert (response.status_code, response.json()["status"]) == (200, "queued")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_request_of_the_guide_is_accepted(in_process_server: Any, path: Path) -> None:
    response = in_process_server.post("/v1/videos", json.loads(path.read_text("utf-8")))
    assert response.status_code == 200, response.text


def test_responses_have_the_keys_and_types_of_the_guide_s_examples(in_process_server: Any) -> None:
    order = {**DOCUMENTED["text, by size"], "prompt": "An orange cat"}
    created = in_process_server.post("/v1/videos", order).json()
    for name, body in (("create", created), ("query", in_process_server.query_opeai(created["id"]))):
        example = json.loads((FIXTURES / "examples" / f"{name}-answer.json").read_text("utf-8"))
        assert [(key, type(value)) for key, value in body.items()] == [(k, type(v)) for k, v in example.items()]


def test_a_task_goes_through_the_documented_statuses_by_the_clock(slow_server: Any) -> None:
    task_id, statuses = slow_server.order_opeai(), []
    for seconds in (0, 0.59, 0.02, 1.38, 0.02, 86400):
        slow_server.clock.advance(seconds)
        statuses.append(slow_server.query_opeai(task_id)["status"])
    assert statuses == ["QUEUED", "QUEUED", "IN_PROGRESS", "IN_PROGRESS", "SUCCESS", "SUCCESS"]


def test_a_query_returns_the_documented_keys_in_their_order_at_every_status(slow_server: Any) -> None:
    task_id = slow_server.order_opeai(prompt='\u96ea \u2744 with "quotes"', size=None, resolution="720p", ratio="9:16")
    for status, seconds in (("QUEUED", 0), ("IN_PROGRESS", 1), ("SUCCESS", 1)):
        slow_server.clock.advance(seconds)
        body = slow_server.query_opeai(task_id)
        bodies = {
            "created_at": int(slow_server.clock.now()) - {"QUEUED": 0, "IN_PROGRESS": 1, "SUCCESS": 2}[status],
            "id": task_id,
            "model": "seedance-2-0-fast",
            "object": "video",
            "prompt": '\u96ea \u2744 with "quotes"',
            "size": "720x1280",
            "status": status,
        }
        assert list(body.items()) == list(bodies.items())


@pytest.mark.parametrize("seconds", [0, 1])
def test_content_before_the_end_is_a_400_that_names_the_status(slow_server: Any, seconds: float) -> None:
    task_id = slow_server.order_opeai()
    slow_server.clock.advance(seconds)
    response = slow_server.get(f"/v1/videos/{task_id}/content")
    status = slow_server.query_opeai(task_id)["status"]
    assert response.status_code == 400
    assert response.json() == {
        "error": {
            "message": f"Task is not completed yet, current status: {status}",
            "type": "invalid_request_error",
            "param": "",
            "code": "",
        }
    }


def test_content_is_the_clip_that_was_ordered(shared_server: Any, watch: Callable[[bytes], dict[str, Any]]) -> None:
    response = shared_server.get(
        f"/v1/videos/{shared_server.order_opeai()}/content", headers={"Accept": "application/binary"}
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == "video/mp4"
    assert response.headers["cache-control"] == "public, max-age=86400"
    assert int(response.headers["content-length"]) == len(response.content)
    video = watch(response.content)
    assert (video["codec"], video["size"], video["frames"], video["audio"]) == ("h264", (640, 640), 96, False)


def test_clips_have_sound_unless_it_was_switched_off(
    in_process_server: Any, watch: Callable[[bytes], dict[str, Any]]
) -> None:
    content = in_process_server.get(f"/v1/videos/{in_process_server.order_opeai(generate_audio=None)}/content").content
    assert watch(content)["audio"]


def test_head_has_the_headers_of_get_without_the_body(shared_server: Any) -> None:
    path = f"/v1/videos/{shared_server.order_opeai()}/content"
    whole, head = shared_server.get(path), shared_server.ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "cache-control", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]


def test_a_range_returns_that_part(shared_server: Any) -> None:
    path = f"/v1/videos/{shared_server.order_opeai()}/content"
    whole = shared_server.get(path)
    size, tag = len(whole.content), whole.headers["etag"]
    for range_header, start, stop in (("bytes=0-99", 0, 100), ("bytes=100-", 100, size), ("bytes=-7", size - 7, size)):
        for condition in ({}, {"If-Range": tag}):
            part = shared_server.get(path, headers={"Range": range_header, **condition})
            assert (part.status_code, part.content) == (206, whole.content[start:stop])
            assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
            assert part.headers["cache-control"] == whole.headers["cache-control"]
    for other in ('"another"', f"W/{tag}", "Wed, 21 Oct 2026 07:28:00 GMT"):
        assert shared_server.get(path, headers={"Range": "bytes=0-99", "If-Range": other}).status_code == 200


def test_a_range_outside_the_clip_is_a_416_in_the_envelope(shared_server: Any) -> None:
    path = f"/v1/videos/{shared_server.order_opeai()}/content"
    size = len(shared_server.get(path).content)
    response = shared_server.get(path, headers={"Range": f"bytes={size}-"})
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{size}"
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert str(size) in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "range_header", ["bytes=", "bytes=9-3", "bytes=a-b", "lines=0-1", "bytes=0-1,5-6", "bytes=-", "-1"]
)
def test_a_malformed_range_returns_the_whole_clip(in_process_server: Any, range_header: str) -> None:
    path = f"/v1/videos/{in_process_server.order_opeai()}/content"
    assert in_process_server.get(path, headers={"Range": range_header}).status_code == 200


def test_the_etag_allows_a_304(shared_server: Any) -> None:
    first, again, other = (
        shared_server.get(f"/v1/videos/{shared_server.order_opeai(seed=seed)}/content") for seed in (3, 3, 4)
    )
    assert first.headers["etag"] == again.headers["etag"] != other.headers["etag"]
    path = f"/v1/videos/{shared_server.order_opeai()}/content"
    assert shared_server.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("ending", ["", "/content"])
@pytest.mark.parametrize("task_id", NOWHERE, ids=lambda text: text[:24].encode("unicode_escape").decode())
def test_an_id_of_no_task_is_the_documented_404(shared_server: Any, task_id: str, ending: str) -> None:
    response = shared_server.get(f"{shared_server.origin}/v1/videos/{task_id}{ending}")
    assert (response.status_code, response.json()) == (404, NOT_FOUND)
    assert "x-injected" not in response.headers


def test_the_task_of_another_key_is_unknown(shared_server: Any) -> None:
    task_id = shared_server.order_opeai()
    for path in (f"/v1/videos/{task_id}", f"/v1/videos/{task_id}/content"):
        response = shared_server.get(path, key="sk_test_somebody_else")
        assert (response.status_code, response.json()) == (404, NOT_FOUND)
    assert shared_server.query_opeai(task_id)["status"] == "SUCCESS"


def test_a_task_of_the_other_upstream_is_unknown(shared_server: Any) -> None:
    response = shared_server.get(f"/v1/videos/{shared_server.order_apimodels()}")
    assert (response.status_code, response.json()) == (404, NOT_FOUND)


def test_queries_change_nothing(slow_server: Any) -> None:
    task_id = slow_server.order_opeai()
    slow_server.clock.advance(1)
    assert len({json.dumps(slow_server.query_opeai(task_id)) for _ in range(20)}) == 1
