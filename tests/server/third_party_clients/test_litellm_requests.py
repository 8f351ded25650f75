"""Captured requests of litellm, and its demands on the responses, for machines without litellm itself."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

CAPTURED_REQUESTS = Path(__file__).parent / "captured_requests"


class VideoObject(msgspec.Struct):
    """Fields of litellm's own class of this name, which raises an error for any other type."""

    id: str
    object: str
    status: str
    created_at: int | None = None
    completed_at: int | None = None
    error: dict[str, Any] | None = None
    progress: int | None = None
    seconds: str | None = None
    size: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None


def send(url: str, body: bytes | None = None, content_type: str = "") -> VideoObject:
    request = urllib.request.Request(url, data=body)
    request.add_header("Authorization", "Bearer sk_test")
    request.add_header("User-Agent", "litellm/1.106.2")
    if content_type:
        request.add_header("Content-Type", content_type)
    with urllib.request.urlopen(request, timeout=10) as response:
        return msgspec.json.decode(response.read(), type=VideoObject)


@pytest.mark.parametrize("variants", [(), ("opeai.status=openai",)], ids=["documented", "openai"])
@pytest.mark.parametrize("name", ["plain", "references", "file"])
def test_captured_requests_are_accepted_and_responses_have_the_right_types(
    start_emulator: Callable[..., Any], name: str, variants: tuple[str, ...]
) -> None:
    head, _, body = (CAPTURED_REQUESTS / f"litellm-{name}.bin").read_bytes().partition(b"\r\n\r\n")
    url = start_emulator(*variants).url + "/v1/videos"
    video = send(url, body, head.decode().removeprefix("Content-Type: "))
    assert (video.object, video.status) == ("video", "queued")
    responses = [send(f"{url}/{video.id}") for _ in range(3)]
    assert [response.status.lower() for response in responses][:2] == ["queued", "in_progress"]
    assert {response.size for response in responses} == {"640x640"}
