"""Checks of the fields that repeat the order: model, prompt, size, duration and mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks.echoed_fields import (
    duration_is_echoed,
    mode_is_reported,
    model_is_echoed,
    prompt_is_echoed,
    size_is_echoed,
)
from seedmock_harness.results.checks import Severity

BY_RATIO = {"model": "seedance-2-0-fast", "prompt": "A heron waits.", "resolution": "720p", "ratio": "16:9",
            "seconds": "4"}  # fmt: skip
IMAGE, VIDEO = "https://example.com/a.png", "https://example.com/a.mp4"
APIMODELS_ORDER = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A heron waits.", "duration": 4}


def test_echoed_fields_are_confirmed(new_history: Callable[..., Any]) -> None:
    history = new_history("opeai").order()
    assert history.passed(model_is_echoed) == {"opeai.create.response.model"}
    history.poll("SUCCESS")
    assert history.passed(model_is_echoed) == {"opeai.query.response.model"}
    assert history.passed(prompt_is_echoed) == {"opeai.query.response.prompt"}
    assert history.passed(size_is_echoed) == {"opeai.query.response.size", "opeai.size.720p.16:9"}
    history = new_history("apimodels").order(model="seedance2-a/seedance-2.0-mini")
    assert history.passed(model_is_echoed) == {"apimodels.create.response.model"}
    assert history.poll("pending").passed(model_is_echoed) == {"apimodels.query.response.model"}
    assert history.passed(mode_is_reported) == {"apimodels.query.model_type"}


def test_other_model_fails_at_create_and_query(new_history: Callable[..., Any]) -> None:
    failure = (Severity.BREAKING, "another model than was ordered")
    assert new_history("opeai").order(model="seedance-2-0").failed(model_is_echoed) == {
        "opeai.create.response.model": failure
    }
    for name, spelling in (("opeai", "SUCCESS"), ("apimodels", "completed")):
        failures = new_history(name).order().poll(spelling, model="seedance-2-0").failed(model_is_echoed)
        assert failures == {f"{name}.query.response.model": failure}


@pytest.mark.parametrize("prompt", ["a heron waits.", "A heron waits. ", "", None])
def test_other_prompt_fails(new_history: Callable[..., Any], prompt: Any) -> None:
    failures = new_history("opeai").order().poll("SUCCESS", prompt=prompt).failed(prompt_is_echoed)
    assert failures == {"opeai.query.response.prompt": (Severity.BREAKING, "another prompt than was sent")}


def test_other_size_fails_with_its_table_row(new_history: Callable[..., Any]) -> None:
    failures = new_history("opeai").order().poll("SUCCESS", size="1280x722").failed(size_is_echoed)
    assert failures.keys() == {"opeai.query.response.size", "opeai.size.720p.16:9"}


def test_resolution_and_ratio_map_to_the_documented_size(new_history: Callable[..., Any]) -> None:
    history = new_history("opeai").order(BY_RATIO).poll("SUCCESS")
    assert "opeai.size.equivalent" in history.passed(size_is_echoed)
    history = new_history("opeai").order(BY_RATIO).poll("SUCCESS", size="720x1280")
    assert history.failed(size_is_echoed).keys() == {
        "opeai.size.equivalent",
        "opeai.size.720p.16:9",
        "opeai.query.response.size",
    }


def test_duration_is_checked_where_it_is_reported(new_history: Callable[..., Any]) -> None:
    extra: dict[str, Any] = {"progress": 0, "size": "1280x720"}
    history = new_history("opeai").order(**extra, seconds="4")
    assert history.passed(duration_is_echoed) == {"opeai.create.response.openai.seconds"}
    assert new_history("opeai").order(**extra, seconds="5").failed(duration_is_echoed)
    assert new_history("opeai").order().poll("completed", progress=100, seconds="8").failed(duration_is_echoed)
    assert new_history("opeai").order().poll("SUCCESS").results_of(duration_is_echoed) == []


@pytest.mark.parametrize(
    ("extra", "mode"),
    [
        ({}, "TEXT_TO_VIDEO"),
        ({"first_frame_url": IMAGE}, "IMAGE_TO_VIDEO"),
        ({"first_frame_url": IMAGE, "last_frame_url": IMAGE}, "IMAGE_TO_VIDEO"),
        ({"reference_image_urls": [IMAGE]}, "REFERENCE_TO_VIDEO"),
        ({"reference_image_urls": [IMAGE], "reference_video_urls": [VIDEO]}, "REFERENCE_TO_VIDEO"),
        ({"reference_video_urls": [VIDEO]}, "VIDEO_TO_VIDEO"),
    ],
)
def test_each_mode_has_its_model_type(new_history: Callable[..., Any], extra: dict[str, Any], mode: str) -> None:
    order = {**APIMODELS_ORDER, **extra}
    assert new_history("apimodels").order(order).poll("pending", modelType=mode).passed(mode_is_reported)
    failures = new_history("apimodels").order(order).poll("pending", modelType="TEXT_TO_IMAGE").failed(mode_is_reported)
    assert failures["apimodels.query.model_type"][0] is Severity.INFO, "the words of the modes are our reading"


def test_upscale_reports_video_to_video(new_history: Callable[..., Any]) -> None:
    order = {"model": "video-upscale", "videoUrl": VIDEO, "targetResolution": "1080p"}
    body = {"code": 200, "msg": "success", "data": {"taskId": "cl0123456789abcdefghijklm", "state": "pending"}}
    history = new_history("apimodels").respond(Operation.UPSCALE, body, request=order)
    assert history.poll("pending", model="video-upscale", modelType="VIDEO_TO_VIDEO").passed(mode_is_reported)
    assert history.passed(model_is_echoed)


def test_responses_without_a_known_order_are_not_compared(new_history: Callable[..., Any]) -> None:
    history = new_history("opeai").poll("SUCCESS")
    checks = (model_is_echoed, prompt_is_echoed, size_is_echoed, duration_is_echoed)
    assert [history.results_of(check) for check in checks] == [[], [], [], []]
    history = new_history("opeai").respond(Operation.CREATE, {"model": "x"}, status=400, request=BY_RATIO)
    assert history.results_of(model_is_echoed) == []
