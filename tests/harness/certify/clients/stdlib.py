"""A correct client of another design: urllib alone, one function after another, no key but to the upstream itself."""

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
ENDS = {
    **dict.fromkeys(("success", "completed", "succeeded"), True),
    **dict.fromkeys(("failure", "failed", "error", "expired", "cancelled", "canceled"), False),
}
TROUBLE = (OSError, http.client.HTTPException)


class Still(urllib.request.HTTPRedirectHandler):
    """Follows nothing by itself: urllib would carry the key along."""

    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), Still)
Answer = tuple[int, dict[str, str], bytes]


def call(url: str, seconds: float, key: str = "", document: Any = None) -> Answer:
    """A status (0 without a whole answer), headers and a body."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    data = None if document is None else json.dumps(document).encode()
    if data is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with OPENER.open(request, timeout=max(0.2, seconds)) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, b""
    except TROUBLE:
        return 0, {}, b""


def generate(
    order: dict[str, Any], upstream: str, url: str, key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    until = time.monotonic() + order["timeout_seconds"]
    begun = create(order, upstream, url, key, until)
    if isinstance(begun, str):
        return {"ok": False, "kind": begun, "task_id": None}
    task = str(begun.get("taskId") or begun.get("task_id") or begun.get("id"))
    kind, links = watch(f"{url}{CREATE[upstream]}", upstream, key, task, until, poll_seconds)
    if kind:
        return {"ok": False, "kind": kind, "task_id": task}
    place = links[0] if links else f"{url}{CREATE[upstream]}/{task}/content"
    ends = time.monotonic() + order["timeout_seconds"] / 2 - 0.3
    while time.monotonic() < ends:
        if fetch(place, "" if links else key, url, out, ends):
            return {"ok": True, "task_id": task}
        time.sleep(0.2)
    return {"ok": False, "kind": "upstream", "task_id": task}


def create(order: dict[str, Any], upstream: str, url: str, key: str, until: float) -> dict[str, Any] | str:
    """What the upstream says of the task, or the kind of trouble."""
    while True:
        status, headers, body = call(url + CREATE[upstream], until - time.monotonic(), key, written(order, upstream))
        said = read(body)
        code = said.get("code", status) if status == 200 and upstream == "apimodels" else status
        if code == 429 and time.monotonic() + later(headers) < until:
            time.sleep(later(headers) or 0.3)
            continue
        if status == 200 and said and code == 200:
            return dict(said.get("data") or said)
        known = {400: "validation", 401: "authentication", 402: "balance", 403: "authentication", 429: "rate_limit"}
        return known.get(code) or ("upstream" if 300 <= code < 500 and code != 408 else "submission_unknown")


def written(order: dict[str, Any], upstream: str) -> dict[str, Any]:
    document = {name: order[name] for name in ("prompt", "generate_audio", "seed", "callback_url") if name in order}
    document["model"] = order.get("model", MODELS[upstream])
    for one in order["references"]:
        place(document, one, upstream)
    if upstream == "opeai":
        document |= {name: order[name] for name in ("size", "resolution", "ratio") if name in order}
        return {**document, "seconds": str(order["seconds"])}
    resolution, ratio = ("720p", "16:9") if "size" in order else (order["resolution"], order["ratio"])
    return {**document, "resolution": resolution, "aspect_ratio": ratio, "duration": order["seconds"]}


def place(document: dict[str, Any], one: dict[str, str], upstream: str) -> None:
    kind, role, url = one["kind"], one["role"], one["url"]
    if upstream == "opeai":
        role = f"reference_{kind}" if role == "reference" else role
        content = document.setdefault("input_reference", {"content": []})["content"]
        content.append({"type": f"{kind}_url", "role": role, f"{kind}_url": {"url": url}})
    elif role == "reference":
        document.setdefault(f"reference_{kind}_urls", []).append(url)
    else:
        document[f"{role}_url"] = url


def watch(base: str, upstream: str, key: str, task: str, until: float, poll_seconds: float) -> tuple[str, list[str]]:
    """The kind of trouble, or nothing and the links."""
    query = f"{base}/{task}" if upstream == "opeai" else f"{base}?task_id={task}"
    while time.monotonic() < until:
        status, headers, body = call(query, until - time.monotonic(), key)
        said = read(body)
        said = said.get("data") or said
        word = str(said.get("state") or said.get("status") or "").lower()
        links = said.get("resultUrls") or said.get("videos") or []
        if status == 200 and ENDS.get(word) is True and (links or upstream == "opeai"):
            return "", links
        if status == 200 and ENDS.get(word) is False:
            return ("moderation" if b"Sensitive" in body or b"MODERATION" in body else "upstream"), []
        if status in (401, 403):
            return "authentication", []
        pause = max(poll_seconds, later(headers))
        time.sleep(max(0.0, min(pause, until - time.monotonic()) if not later(headers) else pause))
    return "timeout", []


def fetch(place: str, key: str, home: str, out: Path, ends: float) -> bool:
    """Bring the clip to its file, whole or not at all; a redirect is followed without the key."""
    headers = {"Authorization": f"Bearer {key}"} if key and place.startswith(home) else {}
    part = out.with_suffix(".download")
    try:
        left = max(0.2, ends - time.monotonic())
        with (
            OPENER.open(urllib.request.Request(place, headers=headers), timeout=left) as answer,
            part.open("wb") as file,
        ):
            size = int(answer.headers.get("Content-Length", -1))
            while piece := answer.read(16384):
                file.write(piece)
                if time.monotonic() > ends:
                    return False
        if part.stat().st_size != size:
            return False
    except urllib.error.HTTPError as error:
        with error:
            return error.code in (301, 302, 303, 307, 308) and fetch(
                urljoin(place, error.headers["Location"]), "", home, out, ends
            )
    except TROUBLE:
        return False
    part.replace(out)
    return True


def read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def later(headers: dict[str, str]) -> float:
    text = headers.get("retry-after", "")
    if not text or text.isdigit():
        return float(text or 0)
    return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())


def main() -> None:
    told = [os.environ[f"SEEDMOCK_{name}"] for name in ("UPSTREAM", "BASE_URL", "API_KEY", "OUT", "POLL_SECONDS")]
    outcome = generate(json.load(sys.stdin), told[0], told[1], told[2], Path(told[3]), float(told[4]))
    sys.stdout.write(json.dumps(outcome) + "\n")


if __name__ == "__main__":
    main()
