"""The journal's HAR replayed by Playwright, with the emulator gone: orders, polls and clips as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import serve

HEADERS = {"Authorization": "Bearer sk_browser", "Content-Type": "application/json"}
FETCH = """
async ([url, options]) => {
  const response = await fetch(url, options)
  const bytes = new Uint8Array(await response.arrayBuffer())
  return {status: response.status, text: new TextDecoder().decode(bytes.slice(0, 2000)), size: bytes.length}
}
"""
WATCH = """
async url => {
  const video = Object.assign(document.createElement("video"), {src: url, muted: true})
  await new Promise((resolve, reject) => Object.assign(video, {onloadeddata: resolve, onerror: reject}))
  return [video.videoWidth, video.videoHeight, Math.round(video.duration)]
}
"""


@pytest.fixture
def archive(tmp_path: Path) -> tuple[Path, str, str, bytes]:
    """An archive of an order, its poll and its clip; the address of the ended emulator; the task; the clip."""
    with serve(pace="instant", seed=1) as server, httpx.Client(base_url=server.url, headers=HEADERS) as client:
        order = json.dumps({"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"})
        task = client.post("/v1/videos", content=order).json()["id"]
        assert client.get(f"/v1/videos/{task}").json()["status"] == "SUCCESS"
        clip = client.get(f"/v1/videos/{task}/content").content
        path = tmp_path / "journal.har"
        path.write_bytes(client.get("/_mock/journal?format=har").content)
        return path, server.url, task, clip


def test_playwright_replays_orders_and_clips_without_the_emulator(
    browser: Any, archive: tuple[Path, str, str, bytes]
) -> None:
    path, url, task, clip = archive
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    context = browser.new_context()
    context.route_from_har(path, not_found="abort")
    page = context.new_page()
    page.goto(f"{url}/v1/videos/{task}")
    order = json.dumps({"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"})
    created = page.evaluate(FETCH, [f"{url}/v1/videos", {"method": "POST", "headers": HEADERS, "body": order}])
    assert (created["status"], json.loads(created["text"])["id"]) == (200, task)
    content = page.evaluate(FETCH, [f"{url}/v1/videos/{task}/content", {"headers": HEADERS}])
    assert (content["status"], content["size"]) == (200, len(clip))
    assert page.evaluate(WATCH, f"{url}/v1/videos/{task}/content") == [640, 640, 4]
    context.close()
