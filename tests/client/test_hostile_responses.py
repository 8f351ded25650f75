"""Hostile responses: the client raises its own exceptions only, and those of a paid task have its id."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_client import (
    DownloadError,
    GenerationRequest,
    RetryPolicy,
    SeedmockError,
    SubmissionUnknownError,
    UpstreamError,
    UsageError,
    Video,
)
from seedmock_contracts.enums import TaskStatus

from ..mp4_files import mp4_bytes
from . import responses
from .conftest import ClientCaller
from .scripted_api import ChunkedBody, ScriptedApi

ORDER = GenerationRequest(prompt="A paper boat", size="1280x720", seconds=4)
BOTH = pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
# Both clients run the same flows; each of these cases takes a thousand calls.
EACH_CLIENT = pytest.mark.parametrize(
    "call_client", ["blocking", pytest.param("async", marks=pytest.mark.slow)], indirect=True
)
VALUES: dict[str, str] = {
    "null": "null",
    "true": "true",
    "a number": "7",
    "a number of 400 digits": "9" * 400,
    "a number of 5000 digits": "9" * 5000,
    "NaN": "NaN",
    "-Infinity": "-Infinity",
    "1e999": "1e999",
    "a list": "[[]]",
    "an object": '{"message": {}}',
    "nothing": '""',
    "half a surrogate pair": '"\\ud800"',
    "NUL": '"\\u0000"',
    "terminal control": '"\\u001b[2J\\u202e"',
    "markup": '"[/red]"',
    "depth": "[" * 5000 + "]" * 5000,
}
FIELDS = {
    "opeai": ("id", "task_id", "status", "model", "created_at", "completed_at", "progress", "error"),
    "apimodels": ("taskId", "state", "model", "createTime", "completeTime", "resultUrls", "resultJson", "failMsg"),
}
BODIES = {
    "opeai": '{"id": "cgt-20260529102017-sjqj9", "status": "%s", "@": @}',
    "apimodels": '{"code": 200, "msg": "success", "data": {"taskId": "cl1", "state": "%s", "@": @}}',
}
STATUSES = {"opeai": ("SUCCESS", "FAILURE"), "apimodels": ("completed", "failed")}
SHORT = RetryPolicy(wait_seconds=30, download_seconds=30)


def response_with(upstream: str, status: str, field: str, value: str) -> httpx.Response:
    """Response with an additional field, which overrides one of the same name."""
    text = (BODIES[upstream] % status).replace('"@"', f'"{field}"').replace("@", value)
    return httpx.Response(200, content=text.encode())


@BOTH
@EACH_CLIENT
@pytest.mark.parametrize("value", VALUES)
def test_no_field_of_a_task_response_breaks_the_client(
    call_client: ClientCaller, tmp_path: Path, upstream: str, value: str
) -> None:
    without_id: list[SeedmockError] = []
    task_id = responses.TASK_IDS[upstream]
    for field in FIELDS[upstream]:
        for status in STATUSES[upstream]:
            hostile = response_with(upstream, status, field, VALUES[value])
            for api, ids in (
                (ScriptedApi(hostile, responses.finished(upstream), mp4_bytes()), ()),
                (ScriptedApi(responses.created(upstream), hostile, mp4_bytes()), (task_id,)),
            ):
                try:
                    call_client(upstream, api, "generate", ORDER, tmp_path / "a.mp4", retry_policy=SHORT)
                except SubmissionUnknownError as error:
                    without_id += [error] if ids else []
                except SeedmockError as error:
                    without_id += [] if error.task_id in ids or (error.task_id and not ids) else [error]
    assert without_id == []


@BOTH
def test_a_task_id_that_no_url_can_contain_is_not_accepted(call_client: ClientCaller, upstream: str) -> None:
    field = FIELDS[upstream][0]
    with pytest.raises(SubmissionUnknownError):
        call_client(upstream, ScriptedApi(response_with(upstream, "queued", field, '"\\ud800"')), "create", ORDER)
    api = ScriptedApi({})
    with pytest.raises(UsageError, match="task id"):
        call_client(upstream, api, "query", "cgt-\udcff")
    assert api.requests == []


@pytest.mark.parametrize("link", [
    "file:///etc/passwd", "ftp://h.test/a", "javascript:1", "http://", "http://[", "http://h.test:99999/a",
    "http://\ud800.test/", "https://h.test/\udfff", "//", "\x00", "http://h.test/\r\nX: y",
], ids=ascii)  # fmt: skip
def test_an_invalid_result_link_is_a_client_error(call_client: ClientCaller, tmp_path: Path, link: str) -> None:
    video = Video(
        task_id="cl1", upstream="apimodels", status=TaskStatus.SUCCESS, raw_status="completed", urls=(link,)
    )  # fmt: skip
    api = ScriptedApi(lambda request: httpx.Response(404))
    with pytest.raises(SeedmockError) as caught:
        call_client("apimodels", api, "download", video, tmp_path / "a.mp4", retry_policy=SHORT)
    assert caught.value.task_id == "cl1"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["etag", "last-modified", "content-range", "content-length", "location", "retry-after"]
)
@pytest.mark.parametrize(
    "value", ['"\xe9"', "\xff", '"', "9" * 5000, "bytes 0-1/" + "9" * 5000, "-1", ""], ids=lambda v: ascii(v)[:20]
)
def test_no_header_of_a_download_breaks_the_client(
    call_client: ClientCaller, tmp_path: Path, name: str, value: str
) -> None:
    # The first response breaks off, so that the headers are used for a resumed request.
    content = mp4_bytes()
    headers = [(b"content-type", b"video/mp4"), (name.encode(), value.encode("latin-1"))]
    broken = httpx.Response(200, headers=headers, stream=ChunkedBody(content[:900], httpx.ReadError("reset by peer")))
    continued = httpx.Response(206, headers=headers, stream=ChunkedBody(content[900:]))
    redirect = httpx.Response(302, headers=headers)
    video = Video(task_id="cgt-1", upstream="opeai", status=TaskStatus.SUCCESS, raw_status="SUCCESS")
    outcomes: list[bool] = []
    for steps in ((broken, continued, content), (redirect, content), (httpx.Response(503, headers=headers), content)):
        try:
            clip = call_client("opeai", ScriptedApi(*steps), "download", video, tmp_path / "a.mp4")
            outcomes.append(clip.path.read_bytes() == content)
            (tmp_path / "a.mp4").unlink()
        except (DownloadError, UpstreamError) as error:
            outcomes.append(error.task_id == "cgt-1")
    assert (outcomes, list(tmp_path.iterdir())) == ([True] * 3, [])


def _respond(response: httpx.Response, request: httpx.Request) -> httpx.Response:
    return response


@EACH_CLIENT
@pytest.mark.parametrize("value", VALUES)
def test_no_account_response_breaks_the_client(call_client: ClientCaller, value: str) -> None:
    names = ("balance", "credits", "total", "id", "status", "error", "publicUrl")
    calls: tuple[tuple[Any, ...], ...] = (
        ("balance",), ("models",), ("record", "cl1"), ("list_groups",), ("list_assets",), ("get_asset", "a"),
        ("create_asset", "https://example.com/p.png", "1"),
    )  # fmt: skip
    balances = []
    for name in names:
        for shape in ('{"code": 200, "data": {"@": @}}', '{"code": 200, "data": [{"@": @}]}'):
            hostile = httpx.Response(
                200, content=shape.replace('"@"', f'"{name}"').replace("@", VALUES[value]).encode()
            )
            for operation, *arguments in calls:
                with contextlib.suppress(SeedmockError):
                    result = call_client("apimodels", partial(_respond, hostile), operation, *arguments)
                    balances += [result] if operation == "balance" else []
    assert all(balance.is_finite() for balance in balances)
