"""HEIC and AVIF images, with and without a decoder, and other files in the container of MP4."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pillow_heif
import pytest
from msgspec.structs import replace
from PIL import Image

from seedmock_contracts.enums import MediaKind
from seedmock_server.media import heif
from seedmock_server.media.clip_spec import ClipSpec, StoredFile
from seedmock_server.media.drawing.images import covering
from seedmock_server.media.ffmpeg import executable
from seedmock_server.media.probe import UnreadableMedia, measure
from seedmock_server.references.face_detection import has_face

RED = (200, 30, 30)
Render = Callable[..., list[Path]]


def write_heic(path: Path, orientation: int = 1, size: tuple[int, int] = (320, 180)) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pillow_heif.from_pillow(Image.new("RGB", size, RED)).save(path, quality=90, exif=exif.tobytes())
    return path


def rebrand(path: Path, first: bytes, others: bytes) -> Path:
    """Replace the brands of a file: the first, and those that it is compatible with."""
    data = path.read_bytes()
    size = int.from_bytes(data[:4], "big")
    path.write_bytes(data[:8] + first + data[12:16] + others.ljust(size - 16, b"\0") + data[size:])
    return path


@pytest.fixture(params=["decoder", "no decoder"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with the decoder, and as if it were not installed."""
    if request.param == "no decoder":
        remove_decoder(monkeypatch)


@pytest.fixture
def without_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    remove_decoder(monkeypatch)


def remove_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_is_an_image_of_its_upright_size(orientation: int, tmp_path: Path) -> None:
    facts = measure(write_heic(tmp_path / "video.mp4", orientation))
    upright = (180, 320) if orientation >= 5 else (320, 180)
    assert (facts.kind, facts.format, (facts.width, facts.height)) == (MediaKind.IMAGE, "heic", upright)


@pytest.mark.usefixtures("either_way")
def test_a_heic_of_odd_sides_has_its_exact_size(tmp_path: Path) -> None:
    facts = measure(write_heic(tmp_path / "a", size=(333, 97)))
    assert (facts.width, facts.height) == (333, 97)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    ("first", "others", "name"),
    [
        (b"heic", b"mif1heicmiaf", "heic"), (b"mif1", b"mif1heicmiaf", "heic"), (b"heix", b"mif1heixmiaf", "heic"),
        (b"mif1", b"mif1miaf\0\0\0\0", "heif"),
    ],
)  # fmt: skip
def test_brands_tell_heic_from_heif(first: bytes, others: bytes, name: str, tmp_path: Path) -> None:
    facts = measure(rebrand(write_heic(tmp_path / "a"), first, others))
    assert (facts.kind, facts.format, facts.width) == (MediaKind.IMAGE, name, 320)


@pytest.mark.usefixtures("either_way")
def test_a_sequence_of_images_is_an_image_of_the_size_of_its_track(tmp_path: Path) -> None:
    source = ("-f", "lavfi", "-i", "color=red:s=176x144:d=0.2", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    subprocess.run([executable(), "-v", "error", *source, str(tmp_path / "burst.mp4")], check=True)
    facts = measure(rebrand(tmp_path / "burst.mp4", b"hevc", b"msf1hevcmif1"))
    assert (facts.kind, facts.format, facts.width, facts.height) == (MediaKind.IMAGE, "heic", 176, 144)
    with pytest.raises(ValueError, match="a sequence is only measured"):
        covering(tmp_path / "burst.mp4", 320, 180)


def test_an_avif_is_an_image(tmp_path: Path) -> None:
    Image.new("RGB", (320, 180), RED).save(tmp_path / "a.avif")
    assert (measure(tmp_path / "a.avif").kind, measure(tmp_path / "a.avif").format) == (MediaKind.IMAGE, "avif")
    assert heif.size_in_boxes(tmp_path / "a.avif") == (320, 180)


@pytest.mark.parametrize(
    ("name", "muxer", "kind", "form"),
    [
        ("a.3gp", "3gp", MediaKind.VIDEO, "3gp"), ("a.3g2", "3g2", MediaKind.VIDEO, "3g2"),
        ("a.mov", "mov", MediaKind.VIDEO, "mov"), ("a.m4v", "ipod", MediaKind.VIDEO, "mp4"),
        ("a.m4a", "ipod", MediaKind.AUDIO, "m4a"), ("a.mp4", "mp4", MediaKind.VIDEO, "mp4"),
    ],
)  # fmt: skip
def test_other_files_in_the_container_are_recognized_by_their_brands(
    name: str, muxer: str, kind: MediaKind, form: str, tmp_path: Path
) -> None:
    source = "sine=d=0.2" if kind is MediaKind.AUDIO else "color=red:s=176x144:d=0.2"
    codec = ("-c:a", "aac") if kind is MediaKind.AUDIO else ("-c:v", "libx264", "-pix_fmt", "yuv420p")
    command = [executable(), "-v", "error", "-f", "lavfi", "-i", source, *codec, "-f", muxer, str(tmp_path / name)]
    subprocess.run(command, check=True)
    facts = measure((tmp_path / name).rename(tmp_path / "upload"))
    assert (facts.kind, facts.format) == (kind, form)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.95])
def test_a_heic_that_was_cut_short_is_unreadable(share: float, tmp_path: Path) -> None:
    whole = write_heic(tmp_path / "a").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UnreadableMedia, match=r"cut short|damaged"):
        measure(tmp_path / "cut")


@pytest.mark.usefixtures("without_decoder")
def test_damaged_boxes_are_unreadable_and_never_a_crash(tmp_path: Path) -> None:
    whole = write_heic(tmp_path / "a").read_bytes()
    sizes = set()
    for at in range(8, 600):
        (tmp_path / "damaged").write_bytes(whole[:at] + b"\xff\x00\xff" + whole[at + 3 :])
        with contextlib.suppress(UnreadableMedia):
            sizes.add(measure(tmp_path / "damaged").width)
    assert 320 in sizes
    assert None not in sizes


def test_a_heic_still_is_the_first_frame(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    still = StoredFile(write_heic(tmp_path / "a", 6), "a")
    (path,) = render(replace(plain, seconds=1, first=still))
    assert first_pixel(path) == pytest.approx(RED, abs=4)


@pytest.mark.usefixtures("without_decoder")
def test_without_a_decoder_a_heic_still_is_drawn_as_the_test_card(
    plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    still = StoredFile(write_heic(tmp_path / "a"), "a")
    card, with_still = render(replace(plain, seconds=1), replace(plain, seconds=1, first=still))
    assert first_pixel(with_still) == pytest.approx(first_pixel(card), abs=4)
    with pytest.raises(ValueError, match=r"a still needs seedmock\[heif\]"):
        covering(still.path, 320, 180)
    assert has_face(still.path) is None


def test_the_decoder_is_part_of_the_digest_of_clips_with_stills(
    plain: ClipSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_still = replace(plain, first=StoredFile(tmp_path / "a", "a"))
    before = (plain.digest, with_still.digest)
    remove_decoder(monkeypatch)
    assert plain.digest == before[0]
    assert with_still.digest != before[1]


def test_opening_a_heic_leaves_the_pillow_of_this_process_as_it_is(tmp_path: Path) -> None:
    measure(write_heic(tmp_path / "a"))
    assert "HEIF" not in Image.OPEN


def first_pixel(path: Path) -> tuple[int, ...]:
    with av.open(path) as clip:
        pixel = next(clip.decode(video=0)).to_image().getpixel((20, 20))
    return pixel if isinstance(pixel, tuple) else ()
