"""Where the key may go while a video is fetched, and where a redirect may lead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_client import DownloadError, Video
from seedmock_contracts.enums import TaskStatus

TASK = "cgt-20260529102017-sjqj9"
DONE = Video(task_id=TASK, upstream="opeai", status=TaskStatus.SUCCESS, word="SUCCESS")
LINKED = Video(task_id="cl1", upstream="apimodels", status=TaskStatus.SUCCESS, urls=("https://results.test/a.mp4",))


def clean(folder: Path) -> bool:
    return list(folder.iterdir()) == []


def test_the_key_goes_to_the_upstream_and_never_to_the_result_host(
    talk: Any, Script: Any, make_movie: Any, tmp_path: Path, key: str
) -> None:
    wire = Script(make_movie())
    talk("apimodels", wire, "download", LINKED, tmp_path / "a.mp4")
    talk("opeai", wire, "download", DONE, tmp_path / "b.mp4")
    assert ["authorization" in request.headers for request in wire.requests] == [False, True]
    assert not any(key in str(value) for value in wire.requests[0].headers.values())


def test_the_key_stays_away_even_from_a_result_host_of_the_same_origin(
    talk: Any, Script: Any, make_movie: Any, tmp_path: Path, origin: str
) -> None:
    wire = Script(make_movie())
    video = Video(task_id="cl1", upstream="apimodels", status=TaskStatus.SUCCESS, urls=(f"{origin}/files/a.mp4",))
    talk("apimodels", wire, "download", video, tmp_path / "a.mp4")
    assert "authorization" not in wire.requests[0].headers


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
def test_a_redirect_is_followed_and_takes_the_key_along_to_no_other_origin(
    talk: Any, Script: Any, make_movie: Any, tmp_path: Path, key: str, status: int, target: str, keyed: bool
) -> None:
    wire = Script(httpx.Response(status, headers={"location": target}), make_movie())
    talk("opeai", wire, "download", DONE, tmp_path / "a.mp4")
    assert [request.method for request in wire.requests] == ["GET", "GET"]
    assert (key in wire.requests[1].headers.get("authorization", "")) is keyed


def test_a_key_that_was_left_behind_does_not_come_back(
    talk: Any, Script: Any, make_movie: Any, tmp_path: Path, origin: str
) -> None:
    away = httpx.Response(302, headers={"location": "https://cdn.test/x"})
    back = httpx.Response(302, headers={"location": f"{origin}/back"})
    wire = Script(away, back, make_movie())
    talk("opeai", wire, "download", DONE, tmp_path / "a.mp4")
    assert ["authorization" in request.headers for request in wire.requests] == [True, False, False]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://cdn.test/a", "javascript:alert(1)", "data:video/mp4,x"]
)
def test_a_redirect_to_what_is_no_web_address_is_refused(talk: Any, Script: Any, tmp_path: Path, target: str) -> None:
    wire = Script(httpx.Response(302, headers={"location": target}))
    with pytest.raises(DownloadError, match=r"no web address|InvalidURL") as caught:
        talk("opeai", wire, "download", DONE, tmp_path / "a.mp4")
    assert (caught.value.task_id, clean(tmp_path)) == (TASK, True)


@pytest.mark.parametrize("link", ["http://[::1", "ftp://cdn.test/a", "http://cdn.test:99999/a"])
def test_a_link_in_a_json_body_that_is_no_web_address_is_refused(
    talk: Any, Script: Any, tmp_path: Path, link: str
) -> None:
    with pytest.raises(DownloadError, match="no web address"):
        talk("opeai", Script({"data": {"video_url": link}}), "download", DONE, tmp_path / "a.mp4")


def test_redirects_without_end_are_ended(talk: Any, Script: Any, tmp_path: Path) -> None:
    wire = Script(httpx.Response(302, headers={"location": "/again"}))
    with pytest.raises(DownloadError, match="more than 5 times"):
        talk("opeai", wire, "download", DONE, tmp_path / "a.mp4")
    assert len(wire.requests) == 6


def test_a_link_in_a_json_body_is_followed_without_the_key(
    talk: Any, Script: Any, make_movie: Any, tmp_path: Path
) -> None:
    wire = Script({"url": "https://cdn.test/a.mp4"}, make_movie())
    talk("opeai", wire, "download", DONE, tmp_path / "a.mp4")
    assert "authorization" not in wire.requests[1].headers
