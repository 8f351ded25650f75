"""Orders that carry a reference which is not used: accepted, and never without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

PICTURE = "https://media.example.org/face.png"
ITEM = {"type": "image_url", "role": "reference_image", "image_url": {"url": PICTURE}}
OPEAI = {"model": "seedance-2-0-fast", "prompt": "Kites", "size": "640x640", "seconds": "4"}
APIMODELS = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "Kites", "duration": 4, "aspect_ratio": "1:1"}
NO_CONTENT = "this order is text-to-video: input_reference names no content"


def violations(server: Any, **query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = server.get("/_mock/violations", params=query, key=None).json()["violations"]
    return rows


def unused(server: Any) -> list[tuple[str, str]]:
    return [(row["field"], row["message"]) for row in violations(server, severity="unused_reference")]


def order(server: Any, path: str, document: dict[str, Any]) -> httpx.Response:
    response: httpx.Response = server.post(path, document)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize(
    "input_reference",
    [
        {"image_url": PICTURE},
        {"file_id": "file-1234"},
        {"contents": [ITEM]},
        {"content": []},
        {"content": None},
        {},
        {"type": "image_url", "image_url": {"url": PICTURE}},
    ],
)
def test_an_input_reference_without_content_is_an_unused_reference(
    in_process_server: Any, input_reference: dict[str, Any]
) -> None:
    response = order(in_process_server, "/v1/videos", {**OPEAI, "input_reference": input_reference})
    assert unused(in_process_server) == [("input_reference", NO_CONTENT)]
    assert response.headers["x-mock-notice"] == NO_CONTENT
    (exchange,) = in_process_server.journal()
    assert NO_CONTENT in exchange["notes"]
    unknown = [f"unknown field 'input_reference.{name}'" for name in input_reference if name != "content"]
    assert exchange["notes"][: len(unknown)] == unknown


@pytest.mark.parametrize(
    ("path", "document", "field"),
    [
        ("/v1/videos", {**OPEAI, "image": PICTURE}, "image"),
        ("/v1/videos", {**OPEAI, "content": [ITEM]}, "content"),
        ("/v1/videos", {**OPEAI, "metadata": {"image_url": PICTURE}}, "metadata"),
        ("/v1/videos", {**OPEAI, "first_frame_url": "asset://asset-1"}, "first_frame_url"),
        ("/v1/videos", {**OPEAI, "image": "iVBORw0KGgo" * 20}, "image"),
        ("/v1/videos", {**OPEAI, "source": "https://media.example.org/in.mp4"}, "source"),
        ("/v1/videos", {**OPEAI, "image": {"b64_json": "iVBORw0KGgo" * 20}}, "image"),
        ("/v1/videos", {**OPEAI, "Input_Reference": {"content": [ITEM]}}, "Input_Reference"),
        ("/v1/videos", {**OPEAI, "extra_body": {"input_reference": {"content": [ITEM]}}}, "extra_body"),
        ("/v1/videos", {**OPEAI, "messages": [{"content": [{"image_url": {"url": PICTURE}}]}]}, "messages"),
        ("/v1/videos", {**OPEAI, "image_urls": f"{PICTURE},{PICTURE}"}, "image_urls"),
        ("/v1/videos", {**OPEAI, "image": "s3://bucket/a"}, "image"),
        ("/v1/videos", {**OPEAI, "image": "file:///tmp/a"}, "image"),
        ("/v1/videos", {**OPEAI, "image_url": "//media.example.org/a"}, "image_url"),
        ("/v1/videos", {**OPEAI, "image": "./face.png"}, "image"),
        ("/v1/videos", {**OPEAI, "picture": "DATA:image/png;base64,AAAA"}, "picture"),
        ("/v1/videos", {**OPEAI, "keyframes": {"frame0": {"url": "https://media.example.org/1"}}}, "keyframes"),
        ("/api/v1/video/generations", {**APIMODELS, "videoUrl": "https://media.example.org/1"}, "videoUrl"),
        ("/api/v1/video/generations", {**APIMODELS, "first_frame_url": None, "image": PICTURE}, "image"),
        ("/api/v1/video/generations", {**APIMODELS, "image_url": PICTURE}, "image_url"),
        ("/api/v1/video/generations", {**APIMODELS, "referenceImageUrls": [PICTURE]}, "referenceImageUrls"),
        ("/api/v1/video/generations", {**APIMODELS, "input_reference": {"content": [ITEM]}}, "input_reference"),
        ("/api/v1/video/generations", {**APIMODELS, "image": "data:image/png;base64,AAAA"}, "image"),
        ("/api/v1/video/generations", {**APIMODELS, "first_frame_id": "file-1"}, "first_frame_id"),
    ],
)
def test_a_reference_in_an_unknown_field_is_an_unused_reference(
    in_process_server: Any, path: str, document: dict[str, Any], field: str
) -> None:
    upstream = "opeai" if path == "/v1/videos" else "apimodels"
    order(in_process_server, path, document)
    message = f"this order is text-to-video: {upstream} has no field {field} here"
    assert unused(in_process_server) == [(field, message)]
    assert f"unknown field {field!r}" in in_process_server.journal()[0]["notes"]


def test_an_upscale_with_a_reference_under_another_name_says_so(in_process_server: Any) -> None:
    document = {"model": "video-upscale", "videoUrl": "https://media.example.org/in.mp4", "targetResolution": "1080p"}
    order(in_process_server, "/api/v1/video/generations", {**document, "video_url": "https://media.example.org/2.mp4"})
    assert unused(in_process_server) == [
        ("video_url", "this order leaves out a reference: apimodels has no field video_url here")
    ]


def test_an_order_that_uses_another_reference_says_what_it_leaves_out(in_process_server: Any) -> None:
    item = {**ITEM, "video_url": {"url": "https://media.example.org/in.mp4"}}
    order(in_process_server, "/v1/videos", {**OPEAI, "input_reference": {"content": [item]}})
    reason = "input_reference.content[0] is of type image_url, so that its video_url is not used"
    assert unused(in_process_server) == [
        ("input_reference.content[0].video_url", f"this order leaves out a reference: {reason}")
    ]


@pytest.mark.parametrize(
    "extra",
    [
        {"callback_url": "https://example.com/hooks/video.mp4"},
        {"webhook_url": "https://example.com/image"},
        {"image_quality": "high"},
        {"frame_rate": 24},
        {"camera_fixed": None, "image": None},
        {"user_id": "1234"},
        {"metadata": {"video_id": "abc", "asset_id": "7"}},
        {"image": ""},
        {"style_reference": "cinematic"},
        {"reference_strength": "0.8"},
        {"homepage": "https://example.com/"},
        {"negative_prompt": "video of low quality, blurred"},
        {"input_reference": {"content": [ITEM]}},
        {"input_reference": None},
    ],
)
def test_an_order_without_a_lost_reference_has_none(in_process_server: Any, extra: dict[str, Any]) -> None:
    response = order(in_process_server, "/v1/videos", {**OPEAI, **extra})
    assert unused(in_process_server) == []
    assert "x-mock-notice" not in response.headers


def test_a_refused_order_has_lost_nothing_yet(in_process_server: Any) -> None:
    response = in_process_server.post("/v1/videos", {**OPEAI, "seconds": "99", "input_reference": {}})
    assert response.status_code == 400
    assert unused(in_process_server) == []


def test_unknown_fields_inside_items_are_named_with_their_path(in_process_server: Any) -> None:
    item = {**ITEM, "image_url": {"url": PICTURE, "detail": "high"}, "weight": 2}
    order(in_process_server, "/v1/videos", {**OPEAI, "input_reference": {"content": [ITEM, item], "mode": "x"}})
    paths = ["input_reference.content[1].image_url.detail", "input_reference.content[1].weight", "input_reference.mode"]
    assert in_process_server.journal()[0]["notes"] == [f"unknown field {path!r}" for path in paths]
    assert [(row["field"], row["severity"]) for row in violations(in_process_server)] == [
        (path, "advice") for path in paths
    ]


# --- forms ---


def post_form(server: Any, files: list[tuple[str, Any]]) -> httpx.Response:
    texts = [(name, (None, value)) for name, value in OPEAI.items()]
    response: httpx.Response = server.post("/v1/videos", files=[*texts, *files])
    return response


def test_the_form_field_of_openai_node_for_a_url_is_an_unused_reference(in_process_server: Any) -> None:
    assert post_form(in_process_server, [("input_reference[image_url]", (None, PICTURE))]).status_code == 200
    assert unused(in_process_server) == [("input_reference", NO_CONTENT)]
    assert in_process_server.journal()[0]["notes"] == ["unknown field 'input_reference.image_url'", NO_CONTENT]


@pytest.mark.parametrize("name", ["image", "image[]", "first_frame", "file", "input_reference[]", "input_reference[0]"])
def test_a_file_part_under_another_name_is_an_unused_reference(
    in_process_server: Any, picture: Callable[..., bytes], name: str
) -> None:
    response = post_form(in_process_server, [(name, ("a.png", picture(), "image/png"))])
    assert response.status_code == 200, response.text
    reason = f"the file part {name} is not used; a file is expected as input_reference"
    message = f"this order is text-to-video: {reason}"
    assert unused(in_process_server) == [(name, message)]
    assert in_process_server.journal()[0]["notes"] == [f"unknown file part {name!r}", message]


def test_two_files_of_which_one_is_used_say_which_is_not(in_process_server: Any, picture: Callable[..., bytes]) -> None:
    file = ("a.png", picture(), "image/png")
    assert post_form(in_process_server, [("input_reference", file), ("image", file)]).status_code == 200
    ((field, message),) = unused(in_process_server)
    assert field == "image"
    assert message.startswith("this order leaves out a reference: the file part image is not used")


def test_two_files_of_the_right_name_are_refused(in_process_server: Any, picture: Callable[..., bytes]) -> None:
    file = ("a.png", picture(), "image/png")
    response = post_form(in_process_server, [("input_reference", file), ("input_reference", file)])
    assert response.status_code == 400
    assert "2 of first frame image; allowed: at most 1" in response.json()["error"]["message"]


def test_a_file_beside_a_url_field_keeps_both(in_process_server: Any, picture: Callable[..., bytes]) -> None:
    file = ("input_reference", ("a.png", picture(), "image/png"))
    assert post_form(in_process_server, [("input_reference[image_url]", (None, PICTURE)), file]).status_code == 200
    ((field, message),) = unused(in_process_server)
    assert (field, message.partition(":")[0]) == ("input_reference.image_url", "this order leaves out a reference")


@pytest.mark.parametrize(
    "content",
    [b'{"content": []}', b"https://media.example.org/face.png", b"\x89PNG\r\n\x1a\n"],
    ids=["JSON", "a URL", "a picture"],
)
def test_a_part_without_a_filename_is_text_and_the_error_says_so(in_process_server: Any, content: bytes) -> None:
    response = post_form(in_process_server, [("input_reference", (None, content))])
    assert response.status_code == 400
    assert "a part without a filename is text" in response.json()["error"]["message"]


def test_a_text_and_a_file_of_one_name_are_refused(in_process_server: Any, picture: Callable[..., bytes]) -> None:
    parts = [("input_reference", (None, PICTURE)), ("input_reference", ("a.png", picture(), "image/png"))]
    response = post_form(in_process_server, parts)
    assert response.status_code == 400
    assert "a part without a filename is text" in response.json()["error"]["message"]


def test_unused_parts_of_an_upload_are_named(in_process_server: Any, picture: Callable[..., bytes]) -> None:
    file = ("a.png", picture(), "image/png")
    files = [("file", file), ("file", file), ("image", file), ("purpose", (None, b"vision"))]
    assert in_process_server.post("/api/v1/files", files=files).status_code == 200
    assert in_process_server.journal()[0]["notes"] == [
        "unknown field 'purpose'",
        "unknown file part 'image'",
        "unknown file part 'file'",
    ]
    response = in_process_server.post("/api/v1/files", files=[("file", (None, b"text"))])
    assert "a part without a filename is text" in response.json()["msg"]


def test_a_part_whose_filename_is_only_in_the_extended_form_is_a_file(
    in_process_server: Any, picture: Callable[..., bytes]
) -> None:
    """requests sends a name that is not ASCII so."""
    head = b'Content-Disposition: form-data; name="%s"%s\r\n\r\n'
    parts = [(name.encode(), b"", value.encode()) for name, value in OPEAI.items()]
    parts.append((b"input_reference", b"; filename*=utf-8''%E7%8C%AB.png", picture()))
    body = b"".join(b"--b\r\n" + head % (name, more) + content + b"\r\n" for name, more, content in parts)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = in_process_server.post("/v1/videos", content=body + b"--b--\r\n", headers=headers)
    assert response.status_code == 200, response.text
    assert "x-mock-notice" not in response.headers


# --- queries ---


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/v1/videos/cgt-1?variant=video&x=", ["unknown query parameter 'variant'", "unknown query parameter 'x'"]),
        ("/v1/videos/cgt-1/content?variant=thumbnail", ["unknown query parameter 'variant'"]),
        ("/api/v1/video/generations?task_id=cl1&taskId=cl2", ["unknown query parameter 'taskId'"]),
        ("/api/v1/video/generations?task_id=cl1&task_id=cl2", ["repeated query parameter 'task_id'"]),
        ("/api/v1/balance?currency=EUR", ["unknown query parameter 'currency'"]),
        ("/v1/videos/cgt-1?", []),
    ],
)
def test_unknown_query_parameters_are_noted(in_process_server: Any, path: str, names: list[str]) -> None:
    in_process_server.get(path)
    notes = in_process_server.journal()[0]["notes"]
    assert notes == names
    assert {row["severity"] for row in violations(in_process_server) if not row["fact"]} <= {"advice"}


@pytest.mark.parametrize(
    ("path", "document"), [("/v1/videos", OPEAI), ("/api/v1/video/generations", APIMODELS)], ids=["opeai", "apimodels"]
)
@pytest.mark.parametrize("name", ["input_reference", "first_frame_url", "image"])
def test_a_reference_in_the_query_is_an_unused_reference(
    in_process_server: Any, path: str, document: dict[str, Any], name: str
) -> None:
    response = in_process_server.post(path, document, params={name: PICTURE})
    assert response.status_code == 200
    ((field, message),) = unused(in_process_server)
    assert (field, message.partition(": ")[0]) == (f"?{name}", "this order is text-to-video")


def test_an_unknown_query_parameter_of_an_order_is_advice(in_process_server: Any) -> None:
    order(in_process_server, "/v1/videos?prompt=Boats&model=x", dict(OPEAI))
    assert [(row["field"], row["severity"], row["message"]) for row in violations(in_process_server)] == [
        (name, "advice", f"opeai has no query parameter {name!r} here") for name in ("prompt", "model")
    ]
