"""What an answer repeats of the order: model, prompt, size, length and mode."""

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
ORDER_A = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A heron waits.", "duration": 4}


def test_what_is_repeated_rightly_is_confirmed(talk: Callable[..., Any]) -> None:
    honest = talk("opeai").order()
    assert honest.held(model_is_echoed) == {"opeai.create.answer.model"}
    honest.poll("SUCCESS")
    assert honest.held(model_is_echoed) == {"opeai.query.answer.model"}
    assert honest.held(prompt_is_echoed) == {"opeai.query.answer.prompt"}
    assert honest.held(size_is_echoed) == {"opeai.query.answer.size", "opeai.size.720p.16:9"}
    other = talk("apimodels").order(model="seedance2-a/seedance-2.0-mini")
    assert other.held(model_is_echoed) == {"apimodels.create.answer.model"}
    assert other.poll("pending").held(model_is_echoed) == {"apimodels.query.answer.model"}
    assert other.held(mode_is_reported) == {"apimodels.query.model_type"}


def test_another_model_is_found_at_create_and_at_query(talk: Callable[..., Any]) -> None:
    lie = (Severity.BREAKING, "another model than was ordered")
    assert talk("opeai").order(model="seedance-2-0").broken(model_is_echoed) == {"opeai.create.answer.model": lie}
    for name, word in (("opeai", "SUCCESS"), ("apimodels", "completed")):
        found = talk(name).order().poll(word, model="seedance-2-0").broken(model_is_echoed)
        assert found == {f"{name}.query.answer.model": lie}


@pytest.mark.parametrize("prompt", ["a heron waits.", "A heron waits. ", "", None])
def test_another_prompt_is_found(talk: Callable[..., Any], prompt: Any) -> None:
    found = talk("opeai").order().poll("SUCCESS", prompt=prompt).broken(prompt_is_echoed)
    assert found == {"opeai.query.answer.prompt": (Severity.BREAKING, "another prompt than was sent")}


def test_another_size_is_found_by_its_row(talk: Callable[..., Any]) -> None:
    found = talk("opeai").order().poll("SUCCESS", size="1280x722").broken(size_is_echoed)
    assert found.keys() == {"opeai.query.answer.size", "opeai.size.720p.16:9"}


def test_a_size_by_resolution_and_ratio_is_that_of_the_table(talk: Callable[..., Any]) -> None:
    honest = talk("opeai").order(BY_RATIO).poll("SUCCESS")
    assert "opeai.size.equivalent" in honest.held(size_is_echoed)
    lie = talk("opeai").order(BY_RATIO).poll("SUCCESS", size="720x1280")
    assert lie.broken(size_is_echoed).keys() == {
        "opeai.size.equivalent",
        "opeai.size.720p.16:9",
        "opeai.query.answer.size",
    }


def test_a_length_is_judged_where_it_is_told(talk: Callable[..., Any]) -> None:
    more: dict[str, Any] = {"progress": 0, "size": "1280x720"}
    honest = talk("opeai").order(**more, seconds="4")
    assert honest.held(duration_is_echoed) == {"opeai.create.answer.openai.seconds"}
    assert talk("opeai").order(**more, seconds="5").broken(duration_is_echoed)
    assert talk("opeai").order().poll("completed", progress=100, seconds="8").broken(duration_is_echoed)
    assert talk("opeai").order().poll("SUCCESS").of(duration_is_echoed) == []


@pytest.mark.parametrize(
    ("more", "mode"),
    [
        ({}, "TEXT_TO_VIDEO"),
        ({"first_frame_url": IMAGE}, "IMAGE_TO_VIDEO"),
        ({"first_frame_url": IMAGE, "last_frame_url": IMAGE}, "IMAGE_TO_VIDEO"),
        ({"reference_image_urls": [IMAGE]}, "REFERENCE_TO_VIDEO"),
        ({"reference_image_urls": [IMAGE], "reference_video_urls": [VIDEO]}, "REFERENCE_TO_VIDEO"),
        ({"reference_video_urls": [VIDEO]}, "VIDEO_TO_VIDEO"),
    ],
)
def test_each_mode_has_its_word(talk: Callable[..., Any], more: dict[str, Any], mode: str) -> None:
    order = {**ORDER_A, **more}
    assert talk("apimodels").order(order).poll("pending", modelType=mode).held(mode_is_reported)
    found = talk("apimodels").order(order).poll("pending", modelType="TEXT_TO_IMAGE").broken(mode_is_reported)
    assert found["apimodels.query.model_type"][0] is Severity.INFO, "the words of the modes are our reading"


def test_an_upscale_makes_a_video_from_a_video(talk: Callable[..., Any]) -> None:
    order = {"model": "video-upscale", "videoUrl": VIDEO, "targetResolution": "1080p"}
    body = {"code": 200, "msg": "success", "data": {"taskId": "cl0123456789abcdefghijklm", "state": "pending"}}
    made = talk("apimodels").hear(Operation.UPSCALE, body, sent=order)
    assert made.poll("pending", model="video-upscale", modelType="VIDEO_TO_VIDEO").held(mode_is_reported)
    assert made.held(model_is_echoed)


def test_what_nobody_ordered_is_not_compared(talk: Callable[..., Any]) -> None:
    alone = talk("opeai").poll("SUCCESS")
    checks = (model_is_echoed, prompt_is_echoed, size_is_echoed, duration_is_echoed)
    assert [alone.of(check) for check in checks] == [[], [], [], []]
    refused = talk("opeai").hear(Operation.CREATE, {"model": "x"}, status=400, sent=BY_RATIO)
    assert refused.of(model_is_echoed) == []
