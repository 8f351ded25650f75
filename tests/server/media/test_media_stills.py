"""Clips that start or end with a given still."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat

from seedmock_server.media.clip_spec import ClipSpec, StoredFile

Render = Callable[..., list[Path]]


def drawing(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """A picture with colours, edges and slopes."""
    across = Image.linear_gradient("L").rotate(90).resize(size)
    picture = Image.merge("RGB", (across, Image.radial_gradient("L").resize(size), ImageOps.invert(across)))
    ImageDraw.Draw(picture).ellipse((20, 30, size[0] // 2, size[1] // 2), fill=(250, 210, 40), outline=(0, 0, 0))
    return picture.convert(mode)


def source(path: Path) -> StoredFile:
    return StoredFile(path, hashlib.sha256(path.read_bytes()).hexdigest())


def decoded(path: Path) -> list[Image.Image]:
    with av.open(path) as clip:
        return [frame.to_image() for frame in clip.decode(video=0)]


def psnr(one: Image.Image, other: Image.Image) -> float:
    error = ImageStat.Stat(ImageChops.difference(one, other.convert("RGB"))).sum2
    mean = sum(error) / (3 * one.width * one.height)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


def covered(picture: Image.Image, clip_spec: ClipSpec) -> Image.Image:
    return ImageOps.fit(picture, (clip_spec.width, clip_spec.height), Image.Resampling.BICUBIC)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(864, 496), (834, 1112), (1470, 630)])
@pytest.mark.parametrize("extra", [False, True])
def test_the_first_and_the_last_picture_are_the_given_stills(
    size: tuple[int, int], extra: bool, plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    one, two = drawing((1000, 700)), ImageOps.invert(drawing((500, 900)))
    one.save(tmp_path / "one.png")
    two.save(tmp_path / "two.webp", lossless=True)
    clip_spec = replace(plain, width=size[0], height=size[1], extra_frame=extra)
    clip_spec = replace(clip_spec, first=source(tmp_path / "one.png"), last=source(tmp_path / "two.webp"))
    frames = decoded(render(clip_spec)[0])
    assert len(frames) == clip_spec.frames
    assert psnr(frames[0], covered(one, clip_spec)) >= 30
    assert psnr(frames[-1], covered(two, clip_spec)) >= 30
    assert psnr(frames[len(frames) // 2 - 12], frames[-1]) < 20


@pytest.mark.parametrize("which", ["first", "last"])
def test_one_still_alone_is_kept_too_and_the_rest_moves(
    which: str, plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    still = drawing((864, 496))
    still.save(tmp_path / "still.png")
    frames = decoded(render(replace(plain, **{which: source(tmp_path / "still.png")}))[0])
    assert len(frames) == 96
    assert psnr(frames[0 if which == "first" else -1], still) >= 30
    assert all(one.tobytes() != other.tobytes() for one, other in pairwise(frames[::2]))


@pytest.mark.parametrize("seconds", [1, 2, 3, 5])
def test_short_passages_reach_both_ends(seconds: int, plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    one, two = drawing((864, 496)), ImageOps.flip(drawing((864, 496)))
    one.save(tmp_path / "one.png")
    two.save(tmp_path / "two.png")
    clip_spec = replace(plain, first=source(tmp_path / "one.png"), last=source(tmp_path / "two.png"), seconds=seconds)
    frames = decoded(render(clip_spec)[0])
    assert len(frames) == 24 * seconds
    assert min(psnr(frames[0], one), psnr(frames[-1], two)) >= 30


def test_a_photo_that_lies_on_its_side_is_put_upright(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    upright = drawing((864, 496))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "side.jpg", exif=exif, quality=95)
    frames = decoded(render(replace(plain, first=source(tmp_path / "side.jpg")))[0])
    assert psnr(frames[0], upright) >= 30


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.gif", "P", {}), ("a.bmp", "RGB", {}), ("a.tiff", "CMYK", {}), ("a.png", "I;16", {}), ("a.png", "1", {}),
        ("a.png", "LA", {}), ("a.webp", "RGBA", {}), ("a.avif", "RGB", {}), ("a.jpg", "L", {}),
    ],
)  # fmt: skip
def test_any_kind_of_image_will_do(
    name: str, mode: str, options: dict[str, object], plain: ClipSpec, render: Render, tmp_path: Path
) -> None:
    drawing((200, 200), "RGB").convert("L" if mode == "I;16" else mode).convert(mode).save(tmp_path / name, **options)
    frames = decoded(render(replace(plain, seconds=1, first=source(tmp_path / name)))[0])
    assert len(frames) == 24


def test_what_is_transparent_becomes_white(plain: ClipSpec, render: Render, tmp_path: Path) -> None:
    Image.new("RGBA", (864, 496), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    frames = decoded(render(replace(plain, seconds=1, first=source(tmp_path / "clear.png")))[0])
    assert psnr(frames[0], Image.new("RGB", (864, 496), "white")) >= 30
