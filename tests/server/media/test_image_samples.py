"""Images whose samples are not 8 bits of red, green and blue: drawn by the range of their samples."""

from __future__ import annotations

import struct
from pathlib import Path

import PIL
import pytest
from PIL import Image, ImageCms

from seedmock_server.media.drawing.images import covering
from seedmock_server.media.drawing.sample_depth import PHOTOMETRIC, SAMPLE_FORMAT, WHITE_IS_ZERO
from seedmock_server.media.probe import UnreadableMedia, measure

# Shares of white from left to right.
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def bands(mode: str, values: tuple[float, ...], code: str) -> Image.Image:
    """Five vertical bands of 20 pixels each; `code` is the sample's in the struct module."""
    row = b"".join(struct.pack(code, value) * 20 for value in values)
    return Image.frombytes(mode, (100, 10), row * 10)


def write_tiff(
    path: Path, values: tuple[float, ...], code: str, *, sample_format: int, samples: int = 1, order: str = "<"
) -> None:
    """Write five bands of 20 x 10 pixels as a TIFF, of which Pillow writes fewer kinds than it reads."""
    bits = struct.calcsize(code) * 8
    rows = b"".join(struct.pack(order + code, value) * 20 * samples for value in values) * 10
    tags = {256: [100], 257: [10], 258: [bits] * samples, 259: [1], PHOTOMETRIC: [2 if samples == 3 else 1], 273: [8]}
    tags |= {277: [samples], 278: [10], 279: [len(rows)], SAMPLE_FORMAT: [sample_format] * samples}
    after, directory = b"", struct.pack(order + "H", len(tags))
    end = 8 + len(rows) + 2 + 12 * len(tags) + 4
    for tag, numbers in tags.items():
        content = struct.pack(f"{order}{len(numbers)}H", *numbers)
        place = content.ljust(4, b"\0") if len(content) <= 4 else struct.pack(order + "I", end + len(after))
        after += content if len(content) > 4 else b""
        directory += struct.pack(order + "HHI", tag, 3, len(numbers)) + place
    signature = {"<": b"II*\0", ">": b"MM\0*"}[order]
    offset = struct.pack(order + "I", 8 + len(rows))
    path.write_bytes(signature + offset + rows + directory + bytes(4) + after)


def greys(path: Path) -> list[float]:
    """The shares of white of the five bands, as they are drawn."""
    image = covering(path, 100, 10)
    assert image.mode == "RGB"
    pixels = [image.getpixel((x, 5)) for x in range(10, 100, 20)]
    assert all(isinstance(pixel, tuple) and max(pixel) - min(pixel) <= 2 for pixel in pixels)
    return [pixel[0] / 255 for pixel in pixels if isinstance(pixel, tuple)]


WHOLE = tuple(int(65535 * share) for share in SHARES)
BYTES = tuple(int(255 * share) for share in SHARES)


@pytest.mark.parametrize(
    ("name", "mode", "values", "code"),
    [
        ("a.png", "I;16", WHOLE, "<H"), ("a.tiff", "I;16", WHOLE, "<H"), ("a.tiff", "I;16B", WHOLE, ">H"),
        ("a.jp2", "I;16", WHOLE, "<H"), ("a.pgm", "I", WHOLE, "=i"), ("a.tiff", "I", WHOLE, "=i"),
        ("a.tiff", "I", BYTES, "=i"), ("a.tiff", "I", tuple(int(2e9 * share) for share in SHARES), "=i"),
        ("a.tiff", "I", tuple(int(4000 * share) - 2000 for share in SHARES), "=i"),
        ("a.tiff", "F", SHARES, "=f"), ("a.tiff", "F", BYTES, "=f"), ("a.tiff", "F", WHOLE, "=f"),
        ("a.tiff", "F", tuple(8 * share - 4 for share in SHARES), "=f"),
    ],
)  # fmt: skip
def test_deep_samples_are_scaled_by_their_range(
    name: str, mode: str, values: tuple[float, ...], code: str, tmp_path: Path
) -> None:
    bands(mode, values, code).save(tmp_path / name)
    assert greys(tmp_path / name) == pytest.approx(SHARES, abs=0.02)


@pytest.mark.parametrize(
    ("code", "sample_format", "low", "high", "samples", "order"),
    [
        ("B", 1, 0, 255, 1, "<"), ("b", 2, -128, 127, 1, "<"), ("b", 2, -128, 127, 1, ">"), ("b", 2, 0, 127, 1, "<"),
        ("H", 1, 0, 65535, 1, "<"), ("H", 1, 0, 65535, 1, ">"), ("h", 2, -32768, 32767, 1, "<"),
        ("I", 1, 0, 2**32 - 1, 1, "<"), ("I", 1, 0, 255, 1, "<"), ("i", 2, -(2**31), 2**31 - 1, 1, "<"),
        ("i", 2, -(2**31), 2**31 - 1, 1, ">"), ("H", 1, 0, 65535, 3, "<"), ("H", 1, 0, 65535, 3, ">"),
    ],
)  # fmt: skip
def test_samples_of_a_tiff_are_read_by_their_sign_and_their_bits(
    code: str, sample_format: int, low: int, high: int, samples: int, order: str, tmp_path: Path
) -> None:
    values = tuple(low + int((high - low) * share) for share in SHARES)
    write_tiff(tmp_path / "a.tiff", values, code, sample_format=sample_format, samples=samples, order=order)
    assert greys(tmp_path / "a.tiff") == pytest.approx(SHARES, abs=0.02)


