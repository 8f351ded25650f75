"""Bringing a video home: whole or not at all, resumed, and never with the key in the wrong hands."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from seedmock_client import (
    AsyncClient,
    DownloadError,
    GenerationRequest,
    LinkExpiredError,
    NotFoundError,
    NotReadyError,
    OutputModerationError,
    RetryPolicy,
    SeedmockError,
    UpstreamError,
    Video,
)
from seedmock_contracts.enums import TaskStatus

if TYPE_CHECKING:
    from .conftest import ChunkedBody, ClientCaller, SampleResponses, ScriptedApi

TASK = "cgt-20260529102017-sjqj9"
DONE = Video(task_id=TASK, upstream="opeai", status=TaskStatus.SUCCESS, raw_status="SUCCESS")
LINKED = Video(
    task_id="cl1",
    upstream="apimodels",
    status=TaskStatus.SUCCESS,
    raw_status="completed",
    urls=("https://results.test/a.mp4",),
)
BOTH = pytest.mark.parametrize("video", [DONE, LINKED], ids=["opeai", "apimodels"])


def clip(content: bytes, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=content, headers={"content-type": "video/mp4", **headers})


def cut(chunked_body: type[ChunkedBody], whole: bytes, at: int, **headers: str) -> httpx.Response:
    """A whole video was announced, and the connection broke off."""
    sent = {"content-type": "video/mp4", "content-length": str(len(whole)), "etag": '"v1"', **headers}
    return httpx.Response(200, headers=sent, stream=chunked_body(whole[:at], httpx.ReadError("reset by peer")))


def part(whole: bytes, start: int, **headers: str) -> httpx.Response:
    content_range = headers.pop("content_range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
    return clip(whole[start:], 206, **{"content-range": content_range, **headers})


def clean(folder: Path, *names: str) -> bool:
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


@BOTH
def test_a_whole_video_gets_its_name_and_leaves_nothing_beside_it(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    video: Video,
) -> None:
    whole = make_movie()
    found = call_client(video.upstream, scripted_api(whole), "download", video, tmp_path / "new" / "clip.mp4")
    assert (found.path.read_bytes(), found.bytes) == (whole, len(whole))
    assert (found.movie.size, found.movie.seconds, found.movie.has_audio) == ("1280x720", 4.0, True)
    assert clean(tmp_path / "new", "clip.mp4")


def test_an_answer_that_is_neither_a_video_nor_an_error_is_said(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path
) -> None:
    with pytest.raises(DownloadError, match="was answered 204"):
        call_client("opeai", scripted_api(httpx.Response(204)), "download", DONE, tmp_path / "a.mp4")


def test_a_part_that_was_whole_already_is_taken_at_416(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    chunked_body: type[ChunkedBody],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    whole = make_movie()
    api = scripted_api(cut(chunked_body, whole, len(whole)), clip(b"", 416))
    assert call_client("opeai", api, "download", DONE, tmp_path / "a.mp4").path.read_bytes() == whole


@BOTH
def test_a_broken_connection_is_resumed_where_it_broke(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    chunked_body: type[ChunkedBody],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    video: Video,
) -> None:
    whole = make_movie()
    api = scripted_api(cut(chunked_body, whole, 1000), part(whole, 1000))
    found = call_client(video.upstream, api, "download", video, tmp_path / "a.mp4")
    assert found.path.read_bytes() == whole
    assert (api.requests[1].headers["range"], api.requests[1].headers["if-range"]) == ("bytes=1000-", '"v1"')
    assert "range" not in api.requests[0].headers


def test_a_weak_etag_is_no_ground_to_resume_on_but_a_date_is(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    chunked_body: type[ChunkedBody],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    whole, date = make_movie(), "Fri, 01 Jan 2027 00:00:00 GMT"
    api = scripted_api(cut(chunked_body, whole, 1000, etag='W/"v1"', **{"last-modified": date}), part(whole, 1000))
    call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert api.requests[1].headers["if-range"] == date


def test_many_breaks_are_survived_while_there_is_progress(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    chunked_body: type[ChunkedBody],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    whole = make_movie()
    reset = httpx.RemoteProtocolError("peer closed connection")

    def answer(request: httpx.Request) -> httpx.Response:
        start = int(re.findall(r"\d+", request.headers.get("range", "bytes=0-"))[0])
        end = min(start + 400, len(whole))
        pieces = (whole[start:end],) if end == len(whole) else (whole[start:end], reset)
        headers = {"content-range": f"bytes {start}-{len(whole) - 1}/{len(whole)}", "etag": '"v1"'}
        headers["content-length"] = str(len(whole) - start)
        return httpx.Response(206 if start else 200, headers=headers, stream=chunked_body(*pieces))

    api = scripted_api(answer)
    assert call_client("opeai", api, "download", DONE, tmp_path / "a.mp4").path.read_bytes() == whole
    assert len(api.requests) > 10


@pytest.mark.parametrize(
    "second",
    [
        lambda new: clip(new),
        lambda new: part(new, 1000, content_range=f"bytes 500-{len(new) - 1}/{len(new)}"),
        lambda new: part(new, 1000, content_range=f"bytes 1000-{len(new)}/{len(new) + 7}"),
        lambda new: part(new, 1000, content_range="nonsense"),
        lambda new: clip(b"", 416),
    ],
    ids=["a whole answer", "another start", "another length", "no range", "416"],
)
def test_what_does_not_continue_the_part_begins_anew(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    chunked_body: type[ChunkedBody],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    second: Any,
) -> None:
    old, new = make_movie(payload=b"old" * 1000), make_movie(payload=b"new" * 1000)
    api = scripted_api(cut(chunked_body, old, 1000), second(new), clip(new))
    assert call_client("opeai", api, "download", DONE, tmp_path / "a.mp4").path.read_bytes() == new
    assert all("range" not in request.headers for request in api.requests[2:])


def test_a_connection_that_always_breaks_at_the_same_place_is_given_up(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    chunked_body: type[ChunkedBody],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    api = scripted_api(lambda request: cut(chunked_body, make_movie(), 1000))
    with pytest.raises(DownloadError, match="broke off") as caught:
        call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert len(api.requests) == 6
    assert (caught.value.task_id, clean(tmp_path)) == (TASK, True)


def test_a_body_shorter_than_announced_is_not_taken_for_whole(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    chunked_body: type[ChunkedBody],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    whole = make_movie()
    headers = {"content-length": str(len(whole)), "etag": '"v1"'}
    short = httpx.Response(200, headers=headers, stream=chunked_body(whole[:1500]))
    api = scripted_api(short, part(whole, 1500))
    assert call_client("opeai", api, "download", DONE, tmp_path / "a.mp4").path.read_bytes() == whole


def test_a_body_longer_than_announced_begins_anew(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    chunked_body: type[ChunkedBody],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    whole = make_movie()
    long = httpx.Response(200, headers={"content-length": "1000"}, stream=chunked_body(whole))
    api = scripted_api(long, clip(whole))
    assert call_client("opeai", api, "download", DONE, tmp_path / "a.mp4").path.read_bytes() == whole
    assert "range" not in api.requests[1].headers


@pytest.mark.parametrize("damage", ["cut", "head", "moov", "text", "nothing"])
def test_what_is_no_whole_mp4_never_gets_the_name(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    damage: str,
) -> None:
    whole = make_movie()
    bad = {
        "cut": whole[:-10], "head": b"junk" + whole[4:], "moov": whole.replace(b"moov", b"free"),
        "text": b"an error page", "nothing": b"",
    }[damage]  # fmt: skip
    (tmp_path / "a.mp4").write_bytes(b"older")
    with pytest.raises(DownloadError, match="not a whole MP4") as caught:
        call_client("opeai", scripted_api(clip(bad)), "download", DONE, tmp_path / "a.mp4")
    assert caught.value.task_id == TASK
    assert (tmp_path / "a.mp4").read_bytes() == b"older"
    assert clean(tmp_path, "a.mp4")


def test_a_damaged_video_is_fetched_once_more(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    whole = make_movie()
    found = call_client("opeai", scripted_api(clip(whole[:-10]), clip(whole)), "download", DONE, tmp_path / "a.mp4")
    assert found.path.read_bytes() == whole


@pytest.mark.parametrize("type_", ["text/html", "text/plain; charset=utf-8", "application/json"])
def test_a_page_in_place_of_a_video_is_not_stored(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path, type_: str
) -> None:
    page = httpx.Response(200, content=b"<html>login</html>", headers={"content-type": type_})
    with pytest.raises(DownloadError, match="came as 200"):
        call_client("opeai", scripted_api(page), "download", DONE, tmp_path / "a.mp4")
    assert clean(tmp_path)


NOT_YET = (
    400,
    {"error": {"message": "Task is not completed yet, current status: NOT_START", "type": "invalid_request_error"}},
)
NOT_READY = (400, {"error": {"code": "video_not_ready", "message": "The video task is not completed yet."}})
MISSING = (404, {"error": {"message": "video not found", "code": "ResourceNotFound"}})


@pytest.mark.parametrize("race", [NOT_YET, NOT_READY, MISSING])
def test_content_that_follows_success_by_fifteen_seconds_is_waited_for(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    race: Any,
) -> None:
    began = call_client.time
    api = scripted_api(lambda _: race if call_client.time < began + 15 else make_movie())
    api.steps = [
        lambda request: httpx.Response(race[0], json=race[1]) if call_client.time < began + 15 else clip(make_movie())
    ]
    call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert call_client.time - began < 20


@pytest.mark.parametrize(("race", "class_"), [(NOT_YET, NotReadyError), (MISSING, NotFoundError)])
def test_content_that_never_follows_is_given_up_with_the_task(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path, race: Any, class_: type[SeedmockError]
) -> None:
    api = scripted_api(race)
    with pytest.raises(class_) as caught:
        call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert (caught.value.task_id, clean(tmp_path)) == (TASK, True)
    assert 8 <= len(api.requests) <= 12


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_dead_result_link_is_exchanged_once_for_a_fresh_one(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    status: int,
    key: str,
) -> None:
    fresh = responses.finished("apimodels", "https://results.test/fresh.mp4")
    api = scripted_api(httpx.Response(status, text="<Error/>"), fresh, make_movie())
    call_client("apimodels", api, "download", LINKED, tmp_path / "a.mp4")
    assert [str(request.url.path) for request in api.requests] == ["/a.mp4", "/api/v1/video/generations", "/fresh.mp4"]
    assert ["authorization" in request.headers for request in api.requests] == [False, True, False]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_result_link_that_stays_dead_is_a_clear_error(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    tmp_path: Path,
    status: int,
) -> None:
    dead, same = httpx.Response(status), responses.finished("apimodels", LINKED.urls[0])
    api = scripted_api(lambda request: dead if request.url.host == "results.test" else httpx.Response(200, json=same))
    with pytest.raises(LinkExpiredError, match=f"answers {status}") as caught:
        call_client("apimodels", api, "download", LINKED, tmp_path / "a.mp4")
    assert (caught.value.task_id, clean(tmp_path)) == ("cl1", True)
    assert len(api.requests) <= 6


def test_a_result_link_that_is_only_early_is_waited_for(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    early, same = httpx.Response(404), responses.finished("apimodels", LINKED.urls[0])
    api = scripted_api(early, same, early, make_movie())
    assert call_client("apimodels", api, "download", LINKED, tmp_path / "a.mp4").bytes
    assert [request.url.host for request in api.requests].count("results.test") == 3


def test_a_dead_link_behind_a_redirect_is_asked_for_once_more(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    stale, fresh = (httpx.Response(302, headers={"location": f"https://cdn.test/{name}"}) for name in ("old", "new"))
    api = scripted_api(stale, httpx.Response(403), responses.finished("opeai"), fresh, make_movie())
    call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert api.requests[-1].url.path == "/new"


@pytest.mark.parametrize(
    "expired",
    [
        (410, {"error": {"message": "gone", "code": "ResourceExpired"}}),
        (502, {"error": {"message": "Upstream service returned status 403", "type": "server_error"}}),
    ],
)
def test_expired_content_is_a_clear_error(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path, expired: Any
) -> None:
    with pytest.raises(LinkExpiredError) as caught:
        call_client("opeai", scripted_api(expired), "download", DONE, tmp_path / "a.mp4")
    assert caught.value.task_id == TASK


@pytest.mark.parametrize("trouble", [(502, {}), (429, {}), httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
@BOTH
def test_passing_troubles_of_a_download_are_survived(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    trouble: Any,
    video: Video,
) -> None:
    api = scripted_api(trouble, trouble, make_movie())
    assert call_client(video.upstream, api, "download", video, tmp_path / "a.mp4").bytes


def test_a_download_never_comes_back_sooner_than_retry_after(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    api = scripted_api(httpx.Response(429, headers={"retry-after": "33"}), make_movie())
    call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert call_client.pauses == [33.0]


def test_a_download_has_a_deadline(call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path) -> None:
    api = scripted_api(httpx.Response(503, headers={"retry-after": "500"}))
    with pytest.raises(DownloadError, match="did not arrive within"):
        call_client("opeai", api, "download", DONE, tmp_path / "a.mp4", retry_policy=RetryPolicy(download_seconds=400))
    assert call_client.pauses == []


def test_a_task_that_is_not_finished_has_no_content_to_ask_for(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses], tmp_path: Path
) -> None:
    api = scripted_api(responses.queried("opeai", "IN_PROGRESS"))
    with pytest.raises(NotReadyError, match="IN_PROGRESS"):
        call_client("opeai", api, "download", TASK, tmp_path / "a.mp4")
    assert (len(api.requests), clean(tmp_path)) == (1, True)


def test_a_failed_task_says_why_when_its_video_is_asked_for(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses], tmp_path: Path
) -> None:
    failed = responses.queried(
        "opeai", "FAILURE", error={"code": "OutputVideoSensitiveContentDetected", "message": "m"}
    )
    with pytest.raises(OutputModerationError):
        call_client("opeai", scripted_api(failed), "download", TASK, tmp_path / "a.mp4")


def test_a_success_without_a_link_cannot_be_downloaded(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses], tmp_path: Path
) -> None:
    with pytest.raises(UpstreamError, match="no result link"):
        call_client(
            "apimodels",
            scripted_api(responses.queried("apimodels", "completed")),
            "download",
            "cl1",
            tmp_path / "a.mp4",
        )


def test_a_disk_that_gives_out_is_an_error_with_the_task(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(self: Any, chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seedmock_client.files.PartFile.write", full)
    with pytest.raises(DownloadError, match="No space left") as caught:
        call_client("opeai", scripted_api(make_movie()), "download", DONE, tmp_path / "a.mp4")
    assert (caught.value.task_id, clean(tmp_path)) == (TASK, True)


def test_the_bytes_are_on_the_disk_before_they_get_their_name(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[tuple[str, bool]] = []
    really = os.fsync

    def fsync(number: int) -> None:
        done.append(("fsync", (tmp_path / "a.mp4").exists()))
        really(number)

    monkeypatch.setattr(os, "fsync", fsync)
    call_client("opeai", scripted_api(make_movie()), "download", DONE, tmp_path / "a.mp4")
    assert done == [("fsync", False), ("fsync", True)]


def test_content_is_asked_for_as_it_is_and_not_packed(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    api = scripted_api(make_movie())
    call_client("opeai", api, "download", DONE, tmp_path / "a.mp4")
    assert api.requests[0].headers["accept-encoding"] == "identity"


def test_two_downloads_to_one_name_do_not_share_a_part(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    whole = make_movie()
    (tmp_path / "a.mp4.part").write_bytes(b"somebody else's")
    call_client("opeai", scripted_api(whole), "download", DONE, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == whole
    assert (tmp_path / "a.mp4.part").read_bytes() == b"somebody else's"


def test_a_file_has_the_rights_that_any_new_file_has(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    (tmp_path / "plain").touch()
    call_client("opeai", scripted_api(make_movie()), "download", DONE, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_generating_is_create_wait_and_download_in_one(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    upstream: str,
) -> None:
    running = responses.queried(upstream, {"opeai": "IN_PROGRESS", "apimodels": "processing"}[upstream])
    api = scripted_api(responses.created(upstream), running, responses.finished(upstream), make_movie())
    order = GenerationRequest(prompt="p", size="1280x720", seconds=4)
    found = call_client(upstream, api, "generate", order, tmp_path / "a.mp4")
    assert found.states_seen == ("QUEUED", "IN_PROGRESS", "SUCCESS")
    assert found.quote is not None
    assert found.quote.amount > 0
    assert found.video.task_id == responses.task_ids[upstream]
    assert call_client.pauses == [3.0, 3.0]


def test_a_clip_without_a_price_comes_home_all_the_same(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    api = scripted_api(responses.created("opeai"), responses.finished("opeai"), make_movie())
    order = GenerationRequest(prompt="p", size="1x1", seconds=4)
    found = call_client("opeai", api, "generate", order, tmp_path / "a.mp4", preflight=False)
    assert (found.quote, found.path.exists()) == (None, True)


@pytest.mark.parametrize(
    "after",
    [(404, {}), (401, {}), (502, {}), {"unreadable": True}, httpx.ReadError("x")],
    ids=lambda value: str(value)[:20],
)
@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_every_error_after_an_order_has_the_tasks_id(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    tmp_path: Path,
    upstream: str,
    after: Any,
) -> None:
    order = GenerationRequest(prompt="p", size="1280x720", seconds=4)
    for steps in (
        (responses.created(upstream), after),
        (responses.created(upstream), responses.finished(upstream), after),
    ):
        with pytest.raises(SeedmockError) as caught:
            call_client(upstream, scripted_api(*steps), "generate", order, tmp_path / "a.mp4")
        assert caught.value.task_id == responses.task_ids[upstream]
        assert responses.task_ids[upstream] in str(caught.value)
        assert clean(tmp_path)


def awaiting(handler: Any, work: Any) -> Any:
    async def run() -> Any:
        transport = httpx.MockTransport(handler)
        async with AsyncClient("opeai", api_key="k", base_url="http://api.test", transport=transport) as client:
            return await work(client)

    return asyncio.run(run())


def test_a_cancelled_download_leaves_nothing_behind(tmp_path: Path) -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b"half"
            await asyncio.sleep(60)

    async def work(client: AsyncClient) -> None:
        task = asyncio.create_task(client.download(DONE, tmp_path / "a.mp4"))
        while not (tmp_path / "a.mp4.part").exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "video/mp4"}, stream=Endless())

    awaiting(answer, work)
    assert clean(tmp_path)


def test_many_downloads_to_one_name_at_once_leave_one_whole_file(
    make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    whole = make_movie()

    async def work(client: AsyncClient) -> Any:
        return await asyncio.gather(*(client.download(DONE, tmp_path / "a.mp4") for _ in range(20)))

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.01)
        return clip(whole)

    assert len(awaiting(answer, work)) == 20
    assert clean(tmp_path, "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == whole
