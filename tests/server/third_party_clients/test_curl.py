"""curl, with every request that the two pages show: their shapes, in words of our own, with this machine's address."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[3] / "fixtures"
KEY = "Authorization: Bearer sk_test_curl"
JSON = "Content-Type: application/json"
Curl = Callable[..., tuple[int, bytes]]


def text(upstream: str, name: str) -> str:
    return (FIXTURES / upstream / "examples" / f"{name}.json").read_text(encoding="utf-8")


def creates(upstream: str) -> list[str]:
    found = (FIXTURES / upstream / "examples").glob("create-*.json")
    return sorted(path.stem for path in found if not path.stem.endswith("-answer"))


# --- B, in the long options of its guide ---


def ask_b(curl: Curl, method: str, url: str, *more: str) -> dict[str, Any]:
    status, body = curl("--request", method, url, "--header", KEY, *more)
    assert status == 200, body
    answer: dict[str, Any] = json.loads(body)
    return answer


@pytest.mark.parametrize("name", creates("opeai"))
def test_every_create_of_b_is_answered_as_its_guide_shows(curl: Curl, emulate: Any, name: str) -> None:
    answer = ask_b(curl, "POST", emulate().url + "/v1/videos", "--header", JSON, "--data", text("opeai", name))
    shown = json.loads(text("opeai", "create-answer"))
    assert list(answer) == list(shown)
    assert answer["id"] == answer["task_id"]
    assert {name: answer[name] for name in ("object", "model", "status")} == {
        name: shown[name] for name in ("object", "model", "status")
    }


def test_a_video_of_b_is_queried_and_downloaded(curl: Curl, emulate: Any, tmp_path: Path, watch: Any) -> None:
    url = emulate().url + "/v1/videos"
    task_id = ask_b(curl, "POST", url, "--header", JSON, "--data", text("opeai", "create-text"))["id"]
    seen = [ask_b(curl, "GET", f"{url}/{task_id}") for _ in range(3)]
    assert [answer["status"] for answer in seen] == ["QUEUED", "IN_PROGRESS", "SUCCESS"]
    assert {tuple(answer) for answer in seen} == {tuple(json.loads(text("opeai", "query-answer")))}
    file = tmp_path / "output.mp4"
    status, _ = curl("--request", "GET", f"{url}/{task_id}/content", "--header", KEY, "--output", str(file))
    assert status == 200
    clip = watch(file.read_bytes())
    assert (clip["size"], clip["frames"], clip["audio"]) == ((1280, 720), 96, False)


def test_a_download_that_broke_off_is_resumed(curl: Curl, emulate: Any, tmp_path: Path) -> None:
    url = emulate().url + "/v1/videos"
    task_id = ask_b(curl, "POST", url, "--header", JSON, "--data", text("opeai", "create-text"))["id"]
    for _ in range(3):
        ask_b(curl, "GET", f"{url}/{task_id}")
    whole, broken = tmp_path / "whole.mp4", tmp_path / "broken.mp4"
    content = (f"{url}/{task_id}/content", "--header", KEY)
    assert curl(*content, "--output", str(whole))[0] == 200
    broken.write_bytes(whole.read_bytes()[:1000])
    assert curl(*content, "--continue-at", "-", "--output", str(broken))[0] == 206
    assert broken.read_bytes() == whole.read_bytes()


# --- A, in the short options of its page ---


def ask_a(curl: Curl, url: str, body: str | None = None) -> Any:
    sent = () if body is None else ("-X", "POST", "-H", JSON, "-d", body)
    status, answer = curl(url, "-H", KEY, *sent)
    assert status == 200, answer
    envelope = json.loads(answer)
    assert (envelope["code"], envelope["msg"]) == (200, "success")
    return envelope["data"]


def active_asset(curl: Curl, emulator: Any) -> str:
    """A group, an asset in it, and the asset polled until it is Active: its id."""
    url = emulator.url + "/api/v1/assets"
    group = ask_a(curl, url + "/groups", text("apimodels", "group-create"))
    assert set(json.loads(text("apimodels", "group-create-answer"))["data"]) <= set(group)
    document = json.loads(text("apimodels", "asset-create")) | {"group_id": group["id"]}
    asset = ask_a(curl, url, json.dumps(document))
    assert asset["asset_url"] == f"asset://{asset['id']}"
    asked = json.dumps({"id": asset["id"]})
    assert ask_a(curl, url + "/get", asked)["status"] == "Processing"
    emulator.clock.advance(60)
    assert ask_a(curl, url + "/get", asked)["status"] == "Active"
    return str(asset["id"])


@pytest.mark.parametrize("base", ["/api/v1", "/v1"])
@pytest.mark.parametrize("name", [*creates("apimodels"), "upscale"])
def test_every_create_of_a_is_taken(curl: Curl, emulate: Any, name: str, base: str) -> None:
    body = text("apimodels", name)
    if "asset://" in body:
        shown = json.loads(text("apimodels", "asset-create-answer"))["data"]["id"]
        body = body.replace(shown, active_asset(curl, emulate()))
    answer = ask_a(curl, f"{emulate().url}{base}/video/generations", body)
    assert list(answer) == ["taskId", "state"]
    assert answer["state"] == "pending"


def test_a_video_of_a_is_polled_and_fetched_without_the_key(curl: Curl, emulate: Any, watch: Any) -> None:
    url = emulate().url + "/api/v1/video/generations"
    task_id = ask_a(curl, url, text("apimodels", "create-text"))["taskId"]
    seen = [ask_a(curl, f"{url}?task_id={task_id}") for _ in range(3)]
    assert [answer["state"] for answer in seen] == ["pending", "processing", "completed"]
    status, clip = curl(seen[-1]["resultUrls"][0])
    assert status == 200
    assert watch(clip)["size"] == (1280, 720)


def test_a_file_is_posted_and_can_be_fetched(curl: Curl, emulate: Any, picture: Any, tmp_path: Path) -> None:
    file = tmp_path / "red.png"
    file.write_bytes(picture("red"))
    status, answer = curl(emulate().url + "/v1/files", "-H", KEY, "-F", f"file=@{file};type=image/png")
    assert status == 200, answer
    assert curl(json.loads(answer)["data"]["publicUrl"]) == (200, file.read_bytes())


def test_an_older_program_finds_the_keys_that_it_reads(curl: Curl, emulate: Any) -> None:
    """One of early 2026 reads `task_id`, `status` and `videos`; `apimodels.keys=legacy` speaks as A did then."""
    url = emulate("apimodels.keys=legacy").url + "/api/v1/video/generations"
    task_id = ask_a(curl, url, text("apimodels", "create-text"))["task_id"]
    seen = [ask_a(curl, f"{url}?task_id={task_id}") for _ in range(3)]
    assert [answer["status"] for answer in seen] == ["pending", "processing", "completed"]
    assert curl("--head", seen[-1]["videos"][0])[0] == 200
