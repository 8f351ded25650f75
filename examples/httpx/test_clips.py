"""Mistakes that a client of a paid API must not make, each under the failure that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from clips import ClipFailed, Clips, OrderBook, OrderRefused, OrderUnknown, StillRunning

BOAT = {"model": "seedance2-a/seedance-2.0-fast-a", "prompt": "A paper boat", "duration": 4}


@pytest.fixture
def book(tmp_path: Path) -> OrderBook:
    return OrderBook(tmp_path / "orders.json")


@pytest.fixture
def clips(mock_upstreams: Any, mock_clock: Any, book: OrderBook) -> Iterator[Clips]:
    headers = {"Authorization": f"Bearer {mock_upstreams.api_key}"}
    with httpx.Client(base_url=mock_upstreams.base_url("apimodels"), headers=headers, timeout=30) as http:
        yield Clips(http, book, sleep=mock_clock.sleep, now=mock_clock.now)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "boat.mp4"


def test_a_clip_is_made_and_paid_for_once(clips: Clips, path: Path, mock_journal: Any, mock_ledger: Any) -> None:
    assert clips.make("boat", BOAT, path).read_bytes()[4:8] == b"ftyp"
    mock_journal.assert_submitted_once()
    mock_journal.assert_never_polled_after_end()
    mock_journal.assert_downloaded()
    mock_journal.assert_no_violations(strict=True)
    mock_ledger.assert_charged_once()


def test_the_same_name_is_not_ordered_again(clips: Clips, path: Path, mock_journal: Any, mock_ledger: Any) -> None:
    clips.make("boat", BOAT, path)
    path.unlink()
    assert clips.make("boat", BOAT, path).exists()
    mock_journal.assert_submitted_once()
    mock_ledger.assert_charged_once()


@pytest.mark.parametrize("fault", ["response_lost", "status code=502 body=html", "truncated", "missing field=taskId"])
def test_an_order_without_a_response_is_never_sent_again(
    clips: Clips, path: Path, mock_faults: Any, mock_journal: Any, fault: str
) -> None:
    mock_faults.add(fault, operation="create", times=1)
    for _ in range(2):
        with pytest.raises(OrderUnknown):
            clips.make("boat", BOAT, path)
    assert len(mock_journal.submissions) == 1


def test_a_rate_limit_is_waited_for(
    clips: Clips, path: Path, mock_faults: Any, mock_clock: Any, mock_ledger: Any
) -> None:
    mock_faults.status(code=429, retry_after="30s", operation="create", times=2)
    start = mock_clock.now()
    clips.make("boat", BOAT, path)
    assert mock_clock.now() - start >= 60
    mock_ledger.assert_charged_once()


def test_a_refused_order_says_why_and_may_be_corrected(clips: Clips, path: Path, mock_ledger: Any) -> None:
    with pytest.raises(OrderRefused, match="duration"):
        clips.make("boat", {**BOAT, "duration": 40}, path)
    mock_ledger.assert_spend("0.00")
    assert clips.make("boat", BOAT, path).exists()


@pytest.mark.upstream(credit="0.01")
def test_an_empty_account_is_refused(clips: Clips, path: Path) -> None:
    with pytest.raises(OrderRefused, match="balance"):
        clips.make("boat", BOAT, path)


def test_a_late_rejection_is_an_error_and_free(clips: Clips, path: Path, mock_fates: Any, mock_ledger: Any) -> None:
    mock_fates.moderated(after="15m")
    with pytest.raises(ClipFailed, match="CONTENT_MODERATION"):
        clips.make("boat", BOAT, path)
    assert not path.exists()
    mock_ledger.assert_spend("0.00")


def test_a_deadline_ends_the_wait_and_a_later_call_goes_on(
    clips: Clips, path: Path, mock_fates: Any, mock_clock: Any, mock_ledger: Any
) -> None:
    mock_fates.slow(after="1h")
    with pytest.raises(StillRunning, match="after 600 s"):
        clips.make("boat", BOAT, path, seconds=600)
    mock_clock.advance("1h")
    assert clips.make("boat", BOAT, path).exists()
    mock_ledger.assert_charged_once()


@pytest.mark.parametrize("fault", ["status code=502 body=html", "reset", "malformed", "not_found"])
def test_polls_survive_a_bad_network(clips: Clips, path: Path, mock_faults: Any, fault: str) -> None:
    mock_faults.add(fault, operation="query", times=2)
    assert clips.make("boat", BOAT, path).exists()


@pytest.mark.parametrize("fault", ["body_cut at=1000", "status code=503", "reset when=during"])
def test_a_broken_download_goes_on_and_no_half_file_is_left(
    clips: Clips, path: Path, mock_faults: Any, mock_journal: Any, fault: str
) -> None:
    mock_faults.add(fault, operation="content", times=2)
    clips.make("boat", BOAT, path)
    assert [file.name for file in path.parent.glob("boat*")] == ["boat.mp4"]
    mock_journal.assert_downloaded()
