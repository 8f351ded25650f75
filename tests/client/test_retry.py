"""Retry-After, backoff, and the limits of a retry policy."""

from __future__ import annotations

import time
from typing import Any

import pytest

from seedmock_client.retry import RetryPolicy, backoff, retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0), ("12", 12.0), ("1.5", 1.5), ("", None), ("soon", None), ("-1", None), ("1e9", None), ("nan", None),
        ("inf", None), ("٣", None), ("1.2.3", None), ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("Thu, 01 Jan 1970 00:02:00", 20.0), ("Thu, 99 Jan 1970", None),
    ],
)  # fmt: skip
def test_retry_after_is_parsed_in_both_forms(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text} if text else {}, received=100.0) == seconds


def test_a_retry_after_date_is_relative_to_the_date_of_the_response() -> None:
    headers = {"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT", "date": "Thu, 01 Jan 1970 00:01:00 GMT"}
    assert retry_after(headers, received=1e9) == 60.0


def test_a_date_without_a_zone_is_utc_in_any_local_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert retry_after({"retry-after": "Thu, 01 Jan 1970 00:02:00"}, received=100.0) == 20.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_backoff_doubles_up_to_a_limit() -> None:
    assert [backoff(attempt) for attempt in (0, 1, 2, 3, 10_000)] == [1.0, 2.0, 4.0, 8.0, 30.0]


@pytest.mark.parametrize(
    "limits", [{"pacing": ()}, {"pacing": (0.0,)}, {"pacing": (float("nan"),)}, {"wait_seconds": float("inf")}]
)
def test_retry_policy_rejects_endless_waits_and_zero_pauses(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        RetryPolicy(**limits)


def test_a_huge_retry_after_is_limited() -> None:
    assert retry_after({"retry-after": "9" * 5000}, 0.0) == 1e9
