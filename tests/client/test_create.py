"""Ordering, on a wire that means no good: what is sent, what is repeated, and what is known afterwards."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from seedmock_client import (
    AuthenticationError,
    BalanceError,
    Client,
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

if TYPE_CHECKING:
    from .conftest import ChunkedBody, ClientCaller, SampleResponses, ScriptedApi

MOVING = Reference(MediaKind.VIDEO, "https://e.com/v.mp4", Role.FIRST_FRAME)
ORDER = GenerationRequest(prompt="a boat", size="1280x720", seconds=4)
BOTH = pytest.mark.parametrize("upstream", ["apimodels", "opeai"])


@BOTH
def test_an_order_is_sent_once_with_the_key_to_the_contracts_address(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    upstream: str,
    key: str,
    origin: str,
) -> None:
    api = scripted_api(responses.created(upstream))
    video = call_client(upstream, api, "create", ORDER)
    assert (video.task_id, video.status, video.upstream) == (responses.task_ids[upstream], "QUEUED", upstream)
    path = {"opeai": "/v1/videos", "apimodels": "/api/v1/video/generations"}[upstream]
    assert [str(request.url) for request in api.requests] == [f"{origin}{path}"]
    assert api.requests[0].headers["authorization"] == f"Bearer {key}"
    assert api.requests[0].headers["content-type"] == "application/json"


@BOTH
def test_a_video_knows_its_model_even_where_the_answer_does_not_say(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses], upstream: str
) -> None:
    assert call_client(upstream, scripted_api(responses.created(upstream)), "create", ORDER).model


@pytest.mark.parametrize(
    "lost",
    [
        httpx.ReadTimeout("no answer"),
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
def test_an_order_whose_answer_is_lost_is_not_repeated_and_may_be_charged(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], upstream: str, lost: Any
) -> None:
    api = scripted_api(lost)
    with pytest.raises(SubmissionUnknownError, match="may be charged"):
        call_client(upstream, api, "create", ORDER)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    "unsent", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late"), httpx.PoolTimeout("full")]
)
@BOTH
def test_an_order_that_was_never_received_is_sent_again(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    upstream: str,
    unsent: Exception,
) -> None:
    api = scripted_api(unsent, unsent, responses.created(upstream))
    assert call_client(upstream, api, "create", ORDER).task_id == responses.task_ids[upstream]
    assert (len(api.requests), call_client.pauses) == (3, [1.0, 2.0])


def test_an_order_that_cannot_be_sent_is_given_up_after_a_few_tries(
    call_client: ClientCaller, scripted_api: type[ScriptedApi]
) -> None:
    api = scripted_api(httpx.ConnectError("refused"))
    with pytest.raises(ConnectionFailedError, match="nothing was sent"):
        call_client("opeai", api, "create", ORDER)
    assert len(api.requests) == 4


def test_an_order_that_is_refused_with_429_is_given_up_after_a_few_tries(
    call_client: ClientCaller, scripted_api: type[ScriptedApi]
) -> None:
    api = scripted_api(httpx.Response(429, headers={"retry-after": "2"}, json={"code": 429, "msg": "slow"}))
    with pytest.raises(RateLimitError) as caught:
        call_client("apimodels", api, "create", ORDER)
    assert (len(api.requests), call_client.pauses, caught.value.retry_after) == (4, [2.0, 2.0, 2.0], 2.0)


def test_an_overloaded_upstream_that_says_429_is_asked_again(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses]
) -> None:
    busy = (429, {"error": {"code": "ServerOverloaded", "message": "busy"}})
    assert call_client("opeai", scripted_api(busy, responses.created("opeai")), "create", ORDER).task_id
    with pytest.raises(UpstreamError, match="busy"):
        call_client("opeai", scripted_api(busy), "create", ORDER)


@pytest.mark.parametrize(
    ("upstream", "answer", "class_"),
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
def test_a_plain_refusal_is_one_error_and_one_request(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], upstream: str, answer: Any, class_: type[SeedmockError]
) -> None:
    api = scripted_api(answer)
    with pytest.raises(class_):
        call_client(upstream, api, "create", ORDER)
    assert len(api.requests) == 1


def test_a_task_that_is_born_failed_is_an_error_with_its_id(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses]
) -> None:
    born = responses.queried("apimodels", "failed", failCode="CONTENT_MODERATION", failMsg="a face")
    with pytest.raises(InputModerationError, match="a face") as caught:
        call_client("apimodels", scripted_api(born), "create", ORDER)
    assert caught.value.task_id == responses.task_ids["apimodels"]
    with pytest.raises(TaskFailedError):
        call_client("apimodels", scripted_api(responses.queried("apimodels", "failed")), "create", ORDER)


def test_an_order_follows_no_redirect(call_client: ClientCaller, scripted_api: type[ScriptedApi]) -> None:
    api = scripted_api(httpx.Response(308, headers={"location": "https://elsewhere.test/v1/videos"}))
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
        ("apimodels", {"references": (MOVING,)}, "first_frame_url"),
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
def test_an_order_that_breaks_a_rule_is_never_sent(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    upstream: str,
    order: dict[str, Any],
    field: str,
) -> None:
    api = scripted_api(responses.created(upstream))
    with pytest.raises(ValidationError) as caught:
        call_client(upstream, api, "create", GenerationRequest(**{"prompt": "p", **order}))
    assert caught.value.field.startswith(field)
    assert caught.value.allowed
    assert api.requests == []


@BOTH
def test_preflight_can_be_switched_off(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses], upstream: str
) -> None:
    api = scripted_api(responses.created(upstream))
    call_client(upstream, api, "create", GenerationRequest(prompt="p", seconds=99), preflight=False)
    assert len(api.requests) == 1


def test_what_an_upstream_has_no_verb_for_is_said_before_anything_is_sent(
    call_client: ClientCaller, scripted_api: type[ScriptedApi]
) -> None:
    api = scripted_api({})
    calls: list[tuple[Any, ...]] = [
        ("create", UpscaleRequest(url="https://e.com/v.mp4", resolution="1080p")), ("balance",), ("list_groups",),
        ("get_asset", "a"), ("upload", __file__), ("record", "t"), ("models",), ("delete_group", "1"),
    ]  # fmt: skip
    for operation, *arguments in calls:
        with pytest.raises(UsageError, match="opeai has no"):
            call_client("opeai", api, operation, *arguments)
    assert api.requests == []


def test_a_local_picture_is_uploaded_on_apimodels(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses], tmp_path: Path
) -> None:
    picture = tmp_path / "first frame.png"
    picture.write_bytes(b"\x89PNG picture")
    api = scripted_api({"code": 200, "data": {"publicUrl": "https://files.test/1.png"}}, responses.created("apimodels"))
    order = GenerationRequest(prompt="p", references=(first_frame(picture.as_uri()),))
    call_client("apimodels", api, "create", order, local_files=True)
    assert api.paths == ["POST /api/v1/files", "POST /api/v1/video/generations"]
    assert b"\x89PNG picture" in api.requests[0].content
    assert b'name="file"; filename="first frame.png"' in api.requests[0].content
    assert json.loads(api.requests[1].content)["first_frame_url"] == "https://files.test/1.png"


def test_a_local_video_is_uploaded_before_it_is_made_larger(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses], tmp_path: Path
) -> None:
    (tmp_path / "v.mp4").write_bytes(b"film")
    api = scripted_api({"code": 200, "data": {"publicUrl": "https://files.test/v.mp4"}}, responses.created("apimodels"))
    order = UpscaleRequest(url=(tmp_path / "v.mp4").as_uri(), resolution="1080p")
    call_client("apimodels", api, "create", order, local_files=True)
    assert json.loads(api.requests[1].content)["videoUrl"] == "https://files.test/v.mp4"


def test_a_local_video_has_no_way_into_opeai(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses], tmp_path: Path
) -> None:
    (tmp_path / "v.mp4").write_bytes(b"film")
    api = scripted_api(responses.created("opeai"))
    video = Reference(MediaKind.VIDEO, (tmp_path / "v.mp4").as_uri())
    order = GenerationRequest(prompt="p", size="1280x720", references=(video,))
    with pytest.raises(ValidationError, match="URL for a video"):
        call_client("opeai", api, "create", order, local_files=True)
    assert api.requests == []


def test_a_local_picture_goes_as_a_data_uri_on_opeai(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses], tmp_path: Path
) -> None:
    picture = tmp_path / "first.png"
    picture.write_bytes(b"PNG")
    api = scripted_api(responses.created("opeai"))
    order = GenerationRequest(prompt="p", size="1280x720", references=(first_frame(picture.as_uri()),))
    call_client("opeai", api, "create", order, local_files=True)
    item = json.loads(api.requests[0].content)["input_reference"]["content"][0]
    assert item["image_url"]["url"] == "data:image/png;base64,UE5H"


def test_local_files_are_read_only_where_that_was_allowed(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses]
) -> None:
    api = scripted_api(responses.created("opeai"))
    order = GenerationRequest(prompt="p", size="1280x720", references=(first_frame("file:///etc/hostname"),))
    with pytest.raises(ValidationError, match="local_files=True"):
        call_client("opeai", api, "create", order)
    assert api.requests == []


@pytest.mark.parametrize("content", [None, b"", "too large"])
def test_a_local_file_that_cannot_be_used_is_said_before_anything_is_sent(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path, content: bytes | str | None
) -> None:
    picture = tmp_path / "p.png"
    if isinstance(content, bytes):
        picture.write_bytes(content)
    elif content:
        picture.touch()
        os.truncate(picture, 31 * 1024 * 1024)
    api = scripted_api({})
    order = GenerationRequest(prompt="p", references=(first_frame(picture.as_uri()),))
    with pytest.raises(ValidationError, match=r"p\.png"):
        call_client("apimodels", api, "create", order, local_files=True)
    assert api.requests == []


def test_an_order_that_breaks_a_rule_uploads_nothing(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], tmp_path: Path
) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(b"PNG")
    api = scripted_api({"code": 200, "data": {"publicUrl": "https://files.test/1.png"}})
    order = GenerationRequest(prompt="p", seconds=99, references=(first_frame(picture.as_uri()),))
    with pytest.raises(ValidationError):
        call_client("apimodels", api, "create", order, local_files=True)
    assert api.requests == []


def test_the_key_shows_in_no_picture_of_a_client(key: str) -> None:
    with Client("opeai", api_key=key, base_url="http://127.0.0.1:1") as client:
        assert repr(client) == "<Client opeai at http://127.0.0.1:1>"
        assert key not in repr(vars(client))


@pytest.mark.parametrize("bad", ["a b", "schlüssel", "a\nb", "a\tb"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(bad: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        Client("opeai", api_key=bad)
    assert bad not in str(caught.value)


def test_a_client_without_a_key_says_where_to_put_one() -> None:
    with pytest.raises(AuthenticationError) as caught:
        Client("opeai")
    assert "SEEDMOCK_API_KEY" in caught.value.advice


@pytest.mark.parametrize(
    "bad",
    [
        "127.0.0.1:8000",
        "ftp://a",
        "http://",
        "http://h/v1",
        "http://h?x=1",
        "https://user:secret@h",
        "http://[::1",
        "x",
    ],
)
def test_a_base_url_that_is_no_origin_is_refused_without_its_secrets(bad: str) -> None:
    with pytest.raises(UsageError, match="base URL") as caught:
        Client("opeai", api_key="k", base_url=bad)
    assert "secret" not in str(caught.value)


def test_the_environment_stands_in_for_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDMOCK_BASE_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("SEEDMOCK_API_KEY", "k")
    with Client("opeai") as client:
        assert client.base_url == "http://127.0.0.1:9"
    with Client("opeai", base_url="http://127.0.0.1:7") as client:
        assert client.base_url == "http://127.0.0.1:7"


@pytest.mark.parametrize(
    ("upstream", "host"), [("apimodels", "https://apimodels.app"), ("opeai", "https://api-platform.ope.ai")]
)
def test_the_default_is_the_real_host(upstream: str, host: str) -> None:
    with Client(upstream, api_key="k") as client:
        assert client.base_url == host


def test_an_unknown_upstream_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="apimodels, opeai"):
        Client("sora", api_key="k")


def test_an_answer_that_drips_for_ever_is_cut_at_its_deadline(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], chunked_body: type[ChunkedBody]
) -> None:
    def drip(request: httpx.Request) -> httpx.Response:
        def pieces() -> Any:
            for _ in range(1000):
                call_client.time += 1
                yield b" "

        stream = chunked_body()
        stream.chunks = pieces()
        return httpx.Response(200, stream=stream)

    with pytest.raises(SubmissionUnknownError, match="did not end in time"):
        call_client("opeai", scripted_api(drip), "create", ORDER)
    assert call_client.time <= 1000 + 61


def test_an_answer_without_end_is_cut(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], chunked_body: type[ChunkedBody]
) -> None:
    with pytest.raises(ConnectionFailedError, match="more than"):
        call_client("opeai", scripted_api(httpx.Response(200, stream=chunked_body(*[b"x" * 2**20] * 20))), "query", "t")


def test_waiting_for_a_task_by_its_id_or_its_record(
    call_client: ClientCaller, scripted_api: type[ScriptedApi], responses: type[SampleResponses]
) -> None:
    api = scripted_api(
        responses.created("opeai"), responses.queried("opeai", "IN_PROGRESS"), responses.finished("opeai")
    )
    created = call_client("opeai", api, "create", ORDER)
    assert call_client("opeai", api, "wait", created, poll_seconds=2).status == "SUCCESS"
    assert call_client.pauses == [2.0, 2.0]
    assert call_client("opeai", api, "wait", created.task_id, timeout=1).status == "SUCCESS"
    assert call_client.pauses == [2.0, 2.0]


def test_a_quote_costs_nothing_and_sends_nothing(call_client: ClientCaller, scripted_api: type[ScriptedApi]) -> None:
    api = scripted_api({})
    assert str(call_client("apimodels", api, "quote", GenerationRequest(prompt="p", seconds=4)).amount) == "0.588"
    with pytest.raises(ValidationError):
        call_client("apimodels", api, "quote", GenerationRequest(prompt="p", seconds=99))
    with pytest.raises(ValidationError, match="has no model"):
        call_client("apimodels", api, "quote", GenerationRequest(prompt="p", model="nobody"), preflight=False)
    assert api.requests == []
