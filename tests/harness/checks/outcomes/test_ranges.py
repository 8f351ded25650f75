"""Ranges: each check sees an honest answer as such, and each way of lying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_harness.checks import ranges
from seedmock_harness.results.checks import Severity

Made = Callable[..., Any]
UPSTREAMS = ("opeai", "apimodels")
REFUSED = {"opeai": {"error": {"code": "InvalidRange"}}, "apimodels": {"code": 416, "msg": "no"}}
SWITCH = {"opeai": {"range": True}, "apimodels": {}}
"""Only B's contract has a switch for ranges."""


def part(tale: Made, name: str, asked: str, status: int, told: str = "", size: int = 0, **headers: str) -> Any:
    """A range of a clip of 1000 bytes, and what is answered."""
    fetched = tale(name).done().fetch()
    answered = {"content-type": "video/mp4", "content-length": str(size)} | ({"content-range": told} if told else {})
    sent = {"Range": asked} | {key.replace("_", "-"): value for key, value in headers.items() if key == "if_range"}
    answered |= {key.replace("_", "-"): value for key, value in headers.items() if key != "if_range"}
    if status == 416:
        return fetched.fetch(status=416, asked=sent, headers=answered, body=REFUSED[name])
    body = f"<{size} bytes of application/octet-stream>"
    return fetched.fetch(status=status, asked=sent, headers=answered, body=body, media=None)


@pytest.mark.parametrize("name", UPSTREAMS)
@pytest.mark.parametrize(
    ("asked", "told", "size"),
    [
        ("bytes=0-99", "bytes 0-99/1000", 100),
        ("bytes=990-", "bytes 990-999/1000", 10),
        ("bytes=-10", "bytes 990-999/1000", 10),
        ("bytes=-5000", "bytes 0-999/1000", 1000),
        ("bytes=900-5000", "bytes 900-999/1000", 100),
        ("bytes=5-5", "bytes 5-5/*", 1),
    ],
)
def test_a_range_gets_its_bytes(tale: Made, name: str, asked: str, told: str, size: int) -> None:
    seen = part(tale, name, asked, 206, told, size)
    assert seen.sees(ranges.ranges_are_served) == {"range.part": True, **SWITCH[name]}


@pytest.mark.parametrize("name", UPSTREAMS)
@pytest.mark.parametrize(
    ("told", "size"),
    [
        ("bytes 0-99/1000", 99),
        ("bytes 0-98/1000", 99),
        ("bytes 1-100/1000", 100),
        ("bytes 0-99/999", 100),
        ("bytes=0-99", 100),
        ("", 100),
    ],
)
def test_other_bytes_than_asked_for_are_wrong(tale: Made, name: str, told: str, size: int) -> None:
    seen = part(tale, name, "bytes=0-99", 206, told, size)
    assert seen.sees(ranges.ranges_are_served)["range.part"] is False
    assert seen.severities(ranges.ranges_are_served) == {"range.part": Severity.BREAKING}


def test_a_range_that_is_ignored_is_settled_where_that_is_a_variant(tale: Made) -> None:
    check = ranges.ranges_are_served
    assert part(tale, "opeai", "bytes=0-99", 200, "", 1000).severities(check) == {"range": Severity.INFO}
    assert part(tale, "apimodels", "bytes=0-99", 200, "", 1000).severities(check) == {"range.part": Severity.WARNING}
    pinned = tale("opeai", {"opeai.range": "off"}).done().fetch().fetch(asked={"range": "bytes=0-99"})
    assert pinned.sees(check) == {"range": True}


@pytest.mark.parametrize("name", UPSTREAMS)
def test_a_range_within_the_clip_is_not_refused(tale: Made, name: str) -> None:
    seen = part(tale, name, "bytes=0-99", 416, "bytes */1000")
    assert seen.sees(ranges.ranges_are_served) == {"range.part": False}


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=-", "items=0-9", "bytes=0-1,5-6"])
def test_what_is_no_single_range_is_not_judged(tale: Made, asked: str) -> None:
    seen = part(tale, "opeai", asked, 200, "", 1000)
    assert [check for check in ranges.CHECKS if seen.sees(check)] == []


def test_a_range_of_what_was_never_seen_whole_is_not_judged(tale: Made) -> None:
    seen = tale("opeai").done().fetch(status=206, asked={"range": "bytes=0-9"}, body="<10 bytes of video/mp4>")
    assert [check for check in ranges.CHECKS if seen.sees(check)] == []


