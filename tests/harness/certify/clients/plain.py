"""A correct client in plain httpx with optional defects: each makes it do one thing wrong.

Run as a program it is an adapter: `python plain.py [DEFECT]`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

DEFECTS = {
    "orders-again": "one-charge",
    "resubmits": "no-blind-resubmit",
    "hides-unknown-submission": "no-blind-resubmit",
    "never-gives-up": "bounded-wait",
    "hangs": "bounded-wait",
    "polls-without-pause": "paced-polls",
    "ignores-retry-after": "retry-after",
    "ignores-dates": "retry-after",
    "polls-after-end": "no-poll-after-end",
    "knows-few-statuses": "status-spellings",
    "failure-is-running": "status-spellings",
    "unknown-is-success": "unknown-is-not-success",
    "unknown-is-failure": "unknown-is-not-success",
    "downloads-early": "content-after-success",
    "keeps-partial-file": "whole-file-or-none",
    "leaves-partial-file": "whole-file-or-none",
    "loses-id": "task-id-reported",
    "alters-id": "task-id-reported",
    "retries-moderation": "moderation-not-retried",
    "key-to-any-origin": "key-stays-on-origin",
    "breaks-rules": "contract-respected",
    "drops-references": "contract-respected",
}
"""The defects, with the invariant that each violates."""

RUNNING = {"queued", "pending", "not_start", "submitted", "in_progress", "processing", "running"}
SUCCESS = {"success", "completed", "succeeded"}
FAILURE = {"failure", "failed", "error", "expired", "cancelled", "canceled"}
DOCUMENTED = {"queued", "pending", "in_progress", "processing", "success", "completed", "failure", "failed"}
MODERATION = re.compile(r"SensitiveContent|CONTENT_MODERATION|moderation", re.IGNORECASE)
MODELS = {"opeai": "seedance-2-0", "apimodels": "seedance2-a/seedance-2.0-a"}
FORMS = {"1280x720": ("720p", "16:9")}


class OrderFailed(Exception):
    """The order failed; `kind` is that of the outcome."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass
