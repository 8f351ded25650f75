"""Orders, callbacks, and what becomes of both when something goes wrong. The clock of the emulator decides when."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

SECONDS = 30
"""To wait for a callback at most, in real time: it is sent in another thread."""


def test_a_clip_is_ordered_and_its_callback_tells_of_its_end(
    service: Any, mock_clock: Any, mock_journal: Any, mock_ledger: Any
) -> None:
    assert service.order("boat").json() == {"name": "boat", "state": "ordered", "url": None, "problem": None}
    mock_clock.advance("10m")
    assert service.callbacks.get(timeout=SECONDS) == 204
    clip = service.clip("boat")
    assert clip["state"] == "completed"
    assert httpx.get(clip["url"], timeout=SECONDS).content[4:8] == b"ftyp"
    assert service.ends.get_nowait() == ("boat", "completed")
    mock_journal.assert_submitted_once()
    mock_journal.assert_polls(at_most=1)
    mock_journal.assert_no_violations()
    mock_ledger.assert_charged_once()


def test_a_request_that_is_repeated_orders_once(service: Any, mock_journal: Any) -> None:
    first, second = service.order("boat"), service.order("boat")
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    mock_journal.assert_submitted_once()


def test_an_order_without_a_response_is_not_sent_again(service: Any, mock_faults: Any, mock_journal: Any) -> None:
    mock_faults.response_lost(operation="create")
    assert [service.order("boat").status_code for _ in range(2)] == [502, 502]
    assert len(mock_journal.submissions) == 1


@pytest.mark.upstream(credit="0.01")
def test_a_refused_order_says_why(service: Any) -> None:
    response = service.order("boat")
    assert response.status_code == 422
    assert "balance" in response.json()["detail"]


def test_a_failed_task_is_told_too(service: Any, mock_clock: Any, mock_fates: Any, mock_ledger: Any) -> None:
    mock_fates.moderated(after="15m")
    service.order("boat")
    mock_clock.advance("15m")
    assert service.callbacks.get(timeout=SECONDS) == 204
    clip = service.clip("boat")
    assert (clip["state"], clip["url"]) == ("failed", None)
    assert "moderation" in clip["problem"]
    mock_ledger.assert_spend("0.00")


def test_a_forged_callback_changes_nothing(service: Any) -> None:
    service.order("boat")
    done = {"code": 200, "data": {"state": "completed", "resultUrls": ["https://evil.example/x.mp4"]}}
    secret = service.secret("boat")
    assert service.http.post("/callbacks/boat/guess", json=done).status_code == 404
    assert service.http.post(f"/callbacks/kite/{secret}", json=done).status_code == 404
    # Even with the secret: the upstream is asked, and says that the task runs.
    assert service.http.post(f"/callbacks/boat/{secret}", json=done).status_code == 204
    assert service.http.post(f"/callbacks/boat/{secret}", content=b"x" * 100_000).status_code == 413
    assert service.clip("boat")["state"] == "ordered"
    assert service.ends.empty()


def test_a_callback_that_comes_twice_ends_a_clip_once(
    service: Any, mock_clock: Any, mock_faults: Any, mock_journal: Any
) -> None:
    mock_faults.duplicate(operation="callback")
    service.order("boat")
    mock_clock.advance("10m")
    assert [service.callbacks.get(timeout=SECONDS) for _ in range(2)] == [204, 204]
    assert service.ends.get_nowait() == ("boat", "completed")
    assert service.ends.empty()
    mock_journal.assert_polls(at_most=1)


def test_a_callback_is_repeated_while_the_upstream_cannot_be_asked(
    service: Any, mock_clock: Any, mock_faults: Any
) -> None:
    mock_faults.status(code=502, operation="query", times=1)
    service.order("boat")
    mock_clock.advance("10m")
    assert service.callbacks.get(timeout=SECONDS) == 503
    mock_clock.set_rate(60)  # the next attempt is due a second after this one: 17 ms
    assert service.callbacks.get(timeout=SECONDS) == 204
    assert service.clip("boat")["state"] == "completed"


@pytest.mark.parametrize("is_down", [False, True])
def test_a_clip_whose_callback_is_lost_is_found_when_the_service_starts(
    service: Any, mock_clock: Any, mock_faults: Any, is_down: bool
) -> None:
    mock_faults.response_lost(operation="callback")  # apimodels sends it, and it never arrives
    service.order("boat")
    if is_down:
        service.stop()
    mock_clock.advance("2h")
    if not is_down:
        service.stop()
    service.start()
    assert service.ends.get(timeout=SECONDS) == ("boat", "completed")
    assert service.callbacks.empty()
