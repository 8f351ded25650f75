"""Open images from untrusted sources, and fit them to a frame."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from .. import heif
from ..errors import NoDecoder, Unrenderable
from .sample_depth import eight_bit

MAX_PIXELS = 100_000_000
# Not EPS, which would start Ghostscript, and none that Pillow recognizes by little (TGA) or cannot decode.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "ICO")
# A phone's JPEG with a depth map or a preview behind it is MPO to Pillow, and a JPEG to everything else.
_NAMES = {"MPO": "jpeg"}
_Transpose = Image.Transpose
# By the orientation of EXIF data; the last four swap width and height.
TRANSPOSITIONS = {
    2: _Transpose.FLIP_LEFT_RIGHT,
    3: _Transpose.ROTATE_180,
    4: _Transpose.FLIP_TOP_BOTTOM,
    5: _Transpose.TRANSPOSE,
    6: _Transpose.ROTATE_270,
    7: _Transpose.TRANSVERSE,
    8: _Transpose.ROTATE_90,
}
SWAPPING = range(5, 9)
# Tags of TIFF.
IMAGE_WIDTH, IMAGE_LENGTH = 256, 257


class ImageSize(Struct, frozen=True):
    """Width and height of an image as it is seen, its format, and the stored size where that is another."""

    width: int
    height: int
    format: str
    stored_size: tuple[int, int] | None = None


def covering(path: Path, width: int, height: int) -> Image.Image:
    """Load an image upright, in RGB, with white for transparency, scaled and centre-cropped to cover a size.

    Raises Unrenderable.
    """
    image = opened(path)
    if image is None:
        raise _undecodable(path)
    with image:
        return fitted(image, width, height)


def fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """Do the same for an image that is open."""
    with _translated_errors():
        transposition = TRANSPOSITIONS.get(_orientation(image))
        shallow = eight_bit(image)
        upright = shallow if transposition is None else shallow.transpose(transposition)
        return ImageOps.fit(_opaque(upright), (width, height), Image.Resampling.BICUBIC)


def recognised(path: Path) -> ImageSize | None:
    """Return size and format of an image; None for any other file.

    Raises Unrenderable for an image that is too large or broken.
    """
    image = opened(path)
    name = heif.format_of(path)
    if image is None:
        return None if name is None else ImageSize(*heif.size_in_boxes(path), name)
    with image:
        tags = getattr(image, "tag_v2", {})
        # Pillow states the size of a TIFF turned already.
        stored = (int(tags[IMAGE_WIDTH]), int(tags[IMAGE_LENGTH])) if IMAGE_WIDTH in tags else image.size
        upright = upright_size(image)
        name = name or _NAMES.get(str(image.format), str(image.format).lower())
        return ImageSize(*upright, name, None if stored == upright else stored)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Decode an image, and return width and height as they are seen. Raises Unrenderable."""
    with _translated_errors():
        return image.size[::-1] if _orientation(image) in SWAPPING else image.size


def opened(path: Path) -> Image.Image | None:
    """Open an image, reading only its header; None for any other file. Raises Unrenderable for a too large one."""
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    with _translated_errors(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if heif.format_of(path) in ("heic", "heif"):
            return heif.decode(path, MAX_PIXELS) if heif.has_decoder() and heif.is_still(path) else None
        try:
            image = Image.open(path, formats=formats)
        except UnidentifiedImageError as error:
            if _is_tiff(path):
                raise Unrenderable(
                    "a tiff image whose samples can't be read; readable: grey, RGB, CMYK of 8 or 16 bits, and others"
                ) from error
            return None
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise Unrenderable(f"an image of {image.width} x {image.height} pixels is too large")
    return image


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _undecodable(path: Path) -> Unrenderable:
    name = heif.format_of(path)
    if name is None:
        return Unrenderable("not an image of a known kind")
    heif.size_in_boxes(path)  # which raises for a damaged one
    return NoDecoder(f"a {name} image can't be drawn: a still needs seedmock[heif], a sequence is only measured")


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    """Turn all errors into Unrenderable: Pillow's decoders raise nearly anything for a broken file.

    Their texts stay out of the message: some name an object by its address in memory, or a path of this machine.
    """
    try:
        yield
    except Unrenderable:
        raise
    except Exception as error:
        raise Unrenderable("the image can't be read: it is damaged or was cut short") from error


def _orientation(image: Image.Image) -> int:
    """Decode the pixels, and return the orientation in which they are seen.

    In this order, since Pillow turns a TIFF when it decodes it. One that cannot be read counts as upright, as it does
    to viewers.
    """
    image.load()
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1


def _opaque(image: Image.Image) -> Image.Image:
    """Return the image in RGB, on white."""
    if image.mode == "LAB":
        sources = (ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"))
        return ImageCms.profileToProfile(image, *sources, outputMode="RGB") or image
    if not image.has_transparency_data:
        return image.convert("RGB")
    foreground = image.convert("RGBA")
    white = Image.new("RGBA", foreground.size, "white")
    return Image.alpha_composite(white, foreground).convert("RGB")
