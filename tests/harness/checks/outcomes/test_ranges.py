"""Checks of range requests against documented and deviating responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_harness.checks import ranges
from seedmock_harness.results.checks import Severity

Factory = Callable[..., Any]
UPSTREAMS = ("opeai", "apimodels")
REFUSED = {"opeai": {"error": {"code": "InvalidRange"}}, "apimodels": {"code": 416, "msg": "no"}}
RANGE_VARIANT = {"opeai": {"range": True}, "apimodels": {}}
"""Only the contract of opeai has a variant for ranges."""


def fetch_range(
    new_history: Factory,
    name: str,
    range_header: str,
    status: int,
    content_range: str = "",
    size: int = 0,
    **headers: str,
) -> Any:
    """Add a download of a 1000-byte clip and a range request with this response."""
    history = new_history(name).complete().fetch()
    response_headers = {"content-type": "video/mp4", "content-length": str(size)} | (
        {"content-range": content_range} if content_range else {}
    )
    request_headers = {"Range": range_header} | {
        key.replace("_", "-"): value for key, value in headers.items() if key == "if_range"
    }
    response_headers |= {key.replace("_", "-"): value for key, value in headers.items() if key != "if_range"}
    if status == 416:
        return history.fetch(status=416, request_headers=request_headers, headers=response_headers, body=REFUSED[name])
    body = f"<{size} bytes of application/octet-stream>"
    return history.fetch(
        status=status, request_headers=request_headers, headers=response_headers, body=body, media=None
    )


@pytest.mark.parametrize("name", UPSTREAMS)
@pytest.mark.parametrize(
    ("range_header", "content_range", "size"),
    [
        ("bytes=0-99", "bytes 0-99/1000", 100),
        ("bytes=990-", "bytes 990-999/1000", 10),
        ("bytes=-10", "bytes 990-999/1000", 10),
        ("bytes=-5000", "bytes 0-999/1000", 1000),
        ("bytes=900-5000", "bytes 900-999/1000", 100),
        ("bytes=5-5", "bytes 5-5/*", 1),
    ],
)
def test_range_is_served(new_history: Factory, name: str, range_header: str, content_range: str, size: int) -> None:
    history = fetch_range(new_history, name, range_header, 206, content_range, size)
    assert history.outcomes(ranges.ranges_are_served) == {"range.part": True, **RANGE_VARIANT[name]}


@pytest.mark.parametrize("name", UPSTREAMS)
@pytest.mark.parametrize(
    ("content_range", "size"),
    [
        ("bytes 0-99/1000", 99),
        ("bytes 0-98/1000", 99),
        ("bytes 1-100/1000", 100),
        ("bytes 0-99/999", 100),
        ("bytes=0-99", 100),
        ("", 100),
    ],
)
def test_other_bytes_than_requested_fail(new_history: Factory, name: str, content_range: str, size: int) -> None:
    history = fetch_range(new_history, name, "bytes=0-99", 206, content_range, size)
    assert history.outcomes(ranges.ranges_are_served)["range.part"] is False
    assert history.severities(ranges.ranges_are_served) == {"range.part": Severity.BREAKING}


def test_ignored_range_settles_the_variant_where_there_is_one(new_history: Factory) -> None:
    check = ranges.ranges_are_served
    assert fetch_range(new_history, "opeai", "bytes=0-99", 200, "", 1000).severities(check) == {"range": Severity.INFO}
    assert fetch_range(new_history, "apimodels", "bytes=0-99", 200, "", 1000).severities(check) == {
        "range.part": Severity.WARNING
    }
    pinned = (
        new_history("opeai", {"opeai.range": "off"}).complete().fetch().fetch(request_headers={"range": "bytes=0-99"})
    )
    assert pinned.outcomes(check) == {"range": True}


@pytest.mark.parametrize("name", UPSTREAMS)
def test_rejected_range_within_the_clip_fails(new_history: Factory, name: str) -> None:
    history = fetch_range(new_history, name, "bytes=0-99", 416, "bytes */1000")
    assert history.outcomes(ranges.ranges_are_served) == {"range.part": False}


@pytest.mark.parametrize("range_header", ["bytes=9-5", "bytes=-", "items=0-9", "bytes=0-1,5-6"])
def test_invalid_or_multiple_ranges_are_not_checked(new_history: Factory, range_header: str) -> None:
    history = fetch_range(new_history, "opeai", range_header, 200, "", 1000)
    assert [check for check in ranges.CHECKS if history.outcomes(check)] == []


def test_range_of_an_unknown_clip_is_not_checked(new_history: Factory) -> None:
    history = (
        new_history("opeai")
        .complete()
        .fetch(status=206, request_headers={"range": "bytes=0-9"}, body="<10 bytes of video/mp4>")
    )
    assert [check for check in ranges.CHECKS if history.outcomes(check)] == []


class TestUnsatisfiableRange:
    check = staticmethod(ranges.unsatisfiable_ranges_are_rejected)

    @pytest.mark.parametrize("name", UPSTREAMS)
    @pytest.mark.parametrize("range_header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
    def test_rejection_carries_the_size(self, new_history: Factory, name: str, range_header: str) -> None:
        for content_range, passes in (("bytes */1000", True), ("bytes */999", False), ("", False)):
            history = fetch_range(new_history, name, range_header, 416, content_range)
            assert history.outcomes(self.check) == {"error.range_not_satisfiable": passes}

    def test_served_range_beyond_the_end_fails(self, new_history: Factory) -> None:
        history = fetch_range(new_history, "opeai", "bytes=1000-", 206, "bytes 1000-1000/1001", 1)
        assert history.outcomes(self.check) == {"error.range_not_satisfiable": False}
        assert fetch_range(new_history, "opeai", "bytes=1000-", 200, "", 1000).outcomes(self.check) == {}
        history = fetch_range(new_history, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10).fetch(
            request_headers={"range": "bytes=1000-"}
        )
        assert history.outcomes(self.check) == {"error.range_not_satisfiable": False}


class TestIfMatch:
    check = staticmethod(ranges.false_preconditions_are_rejected)

    @pytest.mark.parametrize("name", UPSTREAMS)
    @pytest.mark.parametrize(("status", "outcomes"), [(412, True), (400, False), (200, False), (503, None)])
    def test_another_validator_gets_412(
        self, new_history: Factory, name: str, status: int, outcomes: bool | None
    ) -> None:
        history = fetch_range(new_history, name, "bytes=0-9", 206, "bytes 0-9/1000", 10)
        history.fetch(status=status, request_headers={"if-match": '"two"'}, media=None, body="{}")
        assert history.outcomes(self.check) == ({} if outcomes is None else {"error.precondition_failed": outcomes})

    @pytest.mark.parametrize("condition", ["*", '"one"', 'W/"two"', ""])
    def test_other_conditions_are_not_checked(self, new_history: Factory, condition: str) -> None:
        history = fetch_range(new_history, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10)
        history.fetch(request_headers={"if-match": condition})
        assert history.outcomes(self.check) == {}


class TestIfRange:
    check = staticmethod(ranges.stale_if_range_gets_the_full_body)

    @pytest.mark.parametrize("name", UPSTREAMS)
    def test_stale_validator_gets_the_full_body(self, new_history: Factory, name: str) -> None:
        for status, passes in ((200, True), (206, False)):
            history = fetch_range(new_history, name, "bytes=0-9", 206, "bytes 0-9/1000", 10)
            request_headers = {"range": "bytes=0-9", "if-range": '"two"'}
            response_headers = {"content-range": "bytes 0-9/1000"} if status == 206 else {"content-length": "1000"}
            history.fetch(
                status=status,
                request_headers=request_headers,
                headers=response_headers,
                **({} if passes else {"body": "<10 bytes of x>"}),
            )
            assert history.outcomes(self.check) == {"range.condition": passes}

    def test_partial_body_is_not_the_full_body(self, new_history: Factory) -> None:
        history = fetch_range(new_history, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10)
        history.fetch(
            request_headers={"range": "bytes=0-9", "if-range": '"two"'}, media=None, body="<500 bytes of video/mp4>"
        )
        assert history.outcomes(self.check) == {"range.condition": False}

    def test_current_validator_gets_the_range(self, new_history: Factory) -> None:
        history = fetch_range(new_history, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10, if_range='"one"')
        assert history.outcomes(self.check) == {}
        assert history.outcomes(ranges.ranges_are_served) == {"range.part": True, "range": True}

    def test_date_validator_is_not_checked(self, new_history: Factory) -> None:
        history = fetch_range(
            new_history, "opeai", "bytes=0-9", 200, "", 1000, if_range="Sat, 01 Jan 2000 00:00:00 GMT"
        )
        assert [check for check in ranges.CHECKS if history.outcomes(check)] == []


class TestHead:
    check = staticmethod(ranges.head_matches_get)

    @pytest.mark.parametrize("name", UPSTREAMS)
    @pytest.mark.parametrize(
        ("status", "length", "body", "passes"),
        [
            (200, "1000", "", True),
            (200, "999", "", False),
            (200, "1000", "<9 bytes of x>", False),
            (405, "0", "", False),
        ],
    )
    def test_head_has_content_length_and_no_body(
        self, new_history: Factory, name: str, status: int, length: str, body: str, passes: bool
    ) -> None:
        history = new_history(name).complete().fetch()
        if name == "opeai":
            place: dict[str, str] = {"task_id": "t1"}
        else:
            place = {"url": history.interaction.exchange.request.url, "caller": ""}
        history.fetch(method="HEAD", status=status, headers={"content-length": length}, media=None, body=body, **place)
        assert history.outcomes(self.check) == {"content.head": passes}


def test_accept_ranges_matches_behaviour(new_history: Factory) -> None:
    check = ranges.accept_ranges_matches_behaviour
    for accept_ranges, passes in (("bytes", True), ("none", False)):
        history = fetch_range(new_history, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10, accept_ranges=accept_ranges)
        assert history.outcomes(check) == {"range.offered": passes}
        history = fetch_range(new_history, "opeai", "bytes=0-9", 200, "", 1000, accept_ranges=accept_ranges)
        assert history.outcomes(check) == {"range.offered": not passes}
    assert fetch_range(new_history, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10).outcomes(check) == {}
