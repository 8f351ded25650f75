"""Generate: create, wait and download in one call, and the task id in every later error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_client import (
    GenerationRequest,
    SeedmockError,
)

from ..mp4_files import mp4_bytes
from . import responses
from .conftest import ClientCaller
from .scripted_api import ScriptedApi


def contains_only(folder: Path, *names: str) -> bool:
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_generate_creates_waits_and_downloads(call_client: ClientCaller, tmp_path: Path, upstream: str) -> None:
    running = responses.queried(upstream, {"opeai": "IN_PROGRESS", "apimodels": "processing"}[upstream])
    api = ScriptedApi(responses.created(upstream), running, responses.finished(upstream), mp4_bytes())
    order = GenerationRequest(prompt="p", size="1280x720", seconds=4)
    clip = call_client(upstream, api, "generate", order, tmp_path / "a.mp4")
    assert clip.statuses == ("QUEUED", "IN_PROGRESS", "SUCCESS")
    assert clip.quote is not None
    assert clip.quote.amount > 0
    assert clip.video.task_id == responses.TASK_IDS[upstream]
    assert call_client.pauses == [3.0, 3.0]


def test_a_clip_without_a_price_is_downloaded_nevertheless(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi(responses.created("opeai"), responses.finished("opeai"), mp4_bytes())
    order = GenerationRequest(prompt="p", size="1x1", seconds=4)
    clip = call_client("opeai", api, "generate", order, tmp_path / "a.mp4", preflight=False)
    assert (clip.quote, clip.path.exists()) == (None, True)


@pytest.mark.parametrize(
    "response",
    [(404, {}), (401, {}), (502, {}), {"unreadable": True}, httpx.ReadError("x")],
    ids=lambda value: str(value)[:20],
)
@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_every_error_after_the_create_has_the_task_id(
    call_client: ClientCaller, tmp_path: Path, upstream: str, response: Any
) -> None:
    order = GenerationRequest(prompt="p", size="1280x720", seconds=4)
    for steps in (
        (responses.created(upstream), response),
        (responses.created(upstream), responses.finished(upstream), response),
    ):
        with pytest.raises(SeedmockError) as caught:
            call_client(upstream, ScriptedApi(*steps), "generate", order, tmp_path / "a.mp4")
        assert caught.value.task_id == responses.TASK_IDS[upstream]
        assert responses.TASK_IDS[upstream] in str(caught.value)
        assert contains_only(tmp_path)
