"""HTTP transport: retries free requests, sends orders once, and never reveals a key."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.driver.http_transport import HttpTransport, NoResponse, resolve_base_url
from seedmock_harness.verify.target import live_target
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import BufferedResponse

KEY = "sk_secret_first"
Respond = Callable[[httpx.Request], httpx.Response]


class TransportUnderTest:
    """The transport with a scripted service, on a clock that only sleeping advances."""

    def __init__(self, respond: Respond, upstream: str = "opeai", base_url: str = "https://service.test") -> None:
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        self.clock = ManualClock()
        self.respond = respond
        client = httpx.Client(transport=httpx.MockTransport(self._respond))
        keys = {"first": KEY, "second": "sk_secret_second", "wrong": "sk_wrong"}
        self.send = HttpTransport(get_contract(upstream), base_url, keys, client, self.clock.now, self._sleep)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.respond(request)

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.sleep(seconds)

    def get(self, url: str = "/v1/videos/x") -> BufferedResponse:
        return self.send("GET", url, headers={}, content=b"")

    def post(self, url: str = "/v1/videos") -> BufferedResponse:
        return self.send("POST", url, headers={"authorization": f"Bearer {KEY}"}, content=b"{}")


def _script(*outcomes: Any) -> Respond:
    """Give each request the next response, or raise the next error."""
    remaining = iter(outcomes)

    def respond(request: httpx.Request) -> httpx.Response:
        outcome = next(remaining)
        if isinstance(outcome, Exception):
            raise outcome
        assert isinstance(outcome, httpx.Response)
        return outcome

    return respond


def test_retry_after_is_honoured_in_seconds_and_as_a_date() -> None:
    transport = TransportUnderTest(_script(httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(200)))
    assert transport.post().status_code == 200
    assert transport.pauses == [7.0]
    transport = TransportUnderTest(_script())
    date = formatdate(transport.clock.now() + 30, usegmt=True)
    transport.respond = _script(httpx.Response(429, headers={"retry-after": date}), httpx.Response(200))
    assert transport.post().status_code == 200
    assert transport.pauses == [pytest.approx(30.0, abs=1)]


def test_rate_limit_is_returned_after_bounded_retries() -> None:
    transport = TransportUnderTest(lambda request: httpx.Response(429))
    assert transport.get().status_code == 429
    assert transport.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    transport = TransportUnderTest(lambda request: httpx.Response(429, headers={"retry-after": "86400"}))
    transport.get()
    assert max(transport.pauses) == 120.0


def test_free_request_is_retried_after_a_connection_error() -> None:
    script = _script(httpx.ReadError("cut"), httpx.ConnectError("refused"), httpx.Response(200))
    transport = TransportUnderTest(script)
    assert transport.get().status_code == 200
    assert len(transport.requests) == 3


@pytest.mark.parametrize(
    ("error", "may_have_arrived"),
    [
        (httpx.ReadTimeout("late"), True),
        (httpx.RemoteProtocolError("garbage"), True),
        (httpx.WriteError("cut"), True),
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("late"), False),
    ],
)
def test_order_is_sent_once_and_the_error_tells_if_it_may_have_arrived(
    error: Exception, may_have_arrived: bool
) -> None:
    transport = TransportUnderTest(_script(error))
    with pytest.raises(NoResponse) as caught:
        transport.post()
    assert caught.value.may_have_arrived is may_have_arrived
    assert len(transport.requests) == 1
    assert str(caught.value).startswith("https://service.test ")


def test_key_in_a_response_is_redacted() -> None:
    headers, text = {"x-trace": f"for {KEY}"}, f'{{"error":"no such key {KEY}."}}'
    transport = TransportUnderTest(lambda request: httpx.Response(401, headers=headers, text=text))
    response = transport.post()
    assert KEY not in str(dict(response.headers)) + response.content.decode()
    assert response.content == b'{"error":"no such key ***."}'


def test_redirect_is_not_followed() -> None:
    transport = TransportUnderTest(lambda request: httpx.Response(302, headers={"location": "https://other.test/"}))
    assert transport.get().status_code == 302
    assert [request.url.host for request in transport.requests] == ["service.test"]


@pytest.mark.parametrize(
    ("upstream", "base_url", "path", "expected"),
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
def test_base_url_may_be_an_origin_or_an_origin_with_a_prefix(
    upstream: str, base_url: str, path: str, expected: str
) -> None:
    transport = TransportUnderTest(lambda request: httpx.Response(200), upstream, base_url)
    assert transport.send.url_for(path) == expected
    transport.get(path)
    assert str(transport.requests[0].url) == expected


def test_invalid_link_has_no_response() -> None:
    transport = TransportUnderTest(lambda request: httpx.Response(200))
    with pytest.raises(NoResponse):
        transport.get("http://service.test/\0")


def test_control_api_is_requested_on_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise AssertionError("the control API of a remote service was requested")

    monkeypatch.setattr("seedmock_harness.verify.target.ControlClient", fail)
    with live_target(get_contract("opeai"), "https://service.test", KEY) as target:
        assert not target.has_manual_clock
    assert resolve_base_url(get_contract("opeai"), "https://service.test") == "https://service.test/v1"
