"""Opens still images that a stranger may have made, and fits them to a picture."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from ..encoding.encoder import Unrenderable

PIXELS = 100_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "ICO")
"""Not EPS, which would start Ghostscript, and none that is recognised by little (TGA) or can't be decoded."""


def covering(path: Path, width: int, height: int) -> Image.Image:
    """The still upright, without transparency (on white), scaled and centre-cropped to cover the size, in RGB.

    Raises Unrenderable.
    """
    image = opened(path)
    if image is None:
        raise Unrenderable("not an image of a known kind")
    with image, _told():
        upright = ImageOps.exif_transpose(image)
        return ImageOps.fit(_flat(upright), (width, height), Image.Resampling.BICUBIC)


def recognised(path: Path) -> tuple[int, int, str] | None:
    """Width and height (as stored) and format of an image that can be decoded, or None for what is no image.

    Raises Unrenderable for an image that is too large or broken.
    """
    image = opened(path)
    if image is None:
        return None
    with image, _told():
        image.load()
        return image.width, image.height, str(image.format).lower()


def opened(path: Path) -> Image.Image | None:
    """The image, of which only the header was read, or None for what is no image; raises Unrenderable."""
    Image.init()
    known = [name for name in FORMATS if name in Image.OPEN]
    with _told(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(path, formats=known)
        except UnidentifiedImageError:
            return None
    if image.width * image.height > PIXELS:
        image.close()
        raise Unrenderable(f"an image of {image.width} x {image.height} pixels is too large")
    return image


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Whatever Pillow trips over becomes one error: its decoders raise nearly anything for a broken file."""
    try:
        yield
    except Exception as error:
        raise Unrenderable(f"the image can't be read: {error}") from error


def _flat(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(white, clear).convert("RGB")
