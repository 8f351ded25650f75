"""Program that uses litellm with opeai. Takes the emulator's address and a picture; prints the results as JSON.

In a process of its own, because litellm reads its settings when it is imported, and emits warnings.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import litellm  # type: ignore[import-not-found, unused-ignore]

litellm.suppress_debug_info = True
URL, PICTURE = sys.argv[1:]
SERVER = {"api_base": f"{URL}/v1", "api_key": "sk_test"}
BOAT = {
    "model": "openai/seedance-2-0-fast",
    "prompt": "A paper boat on a canal",
    "size": "640x640",
    "seconds": "4",
    "extra_body": {"generate_audio": False, "seed": 3},
}


def error_class(call: Callable[..., Any], **arguments: Any) -> str:
    try:
        call(**arguments, **SERVER)
    except Exception as error:
        return type(error).__name__
    return "no error"


def poll_to_end(video_id: str) -> list[str]:
    states = [litellm.video_status(video_id=video_id, **SERVER).status]
    while states[-1].lower() in ("queued", "in_progress"):
        states.append(litellm.video_status(video_id=video_id, **SERVER).status)
    return states


created = litellm.video_generation(**BOAT, **SERVER)
early = error_class(litellm.video_content, video_id=created.id)
states = poll_to_end(created.id)
framed = litellm.video_generation(**BOAT, **SERVER, input_reference=Path(PICTURE).read_bytes())
poll_to_end(framed.id)
results = {
    "created": created.status,
    "early": early,
    "states": states,
    "clip": base64.b64encode(litellm.video_content(video_id=created.id, **SERVER)).decode(),
    "framed": base64.b64encode(litellm.video_content(video_id=framed.id, **SERVER)).decode(),
    "long": error_class(litellm.video_generation, **{**BOAT, "seconds": "40"}),
    "unknown": error_class(litellm.video_status, video_id="cgt-20260601090000-k3v7p", custom_llm_provider="openai"),
}
sys.stdout.write(json.dumps(results))
