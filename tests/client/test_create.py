"""Creates over an unreliable connection: requests, repetitions, and the exceptions of every outcome."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from seedmock_client import (
    AuthenticationError,
    BalanceError,
    ConnectionFailedError,
    GenerationRequest,
    InputModerationError,
    MediaKind,
    RateLimitError,
    Reference,
    Role,
    SeedmockError,
    SubmissionUnknownError,
    TaskFailedError,
    UpscaleRequest,
    UpstreamError,
    UsageError,
    ValidationError,
    first_frame,
    last_frame,
)

from . import responses
from .conftest import ClientCaller
from .scripted_api import KEY, ORIGIN, ChunkedBody, ScriptedApi

VIDEO_AS_FRAME = Reference(MediaKind.VIDEO, "https://e.com/v.mp4", Role.FIRST_FRAME)
ORDER = GenerationRequest(prompt="a boat", size="1280x720", seconds=4)
BOTH = pytest.mark.parametrize("upstream", ["apimodels", "opeai"])


@BOTH
def test_an_order_is_sent_once_to_the_endpoint_of_the_contract_with_the_key(
    call_client: ClientCaller, upstream: str
) -> None:
    api = ScriptedApi(responses.created(upstream))
    video = call_client(upstream, api, "create", ORDER)
    assert (video.task_id, video.status, video.upstream) == (responses.TASK_IDS[upstream], "QUEUED", upstream)
    path = {"opeai": "/v1/videos", "apimodels": "/api/v1/video/generations"}[upstream]
    assert [str(request.url) for request in api.requests] == [f"{ORIGIN}{path}"]
    assert api.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert api.requests[0].headers["content-type"] == "application/json"


@BOTH
def test_a_created_task_has_its_model_even_without_one_in_the_response(
    call_client: ClientCaller, upstream: str
) -> None:
    assert call_client(upstream, ScriptedApi(responses.created(upstream)), "create", ORDER).model


@pytest.mark.parametrize(
    "lost",
    [
        httpx.ReadTimeout("late"),
        httpx.WriteTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("broken pipe"),
        httpx.RemoteProtocolError("server disconnected"),
        httpx.ProxyError("502"),
        (500, {"error": {"message": "boom"}}),
        (502, {"code": 502, "msg": "bad gateway"}),
        (408, {}),
        httpx.Response(524, html="<html>a timeout occurred</html>"),
        httpx.Response(503),
        httpx.Response(200),
        httpx.Response(200, html="<html>welcome</html>"),
        httpx.Response(200, text='{"id": "cgt-2026'),
        (200, []),
        (200, {}),
        (200, {"code": 200, "msg": "success", "data": None}),
        (200, {"code": 500, "msg": "boom"}),
        httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"not gzip")),
    ],
)
@BOTH
def test_an_order_is_not_repeated_after_a_lost_response(call_client: ClientCaller, upstream: str, lost: Any) -> None:
    api = ScriptedApi(lost)
    with pytest.raises(SubmissionUnknownError, match="may be charged"):
        call_client(upstream, api, "create", ORDER)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late"), httpx.PoolTimeout("full")]
)
@BOTH
def test_an_order_is_repeated_after_a_failed_connection(
    call_client: ClientCaller, upstream: str, error: Exception
) -> None:
    api = ScriptedApi(error, error, responses.created(upstream))
    assert call_client(upstream, api, "create", ORDER).task_id == responses.TASK_IDS[upstream]
    assert (len(api.requests), call_client.pauses) == (3, [1.0, 2.0])


def test_an_order_fails_after_some_failed_connections(call_client: ClientCaller) -> None:
    api = ScriptedApi(httpx.ConnectError("refused"))
    with pytest.raises(ConnectionFailedError, match="nothing was sent"):
        call_client("opeai", api, "create", ORDER)
    assert len(api.requests) == 4


def test_an_order_fails_after_some_429s(call_client: ClientCaller) -> None:
    api = ScriptedApi(httpx.Response(429, headers={"retry-after": "2"}, json={"code": 429, "msg": "slow"}))
    with pytest.raises(RateLimitError) as caught:
        call_client("apimodels", api, "create", ORDER)
    assert (len(api.requests), call_client.pauses, caught.value.retry_after) == (4, [2.0, 2.0, 2.0], 2.0)


def test_an_order_is_repeated_after_a_429_of_an_overloaded_upstream(call_client: ClientCaller) -> None:
    busy = (429, {"error": {"code": "ServerOverloaded", "message": "busy"}})
    assert call_client("opeai", ScriptedApi(busy, responses.created("opeai")), "create", ORDER).task_id
    with pytest.raises(UpstreamError, match="busy"):
        call_client("opeai", ScriptedApi(busy), "create", ORDER)


@pytest.mark.parametrize(
    ("upstream", "response", "class_"),
    [
        ("opeai", (401, {"error": {"message": "Invalid token"}}), AuthenticationError),
        ("opeai", (403, {"code": "insufficient_user_quota", "message": "用户额度不足"}), BalanceError),
        ("opeai", (503, {"error": {"code": "model_not_found", "message": "no channel"}}), ValidationError),
        ("opeai", (200, {"error": {"code": "InvalidParameter", "message": "no"}}), ValidationError),
        ("apimodels", (402, {"code": 402, "msg": "insufficient balance"}), BalanceError),
        ("apimodels", (200, {"code": 402, "msg": "insufficient balance"}), BalanceError),
        ("apimodels", (400, {"code": 400, "msg": "Invalid model: x. Supported: a"}), ValidationError),
        (
            "apimodels",
            (422, {"code": 422, "msg": "no", "data": {"failCode": "CONTENT_MODERATION"}}),
            InputModerationError,
        ),
    ],
)
def test_an_error_response_to_an_order_is_raised_after_one_request(
    call_client: ClientCaller, upstream: str, response: Any, class_: type[SeedmockError]
) -> None:
    api = ScriptedApi(response)
    with pytest.raises(class_):
        call_client(upstream, api, "create", ORDER)
    assert len(api.requests) == 1


def test_a_task_that_fails_at_creation_is_an_error_with_its_id(call_client: ClientCaller) -> None:
    failed = responses.queried("apimodels", "failed", failCode="CONTENT_MODERATION", failMsg="a face")
    with pytest.raises(InputModerationError, match="a face") as caught:
        call_client("apimodels", ScriptedApi(failed), "create", ORDER)
    assert caught.value.task_id == responses.TASK_IDS["apimodels"]
    with pytest.raises(TaskFailedError):
        call_client("apimodels", ScriptedApi(responses.queried("apimodels", "failed")), "create", ORDER)


def test_an_order_follows_no_redirect(call_client: ClientCaller) -> None:
    api = ScriptedApi(httpx.Response(308, headers={"location": "https://elsewhere.test/v1/videos"}))
    with pytest.raises(UsageError, match=r"elsewhere\.test"):
        call_client("opeai", api, "create", ORDER)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("upstream", "order", "field"),
    [
        ("opeai", {"size": "1280x720", "seconds": 3}, "seconds"),
        ("opeai", {"size": "1280x720", "references": (first_frame("file://[x"),)}, "input_reference"),
        (
            "opeai",
            {"size": "1280x720", "references": (Reference(MediaKind.VIDEO, "https://e", Role.FIRST_FRAME),)},
            "first_frame",
        ),
        ("apimodels", {"references": (VIDEO_AS_FRAME,)}, "first_frame_url"),
        ("opeai", {"size": "1281x720"}, "size"),
        ("opeai", {}, "size"),
        ("opeai", {"size": "1280x720", "resolution": "720p", "ratio": "16:9"}, "size"),
        ("opeai", {"size": "1920x1080", "model": "fast"}, "size"),
        (
            "opeai",
            {"size": "1280x720", "references": (Reference(MediaKind.AUDIO, "https://e.com/a.mp3"),)},
            "input_reference",
        ),
        ("apimodels", {"seconds": 16}, "duration"),
        ("apimodels", {"prompt": ""}, "prompt"),
        ("apimodels", {"model": "gpt"}, "model"),
        ("apimodels", {"references": (last_frame("https://e.com/l.png"),)}, "last_frame_url"),
        (
            "apimodels",
            {"references": (first_frame("https://e.com/f.png"), Reference(MediaKind.IMAGE, "https://e.com/i.png"))},
            "first_frame_url",
        ),
        ("apimodels", {"references": (first_frame("ftp://e.com/f.png"),)}, "first_frame_url"),
    ],
)
def test_an_order_that_violates_a_rule_is_not_sent(
    call_client: ClientCaller, upstream: str, order: dict[str, Any], field: str
) -> None:
    api = ScriptedApi(responses.created(upstream))
    with pytest.raises(ValidationError) as caught:
        call_client(upstream, api, "create", GenerationRequest(**{"prompt": "p", **order}))
    assert caught.value.field.startswith(field)
    assert caught.value.allowed
    assert api.requests == []


@BOTH
def test_preflight_can_be_switched_off(call_client: ClientCaller, upstream: str) -> None:
    api = ScriptedApi(responses.created(upstream))
    call_client(upstream, api, "create", GenerationRequest(prompt="p", seconds=99), preflight=False)
    assert len(api.requests) == 1


def test_a_missing_operation_is_an_error_before_any_request(call_client: ClientCaller) -> None:
    api = ScriptedApi({})
    calls: list[tuple[Any, ...]] = [
        ("create", UpscaleRequest(url="https://e.com/v.mp4", resolution="1080p")), ("balance",), ("list_groups",),
        ("get_asset", "a"), ("upload", __file__), ("record", "t"), ("delete_group", "1"),
    ]  # fmt: skip
    for operation, *arguments in calls:
        with pytest.raises(UsageError, match="opeai has no"):
            call_client("opeai", api, operation, *arguments)
    assert api.requests == []


def test_a_dripping_response_ends_at_the_request_timeout(call_client: ClientCaller) -> None:
    def drip(request: httpx.Request) -> httpx.Response:
        def chunks() -> Any:
            for _ in range(1000):
                call_client.time += 1
                yield b" "

        stream = ChunkedBody()
        stream.chunks = chunks()
        return httpx.Response(200, stream=stream)

    with pytest.raises(SubmissionUnknownError, match="did not end in time"):
        call_client("opeai", ScriptedApi(drip), "create", ORDER)
    assert call_client.time <= 1000 + 61


def test_a_response_beyond_the_size_limit_is_an_error(call_client: ClientCaller) -> None:
    with pytest.raises(ConnectionFailedError, match="more than"):
        call_client("opeai", ScriptedApi(httpx.Response(200, stream=ChunkedBody(*[b"x" * 2**20] * 20))), "query", "t")


def test_wait_takes_a_task_or_its_id(call_client: ClientCaller) -> None:
    api = ScriptedApi(
        responses.created("opeai"), responses.queried("opeai", "IN_PROGRESS"), responses.finished("opeai")
    )
    created = call_client("opeai", api, "create", ORDER)
    assert call_client("opeai", api, "wait", created, poll_seconds=2).status == "SUCCESS"
    assert call_client.pauses == [2.0, 2.0]
    assert call_client("opeai", api, "wait", created.task_id, timeout=1).status == "SUCCESS"
    assert call_client.pauses == [2.0, 2.0]


def test_quote_sends_nothing(call_client: ClientCaller) -> None:
    api = ScriptedApi({})
    assert str(call_client("apimodels", api, "quote", GenerationRequest(prompt="p", seconds=4)).amount) == "0.588"
    with pytest.raises(ValidationError):
        call_client("apimodels", api, "quote", GenerationRequest(prompt="p", seconds=99))
    with pytest.raises(ValidationError, match="has no model"):
        call_client("apimodels", api, "quote", GenerationRequest(prompt="p", model="nobody"), preflight=False)
    assert api.requests == []
