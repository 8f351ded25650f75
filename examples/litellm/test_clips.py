"""litellm between the program and the upstream: what it changes, and what must hold in spite of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import litellm
import pytest
from clips import ClipFailed, Clips, OrderUnknown, StillRunning

BOAT = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "1280x720", "seconds": "4"}


@pytest.fixture
def clips(mock_upstreams: Any, mock_clock: Any) -> Clips:
    return Clips(mock_upstreams.base_url("opeai"), mock_upstreams.api_key, mock_clock.sleep, mock_clock.now)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "boat.mp4"


def test_a_clip_is_made_and_paid_for_once(clips: Clips, path: Path, mock_journal: Any, mock_ledger: Any) -> None:
    assert clips.make(path, **BOAT).read_bytes()[4:8] == b"ftyp"
    mock_journal.assert_submitted_once()
    mock_journal.assert_never_polled_after_end()
    mock_journal.assert_downloaded()
    mock_journal.assert_no_violations()
    mock_ledger.assert_charged_once()


def test_fields_that_openai_lacks_go_into_extra_body(clips: Clips, mock_journal: Any) -> None:
    clips.order(**BOAT, extra_body={"seed": 7, "generate_audio": False})
    (task,) = mock_journal.tasks
    assert (task.seed, task.audio) == (7, False)


@pytest.mark.parametrize("fault", ["response_lost", "status code=502 body=html"])
def test_an_order_without_a_response_is_sent_once(
    clips: Clips, path: Path, mock_faults: Any, mock_journal: Any, fault: str
) -> None:
    mock_faults.add(fault, operation="create")
    with pytest.raises(OrderUnknown):
        clips.make(path, **BOAT)
    assert len(mock_journal.submissions) == 1


def test_a_refused_order_names_the_field(clips: Clips, path: Path, mock_ledger: Any) -> None:
    with pytest.raises(litellm.BadRequestError, match="seconds"):
        clips.make(path, **{**BOAT, "seconds": "40"})
    mock_ledger.assert_spend("0.00")


def test_a_late_rejection_is_an_error_and_free(clips: Clips, path: Path, mock_fates: Any, mock_ledger: Any) -> None:
    mock_fates.moderated(after="15m")
    with pytest.raises(ClipFailed, match="sensitive"):
        clips.make(path, **BOAT)
    assert not path.exists()
    mock_ledger.assert_spend("0.00")


def test_a_task_that_hangs_ends_the_wait(clips: Clips, path: Path, mock_fates: Any) -> None:
    mock_fates.stuck()
    with pytest.raises(StillRunning, match="after 600 s"):
        clips.make(path, deadline=600, **BOAT)


def test_polls_survive_a_gateway_that_fails(clips: Clips, path: Path, mock_faults: Any) -> None:
    mock_faults.status(code=502, body="html", operation="query", times=2)
    assert clips.make(path, **BOAT).exists()


def test_content_may_follow_a_success_by_some_seconds(clips: Clips, path: Path, mock_fates: Any) -> None:
    mock_fates.add("content_late by=15")
    assert clips.make(path, **BOAT).exists()
