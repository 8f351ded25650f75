"""Media endpoints: declared facts of the media behind URLs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Control = Callable[..., Any]
URL = "https://example.com/a.png"


def test_declared_facts_are_used(frozen_server: Any, control: Control) -> None:
    frame = {"type": "image_url", "role": "first_frame", "image_url": {"url": URL}}
    assert frozen_server.order_opeai(input_reference={"content": [frame]})
    response = control("PUT", "media", {"url": URL, "kind": "image", "width": 20, "height": 20, "size_bytes": 5})
    assert (response["media"][0]["width"], response["media"][0]["face"]) == (20, None)
    order = {"model": "seedance-2-0-fast", "prompt": "x", "size": "640x640", "seconds": "4"}
    assert frozen_server.post("/v1/videos", {**order, "input_reference": {"content": [frame]}}).status_code == 400
    assert control("DELETE", "media", params={"url": URL}) == {"removed": 1}
    assert frozen_server.order_opeai(input_reference={"content": [frame]})


def test_all_declarations_can_be_removed(control: Control) -> None:
    for number in range(3):
        control("PUT", "media", {"url": f"{URL}?{number}", "kind": "video", "seconds": 3})
    assert control("DELETE", "media") == {"removed": 3}
    control("PUT", "media", {"url": URL, "kind": "audio"})
    control("POST", "reset")
    assert control("GET", "media") == {"media": []}


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"url": URL, "kind": "smell"}, "allowed: image, video, audio"),
        ({"url": URL, "kind": "image", "width": 3}, "both or neither"),
        ({"url": " ", "kind": "image"}, "not blank"),
        ({"url": URL, "kind": "image", "width": -1, "height": 2}, "width is -1"),
        ({"url": URL, "kind": "image", "colour": "red"}, "`colour`"),
        ({"kind": "image"}, "missing required field `url`"),
    ],
)
def test_an_invalid_declaration_is_rejected(control: Control, order: Any, message: str) -> None:
    assert message in control("PUT", "media", order, status=400)["error"]["message"]
    assert control("GET", "media") == {"media": []}


def test_removing_an_unknown_declaration_gets_a_404(control: Control) -> None:
    assert control("DELETE", "media", params={"url": URL}, status=404)["error"]["allowed"] == []
