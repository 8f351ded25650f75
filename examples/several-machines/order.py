"""Order a clip at one server and fetch it at both: the same task, the same bytes, the same ETag.

python order.py http://127.0.0.1:PORT-OF-SERVER-1 http://127.0.0.1:PORT-OF-SERVER-2
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import urllib.request

KEY = {"Authorization": "Bearer sk_two_machines", "Content-Type": "application/json"}


def call(url: str, document: object = None) -> bytes:
    body = None if document is None else json.dumps(document).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, KEY), timeout=60) as response:
        content: bytes = response.read()
        return content + (response.headers["ETag"] or "").encode()


def main(first: str, second: str) -> None:
    order = {"model": "seedance-2-0", "prompt": "A paper boat", "size": "1280x720", "seconds": "4"}
    task = json.loads(call(f"{first}/v1/videos", order))
    deadline = time.monotonic() + 60
    while task["status"] != "SUCCESS":
        if time.monotonic() > deadline:
            raise SystemExit(f"task {task['id']} has not ended: {task['status']}")
        time.sleep(0.2)
        task = json.loads(call(f"{second}/v1/videos/{task['id']}"))
    clips = [call(f"{server}/v1/videos/{task['id']}/content") for server in (first, second)]
    print(f"ordered at {first}, seen to succeed at {second}: {task['id']}")
    print(f"both have the same clip: {clips[0] == clips[1]}, {len(clips[0])} bytes")
    print(hashlib.sha256(clips[0]).hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
