"""litellm's video calls against B, where it is installed: `litellm_videos.py` makes them, and is judged here."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "litellm_videos.py"


@pytest.mark.parametrize(
    ("variants", "states"),
    [((), ["QUEUED", "IN_PROGRESS", "SUCCESS"]), (("opeai.status=openai",), ["queued", "in_progress", "completed"])],
)
def test_a_video_is_created_polled_and_downloaded(
    installed: Callable[[str, str], None],
    emulate: Callable[..., Any],
    picture: Callable[..., bytes],
    watch: Callable[[bytes], dict[str, Any]],
    tmp_path: Path,
    variants: tuple[str, ...],
    states: list[str],
) -> None:
    installed("litellm", "pip install litellm==1.106.2")
    (tmp_path / "red.png").write_bytes(picture("red"))
    command = [sys.executable, "-W", "ignore", str(SCRIPT), emulate(*variants).url, str(tmp_path / "red.png")]
    offline = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=offline)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["created"], told["states"]) == ("queued", states)
    assert (told["early"], told["long"], told["unknown"]) == ("BadRequestError", "BadRequestError", "NotFoundError")
    assert watch(base64.b64decode(told["clip"]))["size"] == (640, 640)
    red, green, blue = watch(base64.b64decode(told["framed"]))["first"].resize((1, 1)).getpixel((0, 0))
    assert red > 200 > 60 > max(green, blue)
