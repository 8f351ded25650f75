"""A correct client of A that never polls: it orders with a callback_url, and waits to be called."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import stdlib


class Callbacks:
    """A server on a port of its own, and what it was told first."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self.called = threading.Event()
        outer = self

        class Called(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                outer.told = outer.told or stdlib.read(body)
                outer.called.set()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Called)
        self.url = f"http://127.0.0.1:{self.server.server_port}/done"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def generate(
    order: dict[str, Any], upstream: str, url: str, key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    callbacks = Callbacks()
    try:
        until = time.monotonic() + order["timeout_seconds"]
        begun = stdlib.create({**order, "callback_url": callbacks.url}, upstream, url, key, until)
        if isinstance(begun, str):
            return {"ok": False, "kind": begun, "task_id": None}
        task = str(begun.get("taskId") or begun.get("task_id"))
        if not callbacks.called.wait(max(0.0, until - time.monotonic())):
            return {"ok": False, "kind": "timeout", "task_id": task}
        return {**ended(callbacks.told, url, out, order["timeout_seconds"]), "task_id": task}
    finally:
        callbacks.close()


def ended(told: dict[str, Any], url: str, out: Path, seconds: float) -> dict[str, Any]:
    """What a callback means, and the clip if it means well."""
    data = told.get("data") or told
    if stdlib.ENDS.get(str(data.get("state") or data.get("status")).lower()) is not True:
        kind = "moderation" if "MODERATION" in json.dumps(told) else "upstream"
        return {"ok": False, "kind": kind}
    links = data.get("resultUrls") or data.get("videos") or []
    until = time.monotonic() + seconds / 2 - 0.3
    while links and time.monotonic() < until:
        if stdlib.fetch(links[0], "", url, out, until):
            return {"ok": True}
        time.sleep(0.2)
    return {"ok": False, "kind": "upstream"}
