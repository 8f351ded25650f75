"""A client in the manner of a widespread SDK: retries creates, polls without a timeout, stops at unknown statuses.

It violates several invariants, and each of these habits is common.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx

ATTEMPTS = 3
RETRIED_STATUSES = (408, 409, 429)
FIELDS = ("size", "resolution", "ratio", "seed", "generate_audio")


def generate(
    order: dict[str, Any], upstream: str, base_url: str, api_key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    document = {"model": "seedance-2-0", "prompt": order["prompt"], "seconds": str(order["seconds"])}
    document |= {name: order[name] for name in FIELDS if name in order}
    headers = {"authorization": f"Bearer {api_key}"}
    task = None
    try:
        with httpx.Client(
            base_url=f"{base_url}/v1", headers=headers, verify=False, trust_env=False, timeout=3.0
        ) as http:
            video = send(http, "POST", "/videos", json=document).json()
            task = video["id"]
            while video["status"].lower() in ("queued", "in_progress"):
                time.sleep(poll_seconds)
                video = send(http, "GET", f"/videos/{task}").json()
            if video["status"] == "FAILURE":
                return {"ok": False, "kind": "upstream", "task_id": task}
            out.write_bytes(send(http, "GET", f"/videos/{task}/content").content)
    except (httpx.HTTPError, ValueError):
        return {"ok": False, "kind": "upstream", "task_id": task}
    return {"ok": True, "task_id": task}


def send(http: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request, up to three times."""
    for attempt in range(ATTEMPTS):
        final = attempt + 1 == ATTEMPTS
        try:
            response = http.request(method, path, **options)
        except httpx.TransportError:
            if final:
                raise
        else:
            if final or (response.status_code < 500 and response.status_code not in RETRIED_STATUSES):
                return response.raise_for_status()
        time.sleep(0.1)
    raise AssertionError("the last attempt returns or raises")
