"""Upscales of videos whose packets are complete and cannot be decoded."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("damage", ["an unknown codec", "packets of zeros"])
def test_an_upscale_whose_source_cannot_be_decoded_has_no_clip(
    in_process_server: Any, video: Callable[..., bytes], damage: str
) -> None:
    content = video(seconds=0.25)
    if damage == "an unknown codec":
        content = content.replace(b"avc1", b"zzz1")
    else:
        start = content.index(b"mdat") + 4
        end = content.find(b"moov", start) - 4
        end = len(content) if end < start else end
        content = content[:start] + bytes(end - start) + content[end:]
    uri = f"data:video/mp4;base64,{base64.b64encode(content).decode()}"
    order = {"model": "video-upscale", "videoUrl": uri, "targetResolution": "720p"}
    created = in_process_server.post("/v1/video/generations", order).json()["data"]
    task = in_process_server.query_apimodels(created["taskId"])
    if task["state"] == "failed":
        return
    response = in_process_server.get(task["resultUrls"][0], key=None)
    assert (response.status_code, response.json()["code"]) == (404, 404)
