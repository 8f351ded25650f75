"""A correct client of another design: asyncio, a budget of polls in place of a clock, and the clip in memory."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import stdlib  # type: ignore[import-not-found]  # a sibling: this folder is on sys.path


async def generate(
    order: dict[str, Any], upstream: str, base_url: str, api_key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    """Poll as often as fits into the timeout; a longer pause for Retry-After counts as the polls that it replaces."""
    seconds = order["timeout_seconds"]
    deadline = time.monotonic() + seconds
    created = await asyncio.to_thread(stdlib.create, order, upstream, base_url, api_key, deadline)
    if isinstance(created, str):
        return {"ok": False, "kind": created, "task_id": None}
    task = str(created.get("taskId") or created.get("task_id") or created.get("id"))
    async with httpx.AsyncClient(verify=False, trust_env=False, timeout=seconds / 4) as http:
        kind, links = await poll(http, upstream, base_url, api_key, task, seconds, poll_seconds)
        if kind:
            return {"ok": False, "kind": kind, "task_id": task}
        url = links[0] if links else f"{base_url}/v1/videos/{task}/content"
        try:
            async with asyncio.timeout(seconds / 2 - 0.3):
                out.write_bytes(await download(http, url, {} if links else bearer(api_key)))
        except TimeoutError:
            return {"ok": False, "kind": "upstream", "task_id": task}
    return {"ok": True, "task_id": task}


def bearer(api_key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_key}"}


async def poll(
    http: httpx.AsyncClient,
    upstream: str,
    base_url: str,
    api_key: str,
    task: str,
    seconds: float,
    poll_seconds: float,
) -> tuple[str, list[str]]:
    """Poll until a final status; return the error kind, empty for success, and the links."""
    remaining, deadline = max(1, int(seconds * 0.9 / poll_seconds)), time.monotonic() + seconds
    path = f"/v1/videos/{task}" if upstream == "opeai" else f"/api/v1/video/generations?task_id={task}"
    while remaining > 0 and time.monotonic() < deadline:
        remaining -= 1
        pause = poll_seconds
        try:
            response = await http.get(base_url + path, headers=bearer(api_key))
        except httpx.HTTPError:
            await asyncio.sleep(pause)
            continue
        if response.status_code in (401, 403):
            return "authentication", []
        body = stdlib.parse_object(response.content)
        data = body.get("data") or body
        success = stdlib.FINAL_STATUSES.get(str(data.get("state") or data.get("status") or "").lower())
        links = data.get("resultUrls") or data.get("videos") or []
        if response.status_code == 200 and success is True and (links or upstream == "opeai"):
            return "", links
        if response.status_code == 200 and success is False:
            is_moderation = "Sensitive" in response.text or "MODERATION" in response.text
            return ("moderation" if is_moderation else "upstream"), []
        headers = {name.lower(): value for name, value in response.headers.items()}
        pause = max(pause, stdlib.retry_after(headers))
        remaining -= int(pause / poll_seconds) - 1
        await asyncio.sleep(pause)
    return "timeout", []


async def download(http: httpx.AsyncClient, url: str, headers: dict[str, str]) -> bytes:
    """Download the whole clip, with as many attempts as it takes; the caller sets the timeout."""
    next_url, next_headers = url, headers
    while True:
        try:
            response = await http.get(next_url, headers=next_headers)
        except httpx.HTTPError:
            await asyncio.sleep(0.2)
            continue
        if response.is_redirect:
            next_url, next_headers = urljoin(next_url, response.headers["location"]), {}
        elif response.status_code == 200 and response.headers.get("content-type", "").startswith("video/"):
            return response.content
        else:
            next_url, next_headers = url, headers
            await asyncio.sleep(0.2)
