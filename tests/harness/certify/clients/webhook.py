"""A correct client of apimodels that never polls: it orders with a callback_url and waits for the callback."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import stdlib  # type: ignore[import-not-found]  # a sibling: this folder is on sys.path


class CallbackServer:
    """Server on a free port; `body` is that of the first callback."""

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}
        self.called = threading.Event()
        callbacks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                callbacks.body = callbacks.body or stdlib.parse_object(body)
                callbacks.called.set()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/done"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def generate(
    order: dict[str, Any], upstream: str, base_url: str, api_key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    callbacks = CallbackServer()
    try:
        deadline = time.monotonic() + order["timeout_seconds"]
        created = stdlib.create({**order, "callback_url": callbacks.url}, upstream, base_url, api_key, deadline)
        if isinstance(created, str):
            return {"ok": False, "kind": created, "task_id": None}
        task = str(created.get("taskId") or created.get("task_id"))
        if not callbacks.called.wait(max(0.0, deadline - time.monotonic())):
            return {"ok": False, "kind": "timeout", "task_id": task}
        return {**handle_callback(callbacks.body, base_url, out, order["timeout_seconds"]), "task_id": task}
    finally:
        callbacks.close()


def handle_callback(body: dict[str, Any], base_url: str, out: Path, seconds: float) -> dict[str, Any]:
    """Download the clip of a successful task; return the outcome without the task id."""
    data = body.get("data") or body
    if stdlib.FINAL_STATUSES.get(str(data.get("state") or data.get("status")).lower()) is not True:
        kind = "moderation" if "MODERATION" in json.dumps(body) else "upstream"
        return {"ok": False, "kind": kind}
    links = data.get("resultUrls") or data.get("videos") or []
    deadline = time.monotonic() + seconds / 2 - 0.3
    while links and time.monotonic() < deadline:
        if stdlib.download(links[0], "", base_url, out, deadline):
            return {"ok": True}
        time.sleep(0.2)
    return {"ok": False, "kind": "upstream"}
