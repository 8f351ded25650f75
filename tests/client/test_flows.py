"""Flows driven by hand: no transport, no clock, no file."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

import pytest

from seedmock_client import (
    AuthenticationError,
    GenerationRequest,
    NotFoundError,
    OutputModerationError,
    Progress,
    RetryPolicy,
    SeedmockError,
    TaskFailedError,
    UnknownStatusError,
    UpstreamError,
    UsageError,
    Video,
    WaitTimeoutError,
    flows,
)
from seedmock_client import assets as library
from seedmock_client import polling as waiting
from seedmock_client.context import ClientConfig
from seedmock_client.effects import HttpResponse, RequestNotSent, ResponseLost, SendRequest, Sleep
from seedmock_client.upstreams import get_codec
from seedmock_contracts.upstreams import get_contract

PACING = (3.0, 3.0, 5.0, 5.0, 5.0, 8.0, 8.0, 10.0, 15.0, 15.0, 15.0)


class World:
    """Answers a flow's effects: time moves by sleeping, and each request by `takes` seconds."""

    def __init__(self, *steps: Any, takes: float = 0.0) -> None:
        self.steps, self.takes, self.now = list(steps), takes, 5000.0
        self.slept: list[float] = []
        self.sends: list[SendRequest] = []

    def run(self, flow: Generator[Any, Any, Any]) -> Any:
        result: Any = None
        act: Callable[[Any], Any] = flow.send
        while True:
            try:
                effect = act(result)
            except StopIteration as stop:
                return stop.value
            act, result = flow.send, None
            if isinstance(effect, Sleep):
                if effect.seconds:
                    self.slept.append(effect.seconds)
                self.now += effect.seconds
                result = self.now
            elif isinstance(effect, SendRequest):
                act, result = self.answered(flow, effect)
            else:
                act, result = self.worked(flow, effect)

    def worked(self, flow: Any, work: Any) -> Any:
        try:
            return flow.send, work.function()
        except Exception as error:
            return flow.throw, error

    def answered(self, flow: Any, send: SendRequest) -> Any:
        self.sends.append(send)
        self.now += self.takes
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            step.at = self.now  # type: ignore[attr-defined]
            return flow.throw, step
        status, body, headers = {2: (*step, {}), 3: step}[len(step)] if isinstance(step, tuple) else (200, step, {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return flow.send, HttpResponse(status=status, body=content, headers=headers, at=self.now, received=0.0)


def setup(upstream: str = "opeai", **patience: Any) -> ClientConfig:
    return ClientConfig(codec=get_codec(upstream), retry_policy=RetryPolicy(**patience))


def watched(upstream: str, *steps: Any, takes: float = 0.0, **patience: Any) -> tuple[World, Any]:
    world = World(*steps, takes=takes)
    return world, world.run(waiting.wait(setup(upstream, **patience), "task-1"))


def gave_up(error: type[SeedmockError], upstream: str, *steps: Any, takes: float = 0.0, **patience: Any) -> Any:
    world = World(*steps, takes=takes)
    with pytest.raises(error) as caught:
        world.run(waiting.wait(setup(upstream, **patience), "task-1"))
    assert caught.value.task_id == "task-1"
    return world, caught.value


def seen(word: str, **more: Any) -> dict[str, Any]:
    return {"id": "task-1", "object": "video", "status": word, **more}


def state(word: str, **more: Any) -> dict[str, Any]:
    return {"code": 200, "msg": "success", "data": {"taskId": "task-1", "state": word, **more}}


def test_polls_are_paced_as_the_vendor_paces_them() -> None:
    world, _ = watched("opeai", *[seen("QUEUED")] * 11, seen("SUCCESS"))
    assert tuple(world.slept) == PACING


def test_a_task_keeps_the_id_that_it_was_asked_for_by() -> None:
    _, (video, _) = watched("opeai", {"id": "another", "status": "SUCCESS"})
    assert video.task_id == "task-1"


def test_a_task_just_created_is_first_looked_at_after_a_pause() -> None:
    world = World(seen("SUCCESS"))
    status = get_contract("opeai").parse_status("queued")
    created = Video(task_id="task-1", upstream="opeai", status=status, raw_status="queued")
    video, states = world.run(waiting.wait(setup(), "task-1", None, created))
    assert (world.slept, states) == ([3.0], ("QUEUED", "SUCCESS"))
    assert video.task_id == "task-1"


@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_every_known_spelling_of_a_status_is_read_in_any_case(upstream: str) -> None:
    speaks = get_codec(upstream)
    for word in get_contract(upstream).status_spellings:
        for spelling in (word.spelling, word.spelling.upper(), word.spelling.lower()):
            body = seen(spelling) if upstream == "opeai" else state(spelling)
            assert speaks.read_video(body).status is word.status, spelling


def test_a_status_that_nobody_knows_counts_as_running_and_is_reported() -> None:
    notes: list[Progress] = []
    world = World(seen("PAUSED"), seen("SUCCESS"))
    world.run(waiting.wait(setup(), "task-1", notes.append))
    assert (notes[0].status, notes[0].raw_status) == (None, "PAUSED")
    assert "unknown status 'PAUSED'" in notes[0].note
    assert notes[-1].note == ""


def test_a_status_that_nobody_knows_is_named_when_the_deadline_passes() -> None:
    _, error = gave_up(UnknownStatusError, "opeai", seen("PAUSED"), wait_seconds=20)
    assert "'PAUSED'" in error.message
    assert (error.raw_status, error.states_seen) == ("PAUSED", ("PAUSED",))


def test_an_answer_without_a_status_does_not_show_one_that_nobody_knows() -> None:
    notes: list[Progress] = []
    world = World({"id": "task-1", "object": "video"})
    with pytest.raises(WaitTimeoutError) as caught:
        world.run(waiting.wait(setup(wait_seconds=20), "task-1", notes.append))
    assert not isinstance(caught.value, UnknownStatusError)
    assert caught.value.message.startswith("task task-1 showed no status after 20 s")
    assert notes[0].note == "no status in the response, taken as still running"


def test_a_task_that_never_ends_is_given_up_at_the_deadline_and_not_before() -> None:
    world, error = gave_up(WaitTimeoutError, "opeai", seen("IN_PROGRESS"), wait_seconds=100)
    assert sum(world.slept) == pytest.approx(100)
    assert "IN_PROGRESS" in error.message
    assert error.states_seen == ("IN_PROGRESS",)


def test_slow_answers_count_against_the_deadline_and_get_no_more_than_what_is_left() -> None:
    world, _ = gave_up(WaitTimeoutError, "opeai", seen("QUEUED"), takes=30, wait_seconds=100, request_seconds=60)
    assert world.now - 5000 <= 100 + 30
    assert all(send.seconds <= max(60, waiting.LAST_POLL_SECONDS) for send in world.sends)
    assert world.sends[-1].seconds <= 100 - 60


@pytest.mark.parametrize(
    "trouble",
    [
        (404, {"error": {"message": "video not found", "code": "ResourceNotFound"}}),
        (500, {"error": {"message": "x"}}),
        (502, b"<html>bad gateway</html>"),
        (524, b""),
        (200, b""),
        (200, b"<html>maintenance</html>"),
        (200, {}),
        (200, []),
        (408, b""),
        (429, b""),
        ResponseLost("ReadTimeout"),
        RequestNotSent("ConnectError"),
    ],
)
def test_a_poll_survives_what_passes(trouble: Any) -> None:
    times = 4 if isinstance(trouble, tuple) and trouble[0] == 404 else 9
    _, (video, states) = watched("opeai", seen("QUEUED"), *[trouble] * times, seen("SUCCESS"))
    assert video.status == "SUCCESS"
    assert states == ("QUEUED", "SUCCESS")


@pytest.mark.parametrize(
    "trouble", [(502, b""), ResponseLost("ReadError"), RequestNotSent("refused"), (200, b"?"), (429, b"")]
)
def test_what_never_passes_ends_at_the_deadline(trouble: Any) -> None:
    world, error = gave_up(WaitTimeoutError, "opeai", trouble, wait_seconds=200)
    assert sum(world.slept) <= 200
    assert "no status" in error.message
    assert "last:" in error.message


def test_a_404_that_stays_is_believed_after_a_few_looks() -> None:
    world, error = gave_up(NotFoundError, "opeai", (404, {"error": {"message": "video not found"}}), missing_polls=4)
    assert (len(world.sends), error.status) == (4, 404)


def test_404s_are_counted_in_a_row() -> None:
    missing = (404, {"error": {"message": "video not found"}})
    steps = [*[missing] * 4, seen("QUEUED")] * 3
    watched("opeai", *steps, seen("SUCCESS"))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_a_refused_key_ends_the_waiting_at_once(upstream: str, status: int) -> None:
    world, _ = gave_up(AuthenticationError, upstream, (status, {"code": status, "msg": "bad key"}))
    assert len(world.sends) == 1


def test_a_refused_key_under_http_200_ends_the_waiting_at_once() -> None:
    world, _ = gave_up(AuthenticationError, "apimodels", {"code": 401, "msg": "bad key"})
    assert len(world.sends) == 1


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({"retry-after": "40"}, 40),
        ({"retry-after": "1.5"}, 3),
        ({"retry-after": "Fri, 01 Jan 2027 00:01:10 GMT", "date": "Fri, 01 Jan 2027 00:00:00 GMT"}, 70),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:50 GMT"}, 50),
        ({"retry-after": "soon"}, 3),
        ({"retry-after": "-5"}, 3),
        ({"retry-after": "Wed, 01 Jan 1969 00:00:00 GMT"}, 3),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 200])