class PlainClient:
    """Client of one upstream, for one order."""

    upstream: str
    url: str
    key: str
    out: Path
    poll_seconds: float
    defect: str = ""
    task: str | None = None
    links: list[str] = field(default_factory=list)
    retried: int = 0
    until: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    """Ends a client that does not end by itself: a thread cannot be killed."""

    def __call__(self, order: dict[str, Any]) -> dict[str, Any]:
        self.seconds = order["timeout_seconds"]
        self.until = time.monotonic() + self.seconds
        with httpx.Client(verify=False, trust_env=False, timeout=self.seconds / 2) as self.http:
            try:
                self.create(order)
                self.wait(order)
                self.download()
            except OrderFailed as failure:
                task = None if self.defect == "loses-id" and failure.kind == "timeout" else self.task
                return {"ok": False, "kind": failure.kind, "task_id": task}
        return {"ok": True, "task_id": self.task.upper() if self.defect == "alters-id" and self.task else self.task}

    # --- create ---

    def create(self, order: dict[str, Any]) -> None:
        document = self.document(order)
        while True:
            response = self.request("POST", self.path, json=document)
            body = self.json_of(response)
            code = self.code(response, body)
            if code in (0, 408) or code >= 500 or (code < 300 and body is None):
                if self.defect == "resubmits" and code >= 500 and self.retried < 1:
                    self.retried += 1
                    self.pause(response, 0.1, "upstream")
                    continue
                raise OrderFailed("upstream" if self.defect == "hides-unknown-submission" else "submission_unknown")
            if code == 429:
                self.pause(response, 0.3, "rate_limit")
                continue
            if code >= 300:
                self.reject(code, response, document)
            assert body is not None
            data = body.get("data") or body
            self.task = str(data.get("taskId") or data.get("task_id") or data.get("id"))
            return

    def reject(self, code: int, response: httpx.Response | None, document: dict[str, Any]) -> None:
        text = response.text if response is not None else ""
        if MODERATION.search(text):
            if self.defect == "retries-moderation":
                self.request("POST", self.path, json=document)
            raise OrderFailed("moderation")
        if code == 402 or "Overdue" in text or "quota" in text:
            raise OrderFailed("balance")
        raise OrderFailed({401: "authentication", 403: "authentication", 404: "not_found"}.get(code, "validation"))

    @property
    def path(self) -> str:
        return "/v1/videos" if self.upstream == "opeai" else "/api/v1/video/generations"

    def document(self, order: dict[str, Any]) -> dict[str, Any]:
        document = {"model": order.get("model", MODELS[self.upstream]), "prompt": order["prompt"]}
        document |= {name: order[name] for name in ("generate_audio", "seed") if name in order}
        references = [] if self.defect == "drops-references" else order["references"]
        if self.upstream == "opeai":
            document |= {name: order[name] for name in ("size", "resolution", "ratio") if name in order}
            document["seconds"] = str(order["seconds"])
            if references:
                document["input_reference"] = {"content": [_item(reference) for reference in references]}
        else:
            resolution, ratio = FORMS[order["size"]] if "size" in order else (order["resolution"], order["ratio"])
            document |= {"resolution": resolution, "aspect_ratio": ratio, "duration": order["seconds"]}
            for reference in references:
                _place(document, reference)
        if self.defect == "breaks-rules":
            document["resolution"], document["size"] = "720P", None
        return document

    # --- wait ---

    def wait(self, order: dict[str, Any]) -> None:
        while True:
            if self.defect == "downloads-early" and self.fetch(f"{self.url}/v1/videos/{self.task}/content"):
                return
            response = self.request("GET", *self.query)
            body = self.json_of(response)
            code = self.code(response, body)
            if code in (401, 403):
                raise OrderFailed("authentication")
            if code < 300 and body is not None:
                if self.is_done(body, order):
                    if self.defect == "polls-after-end":
                        self.request("GET", *self.query)
                    return
            elif code >= 500 and self.defect == "orders-again" and self.retried < 1:
                self.retried += 1
                self.create(order)
            self.pause(response, self.poll_seconds, "timeout")

    @property
    def query(self) -> tuple[str, dict[str, str]]:
        return (
            (f"{self.path}/{self.task}", {}) if self.upstream == "opeai" else (self.path, {"task_id": self.task or ""})
        )

    def is_done(self, body: dict[str, Any], order: dict[str, Any]) -> bool:
        data = body.get("data") or body
        status = str(data.get("state") or data.get("status") or "").lower()
        known_statuses = DOCUMENTED if self.defect == "knows-few-statuses" else RUNNING | SUCCESS | FAILURE
        if status not in known_statuses and self.defect == "unknown-is-failure":
            raise OrderFailed("upstream")
        if status in FAILURE & known_statuses and self.defect != "failure-is-running":
            if MODERATION.search(json.dumps(body)):
                if self.defect == "retries-moderation" and self.retried < 1:
                    self.retried += 1
                    self.create(order)
                    return False
                raise OrderFailed("moderation")
            raise OrderFailed("upstream")
        done = status in SUCCESS & known_statuses or (
            status not in known_statuses and self.defect == "unknown-is-success"
        )
        self.links = data.get("resultUrls") or data.get("videos") or []
        return done and (self.upstream == "opeai" or bool(self.links) or self.defect == "unknown-is-success")

    # --- download ---

    def download(self) -> None:
        self.until = max(self.until, time.monotonic()) + self.seconds / 2 - 0.2
        if self.defect == "downloads-early" and self.out.exists():
            return
        content_url = f"{self.url}/v1/videos/{self.task}/content"
        while True:
            if self.upstream != "opeai" and not self.links:
                raise OrderFailed("upstream")
            if self.fetch(content_url if self.upstream == "opeai" else self.links[0]):
                return
            if time.monotonic() + 0.1 > self.until:
                raise OrderFailed("upstream")
            self.sleep(0.1)

    def fetch(self, url: str) -> bool:
        """Download a clip; its file has its final name only once it is complete."""
        writes_in_place = self.defect in ("leaves-partial-file", "keeps-partial-file")
        part = self.out if writes_in_place else self.out.with_suffix(".part")
        try:
            with self.http.stream("GET", url, headers=self.headers(url)) as response:
                if response.is_redirect:
                    return self.fetch(urljoin(url, response.headers["location"]))
                if response.status_code != 200:
                    return False
                with part.open("wb") as file:
                    for chunk in response.iter_bytes():
                        file.write(chunk)
                        if time.monotonic() > self.until:
                            return False
        except httpx.TransportError:
            return self.defect == "keeps-partial-file" and part.exists()
        if not writes_in_place:
            part.rename(self.out)
        return True

    def headers(self, url: str) -> dict[str, str]:
        is_own = urlsplit(url)[:2] == urlsplit(self.url)[:2] and (self.upstream == "opeai")
        return {"authorization": f"Bearer {self.key}"} if is_own or self.defect == "key-to-any-origin" else {}

    # --- requests and pauses ---

    def request(
        self, method: str, path: str, params: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response | None:
        if self.defect == "hangs" and method == "GET":
            self.sleep(60)
        headers = {"authorization": f"Bearer {self.key}"}
        try:
            follow = self.defect == "key-to-any-origin"
            response = self.http.request(method, self.url + path, params=params, headers=headers, **options)
            if follow and response.is_redirect:
                url = urljoin(self.url, response.headers["location"])
                return self.http.request(method, url, headers=headers, **options)
            return response
        except httpx.TransportError:
            return None

    def code(self, response: httpx.Response | None, body: dict[str, Any] | None) -> int:
        """Return the status code, or that of the envelope; 0 without a response."""
        if response is None:
            return 0
        code = (body or {}).get("code")
        return code if response.status_code == 200 and isinstance(code, int) else response.status_code

    def json_of(self, response: httpx.Response | None) -> dict[str, Any] | None:
        try:
            body = response.json() if response is not None else None
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def pause(self, response: httpx.Response | None, seconds: float, kind: str) -> None:
        """Sleep, at least as long as Retry-After says; give up if that is past the timeout."""
        seconds = max(0.0 if self.defect == "polls-without-pause" else seconds, self.retry_after(response))
        if time.monotonic() + seconds > self.until and self.defect != "never-gives-up":
            raise OrderFailed(kind)
        self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise OrderFailed("unknown")

    def retry_after(self, response: httpx.Response | None) -> float:
        text = response.headers.get("retry-after", "") if response is not None else ""
        if not text or self.defect == "ignores-retry-after":
            return 0.0
        if text.isdigit():
            return float(text)
        return 0.0 if self.defect == "ignores-dates" else parsedate_to_datetime(text).timestamp() - time.time()


def _item(reference: dict[str, str]) -> dict[str, Any]:
    role = f"reference_{reference['kind']}" if reference["role"] == "reference" else reference["role"]
    return {"type": f"{reference['kind']}_url", f"{reference['kind']}_url": {"url": reference["url"]}, "role": role}


def _place(document: dict[str, Any], reference: dict[str, str]) -> None:
    if reference["role"] == "reference":
        document.setdefault(f"reference_{reference['kind']}_urls", []).append(reference["url"])
    else:
        document[f"{reference['role']}_url"] = reference["url"]


def main() -> None:
    upstream, base_url, api_key, out, poll_seconds = (
        os.environ[f"SEEDMOCK_{name}"] for name in ("UPSTREAM", "BASE_URL", "API_KEY", "OUT", "POLL_SECONDS")
    )
    defect = sys.argv[1] if len(sys.argv) > 1 else ""
    client = PlainClient(upstream, base_url, api_key, Path(out), float(poll_seconds), defect)
    sys.stdout.write(json.dumps(client(json.load(sys.stdin))) + "\n")


if __name__ == "__main__":
    main()
