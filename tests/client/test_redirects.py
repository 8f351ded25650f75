"""Where the key may go while a video is fetched, and where a redirect may lead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from seedmock_client import DownloadError, Video
from seedmock_contracts.enums import TaskStatus

if TYPE_CHECKING:
    from .conftest import ClientCaller, ScriptedApi

TASK = "cgt-20260529102017-sjqj9"
DONE = Video(task_id=TASK, upstream="opeai", status=TaskStatus.SUCCESS, raw_status="SUCCESS")
LINKED = Video(task_id="cl1", upstream="apimodels", status=TaskStatus.SUCCESS, urls=("https://results.test/a.mp4",))


def clean(folder: Path) -> bool:
    return list(folder.iterdir()) == []


def test_the_key_goes_to_the_upstream_and_never_to_the_result_host(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    key: str,
) -> None:
    api = scripted_api(make_movie())
    call_client("apimodels", api, "download", LINKED, tmp_path / "a.mp4")
    call_client("opeai", api, "download", DONE, tmp_path / "b.mp4")
    assert ["authorization" in request.headers for request in api.requests] == [False, True]
    assert not any(key in str(value) for value in api.requests[0].headers.values())


def test_the_key_stays_away_even_from_a_result_host_of_the_same_origin(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    origin: str,
) -> None:
    api = scripted_api(make_movie())
    video = Video(task_id="cl1", upstream="apimodels", status=TaskStatus.SUCCESS, urls=(f"{origin}/files/a.mp4",))
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
def test_a_redirect_is_followed_and_takes_the_key_along_to_no_other_origin(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    key: str,
    status: int,
    target: str,
    keyed: bool,
) -> None:
    api = scripted_api(httpx.Response(status, headers={"location": target}), make_movie())
    call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert [request.method for request in api.requests] == ["GET", "GET"]
    assert (key in api.requests[1].headers.get("authorization", "")) is keyed


def test_a_key_that_was_left_behind_does_not_come_back(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    origin: str,
) -> None:
    away = httpx.Response(302, headers={"location": "https://cdn.test/x"})
    back = httpx.Response(302, headers={"location": f"{origin}/back"})
    api = scripted_api(away, back, make_movie())
    call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert ["authorization" in request.headers for request in api.requests] == [True, False, False]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://cdn.test/a", "javascript:alert(1)", "data:video/mp4,x"]
)
def test_a_redirect_to_what_is_no_web_address_is_refused(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path, target: str
) -> None:
    api = scripted_api(httpx.Response(302, headers={"location": target}))
    with pytest.raises(DownloadError, match=r"not an http|InvalidURL") as caught:
        call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert (caught.value.task_id, clean(tmp_path)) == (TASK, True)


@pytest.mark.parametrize("link", ["http://[::1", "ftp://cdn.test/a", "http://cdn.test:99999/a"])
def test_a_link_in_a_json_body_that_is_no_web_address_is_refused(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path, link: str
) -> None:
    with pytest.raises(DownloadError, match="not an http"):
        call_client("opeai", scripted_api({"data": {"video_url": link}}), "download", DONE, tmp_path / "a.mp4")


def test_redirects_without_end_are_ended(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path
) -> None:
    api = scripted_api(httpx.Response(302, headers={"location": "/again"}))
    with pytest.raises(DownloadError, match="more than 5 times"):
        call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert len(api.requests) == 6


def test_a_link_in_a_json_body_is_followed_without_the_key(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    api = scripted_api({"url": "https://cdn.test/a.mp4"}, make_movie())
    call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert "authorization" not in api.requests[1].headers