def test_a_poll_is_never_faster_than_retry_after(status: int, headers: dict[str, str], least: float) -> None:
    body = seen("QUEUED") if status == 200 else {"error": {"message": "slow down"}}
    world, _ = watched("opeai", (status, body, headers), seen("SUCCESS"))
    assert world.slept[0] >= least
    assert world.slept[0] <= max(least, 4)


def test_a_retry_after_beyond_the_deadline_ends_the_waiting_now() -> None:
    world, error = gave_up(WaitTimeoutError, "opeai", (429, b"", {"retry-after": "9999999999"}), wait_seconds=100)
    assert world.slept == []
    assert "past the deadline" in error.message


def test_429s_without_an_hour_are_met_with_growing_pauses() -> None:
    world, _ = watched("opeai", *[(429, b"")] * 5, seen("SUCCESS"), pacing=(1.0,))
    assert world.slept == sorted(world.slept)
    assert world.slept[-1] > 10 * world.slept[0] / 4


def test_a_failed_task_says_why_in_every_known_form() -> None:
    forms: list[tuple[str, dict[str, Any], str, type[SeedmockError]]] = [
        ("opeai", seen("FAILURE", error={"code": "InternalServiceError", "message": "boom"}), "boom", TaskFailedError),
        ("opeai", seen("failed", error="boom"), "boom", TaskFailedError),
        ("opeai", seen("FAILURE", fail_reason="boom"), "boom", TaskFailedError),
        ("opeai", seen("FAILURE"), "no reason", TaskFailedError),
        ("opeai", seen("EXPIRED"), "no reason", TaskFailedError),
        (
            "opeai",
            seen("FAILURE", error={"code": "OutputAudioSensitiveContentDetected", "message": "m"}),
            "m",
            OutputModerationError,
        ),
        (
            "apimodels",
            state("failed", failCode="UPSTREAM_BUSY", failMsg="boom", retryable=True),
            "boom",
            TaskFailedError,
        ),
        ("apimodels", state("failed", failCode="INVALID_INPUT", failMsg="boom"), "boom", TaskFailedError),
        ("apimodels", state("failed", failCode="CONTENT_MODERATION", failMsg="m"), "m", OutputModerationError),
        ("apimodels", state("failed", failMsg="内容审核未通过"), "审核", OutputModerationError),
    ]
    for upstream, body, said, class_ in forms:
        _, error = gave_up(class_, upstream, body)
        assert said in error.message, body


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"failCode": "UPSTREAM_BUSY"}, True),
        ({"failCode": "TIMEOUT"}, True),
        ({"failCode": "INVALID_INPUT"}, False),
        ({"failCode": "UPSTREAM_BUSY", "retryable": False}, False),
        ({"failCode": "INVALID_INPUT", "retryable": True}, True),
        ({}, False),
    ],
)
def test_retryable_is_the_upstreams_word_before_the_codes(more: dict[str, Any], expected: bool) -> None:
    _, error = gave_up(TaskFailedError, "apimodels", state("failed", **more))
    assert error.retryable is expected


