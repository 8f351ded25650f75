"""What is said of the media behind URLs, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Tell = Callable[..., Any]
URL = "https://example.com/a.png"


def test_what_is_said_of_a_url_counts(still: Any, tell: Tell) -> None:
    frame = {"type": "image_url", "role": "first_frame", "image_url": {"url": URL}}
    assert still.order_b(input_reference={"content": [frame]})
    said = tell("PUT", "media", {"url": URL, "kind": "image", "width": 20, "height": 20, "size_bytes": 5})
    assert (said["media"][0]["width"], said["media"][0]["face"]) == (20, None)
    order = {"model": "seedance-2-0-fast", "prompt": "x", "size": "640x640", "seconds": "4"}
    assert still.post("/v1/videos", {**order, "input_reference": {"content": [frame]}}).status_code == 400
    assert tell("DELETE", "media", params={"url": URL}) == {"removed": 1}
    assert still.order_b(input_reference={"content": [frame]})


def test_everything_that_was_said_is_taken_back(tell: Tell) -> None:
    for number in range(3):
        tell("PUT", "media", {"url": f"{URL}?{number}", "kind": "video", "seconds": 3})
    assert tell("DELETE", "media") == {"removed": 3}
    tell("PUT", "media", {"url": URL, "kind": "audio"})
    tell("POST", "reset")
    assert tell("GET", "media") == {"media": []}


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"url": URL, "kind": "smell"}, "allowed: image, video, audio"),
        ({"url": URL, "kind": "image", "width": 3}, "both or neither"),
        ({"url": " ", "kind": "image"}, "not blank"),
        ({"url": URL, "kind": "image", "width": -1, "height": 2}, "width is -1"),
        ({"url": URL, "kind": "image", "colour": "red"}, "`colour`"),
        ({"kind": "image"}, "missing required field `url`"),
    ],
)
def test_media_that_cannot_be_are_refused(tell: Tell, order: Any, says: str) -> None:
    assert says in tell("PUT", "media", order, status=400)["error"]["message"]
    assert tell("GET", "media") == {"media": []}


def test_what_nobody_said_cannot_be_taken_back(tell: Tell) -> None:
    assert tell("DELETE", "media", params={"url": URL}, status=404)["error"]["allowed"] == []
