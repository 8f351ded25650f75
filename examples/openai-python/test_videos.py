"""The same tests for the sync and the async half of the program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
import videos

BOAT = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "1280x720", "seconds": "4"}
FIRST_FRAME = {"type": "image_url", "role": "first_frame", "image_url": {"url": "https://example.com/boat.png"}}
Make = Callable[..., Path]


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest, mock_upstreams: Any, mock_clock: Any, tmp_path: Path) -> Make:
    """Order a video, wait for it and download it."""
    account = {"base_url": mock_upstreams.base_url("opeai"), "api_key": mock_upstreams.api_key}
    path = tmp_path / "boat.mp4"

    def make_sync(seconds: float = 1800, **fields: Any) -> Path:
        with openai.OpenAI(**account) as client:
            task = videos.order(client, **{**BOAT, **fields})
            videos.wait(client, task, seconds, mock_clock.sleep, mock_clock.now)
            return videos.download(client, task, path, mock_clock.sleep)

    async def make_async(seconds: float = 1800, **fields: Any) -> Path:
        async with openai.AsyncOpenAI(**account) as client:
            task = await videos.order_async(client, **{**BOAT, **fields})
            await videos.wait_async(client, task, seconds, mock_clock.async_sleep, mock_clock.now)
            return await videos.download_async(client, task, path, mock_clock.async_sleep)

    return make_sync if request.param == "sync" else lambda *args, **fields: asyncio.run(make_async(*args, **fields))


def test_a_video_is_made_and_paid_for_once(make: Make, mock_journal: Any, mock_ledger: Any) -> None:
    assert make().read_bytes()[4:8] == b"ftyp"
    mock_journal.assert_submitted_once()
    mock_journal.assert_never_polled_after_end()
    mock_journal.assert_downloaded()
    mock_journal.assert_no_violations(strict=True)
    mock_ledger.assert_charged_once()


def test_fields_that_openai_lacks_go_into_extra_body(make: Make, mock_journal: Any) -> None:
    make(extra_body={"seed": 7, "generate_audio": False, "input_reference": {"content": [FIRST_FRAME]}})
    (task,) = mock_journal.tasks
    assert (task.mode, task.seed, task.audio) == ("first_frame", 7, False)
    mock_journal.assert_no_violations(strict=True)


@pytest.mark.parametrize("fault", ["response_lost", "status code=502 body=html"])
def test_an_order_without_a_response_is_sent_once(make: Make, mock_faults: Any, mock_journal: Any, fault: str) -> None:
    mock_faults.add(fault, operation="create")
    with pytest.raises(videos.OrderUnknown):
        make()
    assert len(mock_journal.submissions) == 1


def test_a_refused_order_names_the_field(make: Make, mock_ledger: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="seconds"):
        make(extra_body={"seconds": "40"})
    mock_ledger.assert_spend("0.00")


@pytest.mark.upstream(credit="0.01")
def test_an_empty_account_is_refused(make: Make) -> None:
    with pytest.raises(openai.PermissionDeniedError):
        make()


def test_a_late_rejection_is_an_error_and_free(make: Make, mock_fates: Any, mock_ledger: Any, tmp_path: Path) -> None:
    mock_fates.moderated(after="15m")
    with pytest.raises(videos.VideoFailed, match="sensitive"):
        make()
    assert not list(tmp_path.iterdir())
    mock_ledger.assert_spend("0.00")


def test_a_task_that_hangs_ends_the_wait_with_its_id(make: Make, mock_fates: Any, mock_journal: Any) -> None:
    mock_fates.stuck()
    with pytest.raises(videos.StillRunning) as caught:
        make(seconds=600)
    assert [task.id for task in mock_journal.tasks] == [caught.value.task]


def test_content_may_follow_a_success_by_some_seconds(make: Make, mock_fates: Any, mock_journal: Any) -> None:
    mock_fates.add("content_late by=15")
    assert make().exists()
    mock_journal.assert_downloaded()
