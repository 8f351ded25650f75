"""Open images from untrusted sources, and fit them to a frame."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from ..encoding.encoder import Unrenderable

MAX_PIXELS = 100_000_000
# Not EPS, which would start Ghostscript, and none that Pillow recognizes by little (TGA) or cannot decode.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "ICO")


def covering(path: Path, width: int, height: int) -> Image.Image:
    """Load an image upright, in RGB, with white for transparency, scaled and centre-cropped to cover a size.

    Raises Unrenderable.
    """
    image = opened(path)
    if image is None:
        raise Unrenderable("not an image of a known kind")
    with image, _translated_errors():
        upright = ImageOps.exif_transpose(image)
        return ImageOps.fit(_without_alpha(upright), (width, height), Image.Resampling.BICUBIC)


def recognised(path: Path) -> tuple[int, int, str] | None:
    """Return width and height (as stored) and format of an image that can be decoded; None for any other file.

    Raises Unrenderable for an image that is too large or broken.
    """
    image = opened(path)
    if image is None:
        return None
    with image, _translated_errors():
        image.load()
        return image.width, image.height, str(image.format).lower()


def opened(path: Path) -> Image.Image | None:
    """Open an image, reading only its header; None for any other file. Raises Unrenderable for a too large one."""
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    with _translated_errors(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(path, formats=formats)
        except UnidentifiedImageError:
            return None
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise Unrenderable(f"an image of {image.width} x {image.height} pixels is too large")
    return image


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    """Turn all errors into Unrenderable: Pillow's decoders raise nearly anything for a broken file."""
    try:
        yield
    except Exception as error:
        raise Unrenderable(f"the image can't be read: {error}") from error


def _without_alpha(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    foreground = image.convert("RGBA")
    white = Image.new("RGBA", foreground.size, "white")
    return Image.alpha_composite(white, foreground).convert("RGB")
