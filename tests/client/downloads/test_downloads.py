"""Downloads: whole or not at all, resumed after a broken connection, validated before the file is renamed."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_client import (
    AsyncClient,
    DownloadError,
    RetryPolicy,
    Video,
)
from seedmock_client.files import PartFile
from seedmock_contracts.enums import TaskStatus

from ...mp4_files import mp4_bytes
from ..conftest import ClientCaller
from ..scripted_api import ChunkedBody, ScriptedApi

TASK = "cgt-20260529102017-sjqj9"
FINISHED = Video(task_id=TASK, upstream="opeai", status=TaskStatus.SUCCESS, raw_status="SUCCESS")
WITH_LINK = Video(
    task_id="cl1",
    upstream="apimodels",
    status=TaskStatus.SUCCESS,
    raw_status="completed",
    urls=("https://results.test/a.mp4",),
)
BOTH = pytest.mark.parametrize("video", [FINISHED, WITH_LINK], ids=["opeai", "apimodels"])


def clip(content: bytes, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=content, headers={"content-type": "video/mp4", **headers})


def truncated(content: bytes, at: int, **headers: str) -> httpx.Response:
    """Response that announces the whole video and breaks off."""
    sent = {"content-type": "video/mp4", "content-length": str(len(content)), "etag": '"v1"', **headers}
    return httpx.Response(200, headers=sent, stream=ChunkedBody(content[:at], httpx.ReadError("reset by peer")))


def part(content: bytes, start: int, **headers: str) -> httpx.Response:
    content_range = headers.pop("content_range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    return clip(content[start:], 206, **{"content-range": content_range, **headers})


def contains_only(folder: Path, *names: str) -> bool:
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


@BOTH
def test_a_download_creates_exactly_one_file(call_client: ClientCaller, tmp_path: Path, video: Video) -> None:
    content = mp4_bytes()
    result = call_client(video.upstream, ScriptedApi(content), "download", video, tmp_path / "new" / "clip.mp4")
    assert (result.path.read_bytes(), result.bytes) == (content, len(content))
    assert (result.movie.size, result.movie.seconds, result.movie.has_audio) == ("1280x720", 4.0, True)
    assert contains_only(tmp_path / "new", "clip.mp4")


def test_a_response_without_video_or_error_is_a_download_error(call_client: ClientCaller, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="was answered with status 204"):
        call_client("opeai", ScriptedApi(httpx.Response(204)), "download", FINISHED, tmp_path / "a.mp4")


def test_a_416_after_the_last_byte_completes_the_download(call_client: ClientCaller, tmp_path: Path) -> None:
    content = mp4_bytes()
    api = ScriptedApi(truncated(content, len(content)), clip(b"", 416))
    assert call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4").path.read_bytes() == content


@BOTH
def test_a_broken_download_is_resumed_with_a_range(call_client: ClientCaller, tmp_path: Path, video: Video) -> None:
    content = mp4_bytes()
    api = ScriptedApi(truncated(content, 1000), part(content, 1000))
    result = call_client(video.upstream, api, "download", video, tmp_path / "a.mp4")
    assert result.path.read_bytes() == content
    assert (api.requests[1].headers["range"], api.requests[1].headers["if-range"]) == ("bytes=1000-", '"v1"')
    assert "range" not in api.requests[0].headers


def test_if_range_uses_the_date_instead_of_a_weak_etag(call_client: ClientCaller, tmp_path: Path) -> None:
    content, date = mp4_bytes(), "Fri, 01 Jan 2027 00:00:00 GMT"
    api = ScriptedApi(truncated(content, 1000, etag='W/"v1"', **{"last-modified": date}), part(content, 1000))
    call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert api.requests[1].headers["if-range"] == date


def test_progress_resets_the_number_of_tries(call_client: ClientCaller, tmp_path: Path) -> None:
    content = mp4_bytes()
    reset = httpx.RemoteProtocolError("peer closed connection")

    def respond(request: httpx.Request) -> httpx.Response:
        start = int(re.findall(r"\d+", request.headers.get("range", "bytes=0-"))[0])
        end = min(start + 400, len(content))
        chunks = (content[start:end],) if end == len(content) else (content[start:end], reset)
        headers = {"content-range": f"bytes {start}-{len(content) - 1}/{len(content)}", "etag": '"v1"'}
        headers["content-length"] = str(len(content) - start)
        return httpx.Response(206 if start else 200, headers=headers, stream=ChunkedBody(*chunks))

    api = ScriptedApi(respond)
    assert call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4").path.read_bytes() == content
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
    ids=["whole body", "other start", "other length", "invalid range", "416"],
)
def test_a_response_that_does_not_continue_the_part_restarts_the_download(
    call_client: ClientCaller, tmp_path: Path, second: Any
) -> None:
    old, new = mp4_bytes(payload=b"old" * 1000), mp4_bytes(payload=b"new" * 1000)
    api = ScriptedApi(truncated(old, 1000), second(new), clip(new))
    assert call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4").path.read_bytes() == new
    assert all("range" not in request.headers for request in api.requests[2:])


def test_a_download_without_progress_fails_after_some_tries(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi(lambda request: truncated(mp4_bytes(), 1000))
    with pytest.raises(DownloadError, match="broke off") as caught:
        call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert len(api.requests) == 6
    assert (caught.value.task_id, contains_only(tmp_path)) == (TASK, True)


def test_a_body_shorter_than_announced_is_resumed(call_client: ClientCaller, tmp_path: Path) -> None:
    content = mp4_bytes()
    headers = {"content-length": str(len(content)), "etag": '"v1"'}
    short = httpx.Response(200, headers=headers, stream=ChunkedBody(content[:1500]))
    api = ScriptedApi(short, part(content, 1500))
    assert call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4").path.read_bytes() == content


def test_a_body_longer_than_announced_restarts_the_download(call_client: ClientCaller, tmp_path: Path) -> None:
    content = mp4_bytes()
    long = httpx.Response(200, headers={"content-length": "1000"}, stream=ChunkedBody(content))
    api = ScriptedApi(long, clip(content))
    assert call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4").path.read_bytes() == content
    assert "range" not in api.requests[1].headers


@pytest.mark.parametrize("damage", ["cut", "head", "moov", "text", "nothing"])
def test_a_damaged_video_does_not_replace_the_file(call_client: ClientCaller, tmp_path: Path, damage: str) -> None:
    content = mp4_bytes()
    damaged = {
        "cut": content[:-10], "head": b"junk" + content[4:], "moov": content.replace(b"moov", b"free"),
        "text": b"an error page", "nothing": b"",
    }[damage]  # fmt: skip
    (tmp_path / "a.mp4").write_bytes(b"older")
    with pytest.raises(DownloadError, match="not a whole MP4") as caught:
        call_client("opeai", ScriptedApi(clip(damaged)), "download", FINISHED, tmp_path / "a.mp4")
    assert caught.value.task_id == TASK
    assert (tmp_path / "a.mp4").read_bytes() == b"older"
    assert contains_only(tmp_path, "a.mp4")


def test_a_damaged_video_is_downloaded_again_once(call_client: ClientCaller, tmp_path: Path) -> None:
    content = mp4_bytes()
    result = call_client(
        "opeai", ScriptedApi(clip(content[:-10]), clip(content)), "download", FINISHED, tmp_path / "a.mp4"
    )
    assert result.path.read_bytes() == content


@pytest.mark.parametrize("type_", ["text/html", "text/plain; charset=utf-8", "application/json"])
def test_a_web_page_instead_of_a_video_is_not_stored(call_client: ClientCaller, tmp_path: Path, type_: str) -> None:
    page = httpx.Response(200, content=b"<html>login</html>", headers={"content-type": type_})
    with pytest.raises(DownloadError, match="came as 200"):
        call_client("opeai", ScriptedApi(page), "download", FINISHED, tmp_path / "a.mp4")
    assert contains_only(tmp_path)


@pytest.mark.parametrize("error", [(502, {}), (429, {}), httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
@BOTH
def test_a_download_is_repeated_after_temporary_errors(
    call_client: ClientCaller, tmp_path: Path, error: Any, video: Video
) -> None:
    api = ScriptedApi(error, error, mp4_bytes())
    assert call_client(video.upstream, api, "download", video, tmp_path / "a.mp4").bytes


def test_a_download_waits_for_retry_after(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi(httpx.Response(429, headers={"retry-after": "33"}), mp4_bytes())
    call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert call_client.pauses == [33.0]


def test_a_download_has_a_deadline(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi(httpx.Response(503, headers={"retry-after": "500"}))
    with pytest.raises(DownloadError, match="did not arrive within"):
        call_client(
            "opeai", api, "download", FINISHED, tmp_path / "a.mp4", retry_policy=RetryPolicy(download_seconds=400)
        )
    assert call_client.pauses == []


def test_a_full_disk_is_a_download_error_with_the_task_id(
    call_client: ClientCaller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Any, chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seedmock_client.files.PartFile.write", full)
    with pytest.raises(DownloadError, match="No space left") as caught:
        call_client("opeai", ScriptedApi(mp4_bytes()), "download", FINISHED, tmp_path / "a.mp4")
    assert (caught.value.task_id, contains_only(tmp_path)) == (TASK, True)


def test_the_file_is_flushed_before_it_is_renamed(
    call_client: ClientCaller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, bool]] = []
    real_fsync = os.fsync

    def fsync(number: int) -> None:
        calls.append(("fsync", (tmp_path / "a.mp4").exists()))
        real_fsync(number)

    monkeypatch.setattr(os, "fsync", fsync)
    call_client("opeai", ScriptedApi(mp4_bytes()), "download", FINISHED, tmp_path / "a.mp4")
    assert calls == [("fsync", False), ("fsync", True)]


def test_content_is_requested_without_compression(call_client: ClientCaller, tmp_path: Path) -> None:
    api = ScriptedApi(mp4_bytes())
    call_client("opeai", api, "download", FINISHED, tmp_path / "a.mp4")
    assert api.requests[0].headers["accept-encoding"] == "identity"


def test_downloads_to_the_same_name_have_their_own_part_files(call_client: ClientCaller, tmp_path: Path) -> None:
    content = mp4_bytes()
    (tmp_path / "a.mp4.part").write_bytes(b"another download")
    call_client("opeai", ScriptedApi(content), "download", FINISHED, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == content
    assert (tmp_path / "a.mp4.part").read_bytes() == b"another download"


def test_a_downloaded_file_has_default_permissions(call_client: ClientCaller, tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    call_client("opeai", ScriptedApi(mp4_bytes()), "download", FINISHED, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").stat().st_mode == (tmp_path / "plain").stat().st_mode


def run_async(handler: Any, work: Any) -> Any:
    async def run() -> Any:
        transport = httpx.MockTransport(handler)
        async with AsyncClient("opeai", api_key="k", base_url="http://api.test", transport=transport) as client:
            return await work(client)

    return asyncio.run(run())


def test_a_cancelled_download_leaves_no_file(tmp_path: Path) -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b"half"
            await asyncio.sleep(60)

    async def work(client: AsyncClient) -> None:
        task = asyncio.create_task(client.download(FINISHED, tmp_path / "a.mp4"))
        while not (tmp_path / "a.mp4.part").exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "video/mp4"}, stream=Endless())

    run_async(respond, work)
    assert contains_only(tmp_path)


def test_concurrent_downloads_to_one_name_leave_one_whole_file(tmp_path: Path) -> None:
    content = mp4_bytes()

    async def work(client: AsyncClient) -> Any:
        return await asyncio.gather(*(client.download(FINISHED, tmp_path / "a.mp4") for _ in range(20)))

    async def respond(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.01)
        return clip(content)

    assert len(run_async(respond, work)) == 20
    assert contains_only(tmp_path, "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == content


def test_a_download_that_has_its_name_leaves_the_part_of_another_alone(tmp_path: Path) -> None:
    first = PartFile(tmp_path / "a.mp4")
    first.write(b"first")
    first.commit()
    second = PartFile(tmp_path / "a.mp4")  # whose part has the name that is free again
    assert second.part == first.part
    first.discard()
    second.write(b"second")
    second.commit()
    assert (tmp_path / "a.mp4").read_bytes() == b"second"
    second.discard()
    assert contains_only(tmp_path, "a.mp4")
