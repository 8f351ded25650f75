#!/usr/bin/env bash
# respx and openai-python: since openai 3 the SDK speaks through httpx2, which respx does not know.
#
# One would expect: a test that has respx answer https://host/v1/... and fail on any other request keeps the OpenAI SDK
#                   from the network, as it did with openai 2 (httpx).
# What happens:     the route is never called and no error is raised: the request goes to the real server. The same call
#                   by httpx is answered by the route.
# Versions:         respx 0.23.1, openai 3.54.0, httpx 0.28.1, httpx2 2.16.2, Python 3.11. Looked at on 2026-11-29.
# Why it matters:   tests of paid video APIs rely on respx not to spend money. After an upgrade of openai they do, in
#                   silence. seedmock's own `mock_hosts` stands on respx.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  "respx==0.23.1" "httpx==0.28.1" "openai==3.54.0" "httpx2==2.16.2"
"$folder/venv/bin/python" - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import httpx
import openai
import respx

VIDEO = {"id": "video_1", "object": "video", "created_at": 1, "model": "m", "status": "completed"}
reached = []


class Real(BaseHTTPRequestHandler):
    """Stands for the paid service: whatever arrives here has left the test."""

    def do_GET(self):
        reached.append(self.path)
        body = json.dumps({**VIDEO, "id": "from the real server"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Real)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}/v1"
with respx.mock(assert_all_called=False) as router:
    route = router.get(f"{base}/videos/video_1").respond(json={**VIDEO, "id": "from the route"})
    by_httpx = httpx.get(f"{base}/videos/video_1").json()["id"]
    by_openai = openai.OpenAI(api_key="sk-test", base_url=base, max_retries=0).videos.retrieve("video_1").id
print(", ".join(f"{name} {version(name)}" for name in ("respx", "openai", "httpx", "httpx2")))
print(f"httpx got its answer {by_httpx}; openai got its answer {by_openai}; the real server was asked {len(reached)} time")
sys.exit(0 if (by_httpx, by_openai, route.call_count) == ("from the route", "from the real server", 1) else 1)
PY
