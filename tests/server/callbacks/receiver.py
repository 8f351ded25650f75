"""Receiver of callbacks that counts them by task."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from seedmock_server.callbacks.dispatcher import MAX_BATCH


class PatientHttpServer(ThreadingHTTPServer):
    """Server whose backlog holds a whole batch: one that comes too late for it would try again in a second."""

    request_queue_size = 4 * MAX_BATCH


class Receiver:
    """Counts the callbacks of each task."""

    def __init__(self) -> None:
        self.posts: Counter[str] = Counter()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.posts[body["data"]["taskId"]] += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = PatientHttpServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/told"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
