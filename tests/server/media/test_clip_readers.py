"""Clips as their readers see them: stream and container agree, decoders agree, the drawn colours come out again."""

from __future__ import annotations

import hashlib
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.bitstream import BitStreamFilterContext
from msgspec.structs import replace
from PIL import Image

from seedmock_server.media.clip_spec import ClipSpec, StoredFile
from seedmock_server.media.encoding.yuv import YuvFrame
from seedmock_server.media.ffmpeg import executable

Render = Callable[..., list[Path]]

# Codes of ISO/IEC 23091-2: colour primaries, transfer characteristics, matrix coefficients.
BT709 = (1, 1, 1)
RED = (200, 30, 30)


@dataclass(frozen=True, slots=True)
class Colours:
    """Statement on colours: three codes, full range or not, and the width of a pixel divided by its height."""

    codes: tuple[int, int, int]
    is_full_range: bool
    pixel_aspect: Fraction


def open_clip(path: Path) -> Any:
    """Open a file with PyAV, whose types leave every attribute optional."""
    return av.open(path)


def box_content(path: Path, name: bytes) -> bytes:
    """The content of the first box of a name."""
    data = path.read_bytes()
    at = data.index(name) - 4
    return data[at + 8 : at + int.from_bytes(data[at : at + 4], "big")]


def container_colours(path: Path) -> Colours:
    kind, *codes, is_full_range = struct.unpack(">4s3HB", box_content(path, b"colr"))
    assert kind == b"nclx"
    width, height = struct.unpack(">2I", box_content(path, b"pasp"))
    return Colours((codes[0], codes[1], codes[2]), bool(is_full_range), Fraction(width, height))


def stream_colours(path: Path) -> Colours:
    """The statement of the H.264 stream alone, without its container."""
    bare = path.with_suffix(".h264")
    with open_clip(path) as clip, bare.open("wb") as file:
        to_annex_b = BitStreamFilterContext("h264_mp4toannexb", clip.streams.video[0])
        for packet in clip.demux(video=0):
            file.writelines(bytes(part) for part in to_annex_b.filter(packet))
    with open_clip(bare) as stream:
        next(stream.decode(video=0))
        context = stream.streams.video[0].codec_context
        codes = (int(context.color_primaries), int(context.color_trc), int(context.colorspace))
        return Colours(codes, int(context.color_range) == 2, context.sample_aspect_ratio)


def first_pixel(path: Path) -> tuple[int, int, int]:
    """A pixel of the upper left of the first frame."""
    with open_clip(path) as clip:
        pixel = next(clip.decode(video=0)).to_image().getpixel((20, 20))
    return pixel[0], pixel[1], pixel[2]


def write_tagged_video(path: Path, matrix: str, size: str = "320x240") -> StoredFile:
    """A red video of another tool, in the colours that it states."""
    colours = f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"
    tags = f"setparams=range=tv:colorspace={matrix}:color_primaries={matrix}:color_trc={matrix}"
    source = f"color=c=0xC81E1E:s={size}:r=10:d=0.3,format=rgb24,{colours},{tags}"
    command = [executable(), "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", str(path)]
    subprocess.run(command, check=True)
    return StoredFile(path, path.name)


def every_kind_of_clip(plain: ClipSpec, folder: Path, size: tuple[int, int]) -> dict[str, ClipSpec]:
    Image.new("RGB", (300, 200), RED).save(folder / "red.png")
    still = StoredFile(folder / "red.png", "red")
    spec = replace(plain, width=size[0], height=size[1], seconds=1)
    return {
        "card": spec,
        "crossfade": replace(spec, first=still, last=still),
        "upscale": replace(spec, source=write_tagged_video(folder / "sd.mp4", "smpte170m")),
    }