def test_a_success_without_a_link_is_looked_at_a_little_longer() -> None:
    link = "https://r.test/a.mp4"
    bare = state("completed", resultUrls=[])
    _, (video, _) = watched("apimodels", bare, bare, state("completed", resultUrls=[link]))
    assert video.urls == (link,)


def test_a_success_that_never_gets_a_link_is_the_upstreams_failure() -> None:
    world, error = gave_up(UpstreamError, "apimodels", state("completed", resultUrls=[]), linkless_polls=5)
    assert len(world.sends) == 6
    assert "no result link" in error.message


@pytest.mark.parametrize(
    "data",
    [
        {"taskId": "task-1", "state": "completed", "resultUrls": ["https://r/a"]},
        {"task_id": "task-1", "status": "completed", "videos": ["https://r/a"]},
        {"taskId": "task-1", "state": "completed", "video_url": "https://r/a"},
        {"taskId": "task-1", "state": "completed", "resultUrls": [], "resultJson": '{"resultUrls":["https://r/a"]}'},
        {"taskId": "task-1", "state": "completed", "resultJson": {"resultUrls": ["https://r/a"]}},
        {"taskId": "task-1", "state": "completed", "resultUrls": [None, "", "https://r/a"], "resultJson": "{"},
    ],
)
def test_a_link_is_found_in_every_form_that_was_ever_seen(data: dict[str, Any]) -> None:
    assert get_codec("apimodels").read_video({"code": 200, "data": data}).urls == ("https://r/a",)


