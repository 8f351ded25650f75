"""Flows run without transport, clock or files: waits, creates and assets."""

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
    assets,
    flows,
    polling,
)
from seedmock_client.context import ClientConfig
from seedmock_client.effects import HttpResponse, PerformRequest, RequestNotSent, ResponseLost, Sleep
from seedmock_client.upstreams import get_codec
from seedmock_contracts.upstreams import get_contract

PACING = (3.0, 3.0, 5.0, 5.0, 5.0, 8.0, 8.0, 10.0, 15.0, 15.0, 15.0)


class FlowRunner:
    """Runs a flow: gives the scripted responses, and advances the time by sleeps and by `latency` for each request."""

    def __init__(self, *steps: Any, latency: float = 0.0) -> None:
        self.steps, self.latency, self.now = list(steps), latency, 5000.0
        self.pauses: list[float] = []
        self.sends: list[PerformRequest] = []

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
                    self.pauses.append(effect.seconds)
                self.now += effect.seconds
                result = self.now
            elif isinstance(effect, PerformRequest):
                act, result = self._respond(flow, effect)
            else:
                act, result = self._run_blocking(flow, effect)

    def _run_blocking(self, flow: Any, effect: Any) -> Any:
        try:
            return flow.send, effect.function()
        except Exception as error:
            return flow.throw, error

    def _respond(self, flow: Any, effect: PerformRequest) -> Any:
        self.sends.append(effect)
        self.now += self.latency
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            step.at = self.now  # type: ignore[attr-defined]
            return flow.throw, step
        status, body, headers = {2: (*step, {}), 3: step}[len(step)] if isinstance(step, tuple) else (200, step, {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return flow.send, HttpResponse(status=status, body=content, headers=headers, at=self.now, received=0.0)


def config(upstream: str = "opeai", **limits: Any) -> ClientConfig:
    return ClientConfig(codec=get_codec(upstream), retry_policy=RetryPolicy(**limits))


def wait_for(upstream: str, *steps: Any, latency: float = 0.0, **limits: Any) -> tuple[FlowRunner, Any]:
    runner = FlowRunner(*steps, latency=latency)
    return runner, runner.run(polling.wait(config(upstream, **limits), "task-1"))


def wait_error(error: type[SeedmockError], upstream: str, *steps: Any, latency: float = 0.0, **limits: Any) -> Any:
    runner = FlowRunner(*steps, latency=latency)
    with pytest.raises(error) as caught:
        runner.run(polling.wait(config(upstream, **limits), "task-1"))
    assert caught.value.task_id == "task-1"
    return runner, caught.value


def opeai_task(status: str, **fields: Any) -> dict[str, Any]:
    return {"id": "task-1", "object": "video", "status": status, **fields}


def apimodels_task(state: str, **fields: Any) -> dict[str, Any]:
    return {"code": 200, "msg": "success", "data": {"taskId": "task-1", "state": state, **fields}}


def test_pauses_between_polls_are_those_of_the_vendor() -> None:
    runner, _ = wait_for("opeai", *[opeai_task("QUEUED")] * 11, opeai_task("SUCCESS"))
    assert tuple(runner.pauses) == PACING


def test_a_task_has_the_id_that_was_queried() -> None:
    _, (video, _) = wait_for("opeai", {"id": "another", "status": "SUCCESS"})
    assert video.task_id == "task-1"


def test_a_created_task_is_first_polled_after_a_pause() -> None:
    runner = FlowRunner(opeai_task("SUCCESS"))
    status = get_contract("opeai").parse_status("queued")
    created = Video(task_id="task-1", upstream="opeai", status=status, raw_status="queued")
    video, states = runner.run(polling.wait(config(), "task-1", None, created))
    assert (runner.pauses, states) == ([3.0], ("QUEUED", "SUCCESS"))
    assert video.task_id == "task-1"


@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_every_spelling_of_a_status_is_parsed_in_any_case(upstream: str) -> None:
    codec = get_codec(upstream)
    for row in get_contract(upstream).status_spellings:
        for spelling in (row.spelling, row.spelling.upper(), row.spelling.lower()):
            body = opeai_task(spelling) if upstream == "opeai" else apimodels_task(spelling)
            assert codec.read_video(body).status is row.status, spelling


def test_an_unknown_status_counts_as_running_and_is_reported() -> None:
    notes: list[Progress] = []
    runner = FlowRunner(opeai_task("PAUSED"), opeai_task("SUCCESS"))
    runner.run(polling.wait(config(), "task-1", notes.append))
    assert (notes[0].status, notes[0].raw_status) == (None, "PAUSED")
    assert "unknown status 'PAUSED'" in notes[0].note
    assert notes[-1].note == ""


def test_an_unknown_status_is_named_at_the_deadline() -> None:
    _, error = wait_error(UnknownStatusError, "opeai", opeai_task("PAUSED"), wait_seconds=20)
    assert "'PAUSED'" in error.message
    assert (error.raw_status, error.statuses) == ("PAUSED", ("PAUSED",))


def test_a_missing_status_is_not_an_unknown_status() -> None:
    notes: list[Progress] = []
    runner = FlowRunner({"id": "task-1", "object": "video"})
    with pytest.raises(WaitTimeoutError) as caught:
        runner.run(polling.wait(config(wait_seconds=20), "task-1", notes.append))
    assert not isinstance(caught.value, UnknownStatusError)
    assert caught.value.message.startswith("task task-1 reported no status after 20 s")
    assert notes[0].note == "no status in the response, taken as still running"


def test_a_wait_for_an_endless_task_ends_at_the_deadline() -> None:
    runner, error = wait_error(WaitTimeoutError, "opeai", opeai_task("IN_PROGRESS"), wait_seconds=100)
    assert sum(runner.pauses) == pytest.approx(100)
    assert "IN_PROGRESS" in error.message
    assert error.statuses == ("IN_PROGRESS",)


def test_slow_responses_count_against_the_deadline() -> None:
    runner, _ = wait_error(
        WaitTimeoutError, "opeai", opeai_task("QUEUED"), latency=30, wait_seconds=100, request_seconds=60
    )
    assert runner.now - 5000 <= 100 + 30
    assert all(send.seconds <= max(60, polling.LAST_POLL_SECONDS) for send in runner.sends)
    assert runner.sends[-1].seconds <= 100 - 60


@pytest.mark.parametrize(
    "error",
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
def test_a_wait_continues_after_temporary_errors(error: Any) -> None:
    times = 4 if isinstance(error, tuple) and error[0] == 404 else 9
    _, (video, states) = wait_for("opeai", opeai_task("QUEUED"), *[error] * times, opeai_task("SUCCESS"))
    assert video.status == "SUCCESS"
    assert states == ("QUEUED", "SUCCESS")


@pytest.mark.parametrize(
    "error", [(502, b""), ResponseLost("ReadError"), RequestNotSent("refused"), (200, b"?"), (429, b"")]
)
def test_a_wait_with_permanent_errors_ends_at_the_deadline(error: Any) -> None:
    runner, error = wait_error(WaitTimeoutError, "opeai", error, wait_seconds=200)
    assert sum(runner.pauses) <= 200
    assert "no status" in error.message
    assert "last:" in error.message


def test_a_repeated_404_ends_the_wait() -> None:
    runner, error = wait_error(
        NotFoundError, "opeai", (404, {"error": {"message": "video not found"}}), missing_polls=4
    )
    assert (len(runner.sends), error.status) == (4, 404)


def test_404s_are_counted_in_a_row() -> None:
    missing = (404, {"error": {"message": "video not found"}})
    steps = [*[missing] * 4, opeai_task("QUEUED")] * 3
    wait_for("opeai", *steps, opeai_task("SUCCESS"))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_a_rejected_key_ends_the_wait_at_once(upstream: str, status: int) -> None:
    runner, _ = wait_error(AuthenticationError, upstream, (status, {"code": status, "msg": "bad key"}))
    assert len(runner.sends) == 1


def test_a_rejected_key_under_http_200_ends_the_wait_at_once() -> None:
    runner, _ = wait_error(AuthenticationError, "apimodels", {"code": 401, "msg": "bad key"})
    assert len(runner.sends) == 1


@pytest.mark.parametrize(
    ("headers", "expected"),
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
def test_a_poll_waits_for_retry_after(status: int, headers: dict[str, str], expected: float) -> None:
    body = opeai_task("QUEUED") if status == 200 else {"error": {"message": "slow down"}}
    runner, _ = wait_for("opeai", (status, body, headers), opeai_task("SUCCESS"))
    assert runner.pauses[0] >= expected
    assert runner.pauses[0] <= max(expected, 4)


def test_a_retry_after_beyond_the_deadline_ends_the_wait_at_once() -> None:
    runner, error = wait_error(WaitTimeoutError, "opeai", (429, b"", {"retry-after": "9999999999"}), wait_seconds=100)
    assert runner.pauses == []
    assert "past the deadline" in error.message


def test_pauses_grow_after_429s_without_retry_after() -> None:
    runner, _ = wait_for("opeai", *[(429, b"")] * 5, opeai_task("SUCCESS"), pacing=(1.0,))
    assert runner.pauses == sorted(runner.pauses)
    assert runner.pauses[-1] > 10 * runner.pauses[0] / 4


def test_the_failure_reason_is_read_in_every_known_form() -> None:
    forms: list[tuple[str, dict[str, Any], str, type[SeedmockError]]] = [
        (
            "opeai",
            opeai_task("FAILURE", error={"code": "InternalServiceError", "message": "boom"}),
            "boom",
            TaskFailedError,
        ),
        ("opeai", opeai_task("failed", error="boom"), "boom", TaskFailedError),
        ("opeai", opeai_task("FAILURE", fail_reason="boom"), "boom", TaskFailedError),
        ("opeai", opeai_task("FAILURE"), "no reason", TaskFailedError),
        ("opeai", opeai_task("EXPIRED"), "no reason", TaskFailedError),
        (
            "opeai",
            opeai_task("FAILURE", error={"code": "OutputAudioSensitiveContentDetected", "message": "m"}),
            "m",
            OutputModerationError,
        ),
        (
            "apimodels",
            apimodels_task("failed", failCode="UPSTREAM_BUSY", failMsg="boom", retryable=True),
            "boom",
            TaskFailedError,
        ),
        ("apimodels", apimodels_task("failed", failCode="INVALID_INPUT", failMsg="boom"), "boom", TaskFailedError),
        ("apimodels", apimodels_task("failed", failCode="CONTENT_MODERATION", failMsg="m"), "m", OutputModerationError),
        ("apimodels", apimodels_task("failed", failMsg="内容审核未通过"), "审核", OutputModerationError),
    ]
    for upstream, body, message, class_ in forms:
        _, error = wait_error(class_, upstream, body)
        assert message in error.message, body


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"failCode": "UPSTREAM_BUSY"}, True),
        ({"failCode": "TIMEOUT"}, True),
        ({"failCode": "INVALID_INPUT"}, False),
        ({"failCode": "UPSTREAM_BUSY", "retryable": False}, False),
        ({"failCode": "INVALID_INPUT", "retryable": True}, True),
        ({}, False),
    ],
)
def test_retryable_of_the_response_overrides_the_code(fields: dict[str, Any], expected: bool) -> None:
    _, error = wait_error(TaskFailedError, "apimodels", apimodels_task("failed", **fields))
    assert error.retryable is expected


