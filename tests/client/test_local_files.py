"""Local files as references: uploaded, or encoded as data: URIs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from seedmock_client import (
    GenerationRequest,
    MediaKind,
    Reference,
    UpscaleRequest,
    ValidationError,
    first_frame,
)

from . import responses
from .conftest import ClientCaller
from .scripted_api import ScriptedApi

BOTH = pytest.mark.parametrize("upstream", ["apimodels", "opeai"])


def test_a_local_image_is_uploaded_on_apimodels(call_client: ClientCaller, tmp_path: Path) -> None:
    image = tmp_path / "first frame.png"
    image.write_bytes(b"\x89PNG image")
    api = ScriptedApi({"code": 200, "data": {"publicUrl": "https://files.test/1.png"}}, responses.created("apimodels"))
    order = GenerationRequest(prompt="p", references=(first_frame(image.as_uri()),))
    call_client("apimodels", api, "create", order, local_files=True)
    assert api.paths == ["POST /api/v1/files", "POST /api/v1/video/generations"]
    assert b"\x89PNG image" in api.requests[0].content
    assert b'name="file"; filename="first frame.png"' in api.requests[0].content
    assert json.loads(api.requests[1].content)["first_frame_url"] == "https://files.test/1.png"


def test_a_local_video_is_uploaded_before_its_upscale(call_client: ClientCaller, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"video")
    api = ScriptedApi({"code": 200, "data": {"publicUrl": "https://files.test/v.mp4"}}, responses.created("apimodels"))
    order = UpscaleRequest(url=(tmp_path / "v.mp4").as_uri(), resolution="1080p")
    call_client("apimodels", api, "create", order, local_files=True)
    assert json.loads(api.requests[1].content)["videoUrl"] == "https://files.test/v.mp4"


def test_a_local_video_is_rejected_on_opeai(call_client: ClientCaller, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"video")
    api = ScriptedApi(responses.created("opeai"))
    video = Reference(MediaKind.VIDEO, (tmp_path / "v.mp4").as_uri())
    order = GenerationRequest(prompt="p", size="1280x720", references=(video,))
    with pytest.raises(ValidationError, match="URL for a video"):
        call_client("opeai", api, "create", order, local_files=True)
    assert api.requests == []


def test_a_local_image_is_sent_as_a_data_uri_on_opeai(call_client: ClientCaller, tmp_path: Path) -> None:
    image = tmp_path / "first.png"
    image.write_bytes(b"PNG")
    api = ScriptedApi(responses.created("opeai"))
    order = GenerationRequest(prompt="p", size="1280x720", references=(first_frame(image.as_uri()),))
    call_client("opeai", api, "create", order, local_files=True)
    item = json.loads(api.requests[0].content)["input_reference"]["content"][0]
    assert item["image_url"]["url"] == "data:image/png;base64,UE5H"


def test_local_files_are_not_read_without_local_files(call_client: ClientCaller) -> None:
    api = ScriptedApi(responses.created("opeai"))
    order = GenerationRequest(prompt="p", size="1280x720", references=(first_frame("file:///etc/hostname"),))
    with pytest.raises(ValidationError, match="local_files=True"):
        call_client("opeai", api, "create", order)
    assert api.requests == []


@pytest.mark.parametrize("content", [None, b"", "too large"])
def test_an_unusable_local_file_is_an_error_before_any_request(
    call_client: ClientCaller, tmp_path: Path, content: bytes | str | None
) -> None:
    image = tmp_path / "p.png"
    if isinstance(content, bytes):
        image.write_bytes(content)
    elif content:
        image.touch()
        os.truncate(image, 31 * 1024 * 1024)
    api = ScriptedApi({})
    order = GenerationRequest(prompt="p", references=(first_frame(image.as_uri()),))
    with pytest.raises(ValidationError, match=r"p\.png"):
        call_client("apimodels", api, "create", order, local_files=True)
    assert api.requests == []


def test_an_order_that_violates_a_rule_uploads_nothing(call_client: ClientCaller, tmp_path: Path) -> None:
    image = tmp_path / "p.png"
    image.write_bytes(b"PNG")
    api = ScriptedApi({"code": 200, "data": {"publicUrl": "https://files.test/1.png"}})
    order = GenerationRequest(prompt="p", seconds=99, references=(first_frame(image.as_uri()),))
    with pytest.raises(ValidationError):
        call_client("apimodels", api, "create", order, local_files=True)
    assert api.requests == []
