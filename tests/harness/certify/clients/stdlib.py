"""A correct client of another design: urllib only, plain functions, the key sent to the upstream's origin only."""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

MODELS = {"opeai": "seedance-2-0", "apimodels": "seedance2-a/seedance-2.0-a"}
CREATE = {"opeai": "/v1/videos", "apimodels": "/api/v1/video/generations"}
FINAL_STATUSES = {
    **dict.fromkeys(("success", "completed", "succeeded"), True),
    **dict.fromkeys(("failure", "failed", "error", "expired", "cancelled", "canceled"), False),
}
"""The final statuses; True for success."""
ERROR_KINDS = {400: "validation", 401: "authentication", 402: "balance", 403: "authentication", 429: "rate_limit"}
NETWORK_ERRORS = (OSError, http.client.HTTPException)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: urllib would send the key along."""

    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirects)


def send(url: str, seconds: float, api_key: str = "", document: Any = None) -> tuple[int, dict[str, str], bytes]:
    """Return status (0 without a complete response), headers and body."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    data = None if document is None else json.dumps(document).encode()
    if data is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with OPENER.open(request, timeout=max(0.2, seconds)) as response:
            return response.status, {name.lower(): value for name, value in response.headers.items()}, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, b""
    except NETWORK_ERRORS:
        return 0, {}, b""


def generate(
    order: dict[str, Any], upstream: str, base_url: str, api_key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    deadline = time.monotonic() + order["timeout_seconds"]
    created = create(order, upstream, base_url, api_key, deadline)
    if isinstance(created, str):
        return {"ok": False, "kind": created, "task_id": None}
    task = str(created.get("taskId") or created.get("task_id") or created.get("id"))
    kind, links = poll(f"{base_url}{CREATE[upstream]}", upstream, api_key, task, deadline, poll_seconds)
    if kind:
        return {"ok": False, "kind": kind, "task_id": task}
    url = links[0] if links else f"{base_url}{CREATE[upstream]}/{task}/content"
    deadline = time.monotonic() + order["timeout_seconds"] / 2 - 0.3
    while time.monotonic() < deadline:
        if download(url, "" if links else api_key, base_url, out, deadline):
            return {"ok": True, "task_id": task}
        time.sleep(0.2)
    return {"ok": False, "kind": "upstream", "task_id": task}


def create(order: dict[str, Any], upstream: str, base_url: str, api_key: str, deadline: float) -> dict[str, Any] | str:
    """Order; return the created task, or the kind of the error."""
    while True:
        remaining = deadline - time.monotonic()
        status, headers, content = send(base_url + CREATE[upstream], remaining, api_key, document_of(order, upstream))
        body = parse_object(content)
        code = body.get("code", status) if status == 200 and upstream == "apimodels" else status
        if code == 429 and time.monotonic() + retry_after(headers) < deadline:
            time.sleep(retry_after(headers) or 0.3)
            continue
        if status == 200 and body and code == 200:
            return dict(body.get("data") or body)
        return ERROR_KINDS.get(code) or ("upstream" if 300 <= code < 500 and code != 408 else "submission_unknown")


def document_of(order: dict[str, Any], upstream: str) -> dict[str, Any]:
    fields = ("prompt", "generate_audio", "seed", "callback_url")
    document: dict[str, Any] = {name: order[name] for name in fields if name in order}
    document["model"] = order.get("model", MODELS[upstream])
    for reference in order["references"]:
        add_reference(document, reference, upstream)
    if upstream == "opeai":
        document |= {name: order[name] for name in ("size", "resolution", "ratio") if name in order}
        return {**document, "seconds": str(order["seconds"])}
    resolution, ratio = ("720p", "16:9") if "size" in order else (order["resolution"], order["ratio"])
    return {**document, "resolution": resolution, "aspect_ratio": ratio, "duration": order["seconds"]}


def add_reference(document: dict[str, Any], reference: dict[str, str], upstream: str) -> None:
    kind, role, url = reference["kind"], reference["role"], reference["url"]
    if upstream == "opeai":
        role = f"reference_{kind}" if role == "reference" else role
        content = document.setdefault("input_reference", {"content": []})["content"]
        content.append({"type": f"{kind}_url", "role": role, f"{kind}_url": {"url": url}})
    elif role == "reference":
        document.setdefault(f"reference_{kind}_urls", []).append(url)
    else:
        document[f"{role}_url"] = url


def poll(
    create_url: str, upstream: str, api_key: str, task: str, deadline: float, poll_seconds: float
) -> tuple[str, list[str]]:
    """Poll until a final status; return the error kind, empty for success, and the links."""
    url = f"{create_url}/{task}" if upstream == "opeai" else f"{create_url}?task_id={task}"
    while time.monotonic() < deadline:
        status, headers, content = send(url, deadline - time.monotonic(), api_key)
        body = parse_object(content)
        data = body.get("data") or body
        success = FINAL_STATUSES.get(str(data.get("state") or data.get("status") or "").lower())
        links = data.get("resultUrls") or data.get("videos") or []
        if status == 200 and success is True and (links or upstream == "opeai"):
            return "", links
        if status == 200 and success is False:
            return ("moderation" if b"Sensitive" in content or b"MODERATION" in content else "upstream"), []
        if status in (401, 403):
            return "authentication", []
        pause = max(poll_seconds, retry_after(headers))
        time.sleep(max(0.0, min(pause, deadline - time.monotonic()) if not retry_after(headers) else pause))
    return "timeout", []


def download(url: str, api_key: str, base_url: str, out: Path, deadline: float) -> bool:
    """Download the clip to its file as a whole or not at all; follow redirects without the key."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key and url.startswith(base_url) else {}
    part = out.with_suffix(".download")
    try:
        seconds = max(0.2, deadline - time.monotonic())
        with (
            OPENER.open(urllib.request.Request(url, headers=headers), timeout=seconds) as response,
            part.open("wb") as file,
        ):
            size = int(response.headers.get("Content-Length", -1))
            while chunk := response.read(16384):
                file.write(chunk)
                if time.monotonic() > deadline:
                    return False
        if part.stat().st_size != size:
            return False
    except urllib.error.HTTPError as error:
        with error:
            return error.code in (301, 302, 303, 307, 308) and download(
                urljoin(url, error.headers["Location"]), "", base_url, out, deadline
            )
    except NETWORK_ERRORS:
        return False
    part.replace(out)
    return True


def parse_object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def retry_after(headers: dict[str, str]) -> float:
    """Return the seconds in Retry-After."""
    text = headers.get("retry-after", "")
    if not text or text.isdigit():
        return float(text or 0)
    return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())


def main() -> None:
    upstream, base_url, api_key, out, poll_seconds = (
        os.environ[f"SEEDMOCK_{name}"] for name in ("UPSTREAM", "BASE_URL", "API_KEY", "OUT", "POLL_SECONDS")
    )
    outcome = generate(json.load(sys.stdin), upstream, base_url, api_key, Path(out), float(poll_seconds))
    sys.stdout.write(json.dumps(outcome) + "\n")


if __name__ == "__main__":
    main()
