"""Request bodies of the client, compared with the examples of the vendors' documentation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedmock_client import (
    GenerationRequest,
    MediaKind,
    Reference,
    UpscaleRequest,
    ValidationError,
    first_frame,
    last_frame,
)
from seedmock_client.upstreams import get_codec
from seedmock_contracts import upstreams
from seedmock_contracts.upstreams import NAMES


def document(upstream: str, **order: Any) -> Any:
    return json.loads(json.dumps(get_codec(upstream).create(GenerationRequest(**order)).document))


def image(url: str) -> Reference:
    return Reference(MediaKind.IMAGE, url)


def test_text_to_video_body_of_the_opeai_guide() -> None:
    prompt = "A lighthouse keeper climbs the stairs, one lamp, slow camera."
    sent = document("opeai", model="fast", prompt=prompt, size="1280x720", seconds=4, generate_audio=False)
    assert sent == {
        "model": "seedance-2-0-fast", "prompt": prompt, "size": "1280x720", "seconds": "4", "generate_audio": False,
    }  # fmt: skip


def test_first_and_last_frame_body_of_the_opeai_guide() -> None:
    frames = (first_frame("https://example.com/first-frame.png"), last_frame("https://example.com/last-frame.png"))
    sent = document("opeai", model="seedance-2-0-fast", prompt="p", size="1280x720", seconds=5, references=frames)
    assert sent["input_reference"] == {
        "content": [
            {
                "type": "image_url",
                "role": "first_frame",
                "image_url": {"url": "https://example.com/first-frame.png"},
            },
            {"type": "image_url", "role": "last_frame", "image_url": {"url": "https://example.com/last-frame.png"}},
        ]
    }


def test_multimodal_body_of_the_opeai_guide() -> None:
    references = (
        image("https://example.com/tea-reference-1.jpg"),
        image("https://example.com/tea-reference-2.jpg"),
        Reference(MediaKind.VIDEO, "https://example.com/tea-motion.mp4"),
        Reference(MediaKind.AUDIO, "https://example.com/tea-rhythm.mp3"),
    )
    sent = document("opeai", model="fast", prompt="p", size="1280x720", seconds=8, references=references)
    assert [(item["type"], item["role"]) for item in sent["input_reference"]["content"]] == [
        ("image_url", "reference_image"),
        ("image_url", "reference_image"),
        ("video_url", "reference_video"),
        ("audio_url", "reference_audio"),
    ]
    assert sent["input_reference"]["content"][2]["video_url"] == {"url": "https://example.com/tea-motion.mp4"}


def test_resolution_and_ratio_are_not_converted_to_a_size_on_opeai() -> None:
    sent = document("opeai", model="fast", prompt="p", resolution="720p", ratio="9:16", seconds=4)
    assert (sent["resolution"], sent["ratio"], "size" in sent) == ("720p", "9:16", False)


def test_text_to_video_body_of_the_apimodels_page() -> None:
    prompt = "a kite over a beach, seen from below"
    sent = document("apimodels", prompt=prompt, resolution="720p", ratio="adaptive", seconds=5, generate_audio=True)
    assert sent == {
        "model": "seedance2-a/seedance-2.0-a", "prompt": prompt, "resolution": "720p", "aspect_ratio": "adaptive",
        "duration": 5, "generate_audio": True,
    }  # fmt: skip


def test_a_size_is_converted_to_resolution_and_ratio_on_apimodels() -> None:
    sent = document("apimodels", prompt="p", size="1080x1920")
    assert (sent["resolution"], sent["aspect_ratio"], "size" in sent) == ("1080p", "9:16", False)


def test_a_ratio_beside_a_first_frame_is_sent_only_if_ordered() -> None:
    frame = first_frame("https://e.com/f.jpg")
    bare = document("apimodels", prompt="p", resolution="720p", references=(frame,))
    assert bare["first_frame_url"] == "https://e.com/f.jpg"
    assert "aspect_ratio" not in bare
    assert document("apimodels", resolution="720p", ratio="16:9", references=(frame,))["aspect_ratio"] == "16:9"
    assert document("apimodels", size="960x960", references=(frame,))["aspect_ratio"] == "1:1"


def test_references_are_sent_in_lists_by_kind_on_apimodels() -> None:
    references = (
        image("https://e.com/a.jpg"),
        image("asset://asset-20260601120000-abcde"),
        Reference(MediaKind.VIDEO, "https://e.com/v.mp4"),
        Reference(MediaKind.AUDIO, "https://e.com/a.mp3"),
    )
    sent = document("apimodels", prompt="p", references=references, web_search=True, callback_url="https://e.com/hook")
    assert sent["reference_image_urls"] == ["https://e.com/a.jpg", "asset://asset-20260601120000-abcde"]
    assert sent["reference_video_urls"] == ["https://e.com/v.mp4"]
    assert sent["reference_audio_urls"] == ["https://e.com/a.mp3"]
    assert (sent["web_search"], sent["callback_url"]) == (True, "https://e.com/hook")


def test_upscale_body_of_the_apimodels_page() -> None:
    order = UpscaleRequest(url="https://example.com/in.mp4", resolution="1080p")
    assert get_codec("apimodels").upscale(order).document == {
        "model": "video-upscale", "videoUrl": "https://example.com/in.mp4", "targetResolution": "1080p",
    }  # fmt: skip


def test_asset_bodies_of_the_apimodels_page() -> None:
    account = get_codec("apimodels").account
    assert account is not None
    assert account.group_create("my-characters").document == {"name": "my-characters"}
    assert account.asset_create("https://example.com/portrait.png", "1", "host", "image").document == {
        "url": "https://example.com/portrait.png", "asset_type": "Image", "name": "host", "group_id": 1,
    }  # fmt: skip
    assert account.asset_get("asset://asset-2026-x").document == {"id": "asset-2026-x"}


@pytest.mark.parametrize(
    ("upstream", "order", "field"),
    [
        ("apimodels", {"size": "864x496"}, "size"),
        ("apimodels", {"size": "1280x720", "resolution": "720p"}, "size"),
        ("apimodels", {"references": (first_frame("https://e/1"), first_frame("https://e/2"))}, "first_frame_url"),
        ("opeai", {"size": "1280x720", "web_search": True}, "web_search"),
        ("opeai", {"size": "1280x720", "callback_url": "https://e/hook"}, "callback_url"),
    ],
)
def test_an_order_that_an_upstream_cannot_express_is_rejected(upstream: str, order: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        get_codec(upstream).create(GenerationRequest(prompt="p", **order))
    assert caught.value.field == field
    assert caught.value.allowed


def test_a_task_id_is_one_segment_of_the_path() -> None:
    assert get_codec("opeai").query("a/b?c").url == "/videos/a%2Fb%3Fc"


def test_every_upstream_of_the_contracts_has_a_codec() -> None:
    assert NAMES == upstreams.NAMES
    for name in NAMES:
        assert get_codec(name).contract is upstreams.get_contract(name)
