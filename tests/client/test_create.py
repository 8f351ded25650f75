"""Ordering, on a wire that means no good: what is sent, what is repeated, and what is known afterwards."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

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

MOVING = Reference(MediaKind.VIDEO, "https://e.com/v.mp4", Role.FIRST_FRAME)
ORDER = GenerationRequest(prompt="a boat", size="1280x720", seconds=4)
BOTH = pytest.mark.parametrize("upstream", ["apimodels", "opeai"])


@BOTH
def test_an_order_is_sent_once_with_the_key_to_the_contracts_address(
    talk: Any, Script: Any, words: Any, upstream: str, key: str, origin: str
) -> None:
    wire = Script(words.created(upstream))
    video = talk(upstream, wire, "create", ORDER)
    assert (video.task_id, video.status, video.upstream) == (words.tasks[upstream], "QUEUED", upstream)
    path = {"opeai": "/v1/videos", "apimodels": "/api/v1/video/generations"}[upstream]
    assert [str(request.url) for request in wire.requests] == [f"{origin}{path}"]
    assert wire.requests[0].headers["authorization"] == f"Bearer {key}"
    assert wire.requests[0].headers["content-type"] == "application/json"


@BOTH
def test_a_video_knows_its_model_even_where_the_answer_does_not_say(
    talk: Any, Script: Any, words: Any, upstream: str
) -> None:
    assert talk(upstream, Script(words.created(upstream)), "create", ORDER).model


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
    talk: Any, Script: Any, upstream: str, lost: Any
) -> None:
    wire = Script(lost)
    with pytest.raises(SubmissionUnknownError, match="may be charged"):
        talk(upstream, wire, "create", ORDER)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "unsent", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late"), httpx.PoolTimeout("full")]
)
@BOTH
def test_an_order_that_was_never_received_is_sent_again(
    talk: Any, Script: Any, words: Any, upstream: str, unsent: Exception
) -> None:
    wire = Script(unsent, unsent, words.created(upstream))
    assert talk(upstream, wire, "create", ORDER).task_id == words.tasks[upstream]
    assert (len(wire.requests), talk.slept) == (3, [1.0, 2.0])


def test_an_order_that_cannot_be_sent_is_given_up_after_a_few_tries(talk: Any, Script: Any) -> None:
    wire = Script(httpx.ConnectError("refused"))
    with pytest.raises(ConnectionFailedError, match="nothing was sent"):
        talk("opeai", wire, "create", ORDER)
    assert len(wire.requests) == 4


def test_an_order_that_is_refused_with_429_is_given_up_after_a_few_tries(talk: Any, Script: Any) -> None:
    wire = Script(httpx.Response(429, headers={"retry-after": "2"}, json={"code": 429, "msg": "slow"}))
    with pytest.raises(RateLimitError) as caught:
        talk("apimodels", wire, "create", ORDER)
    assert (len(wire.requests), talk.slept, caught.value.retry_after) == (4, [2.0, 2.0, 2.0], 2.0)


def test_an_overloaded_upstream_that_says_429_is_asked_again(talk: Any, Script: Any, words: Any) -> None:
    busy = (429, {"error": {"code": "ServerOverloaded", "message": "busy"}})
    assert talk("opeai", Script(busy, words.created("opeai")), "create", ORDER).task_id
    with pytest.raises(UpstreamError, match="busy"):
        talk("opeai", Script(busy), "create", ORDER)


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
    talk: Any, Script: Any, upstream: str, answer: Any, class_: type[SeedmockError]
) -> None:
    wire = Script(answer)
    with pytest.raises(class_):
        talk(upstream, wire, "create", ORDER)
    assert len(wire.requests) == 1


def test_a_task_that_is_born_failed_is_an_error_with_its_id(talk: Any, Script: Any, words: Any) -> None:
    born = words.seen("apimodels", "failed", failCode="CONTENT_MODERATION", failMsg="a face")
    with pytest.raises(InputModerationError, match="a face") as caught:
        talk("apimodels", Script(born), "create", ORDER)
    assert caught.value.task_id == words.tasks["apimodels"]
    with pytest.raises(TaskFailedError):
        talk("apimodels", Script(words.seen("apimodels", "failed")), "create", ORDER)


def test_an_order_follows_no_redirect(talk: Any, Script: Any) -> None:
    wire = Script(httpx.Response(308, headers={"location": "https://elsewhere.test/v1/videos"}))
    with pytest.raises(UsageError, match=r"elsewhere\.test"):
        talk("opeai", wire, "create", ORDER)
    assert len(wire.requests) == 1


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
    talk: Any, Script: Any, words: Any, upstream: str, order: dict[str, Any], field: str
) -> None:
    wire = Script(words.created(upstream))
    with pytest.raises(ValidationError) as caught:
        talk(upstream, wire, "create", GenerationRequest(**{"prompt": "p", **order}))
    assert caught.value.field.startswith(field)
    assert caught.value.allowed
    assert wire.requests == []


@BOTH
def test_preflight_can_be_switched_off(talk: Any, Script: Any, words: Any, upstream: str) -> None:
    wire = Script(words.created(upstream))
    talk(upstream, wire, "create", GenerationRequest(prompt="p", seconds=99), preflight=False)
    assert len(wire.requests) == 1


def test_what_an_upstream_has_no_verb_for_is_said_before_anything_is_sent(talk: Any, Script: Any) -> None:
    wire = Script({})
    calls: list[tuple[Any, ...]] = [
        ("create", UpscaleRequest(url="https://e.com/v.mp4", resolution="1080p")), ("balance",), ("list_groups",),
        ("get_asset", "a"), ("upload", __file__), ("record", "t"), ("models",), ("delete_group", "1"),
    ]  # fmt: skip
    for verb, *arguments in calls:
        with pytest.raises(UsageError, match="opeai has no"):
            talk("opeai", wire, verb, *arguments)
    assert wire.requests == []


def test_a_local_picture_is_uploaded_on_apimodels(talk: Any, Script: Any, words: Any, tmp_path: Path) -> None:
    picture = tmp_path / "first frame.png"
    picture.write_bytes(b"\x89PNG picture")
    wire = Script({"code": 200, "data": {"publicUrl": "https://files.test/1.png"}}, words.created("apimodels"))
    order = GenerationRequest(prompt="p", references=(first_frame(picture.as_uri()),))
    talk("apimodels", wire, "create", order, local_files=True)
    assert wire.paths == ["POST /api/v1/files", "POST /api/v1/video/generations"]
    assert b"\x89PNG picture" in wire.requests[0].content
    assert b'name="file"; filename="first frame.png"' in wire.requests[0].content
    assert json.loads(wire.requests[1].content)["first_frame_url"] == "https://files.test/1.png"


def test_a_local_video_is_uploaded_before_it_is_made_larger(talk: Any, Script: Any, words: Any, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"film")
    wire = Script({"code": 200, "data": {"publicUrl": "https://files.test/v.mp4"}}, words.created("apimodels"))
    order = UpscaleRequest(url=(tmp_path / "v.mp4").as_uri(), resolution="1080p")
    talk("apimodels", wire, "create", order, local_files=True)
    assert json.loads(wire.requests[1].content)["videoUrl"] == "https://files.test/v.mp4"


def test_a_local_video_has_no_way_into_opeai(talk: Any, Script: Any, words: Any, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"film")
    wire = Script(words.created("opeai"))
    video = Reference(MediaKind.VIDEO, (tmp_path / "v.mp4").as_uri())
    order = GenerationRequest(prompt="p", size="1280x720", references=(video,))
    with pytest.raises(ValidationError, match="web address for a video"):
        talk("opeai", wire, "create", order, local_files=True)
    assert wire.requests == []


def test_a_local_picture_goes_as_a_data_uri_on_opeai(talk: Any, Script: Any, words: Any, tmp_path: Path) -> None:
    picture = tmp_path / "first.png"
    picture.write_bytes(b"PNG")
    wire = Script(words.created("opeai"))
    order = GenerationRequest(prompt="p", size="1280x720", references=(first_frame(picture.as_uri()),))
    talk("opeai", wire, "create", order, local_files=True)
    item = json.loads(wire.requests[0].content)["input_reference"]["content"][0]
    assert item["image_url"]["url"] == "data:image/png;base64,UE5H"


def test_local_files_are_read_only_where_that_was_allowed(talk: Any, Script: Any, words: Any) -> None:
    wire = Script(words.created("opeai"))
    order = GenerationRequest(prompt="p", size="1280x720", references=(first_frame("file:///etc/hostname"),))
    with pytest.raises(ValidationError, match="local_files=True"):
        talk("opeai", wire, "create", order)
    assert wire.requests == []


@pytest.mark.parametrize("content", [None, b"", "too large"])
def test_a_local_file_that_cannot_be_used_is_said_before_anything_is_sent(
    talk: Any, Script: Any, tmp_path: Path, content: bytes | str | None
) -> None:
    picture = tmp_path / "p.png"
    if isinstance(content, bytes):
        picture.write_bytes(content)
    elif content:
        picture.touch()
        os.truncate(picture, 31 * 1024 * 1024)
    wire = Script({})
    order = GenerationRequest(prompt="p", references=(first_frame(picture.as_uri()),))
    with pytest.raises(ValidationError, match=r"p\.png"):
        talk("apimodels", wire, "create", order, local_files=True)
    assert wire.requests == []


def test_an_order_that_breaks_a_rule_uploads_nothing(talk: Any, Script: Any, tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(b"PNG")
    wire = Script({"code": 200, "data": {"publicUrl": "https://files.test/1.png"}})
    order = GenerationRequest(prompt="p", seconds=99, references=(first_frame(picture.as_uri()),))
    with pytest.raises(ValidationError):
        talk("apimodels", wire, "create", order, local_files=True)
    assert wire.requests == []


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


def test_an_answer_that_drips_for_ever_is_cut_at_its_deadline(talk: Any, Script: Any, Pieces: Any) -> None:
    def drip(request: httpx.Request) -> httpx.Response:
        def pieces() -> Any:
            for _ in range(1000):
                talk.time += 1
                yield b" "

        stream = Pieces()
        stream.pieces = pieces()
        return httpx.Response(200, stream=stream)

    with pytest.raises(SubmissionUnknownError, match="did not end in time"):
        talk("opeai", Script(drip), "create", ORDER)
    assert talk.time <= 1000 + 61


def test_an_answer_without_end_is_cut(talk: Any, Script: Any, Pieces: Any) -> None:
    with pytest.raises(ConnectionFailedError, match="more than"):
        talk("opeai", Script(httpx.Response(200, stream=Pieces(*[b"x" * 2**20] * 20))), "query", "t")


def test_waiting_for_a_task_by_its_id_or_its_record(talk: Any, Script: Any, words: Any) -> None:
    wire = Script(words.created("opeai"), words.seen("opeai", "IN_PROGRESS"), words.done("opeai"))
    created = talk("opeai", wire, "create", ORDER)
    assert talk("opeai", wire, "wait", created, poll_seconds=2).status == "SUCCESS"
    assert talk.slept == [2.0, 2.0]
    assert talk("opeai", wire, "wait", created.task_id, timeout=1).status == "SUCCESS"
    assert talk.slept == [2.0, 2.0]


def test_a_quote_costs_nothing_and_sends_nothing(talk: Any, Script: Any) -> None:
    wire = Script({})
    assert str(talk("apimodels", wire, "quote", GenerationRequest(prompt="p", seconds=4)).amount) == "0.588"
    with pytest.raises(ValidationError):
        talk("apimodels", wire, "quote", GenerationRequest(prompt="p", seconds=99))
    with pytest.raises(ValidationError, match="has no model"):
        talk("apimodels", wire, "quote", GenerationRequest(prompt="p", model="nobody"), preflight=False)
    assert wire.requests == []