def test_a_success_without_a_link_is_polled_further() -> None:
    link = "https://r.test/a.mp4"
    without_link = apimodels_task("completed", resultUrls=[])
    _, (video, _) = wait_for("apimodels", without_link, without_link, apimodels_task("completed", resultUrls=[link]))
    assert video.urls == (link,)


def test_a_success_that_never_gets_a_link_is_an_upstream_error() -> None:
    runner, error = wait_error(UpstreamError, "apimodels", apimodels_task("completed", resultUrls=[]), linkless_polls=5)
    assert len(runner.sends) == 6
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
def test_a_result_link_is_read_in_every_known_form(data: dict[str, Any]) -> None:
    assert get_codec("apimodels").read_video({"code": 200, "data": data}).urls == ("https://r/a",)


def test_a_task_in_the_gateways_data_envelope_is_read() -> None:
    body = {"code": "success", "message": "", "data": {"task_id": "t", "status": "IN_PROGRESS", "progress": "30%"}}
    video = get_codec("opeai").read_video(body)
    assert (video.task_id, video.status, video.progress) == ("t", "IN_PROGRESS", "30%")


def test_times_of_both_upstreams_are_epoch_seconds() -> None:
    apimodels = get_codec("apimodels").read_video(
        apimodels_task("completed", createTime=1780021218000, completeTime=1780021318500)
    )
    opeai = get_codec("opeai").read_video(opeai_task("SUCCESS", created_at=1780021218, completed_at=None))
    assert (apimodels.created_at, apimodels.completed_at) == (1780021218.0, 1780021318.5)
    assert (opeai.created_at, opeai.completed_at) == (1780021218, None)


