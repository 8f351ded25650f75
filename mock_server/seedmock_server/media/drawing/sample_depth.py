"""Reduce images of signed, of 16 and of 32 bits a sample to 8 bits by the range of their samples.

Pillow's own conversion clips instead: all of a 16-bit grey image becomes white, and all of a float one black. It also
takes signed bytes for unsigned ones, and unsigned numbers of 32 bits for signed ones.
"""

from __future__ import annotations

import math
from typing import Any, cast

from PIL import Image

# Formats whose decoders give 16-bit samples in mode I; in a TIFF that mode has 32 bits.
SIXTEEN_BIT_FORMATS = ("PNG", "PPM", "JPEG2000")
# Tags of TIFF; the first has this value for an image whose lowest sample is white.
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
SAMPLE_FORMAT, UNSIGNED, SIGNED = 339, (1,), (2,)
# Ranges in common use, smallest first: floats up to 1, and whole numbers of 8 and 16 bits.
COMMON_MAXIMA = {"F": (1.0, 255.0, 65535.0), "I": (255.0, 65535.0)}


def eight_bit(image: Image.Image) -> Image.Image:
    """Return the image itself, or in mode L if its samples are signed or have more than 8 bits."""
    tags = getattr(image, "tag_v2", {})
    sample_format = tags.get(SAMPLE_FORMAT, UNSIGNED)
    if image.mode == "L" and sample_format == SIGNED:
        return _signed_bytes(image)
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    wide = image if image.mode == "F" else image.convert("I").convert("F")
    if image.mode == "I" and tags and sample_format == UNSIGNED:
        wide = _unsigned(wide)
    low, high = _range(image, wide)
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:  # Pillow heeds it for 8 bits only
        low, high = high, low
    scale = 255 / ((high - low) or 1)
    return wide.point(lambda value: value * scale + (0.5 - low * scale)).convert("L")


def _signed_bytes(image: Image.Image) -> Image.Image:
    """Scale bytes that Pillow has read as unsigned: -128 to 127, or 0 to 127 where none is negative."""
    _, highest = cast("tuple[int, int]", image.getextrema())
    if highest < 128:
        return image.point([round(min(value, 127) * 255 / 127) for value in range(256)])
    return image.point([value ^ 128 for value in range(256)])


def _unsigned(wide: Image.Image) -> Image.Image:
    """Undo the overflow of numbers from 2^31 on, which Pillow has read as negative ones."""
    negative = wide.point(lambda value: value * -1.0 + 0.0).convert("L").point([0] + [255] * 255, "1")
    return Image.composite(wide.point(lambda value: value * 1.0 + 2.0**32), wide, negative)


def _range(image: Image.Image, wide: Image.Image) -> tuple[float, float]:
    """Return the values of black and white; where no format says so, the nearest that hold all samples."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in SIXTEEN_BIT_FORMATS):
        return 0.0, 65535.0
    extrema: Any = wide.getextrema()  # the type is that of all modes: a pair for each of several bands
    low, high = (float(value) for value in extrema)
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    common = next((maximum for maximum in COMMON_MAXIMA[image.mode] if low >= 0 and high <= maximum), None)
    if common is not None:
        return 0.0, common
    return low, high
