"""Reduce images of 16 and 32 bits a sample to 8 bits by the range of their samples.

Pillow's own conversion clips instead: all of a 16-bit grey image becomes white, and all of a float one black.
"""

from __future__ import annotations

import math
from typing import Any

from PIL import Image

# Formats whose decoders give 16-bit samples in mode I; in a TIFF that mode has 32 bits.
SIXTEEN_BIT_FORMATS = ("PNG", "PPM", "JPEG2000")
# A tag of TIFF, and its value for an image whose lowest sample is white.
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
# Ranges in common use, smallest first: floats up to 1, and whole numbers of 8 and 16 bits.
COMMON_MAXIMA = {"F": (1.0, 255.0, 65535.0), "I": (255.0, 65535.0)}


def eight_bit(image: Image.Image) -> Image.Image:
    """Return the image itself, or in mode L if its samples have more than 8 bits."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    low, high = _range(image)
    if getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO:  # Pillow heeds it for 8 bits only
        low, high = high, low
    scale = 255 / ((high - low) or 1)
    wide = image if image.mode == "F" else image.convert("I").convert("F")
    return wide.point(lambda value: value * scale + (0.5 - low * scale)).convert("L")


def _range(image: Image.Image) -> tuple[float, float]:
    """Return the values of black and white; where no format says so, the nearest that hold all samples."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in SIXTEEN_BIT_FORMATS):
        return 0.0, 65535.0
    extrema: Any = image.getextrema()  # the type is that of all modes: a pair for each of several bands
    low, high = (float(value) for value in extrema)
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    common = next((maximum for maximum in COMMON_MAXIMA[image.mode] if low >= 0 and high <= maximum), None)
    if common is not None:
        return 0.0, common
    return low, high
