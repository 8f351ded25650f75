"""Faults of downloads: content of opeai, and links of apimodels, which need no key."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from seedmock_server.media.errors import Unrenderable


@pytest.fixture(params=["content", "link"])
def clip(request: pytest.FixtureRequest, socket_server: Any) -> str:
    """Path of a clip: content endpoint or result link."""
    return (
        f"/v1/videos/{socket_server.finished_opeai()}/content"
        if request.param == "content"
        else socket_server.finished_apimodels()[1]
    )


def test_a_download_can_have_another_status_by_header_and_by_rule(socket_server: Any, clip: str) -> None:
    assert socket_server.ask("GET", clip, "status code=502 body=html").text.startswith("<!DOCTYPE html>")
    socket_server.rule("status code=410", operation="content", times=1)
    assert [socket_server.ask("GET", clip).status_code for _ in range(2)] == [410, 200]
    assert socket_server.faults()[-3:] == [["status code=502 body=html"], ["status code=410"], []]


def test_a_404_for_a_download_has_the_message_for_content(socket_server: Any, clip: str) -> None:
    response = socket_server.ask("GET", clip, "status code=404")
    assert response.status_code == 404
    assert ("video not found" if "/v1/" in clip else "file not found") in response.text


def test_head_tells_the_length_of_the_clip_that_a_fault_sends(socket_server: Any, clip: str) -> None:
    own, other = (socket_server.ask("HEAD", clip, fault) for fault in ("", "other_duration seconds=9"))
    whole = socket_server.ask("GET", clip, "other_duration seconds=9")
    assert (int(other.headers["content-length"]), other.headers["etag"]) == (len(whole.content), whole.headers["etag"])
    assert own.headers["content-length"] != other.headers["content-length"]


def test_no_range_ignores_the_range_header(socket_server: Any, clip: str) -> None:
    headers = {"Range": "bytes=10-19"}
    part = socket_server.ask("GET", clip, headers=headers)
    assert (part.status_code, len(part.content)) == (206, 10)
    whole = socket_server.ask("GET", clip, "no_range", headers=headers)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "none")
    assert whole.content[10:20] == part.content


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_content_redirects_to_a_link_without_a_key(socket_server: Any, code: int) -> None:
    path = f"/v1/videos/{socket_server.finished_opeai()}/content"
    response = socket_server.ask("GET", path, f"redirect code={code}")
    assert (response.status_code, response.content) == (code, b"")
    link = response.headers["location"]
    assert link.startswith("/_mock/results/")
    assert socket_server.client.get(link).content == socket_server.ask("GET", path).content


def test_a_redirect_is_not_redirected_again(socket_server: Any, clip: str) -> None:
    socket_server.rule("redirect")
    response = socket_server.ask("GET", clip, follow_redirects=True)
    assert (response.status_code, len(response.history)) == (200, 1)
    assert response.content[4:8] == b"ftyp"
    assert socket_server.faults()[-2:] == [["redirect"], ["not applied: redirect"]]


def test_content_that_is_not_ready_does_not_redirect(start_socket_server: Any) -> None:
    socket_server = start_socket_server(pace="fast")
    response = socket_server.ask("GET", f"/v1/videos/{socket_server.finished_opeai()}/content", "redirect")
    assert response.status_code == 400
    assert socket_server.faults()[-1] == ["not applied: redirect"]


def test_body_cut_ends_a_download_early(socket_server: Any, clip: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        socket_server.ask("GET", clip, "body_cut at=1000")
    assert (
        socket_server.raw_exchange("GET", clip, "body_cut at=1000").body
        == socket_server.ask("GET", clip).content[:1000]
    )


def test_a_download_can_hang_be_reset_and_get_lost(socket_server: Any, clip: str) -> None:
    assert socket_server.raw_exchange("GET", clip, "hang seconds=50ms").end == "closed"
    for fault in ("reset", "response_lost"):
        exchange = socket_server.raw_exchange("GET", clip, fault)
        assert (exchange.written, exchange.end) == (b"", "reset")
    assert socket_server.faults()[-3:] == [["hang seconds=0.05s"], ["reset"], ["response_lost"]]


def test_faults_of_a_link_match_the_upstream_and_account_of_its_task(socket_server: Any) -> None:
    _, path = socket_server.finished_apimodels()
    socket_server.rule("status code=500", upstream="opeai")
    socket_server.rule("status code=501", account="key-somebody")
    assert socket_server.client.get(path).status_code == 200
    socket_server.rule("status code=502", upstream="apimodels", account=socket_server.account(), prompt="boat")
    assert socket_server.client.get(path).status_code == 502


def test_the_journal_hides_the_token_of_a_link(socket_server: Any) -> None:
    task_id, path = socket_server.finished_apimodels()
    socket_server.client.get(path)
    entry = socket_server.journal()[-1]
    assert (entry["operation"], entry["upstream"], entry["status"]) == ("content", "apimodels", 200)
    assert task_id in entry["path"]
    assert path.split("/")[-1].removesuffix(".mp4") not in str(entry)


def test_a_wrong_link_meets_no_fault_and_is_not_journaled(socket_server: Any) -> None:
    _, path = socket_server.finished_apimodels()
    socket_server.rule("status code=502")
    before = len(socket_server.journal())
    assert socket_server.client.get(path[:-6] + "xx.mp4").status_code == 404
    assert len(socket_server.journal()) == before


@pytest.mark.parametrize(("fault", "message"), [
    ("nope", "fault is 'nope'; allowed"), ("malformed", "malformed does not apply to the operation content; allowed"),
])  # fmt: skip
def test_an_invalid_fault_header_is_rejected(socket_server: Any, clip: str, fault: str, message: str) -> None:
    response = socket_server.ask("GET", clip, fault)
    assert (response.status_code, message in response.text) == (400, True)


def test_faults_of_a_link_that_need_a_socket_are_rejected_in_process(in_process_server: Any) -> None:
    link = in_process_server.query_apimodels(in_process_server.order_apimodels())["resultUrls"][0]
    response = in_process_server.get(link, key=None, headers={"X-Mock-Fault": "body_cut"})
    assert (response.status_code, "needs a socket" in response.text) == (400, True)
    assert (
        in_process_server.get(link, key=None, headers={"X-Mock-Fault": "wrong_type"}).headers["content-type"]
        == "text/html"
    )


def test_a_clip_that_cannot_be_rendered_is_rejected(
    socket_server: Any, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = socket_server.app.renderer.clip

    async def half_able(clip_spec: Any) -> Any:
        if clip_spec.width == 128:
            raise Unrenderable("the paint is dry")
        return await honest(clip_spec)

    monkeypatch.setattr(socket_server.app.renderer, "clip", half_able)
    response = socket_server.ask("GET", clip, "other_size to=128x128")
    assert (response.status_code, "no such clip can be made: the paint is dry" in response.text) == (400, True)