def test_the_gateways_other_endpoint_is_read_too() -> None:
    body = {"code": "success", "message": "", "data": {"task_id": "t", "status": "IN_PROGRESS", "progress": "30%"}}
    video = get_codec("opeai").read_video(body)
    assert (video.task_id, video.status, video.progress) == ("t", "IN_PROGRESS", "30%")


def test_times_of_both_upstreams_are_epoch_seconds() -> None:
    a = get_codec("apimodels").read_video(state("completed", createTime=1780021218000, completeTime=1780021318500))
    b = get_codec("opeai").read_video(seen("SUCCESS", created_at=1780021218, completed_at=None))
    assert (a.created_at, a.completed_at) == (1780021218.0, 1780021318.5)
    assert (b.created_at, b.completed_at) == (1780021218, None)


ORDER = GenerationRequest(prompt="a boat", size="1280x720", seconds=4)


def test_a_create_that_is_refused_with_429_is_sent_again_when_it_was_asked_to() -> None:
    world = World((429, b"", {"retry-after": "7"}), (429, b""), {"id": "t", "status": "queued"})
    assert world.run(flows.create(setup(), ORDER)).task_id == "t"
    assert world.slept == [7.0, 2.0]


def test_a_create_waits_no_longer_for_its_turn_than_its_deadline() -> None:
    world = World((429, b"", {"retry-after": "500"}))
    with pytest.raises(SeedmockError) as caught:
        world.run(flows.create(setup(create_seconds=120), ORDER))
    assert (caught.value.retry_after, world.slept) == (500.0, [])


def test_generating_tries_the_file_before_it_orders(tmp_path: Any) -> None:
    world = World({"id": "t", "status": "queued"})
    with pytest.raises(UsageError):
        world.run(flows.generate(setup(), ORDER, tmp_path))
    assert world.sends == []


def test_an_asset_is_waited_for_until_active() -> None:
    def asset(word: str) -> dict[str, Any]:
        return {"code": 200, "data": {"id": "asset-1", "status": word}}

    trouble = (404, {"code": 404, "msg": "asset not found"})
    page, nothing = (200, "<html>"), (200, "")
    world = World(asset("Processing"), trouble, ResponseLost("x"), page, nothing, asset("Odd"), asset("ACTIVE"))
    assert world.run(library.wait_asset(setup("apimodels"), "asset-1")).url == "asset://asset-1"
    world = World(asset("Processing"))
    with pytest.raises(WaitTimeoutError, match="Processing"):
        world.run(library.wait_asset(setup("apimodels", asset_seconds=60), "asset-1"))
    assert sum(world.slept) == pytest.approx(60)
    world = World(
        {"code": 200, "data": {"id": "asset-1", "status": "Failed", "error": {"code": "WidthTooSmall", "message": "m"}}}
    )
    with pytest.raises(UpstreamError, match="WidthTooSmall: m"):
        world.run(library.wait_asset(setup("apimodels"), "asset-1"))


@pytest.mark.parametrize(
    "bad", [{"pacing": ()}, {"pacing": (0.0,)}, {"pacing": (float("nan"),)}, {"wait_seconds": float("inf")}]
)
def test_patience_has_no_room_for_an_endless_or_a_frantic_wait(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        RetryPolicy(**bad)
