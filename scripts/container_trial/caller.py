"""Use an emulator as its callers do, and print as JSON what they see. Knows no container.

python scripts/container_trial/caller.py URL TOKEN
"""

from __future__ import annotations

import json
import sys
import time

import httpx

KEY = {"Authorization": "Bearer sk_caller"}
ORDER = {"model": "seedance-2-0", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}
WAIT_SECONDS = 60


def observe(url: str, token: str) -> dict[str, object]:
    """Call the health check, the control API without, with a wrong and with the right token, and order a clip."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        clock = [
            http.get("/_mock/clock", headers=headers).status_code
            for headers in ({}, {"X-Mock-Token": "wrong"}, {"X-Mock-Token": token})
        ]
        video = f"/v1/videos/{http.post('/v1/videos', json=ORDER, headers=KEY).json()['id']}"
        deadline = time.monotonic() + WAIT_SECONDS
        while http.get(video, headers=KEY).json()["status"] not in ("SUCCESS", "FAILURE"):
            assert time.monotonic() < deadline, f"the clip was not ready after {WAIT_SECONDS} s"
            time.sleep(0.2)
        clip = http.get(f"{video}/content", headers=KEY)
    return {
        "health": httpx.get(f"{url}/_mock/health", trust_env=False).status_code,
        "clock": clock,
        "content_type": clip.headers.get("content-type"),
        "is_mp4": clip.content[4:8] == b"ftyp",
        "bytes": len(clip.content),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(observe(*sys.argv[1:3])) + "\n")
