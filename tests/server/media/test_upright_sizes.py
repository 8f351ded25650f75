"""Sizes as they are seen: turned by EXIF data, by boxes of HEIF, and by the display matrix of a video."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from msgspec.structs import replace
from PIL import Image

from seedmock_contracts.facts import MediaFacts
from seedmock_server.media.clip_spec import ClipSpec, StoredFile
from seedmock_server.media.drawing.images import covering
from seedmock_server.media.ffmpeg import executable
from seedmock_server.media.probe import measure

Render = Callable[..., list[Path]]

RED, BLUE = (220, 20, 20), (20, 20, 220)
FORMATS = ["a.jpg", "a.png", "a.webp", "a.tiff", "a.avif"]
# Side on which the red left half of a landscape image is seen, by the EXIF orientation.
SIDES = {1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"}
PLACES = {"left": (0.2, 0.5), "right": (0.8, 0.5), "top": (0.5, 0.2), "bottom": (0.5, 0.8)}


def size(facts: MediaFacts) -> tuple[int | None, int | None]:
    return facts.width, facts.height


def two_halves() -> Image.Image:
    """A landscape image whose left half is red, and whose right one is blue."""
    image = Image.new("RGB", (320, 180), BLUE)
    image.paste(RED, (0, 0, 160, 180))
    return image


def oriented(path: Path, orientation: int) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    two_halves().save(path, exif=exif)
    return path


def side_of_red(image: Image.Image) -> str:
    """Name the side with the reddest pixel."""

    def redness(side: str) -> int:
        x, y = PLACES[side]
        red, _, blue = image.convert("RGB").resize((100, 100)).getpixel((int(100 * x), int(100 * y)))  # type: ignore[misc]
        return int(red) - int(blue)

    return max(PLACES, key=redness)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", FORMATS)
def test_an_image_counts_and_is_drawn_as_it_is_seen(name: str, orientation: int, tmp_path: Path) -> None:
    path = oriented(tmp_path / name, orientation)
    upright = (180, 320) if orientation >= 5 else (320, 180)
    assert size(measure(path)) == upright
    assert side_of_red(covering(path, *upright)) == SIDES[orientation]
    assert size(measure(path).as_stored()) == (320, 180)


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0garbage", b""])
def test_an_orientation_that_cannot_be_read_is_ignored(exif: bytes, tmp_path: Path) -> None:
    two_halves().save(tmp_path / "a.jpg", exif=exif)
    assert size(measure(tmp_path / "a.jpg")) == (320, 180)
    assert side_of_red(covering(tmp_path / "a.jpg", 320, 180)) == "left"


def test_a_jpeg_with_a_second_image_behind_it_is_a_jpeg(tmp_path: Path) -> None:
    two_halves().save(tmp_path / "phone.jpg", "MPO", save_all=True, append_images=[two_halves()])
    facts = measure(tmp_path / "phone.jpg")
    assert (facts.format, size(facts)) == ("jpeg", (320, 180))


@pytest.fixture
def landscape(tmp_path: Path) -> Path:
    """A short landscape video: red on the left, blue on the right."""
    two_halves().save(tmp_path / "halves.png")
    return convert(tmp_path / "landscape.mp4", "-loop", "1", "-i", str(tmp_path / "halves.png"), "-t", "0.4")


def convert(target: Path, *arguments: str) -> Path:
    codec = () if "copy" in arguments else ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-r", "25")
    subprocess.run([executable(), "-v", "error", "-y", *arguments, *codec, str(target)], check=True)
    return target


def turned(landscape: Path, name: str, *options: str) -> Path:
    return convert(landscape.parent / name, *options, "-i", str(landscape), "-c", "copy")


def first_frame(path: Path) -> Image.Image:
    with av.open(path) as clip:
        return next(clip.decode(video=0)).to_image()


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
@pytest.mark.parametrize(
    ("options", "upright"),
    [
        (("-display_rotation", "90"), (180, 320)), (("-display_rotation", "180"), (320, 180)),
        (("-display_rotation", "270"), (180, 320)), (("-display_rotation", "90", "-display_hflip"), (180, 320)),
        (("-display_hflip",), (320, 180)),
    ],
)  # fmt: skip
def test_a_turned_video_counts_as_it_is_seen(
    name: str, options: tuple[str, ...], upright: tuple[int, int], landscape: Path
) -> None:
    facts = measure(turned(landscape, name, *options))
    assert (size(facts), facts.seconds, facts.fps) == (upright, 0.4, 25.0)
    assert size(facts.as_stored()) == (320, 180)
    assert (facts.stored_size is None) == (upright == (320, 180))


def test_a_video_turned_by_its_stream_counts_as_it_is_seen(landscape: Path) -> None:
    bsf = ("-bsf:v", "h264_metadata=display_orientation=insert:rotate=90", "-c", "copy")
    assert size(measure(convert(landscape.parent / "a.mp4", "-i", str(landscape), *bsf))) == (180, 320)


def test_pixels_that_are_not_square_count_as_they_are_seen(landscape: Path) -> None:
    wide = convert(landscape.parent / "wide.mp4", "-i", str(landscape), "-vf", "setsar=3/2")
    assert size(measure(wide)) == (480, 180)
    assert size(measure(wide).as_stored()) == (320, 180)


def test_an_upscaled_portrait_video_of_a_phone_is_upright(landscape: Path, plain: ClipSpec, render: Render) -> None:
    phone = turned(landscape, "phone.mov", "-display_rotation", "270")
    facts = measure(phone)
    spec = replace(plain, width=720, height=1280, source=StoredFile(phone, "phone"))
    (large,) = render(spec)
    assert facts.width and facts.height and facts.width / facts.height == 720 / 1280
    assert size(measure(large)) == (720, 1280)
    assert side_of_red(first_frame(large)) == "top"


def test_frames_that_an_edit_list_cuts_off_are_not_counted(landscape: Path) -> None:
    long = convert(landscape.parent / "long.mp4", "-stream_loop", "4", "-i", str(landscape))
    facts = measure(convert(landscape.parent / "edit.mov", "-ss", "0.52", "-i", str(long), "-c", "copy"))
    assert facts.seconds == pytest.approx(1.48, abs=0.05)
    assert facts.fps == pytest.approx(25.0, abs=0.01)


def test_a_video_of_a_codec_that_cannot_be_decoded_is_measured(landscape: Path) -> None:
    unknown = landscape.parent / "unknown.mp4"
    unknown.write_bytes(landscape.read_bytes().replace(b"avc1", b"zzz1", 2))
    facts = measure(unknown)
    assert (size(facts), facts.seconds) == ((320, 180), 0.4)
