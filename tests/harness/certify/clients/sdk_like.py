"""A client of B as a well-known SDK would make one: it repeats creates, polls without an end, and stops at any word.

Broken in several ways at once, and none of them is rare.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx

TRIES = 3
AGAIN = (408, 409, 429)


def generate(
    order: dict[str, Any], upstream: str, url: str, key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    document = {"model": "seedance-2-0", "prompt": order["prompt"], "seconds": str(order["seconds"])}
    document |= {
        name: order[name] for name in ("size", "resolution", "ratio", "seed", "generate_audio") if name in order
    }
    headers = {"authorization": f"Bearer {key}"}
    task = None
    try:
        with httpx.Client(base_url=f"{url}/v1", headers=headers, verify=False, trust_env=False, timeout=3.0) as http:
            video = asked(http, "POST", "/videos", json=document).json()
            task = video["id"]
            while video["status"].lower() in ("queued", "in_progress"):
                time.sleep(poll_seconds)
                video = asked(http, "GET", f"/videos/{task}").json()
            if video["status"] == "FAILURE":
                return {"ok": False, "kind": "upstream", "task_id": task}
            out.write_bytes(asked(http, "GET", f"/videos/{task}/content").content)
    except (httpx.HTTPError, ValueError):
        return {"ok": False, "kind": "upstream", "task_id": task}
    return {"ok": True, "task_id": task}


def asked(http: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    """An answer, at the third try if need be."""
    for attempt in range(TRIES):
        final = attempt + 1 == TRIES
        try:
            answer = http.request(method, path, **more)
        except httpx.TransportError:
            if final:
                raise
        else:
            if final or (answer.status_code < 500 and answer.status_code not in AGAIN):
                return answer.raise_for_status()
        time.sleep(0.1)
    raise AssertionError("the last try returns or raises")
