"""Clips that are another video at another size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from seedmock_server.media.clip_spec import ClipSpec, StoredFile
from seedmock_server.media.probe import measure

Render = Callable[..., list[Path]]


def foreign(path: Path, rate: int = 30, count: int = 45, codec: str = "mpeg4") -> StoredFile:
    """A clip as another tool would make it: another rate, its index at the end."""
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(count):
            picture = Image.new("RGB", (320, 240), (5 * number, 90, 200))
            out.mux(stream.encode(av.VideoFrame.from_image(picture)))
        out.mux(stream.encode(None))
    return StoredFile(path, path.name)


def types(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return sorted((b"moov", b"mdat"), key=data.index)


@pytest.mark.slow
def test_an_upscaled_clip_keeps_its_pictures_and_its_sound(plain: ClipSpec, render: Render) -> None:
    (small,) = render(replace(plain, audio=True))
    clip_spec = replace(plain, width=1920, height=1080, seconds=99, audio=False, source=StoredFile(small, "small"))
    (large,) = render(clip_spec)
    with av.open(small) as before, av.open(large) as after:
        assert [stream.type for stream in after.streams] == ["video", "audio"]
        heard = [[bytes(packet) for packet in clip.demux(audio=0) if packet.size] for clip in (before, after)]
        assert heard[0] == heard[1]
    with av.open(small) as before, av.open(large) as after:
        seen = [list(clip.decode(video=0)) for clip in (before, after)]
    assert [len(frames) for frames in seen] == [96, 96]
    assert {(frame.width, frame.height) for frame in seen[1]} == {(1920, 1080)}
    for frames in zip(seen[0][::19], seen[1][::19], strict=True):
        one, other = (frame.to_image() for frame in frames)
        close = ImageStat.Stat(ImageChops.difference(one, other.resize(one.size))).mean
        assert max(close) < 6
    assert measure(large).seconds == 4
    assert types(large) == [b"moov", b"mdat"]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi"])
def test_a_foreign_video_keeps_its_own_rate(name: str, plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    clip_spec = replace(plain, width=640, height=480, source=foreign(tmp_path / name))
    (path,) = render(clip_spec)
    with av.open(path) as clip:
        times = [frame.pts * frame.time_base for frame in clip.decode(video=0)]
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == (640, 480)
    assert len(times) == 45
    assert all(abs(time - Fraction(number, 30)) < Fraction(1, 1000) for number, time in enumerate(times))


def test_the_same_video_gives_the_same_bytes(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    clip_spec = replace(plain, source=foreign(tmp_path / "a.mp4"))
    (one,) = render(clip_spec, folder=tmp_path / "x")
    (other,) = render(clip_spec, folder=tmp_path / "y")
    assert one.read_bytes() == other.read_bytes()


def test_an_upscaled_4k_clip_has_its_size(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    clip_spec = replace(plain, width=3840, height=2160, source=foreign(tmp_path / "a.mp4", count=6))
    facts = measure(render(clip_spec)[0])
    assert (facts.width, facts.height, facts.has_audio) == (3840, 2160, False)


def test_a_strange_and_endless_order_is_upscaled_too(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    clip_spec = replace(
        plain, model="\x00\ud800", prompt="狐\ud800\x00" * 50_000, source=foreign(tmp_path / "a.mp4", count=3)
    )
    assert measure(render(clip_spec)[0]).width == 864
