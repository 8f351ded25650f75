"""What no upstream should ever say, said: the client ends in one of its own errors, and a paid task's id is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from seedmock_client.retry import retry_after
from seedmock_contracts.enums import TaskStatus

if TYPE_CHECKING:
    from .conftest import ChunkedBody, ClientCaller, SampleResponses, ScriptedApi

BOAT = GenerationRequest(prompt="A paper boat", size="1280x720", seconds=4)
BOTH = pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
ODD: dict[str, str] = {
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
    "a terminal's words": '"\\u001b[2J\\u202e"',
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
WORDS = {"opeai": ("SUCCESS", "FAILURE"), "apimodels": ("completed", "failed")}
SHORT = RetryPolicy(wait_seconds=30, download_seconds=30)


def said(upstream: str, word: str, field: str, value: str) -> httpx.Response:
    """An answer with one field more, which counts where it repeats one that is there."""
    text = (BODIES[upstream] % word).replace('"@"', f'"{field}"').replace("@", value)
    return httpx.Response(200, content=text.encode())


@BOTH
@pytest.mark.parametrize("odd", ODD)
def test_no_field_of_an_answer_breaks_the_client(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    upstream: str,
    odd: str,
) -> None:
    """Whatever a field holds, at create or at query, there is a clip or an error that knows the task."""
    lost: list[SeedmockError] = []
    known = responses.task_ids[upstream]
    for field in FIELDS[upstream]:
        for word in WORDS[upstream]:
            answer = said(upstream, word, field, ODD[odd])
            for api, ids in (
                (scripted_api(answer, responses.finished(upstream), make_movie()), ()),
                (scripted_api(responses.created(upstream), answer, make_movie()), (known,)),
            ):
                try:
                    call_client(upstream, api, "generate", BOAT, tmp_path / "a.mp4", retry_policy=SHORT)
                except SubmissionUnknownError as error:
                    lost += [error] if ids else []
                except SeedmockError as error:
                    lost += [] if error.task_id in ids or (error.task_id and not ids) else [error]
    assert lost == []


@BOTH
def test_a_task_id_that_no_address_can_carry_is_no_task_id(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], upstream: str
) -> None:
    field = FIELDS[upstream][0]
    with pytest.raises(SubmissionUnknownError):
        call_client(upstream, scripted_api(said(upstream, "queued", field, '"\\ud800"')), "create", BOAT)
    api = scripted_api({})
    with pytest.raises(UsageError, match="task id"):
        call_client(upstream, api, "query", "cgt-\udcff")
    assert api.requests == []


@pytest.mark.parametrize("link", [
    "file:///etc/passwd", "ftp://h.test/a", "javascript:1", "http://", "http://[", "http://h.test:99999/a",
    "http://\ud800.test/", "https://h.test/\udfff", "//", "\x00", "http://h.test/\r\nX: y",
], ids=ascii)  # fmt: skip
def test_a_result_link_that_leads_nowhere_is_an_error_of_ours(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    tmp_path: Path,
    link: str,
) -> None:
    linked = Video(
        task_id="cl1", upstream="apimodels", status=TaskStatus.SUCCESS, raw_status="completed", urls=(link,)
    )  # fmt: skip
    api = scripted_api(lambda request: httpx.Response(404))
    with pytest.raises(SeedmockError) as caught:
        call_client("apimodels", api, "download", linked, tmp_path / "a.mp4", retry_policy=SHORT)
    assert caught.value.task_id == "cl1"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["etag", "last-modified", "content-range", "content-length", "location", "retry-after"]
)
@pytest.mark.parametrize(
    "value", ['"\xe9"', "\xff", '"', "9" * 5000, "bytes 0-1/" + "9" * 5000, "-1", ""], ids=lambda v: ascii(v)[:20]
)
def test_no_header_of_a_download_breaks_the_client(
    call_client: ClientCaller,
    chunked_body: type[ChunkedBody],
    scripted_api: type[ScriptedApi],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    name: str,
    value: str,
) -> None:
    """It breaks off once, so that what was said is said back, and goes on or begins again."""
    whole = make_movie()
    sent = [(b"content-type", b"video/mp4"), (name.encode(), value.encode("latin-1"))]
    broken = httpx.Response(200, headers=sent, stream=chunked_body(whole[:900], httpx.ReadError("reset by peer")))
    odd = httpx.Response(206, headers=sent, stream=chunked_body(whole[900:]))
    moved = httpx.Response(302, headers=sent)
    done = Video(task_id="cgt-1", upstream="opeai", status=TaskStatus.SUCCESS, raw_status="SUCCESS")
    ends: list[Any] = []
    for steps in ((broken, odd, whole), (moved, whole), (httpx.Response(503, headers=sent), whole)):
        try:
            ends.append(
                call_client("opeai", scripted_api(*steps), "download", done, tmp_path / "a.mp4").path.read_bytes()
                == whole
            )
            (tmp_path / "a.mp4").unlink()
        except (DownloadError, UpstreamError) as error:
            ends.append(error.task_id == "cgt-1")
    assert (ends, list(tmp_path.iterdir())) == ([True] * 3, [])


def test_a_pause_without_end_is_still_a_number() -> None:
    assert retry_after({"retry-after": "9" * 5000}, 0.0) == 1e9


@pytest.mark.parametrize("odd", ODD)
def test_no_account_answer_breaks_the_client(call_client: ClientCaller, odd: str) -> None:
    names = ("balance", "credits", "total", "id", "status", "error", "publicUrl")
    calls: tuple[tuple[Any, ...], ...] = (
        ("balance",), ("models",), ("record", "cl1"), ("list_groups",), ("list_assets",), ("get_asset", "a"),
        ("create_asset", "https://example.com/p.png", "1"),
    )  # fmt: skip
    balances = []
    for name in names:
        for shape in ('{"code": 200, "data": {"@": @}}', '{"code": 200, "data": [{"@": @}]}'):
            answer = httpx.Response(200, content=shape.replace('"@"', f'"{name}"').replace("@", ODD[odd]).encode())
            for operation, *arguments in calls:
                with contextlib.suppress(SeedmockError):
                    found = call_client("apimodels", lambda _, answer=answer: answer, operation, *arguments)
                    balances += [found] if operation == "balance" else []
    assert all(balance.is_finite() for balance in balances)
