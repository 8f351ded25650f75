#!/usr/bin/env bash
# openai-python: `videos.poll` hands back a video that is still running when its status is spelt otherwise.
#
# One would expect: a helper that "waits for the video to finish" waits, or raises for a status that it does not know.
# What happens:     any status outside its four lower-case ones ends the wait at once. A gateway that answers
#                   IN_PROGRESS (as new-api's task table does) gets one request; the caller is given an unfinished
#                   video without an error and downloads too early.
# Versions:         openai 3.54.0, httpx2 2.16.2, Python 3.11. Looked at on 2026-11-29.
# Why it matters:   api-platform.ope.ai documents QUEUED, IN_PROGRESS and SUCCESS at a query. `create_and_poll` against it
#                   returns before there is a clip; the emulator's variant opeai.status=openai exists for such programs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "openai==3.54.0" "httpx2==2.16.2"
"$folder/venv/bin/python" - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import openai

STATUSES = ["IN_PROGRESS", "IN_PROGRESS", "SUCCESS"]
queries = []


class Gateway(BaseHTTPRequestHandler):
    def do_GET(self):
        status = STATUSES[min(len(queries), len(STATUSES) - 1)]
        queries.append(status)
        body = json.dumps({"id": "video_1", "object": "video", "created_at": 1, "model": "m", "status": status}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(api_key="sk-test", base_url=f"http://127.0.0.1:{server.server_port}/v1", max_retries=0)
video = client.videos.poll("video_1", poll_interval_ms=10)
print(f"openai {openai.__version__}")
print(f"poll() returned a video whose status is {video.status!r} after {len(queries)} query, without an error")
sys.exit(0 if (video.status, len(queries)) == ("IN_PROGRESS", 1) else 1)
PY
