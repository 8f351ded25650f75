"""Orders with media as phones and streaming programs make them: turned images and videos, HEIC, WAV without a size."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from seedmock_contracts.mp4 import movie_facts
from seedmock_server.media.ffmpeg import executable

CREATE = "/api/v1/video/generations"
FAST = "seedance2-a/seedance-2.0-fast-a"


def turned_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def turned_jpeg(width: int = 1280, height: int = 720) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(buffer, "JPEG", exif=turned_exif())
    return buffer.getvalue()


def turned_heic(width: int = 1280, height: int = 720) -> bytes:
    buffer = io.BytesIO()
    image = pillow_heif.from_pillow(Image.new("RGB", (width, height), "red"))
    image.save(buffer, exif=turned_exif().tobytes())
    return buffer.getvalue()


def data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def order_with_sound(server: Any, url: str) -> Any:
    references = {"reference_audio_urls": [url], "reference_image_urls": [data_uri(turned_jpeg(), "image/jpeg")]}
    return server.post(CREATE, {"model": FAST, "prompt": "x", **references})


def clip_of(server: Any, task_id: str) -> bytes:
    task = server.query_apimodels(task_id)
    assert task["state"] == "completed"
    content: bytes = server.get(task["resultUrls"][0], key=None).content
    return content


@pytest.mark.parametrize("make", [turned_jpeg, turned_heic])
def test_adaptive_takes_the_upright_ratio_of_a_turned_image(
    make: Callable[[], bytes], in_process_server: Any, watch: Callable[[bytes], dict[str, Any]]
) -> None:
    link = in_process_server.post_file(make(), "photo")
    task_id = in_process_server.order_apimodels(first_frame_url=link, aspect_ratio="adaptive")
    clip = watch(clip_of(in_process_server, task_id))
    assert clip["size"] == (720, 1280)
    red, green, blue = clip["first"].getpixel((360, 640))
    assert red > 200 > 60 > max(green, blue)


@pytest.mark.parametrize(("option", "size"), [("upright", (720, 1280)), ("stored", (1280, 720))])
def test_the_size_that_counts_is_a_variant_and_noted_in_the_journal(
    option: str, size: tuple[int, int], start_server: Callable[..., Any]
) -> None:
    server = start_server(variants={"apimodels.media_size": option})
    link = server.post_file(turned_jpeg(), "photo")
    task_id = server.order_apimodels(first_frame_url=link, aspect_ratio="adaptive")
    notes = server.get("/_mock/journal").json()["exchanges"][-1]["notes"]
    note = "first_frame_url: counts as seen, 720x1280; the file stores 1280x720 (assumed)"
    assert (note in notes) is (option == "upright")
    facts = movie_facts(clip_of(server, task_id))
    assert (facts.width, facts.height) == size


@pytest.mark.parametrize("role", ["first_frame_url", "reference_image_urls"])
def test_the_journal_notes_a_frame_that_no_decoder_can_draw(
    role: str, in_process_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    link = in_process_server.post_file(turned_heic(), "photo.heic")
    in_process_server.order_apimodels(**{role: link if role == "first_frame_url" else [link]})
    entry = in_process_server.get("/_mock/journal").json()["exchanges"][-1]
    note = "first_frame_url: a heic is measured, not drawn, without seedmock[heif]"
    assert (note in entry["notes"]) is (role == "first_frame_url")


def test_limits_apply_to_the_upright_size(in_process_server: Any) -> None:
    order = {"model": FAST, "prompt": "x", "first_frame_url": data_uri(turned_jpeg(1200, 400), "image/jpeg")}
    response = in_process_server.post(CREATE, order)
    assert response.status_code == 400
    assert "ratio is 0.3333" in response.json()["msg"]


def test_a_turned_video_is_upscaled_upright(
    in_process_server: Any, video: Callable[..., bytes], watch: Callable[[bytes], dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "straight.mp4").write_bytes(video(width=320, height=180, seconds=0.25))
    command = [executable(), "-v", "error", "-display_rotation", "90", "-i", str(tmp_path / "straight.mp4")]
    subprocess.run([*command, "-c", "copy", str(tmp_path / "phone.mov")], check=True)
    link = in_process_server.post_file((tmp_path / "phone.mov").read_bytes(), "phone.mov")
    order = {"model": "video-upscale", "videoUrl": link, "targetResolution": "720p"}
    task_id = in_process_server.post(CREATE, order).json()["data"]["taskId"]
    assert watch(clip_of(in_process_server, task_id))["size"] == (720, 1280)


@pytest.mark.parametrize(
    ("make", "content_type"), [(turned_heic, "image/heic"), (turned_jpeg, "image/jpeg")], ids=["heic", "jpeg"]
)
def test_an_uploaded_image_is_served_as_what_it_is(
    make: Callable[[], bytes], content_type: str, in_process_server: Any
) -> None:
    response = in_process_server.get(in_process_server.post_file(make(), "photo.mp4"), key=None)
    assert response.headers["content-type"] == content_type


def test_a_heic_where_a_video_belongs_is_refused_as_an_image(in_process_server: Any) -> None:
    link = in_process_server.post_file(turned_heic(), "clip.mp4")
    response = in_process_server.post(CREATE, {"model": FAST, "prompt": "x", "reference_video_urls": [link]})
    assert response.status_code == 400
    assert "image" in str(response.json())


def test_a_streamed_wav_is_a_reference_of_its_length(in_process_server: Any) -> None:
    command = [executable(), "-v", "error", "-f", "lavfi", "-i", "sine=d=17", "-f", "wav", "pipe:1"]
    piped = subprocess.run(command, check=True, capture_output=True).stdout
    link = in_process_server.post_file(piped, "speech.wav")
    response = order_with_sound(in_process_server, link)
    assert response.status_code == 400
    assert "is 17; allowed" in str(response.json())


def test_no_message_of_an_unreadable_reference_shows_inner_workings(in_process_server: Any) -> None:
    response = order_with_sound(in_process_server, data_uri(b"ID3" + bytes(2000), "audio/mpeg"))
    text = str(response.json())
    assert response.status_code == 400
    assert "the mp3 file is damaged, or its codec is unknown" in text
    for foreign in ("ffmpeg", "0x", "@", "/tmp", "return code"):
        assert foreign not in text