@pytest.mark.parametrize("size", [(864, 496), (1280, 720)])
def test_stream_and_container_state_the_same_colours_for_every_kind_of_clip(
    size: tuple[int, int], plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    for kind, spec in every_kind_of_clip(plain, tmp_path, size).items():
        (path,) = render(spec)
        assert stream_colours(path) == container_colours(path) == Colours(BT709, False, Fraction(1)), kind


@pytest.mark.parametrize("kind", ["crossfade", "upscale"])
def test_a_colour_comes_out_as_it_went_in(kind: str, plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    (path,) = render(every_kind_of_clip(plain, tmp_path, (864, 496))[kind])
    assert first_pixel(path) == pytest.approx(RED, abs=3)


@pytest.mark.parametrize("matrix", ["smpte170m", "bt709"])
def test_an_upscale_converts_the_colours_that_its_source_states(
    matrix: str, plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    source = write_tagged_video(tmp_path / "a.mp4", matrix)
    (path,) = render(replace(plain, source=source))
    assert first_pixel(path) == pytest.approx(first_pixel(source.path), abs=3)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", ("-vf", "scale=out_range=pc,format=yuvj420p", "-c:v", "libx264")), ("a.mp4", ("-c:v", "libx264rgb")),
        ("a.avi", ("-c:v", "mjpeg")), ("a.mov", ("-c:v", "png")), ("a.mov", ("-c:v", "prores_ks")),
    ],
)  # fmt: skip
def test_an_upscale_keeps_colours_of_full_range_and_of_rgb(
    name: str, codec: tuple[str, ...], plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    source = ("-f", "lavfi", "-i", "color=c=0xC81E1E:s=320x240:r=10:d=0.3,format=rgb24")
    subprocess.run([executable(), "-v", "error", *source, *codec, str(tmp_path / name)], check=True)
    (path,) = render(replace(plain, source=StoredFile(tmp_path / name, "source")))
    assert first_pixel(path) == pytest.approx(RED, abs=4)


def test_white_black_and_grey_have_no_tint_and_stay_in_limited_range() -> None:
    for grey, luma in ((0, 16), (255, 235), (128, 126)):
        pixels = b"".join(YuvFrame.of(Image.new("RGB", (2, 2), (grey, grey, grey))).planes())
        assert pixels == bytes((luma,) * 4 + (128, 128))


def test_planes_differ_by_at_most_one_from_the_formula_of_bt709() -> None:
    for colour in [(200, 30, 30), (0, 0, 255), (255, 255, 0), (12, 200, 99)]:
        red, green, blue = (value / 255 for value in colour)
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        exact = (16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748)
        pixels = b"".join(YuvFrame.of(Image.new("RGB", (2, 2), colour)).planes())
        assert (pixels[0], pixels[4], pixels[5]) == pytest.approx(exact, abs=0.6)


def planes(frame: av.VideoFrame) -> bytes:
    """Return the samples of a frame as YUV 4:2:0, without what pads its lines; PyAV's own way needs numpy."""
    lines = (
        bytes(channel)[start : start + channel.width]
        for channel in frame.reformat(format="yuv420p").planes
        for start in range(0, channel.height * channel.line_size, channel.line_size)
    )
    return b"".join(lines)


def test_two_decoders_agree_bit_for_bit(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    """The decoder of PyAV and that of imageio-ffmpeg are different releases, built by different people."""
    kinds = every_kind_of_clip(plain, tmp_path, (640, 640))
    for spec in (kinds["card"], kinds["crossfade"], kinds["upscale"], replace(kinds["card"], extra_frame=True)):
        (path,) = render(spec)
        command = [executable(), "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"]
        theirs = subprocess.run(command, check=True, capture_output=True).stdout
        with open_clip(path) as clip:
            ours = b"".join(planes(frame) for frame in clip.decode(video=0))
        assert len(ours) % (640 * 640 * 3 // 2) == 0 < len(ours)
        assert hashlib.sha256(ours).digest() == hashlib.sha256(theirs).digest()


@pytest.mark.parametrize(("seconds", "extra"), [(4, False), (5, False), (7, True)])
def test_the_last_sound_frame_ends_with_the_clip(seconds: int, extra: bool, plain: ClipSpec, render: Render) -> None:
    (path,) = render(replace(plain, seconds=seconds, audio=True, extra_frame=extra))
    with open_clip(path) as clip:
        sound = clip.streams.audio[0]
        packets = [packet for packet in clip.demux(sound) if packet.size]
        assert (packets[-1].pts + packets[-1].duration) * sound.time_base == pytest.approx(
            seconds + extra / 24, abs=1e-4
        )
        assert {packet.duration for packet in packets[:-1]} == {1024}


def packet_bytes(path: Path, kind: str) -> int:
    with open_clip(path) as clip:
        return sum(packet.size for packet in clip.demux(**{kind: 0}))


def test_stated_bit_rates_are_those_of_the_tracks(plain: ClipSpec, render: Render) -> None:
    (path,) = render(replace(plain, seconds=5, audio=True))
    largest, highest, average = struct.unpack(">3I", box_content(path, b"btrt"))
    assert average == pytest.approx(packet_bytes(path, "video") * 8 / 5, rel=0.01)
    assert average <= highest < 2 * average
    assert largest < packet_bytes(path, "video")
    # Within esds, the decoder's descriptor: kinds of object and stream, three bytes of buffer, both rates.
    descriptor = box_content(path, b"esds").partition(b"\x40\x15")[2]
    highest, average = struct.unpack(">2I", descriptor[3:11])
    assert average == pytest.approx(packet_bytes(path, "audio") * 8 / 5, rel=0.02)
    assert average <= highest < 2 * average


def test_an_upscale_states_no_rate_but_that_of_the_sound_that_it_copies(plain: ClipSpec, render: Render) -> None:
    (small,) = render(replace(plain, seconds=1, audio=True))
    (large,) = render(replace(plain, seconds=1, width=1280, height=720, source=StoredFile(small, "small")))
    assert b"btrt" not in large.read_bytes()
    highest, average = struct.unpack(">2I", box_content(large, b"esds").partition(b"\x40\x15")[2][3:11])
    assert average == pytest.approx(packet_bytes(large, "audio") * 8, rel=0.05)
    assert highest < 2 * average
