"""Properties of every clip, read back with another decoder than the encoder's."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from msgspec.structs import replace

from seedmock_server.media.clip_spec import ClipSpec
from seedmock_server.media.drawing.text import TextLine, _face
from seedmock_server.media.probe import measure

SIZES = """
864x496 752x560 640x640 560x752 496x864 992x432 1280x720 1112x834 960x960 834x1112 720x1280 1470x630
1920x1080 1664x1248 1440x1440 1248x1664 1080x1920 2206x946
"""

Render = Callable[..., list[Path]]


def open_clip(path: Path) -> Any:
    """Open a file with PyAV, whose types leave every attribute optional."""
    return av.open(path)


def boxes(path: Path) -> list[bytes]:
    """The kinds of the top-level boxes."""
    data, at, kinds = path.read_bytes(), 0, []
    while at < len(data):
        kinds.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    return kinds


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES.split())
def test_every_size_is_exact_with_and_without_sound(size: str, plain: ClipSpec, render: Render) -> None:
    width, height = map(int, size.split("x"))
    silent_spec = replace(plain, width=width, height=height)
    with_sound, silent = render(replace(silent_spec, audio=True), silent_spec)
    for path, tracks in ((with_sound, ["video", "audio"]), (silent, ["video"])):
        with open_clip(path) as clip:
            video = clip.streams.video[0]
            packets = list(clip.demux(video))
            assert [stream.type for stream in clip.streams] == tracks
            assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
            assert f"{video.width}x{video.height}" == size
            assert video.average_rate == video.base_rate == 24
            assert video.duration * video.time_base == 4
            assert sum(packet.size > 0 for packet in packets) == video.frames == 96
        assert boxes(path) == [b"ftyp", b"moov", b"mdat"]


@pytest.mark.slow
def test_fifteen_seconds_decode_to_360_frames_a_24th_of_a_second_apart(plain: ClipSpec, render: Render) -> None:
    (path,) = render(replace(plain, width=1920, height=1080, seconds=15))
    with open_clip(path) as clip:
        frames = [(frame.pts * frame.time_base, frame.width, frame.height) for frame in clip.decode(video=0)]
    assert frames == [(Fraction(number, 24), 1920, 1080) for number in range(360)]


@pytest.mark.parametrize("seconds", [4, 5, 7, 15])
def test_the_sound_lasts_as_long_as_the_video(seconds: int, plain: ClipSpec, render: Render) -> None:
    (path,) = render(replace(plain, seconds=seconds, audio=True))
    with open_clip(path) as clip:
        sound = clip.streams.audio[0]
        samples = [frame.samples for frame in clip.decode(sound)]
        assert (sound.codec_context.name, sound.rate, sound.channels) == ("aac", 32000, 1)
        assert abs(sum(samples) - seconds * 32000) <= 1024
        assert abs(sound.duration * sound.time_base - seconds) <= Fraction(1024, 32000)


def test_the_sound_is_audible_and_never_clips(plain: ClipSpec, render: Render) -> None:
    (path,) = render(replace(plain, seconds=5, audio=True))
    peaks = []
    with open_clip(path) as clip:
        for frame in clip.decode(audio=0):
            wave = memoryview(bytes(frame.planes[0])).cast("f")[: frame.samples]
            peaks.append(max(map(abs, wave)))
    assert 0.05 < max(peaks) < 0.7


def test_the_extra_frame_adds_exactly_one(plain: ClipSpec, render: Render) -> None:
    (path,) = render(replace(plain, extra_frame=True))
    with open_clip(path) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == clip.streams.video[0].frames == 97
        assert clip.streams.video[0].duration * clip.streams.video[0].time_base == Fraction(97, 24)


def test_every_second_starts_with_a_key_frame_and_can_be_sought(plain: ClipSpec, render: Render) -> None:
    (path,) = render(replace(plain, seconds=6))
    with open_clip(path) as clip:
        video = clip.streams.video[0]
        keys = [packet.pts for packet in clip.demux(video) if packet.is_keyframe]
        assert [key * video.time_base for key in keys] == [0, 1, 2, 3, 4, 5]
        for second in (5, 2, 4):
            clip.seek(int(second / video.time_base), stream=video)
            frame = next(clip.decode(video))
            assert frame.pts * frame.time_base == second


def test_metadata_describes_the_clip(plain: ClipSpec, render: Render) -> None:
    prompt = "一只红狐 🦊 \ud800 " + "word " * 500
    (path,) = render(replace(plain, prompt=prompt))
    with open_clip(path) as clip:
        metadata = clip.metadata
    assert metadata["title"] == "seedance-2-0 · 864x496 · 4 s · seed 7"
    assert json.loads(metadata["comment"]) == {
        "model": "seedance-2-0",
        "size": "864x496",
        "seconds": 4,
        "seed": 7,
        "prompt": prompt,
    }


@pytest.mark.parametrize(
    "prompt", ["", " ", "\x00\x1b[31m", "‮مرحبا", "👩‍👩‍👧‍👦" * 40, "x" * 5000, "한국어 日本語 русский", "\n\n"]
)
def test_any_prompt_can_be_drawn(prompt: str, plain: ClipSpec, render: Render) -> None:
    (path,) = render(replace(plain, width=496, height=864, prompt=prompt, model=prompt, seconds=1))
    assert measure(path).seconds == 1


def test_every_frame_is_shown_twice_and_no_two_others_are_equal(plain: ClipSpec, render: Render) -> None:
    (path,) = render(plain)
    with open_clip(path) as clip:
        frames = [frame.to_image().tobytes() for frame in clip.decode(video=0)]
    assert frames[0::2] == frames[1::2]
    assert len(set(frames)) == len(frames) // 2


@pytest.mark.slow
def test_seconds_with_shared_motion_look_the_same(plain: ClipSpec, render: Render) -> None:
    """The frames after a key frame come from another second: they look the same apart from the number."""
    (path,) = render(replace(plain, seconds=10))
    with open_clip(path) as clip:
        frames = [frame.to_image() for frame in clip.decode(video=0)]
    bars = (48, 420, 816, 444)
    for second in (1, 5, 9):
        for step in (1, 12, 23):
            encoded, shared = frames[step].crop(bars).tobytes(), frames[second * 24 + step].crop(bars).tobytes()
            assert max(abs(a - b) for a, b in zip(encoded, shared, strict=True)) <= 24


@pytest.mark.parametrize("text", ["雪地里的红狐", "きつねと雪", "Füchse çà œuvre ąęłż", "Лиса в снегу", "αβγ → ×"])
def test_text_in_many_languages_has_glyphs(text: str) -> None:
    assert all(_face(character) is not None for character in text)


def test_a_character_without_a_glyph_is_a_tile_as_wide_as_the_font_size() -> None:
    assert _face("🦊") is None
    assert TextLine("🦊🦊", 30).width == 60
