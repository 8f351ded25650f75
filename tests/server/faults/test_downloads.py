"""Faults of downloads: B's content, and A's links that need no key."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from seedmock_server.media.renderer import Unrenderable


@pytest.fixture(params=["content", "link"])
def clip(request: pytest.FixtureRequest, wired: Any) -> str:
    """The path of a clip, by either way."""
    return f"/v1/videos/{wired.made()}/content" if request.param == "content" else wired.made_a()[1]


def test_a_download_meets_a_status_by_header_and_by_rule(wired: Any, clip: str) -> None:
    assert wired.ask("GET", clip, "status code=502 body=html").text.startswith("<!DOCTYPE html>")
    wired.rule("status code=410", operation="content", times=1)
    assert [wired.ask("GET", clip).status_code for _ in range(2)] == [410, 200]
    assert wired.faults()[-3:] == [["status code=502 body=html"], ["status code=410"], []]


def test_a_download_that_is_not_found_is_so_in_the_words_for_content(wired: Any, clip: str) -> None:
    answer = wired.ask("GET", clip, "status code=404")
    assert answer.status_code == 404
    assert ("video not found" if "/v1/" in clip else "file not found") in answer.text


def test_a_range_is_ignored(wired: Any, clip: str) -> None:
    asked = {"Range": "bytes=10-19"}
    part = wired.ask("GET", clip, headers=asked)
    assert (part.status_code, len(part.content)) == (206, 10)
    whole = wired.ask("GET", clip, "no_range", headers=asked)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "none")
    assert whole.content[10:20] == part.content


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_content_redirects_to_a_link_that_needs_no_key(wired: Any, code: int) -> None:
    path = f"/v1/videos/{wired.made()}/content"
    answer = wired.ask("GET", path, f"redirect code={code}")
    assert (answer.status_code, answer.content) == (code, b"")
    link = answer.headers["location"]
    assert link.startswith("/_mock/results/")
    assert wired.client.get(link).content == wired.ask("GET", path).content


def test_a_rule_redirects_once_and_not_for_ever(wired: Any, clip: str) -> None:
    wired.rule("redirect")
    answer = wired.ask("GET", clip, follow_redirects=True)
    assert (answer.status_code, len(answer.history)) == (200, 1)
    assert answer.content[4:8] == b"ftyp"
    assert wired.faults()[-2:] == [["redirect"], ["not applied: redirect"]]


def test_what_is_not_ready_does_not_redirect(wire: Any) -> None:
    wired = wire(pace="fast")
    answer = wired.ask("GET", f"/v1/videos/{wired.made()}/content", "redirect")
    assert answer.status_code == 400
    assert wired.faults()[-1] == ["not applied: redirect"]


def test_a_link_is_cut(wired: Any, clip: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        wired.ask("GET", clip, "body_cut at=1000")
    assert wired.bare("GET", clip, "body_cut at=1000").body == wired.ask("GET", clip).content[:1000]


def test_a_link_hangs_is_reset_and_gets_lost(wired: Any, clip: str) -> None:
    assert wired.bare("GET", clip, "hang seconds=50ms").end == "closed"
    for fault in ("reset", "response_lost"):
        seen = wired.bare("GET", clip, fault)
        assert (seen.written, seen.end) == (b"", "reset")
    assert wired.faults()[-3:] == [["hang seconds=0.05s"], ["reset"], ["response_lost"]]


def test_a_link_s_faults_are_by_the_upstream_and_account_of_its_task(wired: Any) -> None:
    _, path = wired.made_a()
    wired.rule("status code=500", upstream="opeai")
    wired.rule("status code=501", account="key-somebody")
    assert wired.client.get(path).status_code == 200
    wired.rule("status code=502", upstream="apimodels", account=wired.account(), prompt="boat")
    assert wired.client.get(path).status_code == 502


def test_a_link_is_written_down_without_what_opens_it(wired: Any) -> None:
    task_id, path = wired.made_a()
    wired.client.get(path)
    entry = wired.journal()[-1]
    assert (entry["operation"], entry["upstream"], entry["status"]) == ("content", "apimodels", 200)
    assert task_id in entry["path"]
    assert path.split("/")[-1].removesuffix(".mp4") not in str(entry)


def test_a_wrong_link_meets_no_fault_and_is_not_written_down(wired: Any) -> None:
    _, path = wired.made_a()
    wired.rule("status code=502")
    before = len(wired.journal())
    assert wired.client.get(path[:-6] + "xx.mp4").status_code == 404
    assert len(wired.journal()) == before


@pytest.mark.parametrize(("fault", "said"), [
    ("nope", "fault is 'nope'; allowed"), ("malformed", "malformed makes no sense for the operation content; allowed"),
])  # fmt: skip
def test_a_header_that_cannot_be_followed_is_refused(wired: Any, clip: str, fault: str, said: str) -> None:
    answer = wired.ask("GET", clip, fault)
    assert (answer.status_code, said in answer.text) == (400, True)


def test_a_link_needs_a_socket_for_what_cannot_be_shown_in_process(in_process_server: Any) -> None:
    link = in_process_server.query_apimodels(in_process_server.order_apimodels())["resultUrls"][0]
    answer = in_process_server.get(link, key=None, headers={"X-Mock-Fault": "body_cut"})
    assert (answer.status_code, "needs a socket" in answer.text) == (400, True)
    assert (
        in_process_server.get(link, key=None, headers={"X-Mock-Fault": "wrong_type"}).headers["content-type"]
        == "text/html"
    )


def test_a_clip_that_the_studio_cannot_make_is_refused(wired: Any, clip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = wired.app.renderer.clip

    async def half_able(look: Any) -> Any:
        if look.width == 128:
            raise Unrenderable("the paint is dry")
        return await honest(look)

    monkeypatch.setattr(wired.app.renderer, "clip", half_able)
    answer = wired.ask("GET", clip, "other_size to=128x128")
    assert (answer.status_code, "no such clip can be made: the paint is dry" in answer.text) == (400, True)
