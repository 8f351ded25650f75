"""curl, with every request of the vendors' pages, at the emulator's address."""

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


def example(upstream: str, name: str) -> str:
    return (FIXTURES / upstream / "examples" / f"{name}.json").read_text(encoding="utf-8")


def create_examples(upstream: str) -> list[str]:
    paths = (FIXTURES / upstream / "examples").glob("create-*.json")
    return sorted(path.stem for path in paths if not path.stem.endswith("-answer"))


# --- opeai, in the long options of its guide ---


def request_opeai(curl: Curl, method: str, url: str, *options: str) -> dict[str, Any]:
    status, body = curl("--request", method, url, "--header", KEY, *options)
    assert status == 200, body
    response: dict[str, Any] = json.loads(body)
    return response


@pytest.mark.parametrize("name", create_examples("opeai"))
def test_every_create_of_opeai_is_answered_as_documented(curl: Curl, start_emulator: Any, name: str) -> None:
    response = request_opeai(
        curl, "POST", start_emulator().url + "/v1/videos", "--header", JSON, "--data", example("opeai", name)
    )
    documented = json.loads(example("opeai", "create-answer"))
    assert list(response) == list(documented)
    assert response["id"] == response["task_id"]
    assert {name: response[name] for name in ("object", "model", "status")} == {
        name: documented[name] for name in ("object", "model", "status")
    }


def test_a_video_of_opeai_is_polled_and_downloaded(curl: Curl, start_emulator: Any, tmp_path: Path, watch: Any) -> None:
    url = start_emulator().url + "/v1/videos"
    task_id = request_opeai(curl, "POST", url, "--header", JSON, "--data", example("opeai", "create-text"))["id"]
    responses = [request_opeai(curl, "GET", f"{url}/{task_id}") for _ in range(3)]
    assert [response["status"] for response in responses] == ["QUEUED", "IN_PROGRESS", "SUCCESS"]
    assert {tuple(response) for response in responses} == {tuple(json.loads(example("opeai", "query-answer")))}
    file = tmp_path / "output.mp4"
    status, _ = curl("--request", "GET", f"{url}/{task_id}/content", "--header", KEY, "--output", str(file))
    assert status == 200
    clip = watch(file.read_bytes())
    assert (clip["size"], clip["frames"], clip["audio"]) == ((1280, 720), 96, False)


def test_a_partial_download_is_resumed(curl: Curl, start_emulator: Any, tmp_path: Path) -> None:
    url = start_emulator().url + "/v1/videos"
    task_id = request_opeai(curl, "POST", url, "--header", JSON, "--data", example("opeai", "create-text"))["id"]
    for _ in range(3):
        request_opeai(curl, "GET", f"{url}/{task_id}")
    complete, partial = tmp_path / "whole.mp4", tmp_path / "broken.mp4"
    content = (f"{url}/{task_id}/content", "--header", KEY)
    assert curl(*content, "--output", str(complete))[0] == 200
    partial.write_bytes(complete.read_bytes()[:1000])
    assert curl(*content, "--continue-at", "-", "--output", str(partial))[0] == 206
    assert partial.read_bytes() == complete.read_bytes()


# --- apimodels, in the short options of its page ---


def request_apimodels(curl: Curl, url: str, body: str | None = None) -> Any:
    options = () if body is None else ("-X", "POST", "-H", JSON, "-d", body)
    status, response = curl(url, "-H", KEY, *options)
    assert status == 200, response
    envelope = json.loads(response)
    assert (envelope["code"], envelope["msg"]) == (200, "success")
    return envelope["data"]


def active_asset(curl: Curl, emulator: Any) -> str:
    """Create a group and an asset, poll until the asset is active, and return its id."""
    url = emulator.url + "/api/v1/assets"
    group = request_apimodels(curl, url + "/groups", example("apimodels", "group-create"))
    assert set(json.loads(example("apimodels", "group-create-answer"))["data"]) <= set(group)
    document = json.loads(example("apimodels", "asset-create")) | {"group_id": group["id"]}
    asset = request_apimodels(curl, url, json.dumps(document))
    assert asset["asset_url"] == f"asset://{asset['id']}"
    body = json.dumps({"id": asset["id"]})
    assert request_apimodels(curl, url + "/get", body)["status"] == "Processing"
    emulator.clock.advance(60)
    assert request_apimodels(curl, url + "/get", body)["status"] == "Active"
    return str(asset["id"])


@pytest.mark.parametrize("base", ["/api/v1", "/v1"])
@pytest.mark.parametrize("name", [*create_examples("apimodels"), "upscale"])
def test_every_create_of_apimodels_is_accepted(curl: Curl, start_emulator: Any, name: str, base: str) -> None:
    body = example("apimodels", name)
    if "asset://" in body:
        documented = json.loads(example("apimodels", "asset-create-answer"))["data"]["id"]
        body = body.replace(documented, active_asset(curl, start_emulator()))
    response = request_apimodels(curl, f"{start_emulator().url}{base}/video/generations", body)
    assert list(response) == ["taskId", "state"]
    assert response["state"] == "pending"


def test_a_video_of_apimodels_is_polled_and_downloaded_without_the_key(
    curl: Curl, start_emulator: Any, watch: Any
) -> None:
    url = start_emulator().url + "/api/v1/video/generations"
    task_id = request_apimodels(curl, url, example("apimodels", "create-text"))["taskId"]
    responses = [request_apimodels(curl, f"{url}?task_id={task_id}") for _ in range(3)]
    assert [response["state"] for response in responses] == ["pending", "processing", "completed"]
    status, clip = curl(responses[-1]["resultUrls"][0])
    assert status == 200
    assert watch(clip)["size"] == (1280, 720)


def test_a_file_is_uploaded_and_can_be_downloaded(
    curl: Curl, start_emulator: Any, picture: Any, tmp_path: Path
) -> None:
    file = tmp_path / "red.png"
    file.write_bytes(picture("red"))
    status, response = curl(start_emulator().url + "/v1/files", "-H", KEY, "-F", f"file=@{file};type=image/png")
    assert status == 200, response
    assert curl(json.loads(response)["data"]["publicUrl"]) == (200, file.read_bytes())


def test_the_variant_legacy_has_the_old_field_names(curl: Curl, start_emulator: Any) -> None:
    """Programs of early 2026 read `task_id`, `status` and `videos`."""
    url = start_emulator("apimodels.keys=legacy").url + "/api/v1/video/generations"
    task_id = request_apimodels(curl, url, example("apimodels", "create-text"))["task_id"]
    responses = [request_apimodels(curl, f"{url}?task_id={task_id}") for _ in range(3)]
    assert [response["status"] for response in responses] == ["pending", "processing", "completed"]
    assert curl("--head", responses[-1]["videos"][0])[0] == 200
