"""Looks for faces in images, with the extra `seedmock[vision]`; without it, nobody looks.

The detector is OpenCV's cascade of Haar features: its model comes in the wheel of the 4.x series (5.0 has dropped it),
it needs no GPU and no download, and it takes some 100 ms. It knows faces that look at it, real or drawn.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from ..media.clip_spec import StoredFile
from ..media.drawing.images import covering, opened

SIDE: Final = 640
"""Pixels of the longer side of what is looked at: a face that matters is large enough then."""
SMALLEST: Final = 12
"""A face takes at least so large a part of the longer side: one in so many."""
NEIGHBOURS: Final = 4
KNOWN: Final = 1000
_one_at_a_time = threading.Lock()


class FaceDetector:
    """Remembers what it has seen by the digest of the file. Belongs to one event loop."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, bool | None] = OrderedDict()

    async def has_face(self, source: StoredFile) -> bool | None:
        """Whether an image shows a face; None where there is no detector, or the image can't be read."""
        if source.digest not in self._seen:
            self._seen[source.digest] = await asyncio.to_thread(has_face, source.path)
            while len(self._seen) > KNOWN:
                self._seen.popitem(last=False)
        return self._seen[source.digest]

    @staticmethod
    async def name() -> str:
        """The detector and its version; empty when there is none."""
        return await asyncio.to_thread(detector_name)


def detector_name() -> str:
    """The detector and its version, or nothing; blocking, since it may be loaded for it."""
    library = _library()
    return f"opencv {library.__version__}" if library is not None else ""


def has_face(path: Path) -> bool | None:
    """Whether an image shows a face; blocking. None without a detector, or for what is no image."""
    library = _library()
    picture = _grey(path) if library is not None else None
    if picture is None:
        return None
    smallest = max(24, max(picture.size) // SMALLEST)
    pixels = import_module("numpy").asarray(picture)
    with _one_at_a_time:  # a cascade keeps notes while it looks
        found = _cascade().detectMultiScale(
            pixels, scaleFactor=1.1, minNeighbors=NEIGHBOURS, minSize=(smallest, smallest)
        )
    return len(found) > 0


@cache
def _library() -> Any:
    try:
        library: Any = import_module("cv2")
    except ImportError:
        return None
    return library if hasattr(library, "CascadeClassifier") else None


@cache
def _cascade() -> Any:
    library = _library()
    return library.CascadeClassifier(library.data.haarcascades + "haarcascade_frontalface_alt2.xml")


def _grey(path: Path) -> Any:
    """The image upright and small, in shades of grey; None for what is no image."""
    from ..media.encoding.encoder import Unrenderable

    try:
        image = opened(path)
        if image is None:
            return None
        with image:
            turned = image.getexif().get(0x0112, 1) >= 5
            width, height = (image.height, image.width) if turned else image.size
        share = min(1.0, SIDE / max(width, height))
        return covering(path, max(1, round(width * share)), max(1, round(height * share))).convert("L")
    except Unrenderable:
        return None
