"""Redirects of downloads: the origins that receive the API key, and the targets that are followed."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from seedmock_client import DownloadError, Video
from seedmock_contracts.enums import TaskStatus

from ...mp4_files import mp4_bytes
from ..conftest import ClientCaller
from ..scripted_api import KEY, ORIGIN, ScriptedApi

TASK = "cgt-20260529102017-sjqj9"
FINISHED = Video(task_id=TASK, upstream="opeai", status=TaskStatus.SUCCESS, raw_status="SUCCESS")
WITH_LINK = Video(task_id="cl1", upstream="apimodels", status=TaskStatus.SUCCESS, urls=("https://results.test/a.mp4",))


def is_empty(folder: Path) -> bool:
    return list(folder.iterdir()) == []


def test_the_key_is_sent_to_the_upstream_and_not_to_the_result_host(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi(mp4_bytes())
    call_client("apimodels", api, "download", WITH_LINK, tmp_path / "a.mp4")
    call_client("opeai", api, "download", FINISHED, tmp_path / "b.mp4")
    assert ["authorization" in request.headers for request in api.requests] == [False, True]
    assert not any(KEY in str(value) for value in api.requests[0].headers.values())


def test_the_key_is_not_sent_to_a_result_link_of_the_same_origin(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi(mp4_bytes())
    video = Video(task_id="cl1", upstream="apimodels", status=TaskStatus.SUCCESS, urls=(f"{ORIGIN}/files/a.mp4",))
    call_client("apimodels", api, "download", video, tmp_path / "a.mp4")
    assert "authorization" not in api.requests[0].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("target", "keyed"),
    [
        ("https://cdn.test/a.mp4", False),
        ("//cdn.test/a.mp4", False),
        ("http://api.test:8080/a.mp4", False),
        ("https://api.test/a.mp4", False),
        ("http://api.test@cdn.test/a.mp4", False),
        ("http://api.test.cdn.test/a.mp4", False),
        ("/elsewhere/a.mp4", True),
        ("http://API.test:80/a.mp4", True),
    ],
)
def test_a_redirect_to_another_origin_is_followed_without_the_key(
    call_client: ClientCaller, tmp_path: Path, status: int, target: str, keyed: bool
) -> None:
    api = ScriptedApi(httpx.Response(status, headers={"location": target}), mp4_bytes())
    call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert [request.method for request in api.requests] == ["GET", "GET"]
    assert (KEY in api.requests[1].headers.get("authorization", "")) is keyed


def test_a_redirect_back_to_the_upstream_is_followed_without_the_key(call_client: ClientCaller, tmp_path: Path) -> None:
    to_cdn = httpx.Response(302, headers={"location": "https://cdn.test/x"})
    back = httpx.Response(302, headers={"location": f"{ORIGIN}/back"})
    api = ScriptedApi(to_cdn, back, mp4_bytes())
    call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert ["authorization" in request.headers for request in api.requests] == [True, False, False]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://cdn.test/a", "javascript:alert(1)", "data:video/mp4,x"]
)
def test_a_redirect_to_another_scheme_is_rejected(call_client: ClientCaller, tmp_path: Path, target: str) -> None:
    api = ScriptedApi(httpx.Response(302, headers={"location": target}))
    with pytest.raises(DownloadError, match=r"not an http|InvalidURL") as caught:
        call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert (caught.value.task_id, is_empty(tmp_path)) == (TASK, True)


@pytest.mark.parametrize("link", ["http://[::1", "ftp://cdn.test/a", "http://cdn.test:99999/a"])
def test_an_invalid_link_in_a_json_body_is_rejected(call_client: ClientCaller, tmp_path: Path, link: str) -> None:
    with pytest.raises(DownloadError, match="not an http"):
        call_client("opeai", ScriptedApi({"data": {"video_url": link}}), "download", FINISHED, tmp_path / "a.mp4")


def test_endless_redirects_are_an_error(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi(httpx.Response(302, headers={"location": "/again"}))
    with pytest.raises(DownloadError, match="more than 5 times"):
        call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert len(api.requests) == 6


def test_a_link_in_a_json_body_is_followed_without_the_key(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi({"url": "https://cdn.test/a.mp4"}, mp4_bytes())
    call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert "authorization" not in api.requests[1].headers
