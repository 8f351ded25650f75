"""Content of finished tasks that does not exist yet or any more: early, dead and expired links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_client import (
    LinkExpiredError,
    NotFoundError,
    NotReadyError,
    OutputModerationError,
    SeedmockError,
    UpstreamError,
    Video,
)
from seedmock_contracts.enums import TaskStatus

from ...mp4_files import mp4_bytes
from .. import responses
from ..conftest import ClientCaller
from ..scripted_api import ScriptedApi

TASK = "cgt-20260529102017-sjqj9"
FINISHED = Video(task_id=TASK, upstream="opeai", status=TaskStatus.SUCCESS, raw_status="SUCCESS")


WITH_LINK = Video(
    task_id="cl1",
    upstream="apimodels",
    status=TaskStatus.SUCCESS,
    raw_status="completed",
    urls=("https://results.test/a.mp4",),
)


def clip(content: bytes, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=content, headers={"content-type": "video/mp4", **headers})


def contains_only(folder: Path, *names: str) -> bool:
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


NOT_STARTED = (
    400,
    {"error": {"message": "Task is not completed yet, current status: NOT_START", "type": "invalid_request_error"}},
)


NOT_READY = (400, {"error": {"code": "video_not_ready", "message": "The video task is not completed yet."}})


MISSING = (404, {"error": {"message": "video not found", "code": "ResourceNotFound"}})


@pytest.mark.parametrize("response", [NOT_STARTED, NOT_READY, MISSING])
def test_content_that_lags_behind_success_is_awaited(call_client: ClientCaller, tmp_path: Path, response: Any) -> None:
    started = call_client.time
    api = ScriptedApi(lambda _: response if call_client.time < started + 15 else mp4_bytes())
    api.steps = [
        lambda request: (
            httpx.Response(response[0], json=response[1]) if call_client.time < started + 15 else clip(mp4_bytes())
        )
    ]
    call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert call_client.time - started < 20


@pytest.mark.parametrize(("response", "class_"), [(NOT_STARTED, NotReadyError), (MISSING, NotFoundError)])
def test_content_that_never_arrives_is_an_error_with_the_task_id(
    call_client: ClientCaller, tmp_path: Path, response: Any, class_: type[SeedmockError]
) -> None:
    api = ScriptedApi(response)
    with pytest.raises(class_) as caught:
        call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert (caught.value.task_id, contains_only(tmp_path)) == (TASK, True)
    assert 8 <= len(api.requests) <= 12


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_dead_result_link_is_renewed_once(call_client: ClientCaller, tmp_path: Path, status: int) -> None:
    fresh = responses.finished("apimodels", "https://results.test/fresh.mp4")
    api = ScriptedApi(httpx.Response(status, text="<Error/>"), fresh, mp4_bytes())
    call_client("apimodels", api, "download", WITH_LINK, tmp_path / "a.mp4")
    assert [str(request.url.path) for request in api.requests] == ["/a.mp4", "/api/v1/video/generations", "/fresh.mp4"]
    assert ["authorization" in request.headers for request in api.requests] == [False, True, False]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_result_link_that_stays_dead_is_an_expired_link(
    call_client: ClientCaller, tmp_path: Path, status: int
) -> None:
    dead, same = httpx.Response(status), responses.finished("apimodels", WITH_LINK.urls[0])
    api = ScriptedApi(lambda request: dead if request.url.host == "results.test" else httpx.Response(200, json=same))
    with pytest.raises(LinkExpiredError, match=f"answers {status}") as caught:
        call_client("apimodels", api, "download", WITH_LINK, tmp_path / "a.mp4")
    assert (caught.value.task_id, contains_only(tmp_path)) == ("cl1", True)
    assert len(api.requests) <= 6


def test_a_result_link_that_lags_behind_is_awaited(call_client: ClientCaller, tmp_path: Path) -> None:
    early, same = httpx.Response(404), responses.finished("apimodels", WITH_LINK.urls[0])
    api = ScriptedApi(early, same, early, mp4_bytes())
    assert call_client("apimodels", api, "download", WITH_LINK, tmp_path / "a.mp4").bytes
    assert [request.url.host for request in api.requests].count("results.test") == 3


def test_a_dead_redirect_target_is_renewed_once(call_client: ClientCaller, tmp_path: Path) -> None:
    stale, fresh = (httpx.Response(302, headers={"location": f"https://cdn.test/{name}"}) for name in ("old", "new"))
    api = ScriptedApi(stale, httpx.Response(403), responses.finished("opeai"), fresh, mp4_bytes())
    call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert api.requests[-1].url.path == "/new"


@pytest.mark.parametrize(
    "expired",
    [
        (410, {"error": {"message": "gone", "code": "ResourceExpired"}}),
        (502, {"error": {"message": "Upstream service returned status 403", "type": "server_error"}}),
    ],
)
def test_expired_content_is_an_expired_link(call_client: ClientCaller, tmp_path: Path, expired: Any) -> None:
    with pytest.raises(LinkExpiredError) as caught:
        call_client("opeai", ScriptedApi(expired), "download", FINISHED, tmp_path / "a.mp4")
    assert caught.value.task_id == TASK


def test_download_of_an_unfinished_task_requests_no_content(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi(responses.queried("opeai", "IN_PROGRESS"))
    with pytest.raises(NotReadyError, match="IN_PROGRESS"):
        call_client("opeai", api, "download", TASK, tmp_path / "a.mp4")
    assert (len(api.requests), contains_only(tmp_path)) == (1, True)


def test_download_of_a_failed_task_raises_its_failure(call_client: ClientCaller, tmp_path: Path) -> None:
    failed = responses.queried(
        "opeai", "FAILURE", error={"code": "OutputVideoSensitiveContentDetected", "message": "m"}
    )
    with pytest.raises(OutputModerationError):
        call_client("opeai", ScriptedApi(failed), "download", TASK, tmp_path / "a.mp4")


def test_download_of_a_success_without_a_link_is_an_error(call_client: ClientCaller, tmp_path: Path) -> None:
    with pytest.raises(UpstreamError, match="no result link"):
        call_client(
            "apimodels",
            ScriptedApi(responses.queried("apimodels", "completed")),
            "download",
            "cl1",
            tmp_path / "a.mp4",
        )
