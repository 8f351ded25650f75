"""Clips that start or end with a still."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat

from seedmock_server.media.clip_spec import ClipSpec, StoredFile

Render = Callable[..., list[Path]]


def drawing(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """An image with colours, edges and gradients."""
    gradient = Image.linear_gradient("L").rotate(90).resize(size)
    image = Image.merge("RGB", (gradient, Image.radial_gradient("L").resize(size), ImageOps.invert(gradient)))
    ImageDraw.Draw(image).ellipse((20, 30, size[0] // 2, size[1] // 2), fill=(250, 210, 40), outline=(0, 0, 0))
    return image.convert(mode)


def stored_file(path: Path) -> StoredFile:
    return StoredFile(path, hashlib.sha256(path.read_bytes()).hexdigest())


def decode(path: Path) -> list[Image.Image]:
    with av.open(path) as clip:
        return [frame.to_image() for frame in clip.decode(video=0)]


def psnr(image: Image.Image, reference: Image.Image) -> float:
    error = ImageStat.Stat(ImageChops.difference(image, reference.convert("RGB"))).sum2
    mean = sum(error) / (3 * image.width * image.height)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


def cover(image: Image.Image, spec: ClipSpec) -> Image.Image:
    return ImageOps.fit(image, (spec.width, spec.height), Image.Resampling.BICUBIC)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(864, 496), (834, 1112), (1470, 630)])
@pytest.mark.parametrize("extra", [False, True])
def test_the_first_and_the_last_frame_are_the_stills(
    size: tuple[int, int], extra: bool, plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    first, last = drawing((1000, 700)), ImageOps.invert(drawing((500, 900)))
    first.save(tmp_path / "first.png")
    last.save(tmp_path / "last.webp", lossless=True)
    spec = replace(plain, width=size[0], height=size[1], extra_frame=extra)
    spec = replace(spec, first=stored_file(tmp_path / "first.png"), last=stored_file(tmp_path / "last.webp"))
    frames = decode(render(spec)[0])
    assert len(frames) == spec.frames
    assert psnr(frames[0], cover(first, spec)) >= 30
    assert psnr(frames[-1], cover(last, spec)) >= 30
    assert psnr(frames[len(frames) // 2 - 12], frames[-1]) < 20


@pytest.mark.parametrize("which", ["first", "last"])
def test_a_single_still_is_shown_and_the_rest_moves(
    which: str, plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    still = drawing((864, 496))
    still.save(tmp_path / "still.png")
    files: dict[str, Any] = {which: stored_file(tmp_path / "still.png")}
    frames = decode(render(replace(plain, **files))[0])
    assert len(frames) == 96
    assert psnr(frames[0 if which == "first" else -1], still) >= 30
    assert all(frame.tobytes() != next_frame.tobytes() for frame, next_frame in pairwise(frames[::2]))


@pytest.mark.parametrize("seconds", [1, 2, 3, 5])
def test_short_crossfades_reach_both_stills(seconds: int, plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    first, last = drawing((864, 496)), ImageOps.flip(drawing((864, 496)))
    first.save(tmp_path / "first.png")
    last.save(tmp_path / "last.png")
    spec = replace(
        plain, first=stored_file(tmp_path / "first.png"), last=stored_file(tmp_path / "last.png"), seconds=seconds
    )
    frames = decode(render(spec)[0])
    assert len(frames) == 24 * seconds
    assert min(psnr(frames[0], first), psnr(frames[-1], last)) >= 30


def test_the_exif_orientation_is_applied(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    upright = drawing((864, 496))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "side.jpg", exif=exif, quality=95)
    frames = decode(render(replace(plain, first=stored_file(tmp_path / "side.jpg")))[0])
    assert psnr(frames[0], upright) >= 30


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.gif", "P", {}), ("a.bmp", "RGB", {}), ("a.tiff", "CMYK", {}), ("a.png", "I;16", {}), ("a.png", "1", {}),
        ("a.png", "LA", {}), ("a.webp", "RGBA", {}), ("a.avif", "RGB", {}), ("a.jpg", "L", {}),
    ],
)  # fmt: skip
def test_images_of_many_formats_and_modes_are_accepted(
    name: str, mode: str, options: dict[str, Any], plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    drawing((200, 200), "RGB").convert("L" if mode == "I;16" else mode).convert(mode).save(tmp_path / name, **options)
    frames = decode(render(replace(plain, seconds=1, first=stored_file(tmp_path / name)))[0])
    assert len(frames) == 24


def test_transparency_becomes_white(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    Image.new("RGBA", (864, 496), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    frames = decode(render(replace(plain, seconds=1, first=stored_file(tmp_path / "clear.png")))[0])
    assert psnr(frames[0], Image.new("RGB", (864, 496), "white")) >= 30
