"""What litellm sends, byte for byte, and what it demands of the answers, for machines too small for litellm itself."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

CAUGHT = Path(__file__).parent / "caught"


class VideoObject(msgspec.Struct):
    """The types that litellm's own class of this name insists on: another one ends its user's call with an error."""

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


def answered(url: str, body: bytes | None = None, kind: str = "") -> VideoObject:
    request = urllib.request.Request(url, data=body)
    request.add_header("Authorization", "Bearer sk_test")
    request.add_header("User-Agent", "litellm/1.106.2")
    if kind:
        request.add_header("Content-Type", kind)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return msgspec.json.decode(answer.read(), type=VideoObject)


@pytest.mark.parametrize("variants", [(), ("opeai.status=openai",)], ids=["documented", "openai"])
@pytest.mark.parametrize("name", ["plain", "references", "file"])
def test_its_requests_are_taken_and_its_class_reads_the_answers(
    emulate: Callable[..., Any], name: str, variants: tuple[str, ...]
) -> None:
    head, _, body = (CAUGHT / f"litellm-{name}.bin").read_bytes().partition(b"\r\n\r\n")
    url = emulate(*variants).url + "/v1/videos"
    video = answered(url, body, head.decode().removeprefix("Content-Type: "))
    assert (video.object, video.status) == ("video", "queued")
    seen = [answered(f"{url}/{video.id}") for _ in range(3)]
    assert [answer.status.lower() for answer in seen][:2] == ["queued", "in_progress"]
    assert {answer.size for answer in seen} == {"640x640"}