ORDER = GenerationRequest(prompt="a boat", size="1280x720", seconds=4)


def test_a_create_is_repeated_after_a_429_and_its_retry_after() -> None:
    runner = FlowRunner((429, b"", {"retry-after": "7"}), (429, b""), {"id": "t", "status": "queued"})
    assert runner.run(flows.create(config(), ORDER)).task_id == "t"
    assert runner.pauses == [7.0, 2.0]


def test_a_create_does_not_wait_beyond_its_deadline() -> None:
    runner = FlowRunner((429, b"", {"retry-after": "500"}))
    with pytest.raises(SeedmockError) as caught:
        runner.run(flows.create(config(create_seconds=120), ORDER))
    assert (caught.value.retry_after, runner.pauses) == (500.0, [])


def test_generate_checks_the_output_file_before_it_orders(tmp_path: Any) -> None:
    runner = FlowRunner({"id": "t", "status": "queued"})
    with pytest.raises(UsageError):
        runner.run(flows.generate(config(), ORDER, tmp_path))
    assert runner.sends == []


def test_wait_asset_polls_until_active() -> None:
    def asset(status: str) -> dict[str, Any]:
        return {"code": 200, "data": {"id": "asset-1", "status": status}}

    not_found = (404, {"code": 404, "msg": "asset not found"})
    page, empty = (200, "<html>"), (200, "")
    runner = FlowRunner(asset("Processing"), not_found, ResponseLost("x"), page, empty, asset("Odd"), asset("ACTIVE"))
    assert runner.run(assets.wait_asset(config("apimodels"), "asset-1")).url == "asset://asset-1"
    runner = FlowRunner(asset("Processing"))
    with pytest.raises(WaitTimeoutError, match="Processing"):
        runner.run(assets.wait_asset(config("apimodels", asset_seconds=60), "asset-1"))
    assert sum(runner.pauses) == pytest.approx(60)
    runner = FlowRunner(
        {"code": 200, "data": {"id": "asset-1", "status": "Failed", "error": {"code": "WidthTooSmall", "message": "m"}}}
    )
    with pytest.raises(UpstreamError, match="WidthTooSmall: m"):
        runner.run(assets.wait_asset(config("apimodels"), "asset-1"))
