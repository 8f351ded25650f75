"""Facts of media files from other tools."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from msgspec.structs import replace
from PIL import Image

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.facts import MediaFacts
from seedmock_server.media.clip_spec import ClipSpec
from seedmock_server.media.ffmpeg import executable
from seedmock_server.media.probe import measure


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.png", "png"), ("a.jpg", "jpeg"), ("a.webp", "webp"), ("a.bmp", "bmp"), ("a.tiff", "tiff"), ("a.gif", "gif")],
)
def test_an_image_is_recognized_by_its_content(name: str, kind: str, tmp_path: Path) -> None:
    Image.new("RGB", (321, 123)).save(tmp_path / name)
    unnamed = (tmp_path / name).rename(tmp_path / "upload.mp4")
    facts = measure(unnamed)
    size = unnamed.stat().st_size
    assert facts == MediaFacts(kind=MediaKind.IMAGE, size_bytes=size, format=kind, width=321, height=123)


def test_an_animated_gif_is_an_image(tmp_path: Path) -> None:
    frames = [Image.new("L", (40, 30), shade) for shade in (0, 100, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert measure(tmp_path / "a.gif").kind is MediaKind.IMAGE


def test_a_rendered_clip_is_measured_exactly(plain: ClipSpec, render: Callable[..., list[Path]]) -> None:
    (path,) = render(replace(plain, audio=True, seconds=5))
    assert measure(path) == MediaFacts(
        kind=MediaKind.VIDEO, size_bytes=path.stat().st_size, format="mp4",
        seconds=5.0, width=864, height=496, fps=24.0, has_audio=True,
        codec="avc1", audio_codec="mp4a",
    )  # fmt: skip


def write_video(path: Path, codec: str) -> None:
    with av.open(path, "w") as out:
        stream: Any = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        if codec == "libvpx":  # its look-ahead would take seconds otherwise
            stream.options = {"deadline": "realtime", "lag-in-frames": "0", "threads": "1"}
        for number in range(50):
            out.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (320, 240), (number, 0, 0)))))
        out.mux(stream.encode(None))


def write_sound(path: Path, codec: str) -> None:
    with av.open(path, "w") as out:
        stream: Any = out.add_stream(codec, rate=44100, layout="mono")
        resampler = av.AudioResampler(stream.codec_context.format, "mono", 44100)
        for number in range(86):
            frame = av.AudioFrame("s16", "mono", 1024)
            frame.planes[0].update(bytes(2048))
            frame.sample_rate, frame.pts = 44100, number * 1024
            for converted in resampler.resample(frame):
                out.mux(stream.encode(converted))
        out.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [
        ("a.mp4", "mpeg4", "mp4"), ("a.mov", "mpeg4", "mov"), ("a.mkv", "mpeg4", "matroska"), ("a.avi", "mpeg4", "avi"),
        ("a.webm", "libvpx", "webm"), ("a.ts", "mpeg2video", "mpegts"), ("a.flv", "flv", "flv"),
    ],
)  # fmt: skip
def test_video_of_many_kinds_is_measured(name: str, codec: str, kind: str, tmp_path: Path) -> None:
    write_video(tmp_path / name, codec)
    facts = measure((tmp_path / name).rename(tmp_path / "upload"))
    assert (facts.kind, facts.format, facts.width, facts.height) == (MediaKind.VIDEO, kind, 320, 240)
    assert facts.seconds == pytest.approx(2.0, abs=0.05)
    assert facts.fps == pytest.approx(25.0, abs=0.6)
    assert not facts.has_audio
    names = {"mpeg4": "mp4v", "libvpx": "vp8", "flv": "flv1"}
    assert (facts.codec, facts.audio_codec) == (names.get(codec, codec), "")


@pytest.mark.parametrize(
    ("muxer", "video", "audio", "expected"),
    [
        ("mp4", "libx264", "aac", ("avc1", "mp4a")), ("mp4", "libx265", "mp3", ("hvc1", "mp3")),
        ("mov", "mjpeg", "pcm_s16le", ("mjpeg", "pcm_s16le")), ("webm", "libvpx-vp9", "libopus", ("vp09", "opus")),
    ],
)  # fmt: skip
def test_both_codecs_of_a_video_are_read(
    muxer: str, video: str, audio: str, expected: tuple[str, str], tmp_path: Path
) -> None:
    source = ("-f", "lavfi", "-i", "color=s=64x64:d=0.2", "-f", "lavfi", "-i", "sine=d=0.2")
    codecs = ("-c:v", video, "-c:a", audio, "-loglevel", "error")
    subprocess.run([executable(), *source, *codecs, "-f", muxer, str(tmp_path / "a")], check=True)
    facts = measure(tmp_path / "a")
    assert (facts.codec, facts.audio_codec) == expected


@pytest.mark.parametrize(("codec", "kind"), [("libmp3lame", "mp3"), ("mp2", "mp2")])
def test_the_layers_of_mpeg_sound_have_their_own_formats(codec: str, kind: str, tmp_path: Path) -> None:
    plain = ("-write_xing", "0", "-id3v2_version", "0") if kind == "mp3" else ()
    source = ("-f", "lavfi", "-i", "sine=d=2", "-c:a", codec, *plain)
    subprocess.run([executable(), "-v", "error", *source, "-f", kind, str(tmp_path / "a.mp3")], check=True)
    facts = measure(tmp_path / "a.mp3")
    assert (facts.kind, facts.format) == (MediaKind.AUDIO, kind)
    assert facts.seconds == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [
        ("a.wav", "pcm_s16le", "wav"), ("a.mp3", "libmp3lame", "mp3"), ("a.flac", "flac", "flac"),
        ("a.ogg", "flac", "ogg"), ("a.aac", "aac", "aac"), ("a.m4a", "aac", "m4a"),
    ],
)  # fmt: skip
def test_sound_of_many_kinds_is_measured(name: str, codec: str, kind: str, tmp_path: Path) -> None:
    write_sound(tmp_path / name, codec)
    facts = measure((tmp_path / name).rename(tmp_path / "upload"))
    assert (facts.kind, facts.format, facts.width, facts.has_audio) == (MediaKind.AUDIO, kind, None, True)
    assert facts.seconds == pytest.approx(2.0, abs=0.12)


@pytest.mark.parametrize(("name", "muxer", "kind"), [("a.aac", "adts", "aac"), ("a.mp3", "mp3", "mp3")])
def test_a_tag_before_the_sound_does_not_change_its_kind(name: str, muxer: str, kind: str, tmp_path: Path) -> None:
    source = ("-f", "lavfi", "-i", "sine=d=2", "-metadata", f"comment={'x' * 3000}")
    command = [executable(), "-v", "error", *source, "-f", muxer, "-write_id3v2", "1", str(tmp_path / name)]
    subprocess.run(command, check=True)
    assert (tmp_path / name).read_bytes().startswith(b"ID3")
    facts = measure(tmp_path / name)
    assert (facts.kind, facts.format) == (MediaKind.AUDIO, kind)
    assert facts.seconds == pytest.approx(2.0, abs=0.1)
