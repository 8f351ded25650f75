"""A paid clip that cannot be had, or not whole, is a breaking finding: never green, and never only "could not look"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.driver.http_transport import HttpTransport, NoResponse
from seedmock_harness.results.checks import Severity
from seedmock_harness.results.verification import Verification, VerificationVerdict
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import BufferedResponse

if TYPE_CHECKING:
    from .conftest import OpenEmulator, Send, Verify

CLIP_FACTS = {"opeai": "opeai.content.binary", "apimodels": "apimodels.content.format"}


def breaking_facts(verification: Verification) -> set[str]:
    return {finding.fact.id for finding in verification.findings if finding.severity is Severity.BREAKING}


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500, 502])
def test_clips_that_cannot_be_had_are_breaking(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str, status: int
) -> None:
    with open_emulator(pace="fast") as emulator:
        emulator.add_fault(f"status code={status}", operation="content", upstream=upstream)
        verification = verify_target(upstream, emulator.target, only=("image",))
    assert verification.verdict is VerificationVerdict.DRIFTED
    assert CLIP_FACTS[upstream] in breaking_facts(verification)


def test_one_lost_download_is_no_finding(open_emulator: OpenEmulator, verify_target: Verify, upstream: str) -> None:
    def losing_first(send: Send) -> Send:
        lost: list[str] = []

        def wrapped(method: str, url: str, **arguments: Any) -> Any:
            response = send(method, url, **arguments)
            if method == "GET" and response.content[4:8] == b"ftyp" and not lost:
                lost.append(url)
                return BufferedResponse(503, {"content-type": "text/plain"}, b"later")
            return response

        return wrapped

    with open_emulator(pace="fast") as emulator:
        verification = verify_target(upstream, emulator.with_send(losing_first), only=("image",))
    assert (verification.verdict, breaking_facts(verification)) == (VerificationVerdict.CONFORMS, set())


def test_part_with_the_bytes_of_another_place_is_found(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str
) -> None:
    with open_emulator(pace="fast") as emulator:
        emulator.add_fault("other_range how=bytes", operation="content", upstream=upstream)
        verification = verify_target(upstream, emulator.target, only=("text",))
    assert breaking_facts(verification) == {f"{upstream}.range.part"}


def test_clip_whose_bytes_end_in_the_middle_is_a_finding_about_content(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str
) -> None:
    def through_http(send: Send) -> Send:
        """Send over an HTTP client whose server closes the connection in the middle of each clip."""

        def respond(request: httpx.Request) -> httpx.Response:
            headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
            url = str(request.url).removeprefix("http://live.test")
            response = send(request.method, url, headers=headers, content=request.content)
            is_clip = (
                response.status_code in (200, 206)
                and len(response.content) > 50
                and b"video" in (response.headers.get("content-type", "").encode())
            )
            body = _cut(response.content) if is_clip else iter([response.content])
            return httpx.Response(response.status_code, headers=dict(response.headers), content=body)

        clock = ManualClock()
        client = httpx.Client(transport=httpx.MockTransport(respond))
        return HttpTransport(get_contract(upstream), "http://live.test/v1", {}, client, clock.now, clock.sleep)

    with open_emulator(pace="fast") as emulator:
        verification = verify_target(upstream, emulator.with_send(through_http), only=("image",))
    assert verification.verdict is VerificationVerdict.DRIFTED
    facts = {finding.fact.id for finding in verification.findings}
    assert {f"{upstream}.content.length", f"{upstream}.content.format"} <= facts
    assert f"{upstream}.content.format" in breaking_facts(verification)
    assert verification.problem == ""


def _cut(content: bytes) -> Iterator[bytes]:
    yield content[: len(content) // 2]
    raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def test_cut_response_is_tried_once_more_and_then_judged() -> None:
    bodies = [_cut(b"12345678"), iter([b"12345678"]), _cut(b"12345678"), _cut(b"12345678"), _cut(b"{}")]
    headers = {"content-length": "8", "content-type": "video/mp4"}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=headers, content=bodies.pop(0)))
    clock = ManualClock()
    send = HttpTransport(
        get_contract("opeai"), "http://live.test", {}, httpx.Client(transport=transport), clock.now, clock.sleep
    )
    assert send("GET", "/v1/videos/x/content", headers={}, content=b"").content == b"12345678"
    assert send("GET", "/v1/videos/x/content", headers={}, content=b"").content == b"1234"
    with pytest.raises(NoResponse) as raised:
        send("POST", "/v1/videos", headers={}, content=b"{}")
    assert raised.value.may_have_arrived
    assert bodies == []
