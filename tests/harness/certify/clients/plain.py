"""A correct client in plain httpx, and its defects: each is one thing that it does wrong when it is asked to.

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
    "hides-doubt": "no-blind-resubmit",
    "never-gives-up": "bounded-wait",
    "hangs": "bounded-wait",
    "hurries": "paced-polls",
    "ignores-retry-after": "retry-after",
    "ignores-dates": "retry-after",
    "looks-again": "no-poll-after-end",
    "knows-few-words": "status-words",
    "fails-are-running": "status-words",
    "unknown-is-success": "unknown-is-not-success",
    "unknown-is-failure": "unknown-is-not-success",
    "asks-content": "content-after-success",
    "keeps-halves": "whole-file-or-none",
    "leaves-parts": "whole-file-or-none",
    "loses-id": "task-id-kept",
    "alters-id": "task-id-kept",
    "retries-moderation": "moderation-not-retried",
    "key-everywhere": "key-stays-home",
    "other-words": "contract-kept",
    "drops-references": "contract-kept",
}
"""Each defect and the invariant that it breaks."""

RUNNING = {"queued", "pending", "not_start", "submitted", "in_progress", "processing", "running"}
GOOD = {"success", "completed", "succeeded"}
BAD = {"failure", "failed", "error", "expired", "cancelled", "canceled"}
USUAL = {"queued", "pending", "in_progress", "processing", "success", "completed", "failure", "failed"}
MODERATION = re.compile(r"SensitiveContent|CONTENT_MODERATION|moderation", re.IGNORECASE)
MODELS = {"opeai": "seedance-2-0", "apimodels": "seedance2-a/seedance-2.0-a"}
FORMS = {"1280x720": ("720p", "16:9")}
TYPES = ("image", "video", "audio")


class Ended(Exception):
    """What became of the order, when it did not go well."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass
