"""OpenAI's own Node client against B: `node/videos.mjs` does what its users do, and what it met is judged here."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Told = dict[str, Any]


@pytest.fixture(scope="module")
def tell(
    node: Callable[[str], list[str]],
    emulate: Callable[..., Any],
    picture: Callable[..., bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Told]:
    """What happened to the client, with these variants; it is run once for each."""
    red = tmp_path_factory.mktemp("node") / "red.png"
    red.write_bytes(picture("red"))
    known: dict[tuple[str, ...], Told] = {}

    def told(*variants: str) -> Told:
        if variants not in known:
            command = [*node("videos.mjs"), emulate(*variants).url, str(red)]
            ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            assert ran.returncode == 0, ran.stderr
            known[variants] = json.loads(ran.stdout)
        return known[variants]

    return told


def test_a_video_is_created_polled_and_downloaded(tell: Callable[..., Told], watch: Any) -> None:
    told = tell()
    assert list(told["created"]) == ["id", "task_id", "object", "model", "status", "created_at"]
    assert told["created"]["status"] == "queued"
    assert told["states"] == ["QUEUED", "IN_PROGRESS", "SUCCESS"]
    seen = watch(base64.b64decode(told["clip"]))
    assert (seen["size"], seen["frames"], seen["audio"]) == ((640, 640), 96, False)


def test_it_meets_openais_own_words_where_they_are_asked_for(tell: Callable[..., Told]) -> None:
    told = tell("opeai.status=openai")
    assert told["states"] == ["queued", "in_progress", "completed"]
    assert {name: told["last"][name] for name in ("progress", "seconds", "size", "error")} == {
        "progress": 100,
        "seconds": "4",
        "size": "640x640",
        "error": None,
    }


def test_a_file_becomes_the_first_frame(tell: Callable[..., Told], watch: Any) -> None:
    red, green, blue = watch(base64.b64decode(tell()["framed"]))["first"].resize((1, 1)).getpixel((0, 0))
    assert red > 200 > 60 > max(green, blue)


def test_references_are_taken_as_a_form_and_as_json(tell: Callable[..., Told]) -> None:
    assert (tell()["references"], tell()["json"]) == ("queued", "queued")


def test_refusals_are_raised_by_their_class(tell: Callable[..., Told], emulate: Callable[..., Any]) -> None:
    told = tell()
    assert told["early"] == ["BadRequestError", 400]
    assert told["alone"] == ["BadRequestError", 400]
    assert told["long"] == ["BadRequestError", 400]
    assert told["unknown"] == ["NotFoundError", 404]
    early = f"/v1/videos/{told['created']['id']}/content"
    assert [status for _, path, status in emulate().heard(early) if path == early] == [400, 200]  # one try, no retries
