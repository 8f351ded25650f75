"""How requests are sent: patiently where that is free, once where it may cost, and without ever showing a key."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.driver.http_transport import HttpTransport, NoResponse, resolve_base_url
from seedmock_harness.verify.target import elsewhere
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import BufferedResponse

KEY = "sk_secret_first"
Host = Callable[[httpx.Request], httpx.Response]


class Line:
    """A wire to somebody who answers as told, on a clock that moves when it is slept on."""

    def __init__(self, reply: Host, upstream: str = "opeai", base_url: str = "https://stranger.test") -> None:
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []
        self.clock = ManualClock()
        self._reply = reply
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        keys = {"first": KEY, "second": "sk_secret_second", "wrong": "sk_wrong"}
        self.wire = HttpTransport(get_contract(upstream), base_url, keys, client, self.clock.now, self._sleep)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._reply(request)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.sleep(seconds)

    def get(self, url: str = "/v1/videos/x") -> BufferedResponse:
        return self.wire("GET", url, headers={}, content=b"")

    def post(self, url: str = "/v1/videos") -> BufferedResponse:
        return self.wire("POST", url, headers={"authorization": f"Bearer {KEY}"}, content=b"{}")


def _after(*answers: Any) -> Host:
    left = iter(answers)

    def reply(request: httpx.Request) -> httpx.Response:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, httpx.Response)
        return found

    return reply


def test_retry_after_is_waited_out_in_seconds_and_as_a_date() -> None:
    line = Line(_after(httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(200)))
    assert line.post().status_code == 200
    assert line.slept == [7.0]
    line = Line(_after())
    date = formatdate(line.clock.now() + 30, usegmt=True)
    line._reply = _after(httpx.Response(429, headers={"retry-after": date}), httpx.Response(200))
    assert line.post().status_code == 200
    assert line.slept == [pytest.approx(30.0, abs=1)]


def test_a_limit_that_never_ends_is_an_answer_in_the_end() -> None:
    line = Line(lambda request: httpx.Response(429))
    assert line.get().status_code == 429
    assert line.slept == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    line = Line(lambda request: httpx.Response(429, headers={"retry-after": "86400"}))
    line.get()
    assert max(line.slept) == 120.0


def test_what_costs_nothing_is_asked_again_when_the_line_breaks() -> None:
    line = Line(_after(httpx.ReadError("cut"), httpx.ConnectError("refused"), httpx.Response(200)))
    assert line.get().status_code == 200
    assert len(line.asked) == 3


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ReadTimeout("late"), True),
        (httpx.RemoteProtocolError("garbage"), True),
        (httpx.WriteError("cut"), True),
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("late"), False),
    ],
)
def test_an_order_is_sent_once_and_whether_it_can_have_arrived_is_said(error: Exception, sent: bool) -> None:
    line = Line(_after(error))
    with pytest.raises(NoResponse) as caught:
        line.post()
    assert caught.value.may_have_arrived is sent
    assert len(line.asked) == 1
    assert str(caught.value).startswith("https://stranger.test ")


def test_an_answer_that_repeats_the_key_is_kept_without_it() -> None:
    said = {"x-trace": f"for {KEY}"}
    line = Line(lambda request: httpx.Response(401, headers=said, text=f'{{"error":"no such key {KEY}."}}'))
    answer = line.post()
    assert KEY not in str(dict(answer.headers)) + answer.content.decode()
    assert answer.content == b'{"error":"no such key ***."}'


def test_a_redirect_is_not_followed() -> None:
    line = Line(lambda request: httpx.Response(302, headers={"location": "https://thief.test/"}))
    assert line.get().status_code == 302
    assert [request.url.host for request in line.asked] == ["stranger.test"]


@pytest.mark.parametrize(
    ("upstream", "base_url", "path", "where"),
    [
        ("opeai", "http://h:1", "/v1/videos", "http://h:1/v1/videos"),
        ("opeai", "http://h:1/", "/v1/videos", "http://h:1/v1/videos"),
        ("opeai", "http://h:1/v1", "/v1/videos", "http://h:1/v1/videos"),
        ("opeai", "http://h:1/v1/", "/elsewhere", "http://h:1/elsewhere"),
        ("opeai", "https://g.test/team/v1", "/v1/videos", "https://g.test/team/v1/videos"),
        ("apimodels", "http://h:1", "/api/v1/balance", "http://h:1/api/v1/balance"),
        ("apimodels", "http://h:1/api/v1", "/api/v1/balance", "http://h:1/api/v1/balance"),
        ("apimodels", "http://h:1/v1", "/api/v1/balance", "http://h:1/v1/balance"),
        ("apimodels", "http://h:1/api/v1", "/v1/balance", "http://h:1/v1/balance"),
        ("apimodels", "https://api.apimodels.app", "/api/v1/balance", "https://api.apimodels.app/v1/balance"),
        ("apimodels", "https://apimodels.app", "/v1/balance", "https://api.apimodels.app/v1/balance"),
        ("apimodels", "http://h:1", "https://cdn.test/x.mp4", "https://cdn.test/x.mp4"),
    ],
)
def test_an_origin_and_an_origin_with_a_prefix_are_both_understood(
    upstream: str, base_url: str, path: str, where: str
) -> None:
    line = Line(lambda request: httpx.Response(200), upstream, base_url)
    assert line.wire.url_for(path) == where
    line.get(path)
    assert str(line.asked[0].url) == where


def test_a_link_that_is_none_is_no_answer() -> None:
    line = Line(lambda request: httpx.Response(200))
    with pytest.raises(NoResponse):
        line.get("http://stranger.test/\0")


def test_nobody_but_this_machine_is_asked_for_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("a stranger was asked for its clock")

    monkeypatch.setattr("seedmock_harness.verify.target.ControlClient", never)
    with elsewhere(get_contract("opeai"), "https://stranger.test", KEY) as target:
        assert not target.moves
    assert resolve_base_url(get_contract("opeai"), "https://stranger.test") == "https://stranger.test/v1"
