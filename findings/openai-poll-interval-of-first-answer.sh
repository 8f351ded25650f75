#!/usr/bin/env bash
# openai-python: `videos.poll` reads the server's poll interval from the first answer only.
#
# One would expect: each answer's `openai-poll-after-ms` says how long to wait before the next query.
# What happens:     the first value is kept as if the caller had given it; those of later answers are not read.
# Versions:         openai 3.54.0, httpx2 2.16.2, Python 3.11. Looked at on 2026-11-29.
# Why it matters:   a mock or gateway that asks for patience later (a long render, a rate limit) is not heard: whoever
#                   paces clients by this header must pace them in the first answer.
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

ADVICE = ["20", "700", "700", "700"]
queries = []


class Gateway(BaseHTTPRequestHandler):
    def do_GET(self):
        number = len(queries)
        queries.append(number)
        status = "in_progress" if number < 3 else "completed"
        body = json.dumps({"id": "video_1", "object": "video", "created_at": 1, "model": "m", "status": status}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("openai-poll-after-ms", ADVICE[number])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(api_key="sk-test", base_url=f"http://127.0.0.1:{server.server_port}/v1", max_retries=0)
waits = []
client.videos._sleep = waits.append
video = client.videos.poll("video_1")
milliseconds = [round(wait * 1000) for wait in waits]
print(f"openai {openai.__version__}")
print(f"the server advised {', '.join(ADVICE[:3])} ms; poll() waited {', '.join(map(str, milliseconds))} ms")
sys.exit(0 if video.status == "completed" and milliseconds == [20, 20, 20] else 1)
PY