class Plain:
    """A client of one upstream, for one order."""

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
    """Ends a client that would not end by itself: nobody can kill a thread."""

    def __call__(self, order: dict[str, Any]) -> dict[str, Any]:
        self.seconds = order["timeout_seconds"]
        self.until = time.monotonic() + self.seconds
        with httpx.Client(verify=False, trust_env=False, timeout=self.seconds / 2) as self.http:
            try:
                self.create(order)
                self.wait(order)
                self.download()
            except Ended as ended:
                kept = None if self.defect == "loses-id" and ended.kind == "timeout" else self.task
                return {"ok": False, "kind": ended.kind, "task_id": kept}
        return {"ok": True, "task_id": self.task.upper() if self.defect == "alters-id" and self.task else self.task}

    # --- create ---

    def create(self, order: dict[str, Any]) -> None:
        document = self.document(order)
        while True:
            answer = self.ask("POST", self.path, json=document)
            said = self.document_of(answer)
            code = self.code(answer, said)
            if code in (0, 408) or code >= 500 or (code < 300 and said is None):
                if self.defect == "resubmits" and code >= 500 and self.retried < 1:
                    self.retried += 1
                    self.pause(answer, 0.1, "upstream")
                    continue
                raise Ended("upstream" if self.defect == "hides-doubt" else "submission_unknown")
            if code == 429:
                self.pause(answer, 0.3, "rate_limit")
                continue
            if code >= 300:
                self.refused(code, answer, document)
            data = said.get("data") or said
            self.task = str(data.get("taskId") or data.get("task_id") or data.get("id"))
            return

    def refused(self, code: int, answer: httpx.Response | None, document: dict[str, Any]) -> None:
        text = answer.text if answer is not None else ""
        if MODERATION.search(text):
            if self.defect == "retries-moderation":
                self.ask("POST", self.path, json=document)
            raise Ended("moderation")
        if code == 402 or "Overdue" in text or "quota" in text:
            raise Ended("balance")
        raise Ended({401: "authentication", 403: "authentication", 404: "not_found"}.get(code, "validation"))

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
                document["input_reference"] = {"content": [_item(one) for one in references]}
        else:
            resolution, ratio = FORMS[order["size"]] if "size" in order else (order["resolution"], order["ratio"])
            document |= {"resolution": resolution, "aspect_ratio": ratio, "duration": order["seconds"]}
            for one in references:
                _place(document, one)
        if self.defect == "other-words":
            document["resolution"], document["size"] = "720P", None
        return document

    # --- wait ---

    def wait(self, order: dict[str, Any]) -> None:
        while True:
            if self.defect == "asks-content" and self.fetched(f"{self.url}/v1/videos/{self.task}/content"):
                return
            answer = self.ask("GET", *self.query)
            said = self.document_of(answer)
            code = self.code(answer, said)
            if code in (401, 403):
                raise Ended("authentication")
            if code < 300 and said is not None:
                if self.is_done(said, order):
                    if self.defect == "looks-again":
                        self.ask("GET", *self.query)
                    return
            elif code >= 500 and self.defect == "orders-again" and self.retried < 1:
                self.retried += 1
                self.create(order)
            self.pause(answer, self.poll_seconds, "timeout")

    @property
    def query(self) -> tuple[str, dict[str, str]]:
        return (
            (f"{self.path}/{self.task}", {}) if self.upstream == "opeai" else (self.path, {"task_id": self.task or ""})
        )

    def is_done(self, said: dict[str, Any], order: dict[str, Any]) -> bool:
        data = said.get("data") or said
        word = str(data.get("state") or data.get("status") or "").lower()
        known = USUAL if self.defect == "knows-few-words" else RUNNING | GOOD | BAD
        if word not in known and self.defect == "unknown-is-failure":
            raise Ended("upstream")
        if word in BAD & known and self.defect != "fails-are-running":
            if MODERATION.search(json.dumps(said)):
                if self.defect == "retries-moderation" and self.retried < 1:
                    self.retried += 1
                    self.create(order)
                    return False
                raise Ended("moderation")
            raise Ended("upstream")
        done = word in GOOD & known or (word not in known and self.defect == "unknown-is-success")
        self.links = data.get("resultUrls") or data.get("videos") or []
        return done and (self.upstream == "opeai" or bool(self.links) or self.defect == "unknown-is-success")

    # --- download ---

    def download(self) -> None:
        self.until = max(self.until, time.monotonic()) + self.seconds / 2 - 0.2
        if self.defect == "asks-content" and self.out.exists():
            return
        own = f"{self.url}/v1/videos/{self.task}/content"
        while True:
            if self.upstream != "opeai" and not self.links:
                raise Ended("upstream")
            if self.fetched(own if self.upstream == "opeai" else self.links[0]):
                return
            if time.monotonic() + 0.1 > self.until:
                raise Ended("upstream")
            self.nap(0.1)

    def fetched(self, url: str) -> bool:
        """Whether the whole clip came; it has its name only then."""
        part = self.out if self.defect in ("leaves-parts", "keeps-halves") else self.out.with_suffix(".part")
        try:
            with self.http.stream("GET", url, headers=self.headers(url)) as answer:
                if answer.is_redirect:
                    return self.fetched(urljoin(url, answer.headers["location"]))
                if answer.status_code != 200:
                    return False
                with part.open("wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
                        if time.monotonic() > self.until:
                            return False
        except httpx.TransportError:
            return self.defect == "keeps-halves" and part.exists()
        if self.defect not in ("leaves-parts", "keeps-halves"):
            part.rename(self.out)
        return True

    def headers(self, url: str) -> dict[str, str]:
        own = urlsplit(url)[:2] == urlsplit(self.url)[:2] and (self.upstream == "opeai")
        return {"authorization": f"Bearer {self.key}"} if own or self.defect == "key-everywhere" else {}

    # --- asking and pausing ---

    def ask(self, method: str, path: str, params: dict[str, str] | None = None, **more: Any) -> httpx.Response | None:
        if self.defect == "hangs" and method == "GET":
            self.nap(60)
        headers = {"authorization": f"Bearer {self.key}"}
        try:
            follow = self.defect == "key-everywhere"
            answer = self.http.request(method, self.url + path, params=params, headers=headers, **more)
            if follow and answer.is_redirect:
                url = urljoin(self.url, answer.headers["location"])
                return self.http.request(method, url, headers=headers, **more)
            return answer
        except httpx.TransportError:
            return None

    def code(self, answer: httpx.Response | None, said: dict[str, Any] | None) -> int:
        """The status, or what stands for it in an envelope; 0 without an answer."""
        if answer is None:
            return 0
        code = (said or {}).get("code")
        return code if answer.status_code == 200 and isinstance(code, int) else answer.status_code

    def document_of(self, answer: httpx.Response | None) -> dict[str, Any] | None:
        try:
            said = answer.json() if answer is not None else None
        except ValueError:
            return None
        return said if isinstance(said, dict) else None

    def pause(self, answer: httpx.Response | None, seconds: float, kind: str) -> None:
        """Sleep, at least as long as was asked; give up where that is past the end."""
        seconds = max(0.0 if self.defect == "hurries" else seconds, self.asked(answer))
        if time.monotonic() + seconds > self.until and self.defect != "never-gives-up":
            raise Ended(kind)
        self.nap(seconds)

    def nap(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Ended("unknown")

    def asked(self, answer: httpx.Response | None) -> float:
        text = answer.headers.get("retry-after", "") if answer is not None else ""
        if not text or self.defect == "ignores-retry-after":
            return 0.0
        if text.isdigit():
            return float(text)
        return 0.0 if self.defect == "ignores-dates" else parsedate_to_datetime(text).timestamp() - time.time()


def _item(one: dict[str, str]) -> dict[str, Any]:
    role = f"reference_{one['kind']}" if one["role"] == "reference" else one["role"]
    return {"type": f"{one['kind']}_url", f"{one['kind']}_url": {"url": one["url"]}, "role": role}


def _place(document: dict[str, Any], one: dict[str, str]) -> None:
    if one["role"] == "reference":
        document.setdefault(f"reference_{one['kind']}_urls", []).append(one["url"])
    else:
        document[f"{one['role']}_url"] = one["url"]


def main() -> None:
    told = [os.environ[f"SEEDMOCK_{name}"] for name in ("UPSTREAM", "BASE_URL", "API_KEY", "OUT", "POLL_SECONDS")]
    client = Plain(told[0], told[1], told[2], Path(told[3]), float(told[4]), *sys.argv[1:])
    sys.stdout.write(json.dumps(client(json.load(sys.stdin))) + "\n")


if __name__ == "__main__":
    main()