@pytest.mark.parametrize(("code", "sample_format", "samples"), [("d", 3, 1), ("I", 1, 3), ("b", 2, 3)])
def test_a_tiff_of_unreadable_samples_is_refused_as_one(
    code: str, sample_format: int, samples: int, tmp_path: Path
) -> None:
    write_tiff(tmp_path / "a.tiff", (0, 1, 2, 3, 4), code, sample_format=sample_format, samples=samples)
    with pytest.raises(UnreadableMedia, match="a tiff image whose samples can't be read; readable: grey"):
        measure(tmp_path / "a.tiff")


def test_a_dark_image_of_16_bits_stays_dark(tmp_path: Path) -> None:
    bands("I;16", tuple(value // 10 for value in WHOLE), "<H").save(tmp_path / "a.png")
    assert greys(tmp_path / "a.png") == pytest.approx([share / 10 for share in SHARES], abs=0.01)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 0.0, 7e30, -5.0])
def test_a_float_image_of_any_one_value_is_drawn(value: float, tmp_path: Path) -> None:
    bands("F", (value,) * 5, "=f").save(tmp_path / "a.tiff")
    assert len(set(greys(tmp_path / "a.tiff"))) == 1


YCBCR = pytest.param(
    "YCbCr",
    marks=pytest.mark.xfail(int(PIL.__version__.split(".")[0]) < 13, reason="Pillow before 13 cannot read such a TIFF"),
)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", YCBCR, "LAB", "RGBX"])
def test_every_mode_of_a_tiff_that_is_measured_is_drawn(mode: str, tmp_path: Path) -> None:
    image = bands("L", BYTES, "B").convert("RGB")
    if mode == "LAB":
        profiles = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
        image = ImageCms.profileToProfile(image, *profiles, outputMode="LAB") or image
    else:
        image = image.quantize(8) if mode in ("P", "PA") else image.convert("L" if mode in ("LA", "1") else "RGB")
    image.convert(mode).save(tmp_path / "a.tiff")
    assert (measure(tmp_path / "a.tiff").width, measure(tmp_path / "a.tiff").format) == (100, "tiff")
    if mode != "1":
        assert greys(tmp_path / "a.tiff") == pytest.approx(SHARES, abs=0.03)


def test_a_palette_with_a_transparent_colour_is_drawn_on_white(tmp_path: Path) -> None:
    image = bands("L", BYTES, "B").convert("P")
    for name in ("a.png", "a.gif"):
        image.save(tmp_path / name, transparency=image.getpixel((10, 5)))
        assert greys(tmp_path / name) == pytest.approx([1.0, *SHARES[1:]], abs=0.02)


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_a_grey_png_with_a_transparent_grey_is_drawn(mode: str, tmp_path: Path) -> None:
    values, code = (BYTES, "B") if mode == "L" else (WHOLE, "<H")
    bands(mode, values, code).save(tmp_path / "a.png", transparency=values[0])
    assert greys(tmp_path / "a.png")[1:] == pytest.approx(SHARES[1:], abs=0.02)


def test_grey_with_alpha_is_drawn_on_white(tmp_path: Path) -> None:
    image = bands("L", BYTES, "B")
    image.putalpha(128)
    image.save(tmp_path / "a.png")
    assert image.mode == "LA"
    assert greys(tmp_path / "a.png") == pytest.approx([(1 + share) / 2 for share in SHARES], abs=0.02)


def test_a_pfm_of_floats_is_drawn(tmp_path: Path) -> None:
    bands("F", SHARES, "=f").save(tmp_path / "a.pfm")
    assert greys(tmp_path / "a.pfm") == pytest.approx(SHARES, abs=0.02)


def test_a_dark_pgm_of_16_bits_stays_dark(tmp_path: Path) -> None:
    bands("I", tuple(value // 400 for value in WHOLE), "=i").save(tmp_path / "a.pgm")
    assert greys(tmp_path / "a.pgm") == pytest.approx([share / 400 for share in SHARES], abs=0.01)


@pytest.mark.parametrize(("mode", "values", "code"), [("L", BYTES, "B"), ("I;16", WHOLE, "<H")])
def test_a_tiff_whose_lowest_sample_is_white_is_drawn_inverted(
    mode: str, values: tuple[float, ...], code: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.tiff"
    bands(mode, values, code).save(path)
    black_is_zero = struct.pack("<HHIHH", PHOTOMETRIC, 3, 1, 1, 0)
    data = path.read_bytes()
    assert data.count(black_is_zero) == 1
    path.write_bytes(data.replace(black_is_zero, struct.pack("<HHIHH", PHOTOMETRIC, 3, 1, WHITE_IS_ZERO, 0)))
    assert greys(path) == pytest.approx([1 - share for share in SHARES], abs=0.02)
