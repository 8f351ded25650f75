"""A correct client of another design: asyncio, polls by count, and hands the bytes over in memory."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import stdlib


async def generate(
    order: dict[str, Any], upstream: str, url: str, key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    """At most so many polls as fit into the time; a pause that was asked for counts as those it took the place of."""
    seconds = order["timeout_seconds"]
    begun = await asyncio.to_thread(stdlib.create, order, upstream, url, key, time.monotonic() + seconds)
    if isinstance(begun, str):
        return {"ok": False, "kind": begun, "task_id": None}
    task = str(begun.get("taskId") or begun.get("task_id") or begun.get("id"))
    async with httpx.AsyncClient(verify=False, trust_env=False, timeout=seconds / 4) as http:
        kind, links = await watched(http, upstream, url, key, task, seconds, poll_seconds)
        if kind:
            return {"ok": False, "kind": kind, "task_id": task}
        place = links[0] if links else f"{url}/v1/videos/{task}/content"
        try:
            async with asyncio.timeout(seconds / 2 - 0.3):
                out.write_bytes(await fetched(http, place, {} if links else bearer(key)))
        except TimeoutError:
            return {"ok": False, "kind": "upstream", "task_id": task}
    return {"ok": True, "task_id": task}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def watched(
    http: httpx.AsyncClient, upstream: str, url: str, key: str, task: str, seconds: float, poll_seconds: float
) -> tuple[str, list[str]]:
    left, until = max(1, int(seconds * 0.9 / poll_seconds)), time.monotonic() + seconds
    path = f"/v1/videos/{task}" if upstream == "opeai" else f"/api/v1/video/generations?task_id={task}"
    while left > 0 and time.monotonic() < until:
        left -= 1
        pause = poll_seconds
        try:
            answer = await http.get(url + path, headers=bearer(key))
        except httpx.HTTPError:
            await asyncio.sleep(pause)
            continue
        if answer.status_code in (401, 403):
            return "authentication", []
        said = stdlib.read(answer.content)
        data = said.get("data") or said
        end = stdlib.ENDS.get(str(data.get("state") or data.get("status") or "").lower())
        links = data.get("resultUrls") or data.get("videos") or []
        if answer.status_code == 200 and end is True and (links or upstream == "opeai"):
            return "", links
        if answer.status_code == 200 and end is False:
            return ("moderation" if "Sensitive" in answer.text or "MODERATION" in answer.text else "upstream"), []
        pause = max(pause, stdlib.later({name.lower(): value for name, value in answer.headers.items()}))
        left -= int(pause / poll_seconds) - 1
        await asyncio.sleep(pause)
    return "timeout", []


async def fetched(http: httpx.AsyncClient, place: str, headers: dict[str, str]) -> bytes:
    """The whole clip, however often that takes: whoever waits sets the limit."""
    where, sent = place, headers
    while True:
        try:
            answer = await http.get(where, headers=sent)
        except httpx.HTTPError:
            await asyncio.sleep(0.2)
            continue
        if answer.is_redirect:
            where, sent = urljoin(where, answer.headers["location"]), {}
        elif answer.status_code == 200 and answer.headers.get("content-type", "").startswith("video/"):
            return answer.content
        else:
            where, sent = place, headers
            await asyncio.sleep(0.2)
