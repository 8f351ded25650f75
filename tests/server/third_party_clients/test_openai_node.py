"""OpenAI's Node client against opeai: results of the program `node/videos.mjs`."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Results = dict[str, Any]


@pytest.fixture(scope="module")
def run_client(
    node: Callable[[str], list[str]],
    start_emulator: Callable[..., Any],
    picture: Callable[..., bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Results]:
    """Run the program with variants, once for each combination; return its results."""
    red = tmp_path_factory.mktemp("node") / "red.png"
    red.write_bytes(picture("red"))
    cache: dict[tuple[str, ...], Results] = {}

    def run(*variants: str) -> Results:
        if variants not in cache:
            command = [*node("videos.mjs"), start_emulator(*variants).url, str(red)]
            result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            assert result.returncode == 0, result.stderr
            cache[variants] = json.loads(result.stdout)
        return cache[variants]

    return run


@pytest.mark.slow
def test_a_video_is_created_polled_and_downloaded(run_client: Callable[..., Results], watch: Any) -> None:
    results = run_client()
    assert list(results["created"]) == ["id", "task_id", "object", "model", "status", "created_at"]
    assert results["created"]["status"] == "queued"
    assert results["states"] == ["QUEUED", "IN_PROGRESS", "SUCCESS"]
    clip = watch(base64.b64decode(results["clip"]))
    assert (clip["size"], clip["frames"], clip["audio"]) == ((640, 640), 96, False)


@pytest.mark.slow
def test_the_variant_openai_has_its_statuses_and_fields(run_client: Callable[..., Results]) -> None:
    results = run_client("opeai.status=openai")
    assert results["states"] == ["queued", "in_progress", "completed"]
    assert {name: results["last"][name] for name in ("progress", "seconds", "size", "error")} == {
        "progress": 100,
        "seconds": "4",
        "size": "640x640",
        "error": None,
    }


def test_a_file_becomes_the_first_frame(run_client: Callable[..., Results], watch: Any) -> None:
    red, green, blue = watch(base64.b64decode(run_client()["framed"]))["first"].resize((1, 1)).getpixel((0, 0))
    assert red > 200 > 60 > max(green, blue)


def test_references_are_accepted_as_a_form_and_as_json(run_client: Callable[..., Results]) -> None:
    assert (run_client()["references"], run_client()["json"]) == ("queued", "queued")


def test_a_reference_that_the_form_loses_is_named_in_a_header(run_client: Callable[..., Results]) -> None:
    url, file_id, files, file = run_client()["lost"]
    assert url == file_id == "this order is text-to-video: input_reference names no content"
    assert files.startswith("this order is text-to-video: the file part input_reference[] is not used")
    assert file is None


def test_errors_are_raised_by_their_class(
    run_client: Callable[..., Results], start_emulator: Callable[..., Any]
) -> None:
    results = run_client()
    assert results["early"] == ["BadRequestError", 400]
    assert results["alone"] == ["BadRequestError", 400]
    assert results["long"] == ["BadRequestError", 400]
    assert results["unknown"] == ["NotFoundError", 404]
    early = f"/v1/videos/{results['created']['id']}/content"
    assert [status for _, path, status in start_emulator().requests(early) if path == early] == [
        400,
        200,
    ]  # one try, no retries
