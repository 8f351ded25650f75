"""Clips that are an upscaled video."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageStat

from seedmock_server.media.clip_spec import ClipSpec, StoredFile
from seedmock_server.media.probe import measure

Render = Callable[..., list[Path]]


def open_clip(path: Path) -> Any:
    """Open a file with PyAV, whose types leave every attribute optional."""
    return av.open(path)


def write_video(path: Path, rate: int = 30, count: int = 45, codec: str = "mpeg4") -> StoredFile:
    """A clip as other tools write it: another frame rate, the index at the end."""
    with av.open(path, "w") as out:
        stream: Any = out.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(count):
            image = Image.new("RGB", (320, 240), (5 * number, 90, 200))
            out.mux(stream.encode(av.VideoFrame.from_image(image)))
        out.mux(stream.encode(None))
    return StoredFile(path, path.name)


def box_order(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return sorted((b"moov", b"mdat"), key=data.index)


@pytest.mark.slow
def test_an_upscaled_clip_keeps_its_frames_and_its_sound(plain: ClipSpec, render: Render) -> None:
    (small,) = render(replace(plain, audio=True))
    spec = replace(plain, width=1920, height=1080, seconds=99, audio=False, source=StoredFile(small, "small"))
    (large,) = render(spec)
    with open_clip(small) as before, open_clip(large) as after:
        assert [stream.type for stream in after.streams] == ["video", "audio"]
        sounds = [[bytes(packet) for packet in clip.demux(audio=0) if packet.size] for clip in (before, after)]
        assert sounds[0] == sounds[1]
    with open_clip(small) as before, open_clip(large) as after:
        small_frames, large_frames = (list(clip.decode(video=0)) for clip in (before, after))
    assert len(small_frames) == len(large_frames) == 96
    assert {(frame.width, frame.height) for frame in large_frames} == {(1920, 1080)}
    for frames in zip(small_frames[::19], large_frames[::19], strict=True):
        original, upscaled = (frame.to_image() for frame in frames)
        difference = ImageStat.Stat(ImageChops.difference(original, upscaled.resize(original.size))).mean
        assert max(difference) < 6
    assert measure(large).seconds == 4
    assert box_order(large) == [b"moov", b"mdat"]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi"])
def test_a_video_of_another_tool_keeps_its_frame_rate(
    name: str, plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    spec = replace(plain, width=640, height=480, source=write_video(tmp_path / name))
    (path,) = render(spec)
    with open_clip(path) as clip:
        times = [frame.pts * frame.time_base for frame in clip.decode(video=0)]
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == (640, 480)
    assert len(times) == 45
    assert all(abs(time - Fraction(number, 30)) < Fraction(1, 1000) for number, time in enumerate(times))


def test_the_same_video_gives_the_same_bytes(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    spec = replace(plain, source=write_video(tmp_path / "a.mp4"))
    (first,) = render(spec, folder=tmp_path / "x")
    (second,) = render(spec, folder=tmp_path / "y")
    assert first.read_bytes() == second.read_bytes()


def test_an_upscaled_4k_clip_has_its_size(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    spec = replace(plain, width=3840, height=2160, source=write_video(tmp_path / "a.mp4", count=6))
    facts = measure(render(spec)[0])
    assert (facts.width, facts.height, facts.has_audio) == (3840, 2160, False)


def test_a_very_long_prompt_with_odd_characters_is_upscaled(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    spec = replace(
        plain, model="\x00\ud800", prompt="狐\ud800\x00" * 50_000, source=write_video(tmp_path / "a.mp4", count=3)
    )
    assert measure(render(spec)[0]).width == 864
