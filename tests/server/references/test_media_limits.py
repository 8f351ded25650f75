"""Real files beyond the limits of the service behind: formats, pixels and frame rates."""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg  # type: ignore[import-untyped]
import pytest
from PIL import Image

APIMODELS = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "Kites", "duration": 4, "aspect_ratio": "1:1"}
GENERATIONS = "/api/v1/video/generations"
ALLOWED_IMAGES = "allowed: jpeg, png, webp, bmp, tiff, gif, heic, heif"
VARIANT = "apimodels.media_limits"
FAST = {"libx264": {"preset": "ultrafast"}, "libvpx": {"deadline": "realtime"}}
"""Options of encoders: the pictures are of one colour, and quality is no matter."""


def image(name: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 400), "red").save(buffer, name)
    return buffer.getvalue()


def movie(container: str, codec: str, *, width: int = 864, height: int = 496, rate: int = 24) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream: Any = output.add_stream(
            codec, rate=rate, width=width, height=height, pix_fmt="yuv420p", options=FAST.get(codec, {})
        )
        frame = av.VideoFrame.from_image(Image.new("RGB", (width, height), "green"))
        for _ in range(2 * rate):
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return buffer.getvalue()


def sound(container: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound"
        source = ("-f", "lavfi", "-i", "sine=duration=3")
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-f", container, str(path)]
        subprocess.run(command, check=True)
        return path.read_bytes()


def order(server: Any, field: str, content: bytes) -> tuple[int, str]:
    """Order with an uploaded file as the only reference of its kind; return the status and the message."""
    document = {**APIMODELS, field: [server.post_file(content)]}
    if field == "reference_audio_urls":
        document["reference_image_urls"] = ["https://media.example.org/a.png"]
    response = server.post(GENERATIONS, document)
    return response.status_code, response.json()["msg"]


REJECTED = {
    "AVIF": ("reference_image_urls", lambda: image("AVIF"), f'format is "avif"; {ALLOWED_IMAGES}'),
    "JPEG 2000": ("reference_image_urls", lambda: image("JPEG2000"), f'format is "jpeg2000"; {ALLOWED_IMAGES}'),
    "ICO": ("reference_image_urls", lambda: image("ICO"), 'format is "ico"'),
    "WebM": ("reference_video_urls", lambda: movie("webm", "libvpx"), 'format is "webm"; allowed: mp4, mov'),
    "Matroska": ("reference_video_urls", lambda: movie("matroska", "mpeg4"), 'format is "matroska"'),
    "AVI": ("reference_video_urls", lambda: movie("avi", "mpeg4"), 'format is "avi"'),
    "MPEG-4 part 2": (
        "reference_video_urls", lambda: movie("mp4", "mpeg4"), 'codec is "mp4v"; allowed: avc1 (H.264), hvc1 (H.265)',
    ),
    "MPEG-2": ("reference_video_urls", lambda: movie("mov", "mpeg2video"), 'codec is "mpeg2video"; allowed: avc1'),
    "Ogg": ("reference_audio_urls", lambda: sound("ogg"), 'format is "ogg"; allowed: wav, mp3'),
    "FLAC": ("reference_audio_urls", lambda: sound("flac"), 'format is "flac"'),
    "M4A": ("reference_audio_urls", lambda: sound("ipod"), 'format is "m4a"'),
    "176x144": (
        "reference_video_urls", lambda: movie("mp4", "libx264", width=176, height=144),
        "pixels is 25344; allowed: 407696 to 8295044 pixels",
    ),
    "120 fps": (
        "reference_video_urls", lambda: movie("mp4", "libx264", rate=120), "allowed: 24 to 60 frames a second",
    ),
    "12 fps": ("reference_video_urls", lambda: movie("mp4", "libx264", rate=12), "fps is 12; allowed: 24 to 60"),
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
def test_media_beyond_the_limits_of_the_service_behind_is_refused(start_server: Callable[..., Any], name: str) -> None:
    field, make, message = REJECTED[name]
    content = make()
    status, text = order(start_server(), field, content)
    assert status == 400
    assert message in text
    assert order(start_server(variants={VARIANT: "off"}), field, content)[0] == 200


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "MPO"])
def test_images_in_the_accepted_formats_pass(in_process_server: Any, form: str) -> None:
    assert order(in_process_server, "reference_image_urls", image(form))[0] == 200


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_videos_in_the_accepted_containers_pass(in_process_server: Any, container: str) -> None:
    assert order(in_process_server, "reference_video_urls", movie(container, "libx264"))[0] == 200


def test_an_asset_beyond_a_limit_fails_with_the_code_of_the_limit(start_server: Callable[..., Any]) -> None:
    server = start_server()
    group = server.post("/api/v1/assets/groups", {"name": "cast"}).json()["data"]["id"]
    codes = {
        "image.avif": "FormatUnsupported",
        "video.webm": "FormatUnsupported",
        "video-176x144.mp4": "PixelCountTooSmall",
        "video-8k.mp4": "PixelCountTooLarge",
        "video-12fps.mp4": "FpsTooLow",
        "video-120fps.mp4": "FpsTooHigh",
    }
    for path, code in codes.items():
        body = {"url": f"https://mock.test/{path}", "asset_type": path[:5].capitalize(), "group_id": group}
        asset = server.post("/api/v1/assets", body).json()["data"]
        server.clock.advance(60)
        assert server.post("/api/v1/assets/get", {"id": asset["id"]}).json()["data"]["error"]["code"] == code


@pytest.mark.parametrize(
    ("rule", "path", "status"),
    [
        ("fact=opeai.limit.image.format allow=avif", "image.avif", 200),
        ("fact=opeai.limit.image.format deny=png", "landscape.jpg", 200),
        ("fact=opeai.limit.image.format deny=jpeg", "landscape.jpg", 400),
        ("fact=opeai.limit.image.format", "image.jp2", 200),
        ("fact=opeai.limit.video.pixels low=100", "video-176x144.mp4", 200),
        ("fact=opeai.limit.video.fps high=30", "video-480p.mp4", 400),
    ],
)
def test_the_fault_other_limit_moves_formats_and_limits(
    start_server: Callable[..., Any], rule: str, path: str, status: int
) -> None:
    server = start_server()
    server.post("/_mock/faults", {"fault": f"other_limit {rule}"}, key=None)
    kind = "video_url" if path.endswith("mp4") else "image_url"
    item = {"type": kind, kind: {"url": f"https://mock.test/{path}"}}
    document = {"model": "seedance-2-0-fast", "prompt": "x", "size": "640x640", "seconds": "4"}
    response = server.post("/v1/videos", {**document, "input_reference": {"content": [item]}})
    assert response.status_code == status, response.text
