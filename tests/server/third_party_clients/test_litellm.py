"""litellm against opeai, where it is installed: results of the program `litellm_videos.py`."""

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
    require_package: Callable[[str, str], None],
    start_emulator: Callable[..., Any],
    picture: Callable[..., bytes],
    watch: Callable[[bytes], dict[str, Any]],
    tmp_path: Path,
    variants: tuple[str, ...],
    states: list[str],
) -> None:
    require_package("litellm", "pip install litellm==1.106.2")
    (tmp_path / "red.png").write_bytes(picture("red"))
    command = [sys.executable, "-W", "ignore", str(SCRIPT), start_emulator(*variants).url, str(tmp_path / "red.png")]
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert result.returncode == 0, result.stderr
    results = json.loads(result.stdout)
    assert (results["created"], results["states"]) == ("queued", states)
    assert (results["early"], results["long"], results["unknown"]) == (
        "BadRequestError",
        "BadRequestError",
        "NotFoundError",
    )
    assert watch(base64.b64decode(results["clip"]))["size"] == (640, 640)
    red, green, blue = watch(base64.b64decode(results["framed"]))["first"].resize((1, 1)).getpixel((0, 0))
    assert red > 200 > 60 > max(green, blue)