class TestBeyondTheEnd:
    check = staticmethod(ranges.unsatisfiable_ranges_are_rejected)

    @pytest.mark.parametrize("name", UPSTREAMS)
    @pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
    def test_it_is_refused_with_the_size(self, tale: Made, name: str, asked: str) -> None:
        for told, right in (("bytes */1000", True), ("bytes */999", False), ("", False)):
            seen = part(tale, name, asked, 416, told)
            assert seen.sees(self.check) == {"error.range_not_satisfiable": right}

    def test_an_answer_is_wrong_where_ranges_are_answered(self, tale: Made) -> None:
        seen = part(tale, "opeai", "bytes=1000-", 206, "bytes 1000-1000/1001", 1)
        assert seen.sees(self.check) == {"error.range_not_satisfiable": False}
        assert part(tale, "opeai", "bytes=1000-", 200, "", 1000).sees(self.check) == {}
        seen = part(tale, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10).fetch(asked={"range": "bytes=1000-"})
        assert seen.sees(self.check) == {"error.range_not_satisfiable": False}


class TestIfRange:
    check = staticmethod(ranges.stale_if_range_gets_the_full_body)

    @pytest.mark.parametrize("name", UPSTREAMS)
    def test_another_validator_gets_the_whole(self, tale: Made, name: str) -> None:
        for status, right in ((200, True), (206, False)):
            seen = part(tale, name, "bytes=0-9", 206, "bytes 0-9/1000", 10)
            sent = {"range": "bytes=0-9", "if-range": '"two"'}
            answered = {"content-range": "bytes 0-9/1000"} if status == 206 else {"content-length": "1000"}
            seen.fetch(status=status, asked=sent, headers=answered, **({} if right else {"body": "<10 bytes of x>"}))
            assert seen.sees(self.check) == {"range.condition": right}

    def test_half_of_the_whole_is_not_the_whole(self, tale: Made) -> None:
        seen = part(tale, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10)
        seen.fetch(asked={"range": "bytes=0-9", "if-range": '"two"'}, media=None, body="<500 bytes of video/mp4>")
        assert seen.sees(self.check) == {"range.condition": False}

    def test_the_clip_s_own_validator_lets_the_range_through(self, tale: Made) -> None:
        seen = part(tale, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10, if_range='"one"')
        assert seen.sees(self.check) == {}
        assert seen.sees(ranges.ranges_are_served) == {"range.part": True, "range": True}

    def test_a_date_says_nothing(self, tale: Made) -> None:
        seen = part(tale, "opeai", "bytes=0-9", 200, "", 1000, if_range="Sat, 01 Jan 2000 00:00:00 GMT")
        assert [check for check in ranges.CHECKS if seen.sees(check)] == []


class TestHead:
    check = staticmethod(ranges.head_matches_get)

    @pytest.mark.parametrize("name", UPSTREAMS)
    @pytest.mark.parametrize(
        ("status", "length", "body", "right"),
        [
            (200, "1000", "", True),
            (200, "999", "", False),
            (200, "1000", "<9 bytes of x>", False),
            (405, "0", "", False),
        ],
    )
    def test_it_tells_the_length_and_has_no_body(
        self, tale: Made, name: str, status: int, length: str, body: str, right: bool
    ) -> None:
        told = tale(name).done().fetch()
        if name == "opeai":
            place: dict[str, str] = {"task_id": "t1"}
        else:
            place = {"url": told.last.exchange.request.url, "caller": ""}
        told.fetch(method="HEAD", status=status, headers={"content-length": length}, media=None, body=body, **place)
        assert told.sees(self.check) == {"content.head": right}


def test_accept_ranges_tells_what_is_done(tale: Made) -> None:
    check = ranges.accept_ranges_matches_behaviour
    for told, right in (("bytes", True), ("none", False)):
        seen = part(tale, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10, accept_ranges=told)
        assert seen.sees(check) == {"range.offered": right}
        seen = part(tale, "opeai", "bytes=0-9", 200, "", 1000, accept_ranges=told)
        assert seen.sees(check) == {"range.offered": not right}
    assert part(tale, "opeai", "bytes=0-9", 206, "bytes 0-9/1000", 10).sees(check) == {}
