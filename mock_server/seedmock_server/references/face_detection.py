"""Face detection in images, with the extra `seedmock[vision]`; without it, no image is judged.

The detector is OpenCV's cascade of Haar features: its model comes in the wheels of the 4.x series (5.0 dropped it), and
it needs no GPU and no download. It takes about 100 ms, and finds frontal faces, photographed or drawn.
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

# Pixels of the longer side to which images are reduced: a face that matters is still large enough.
LONGER_SIDE: Final = 640
# The smallest face is this fraction (one in so many) of the longer side.
SMALLEST_FACE: Final = 12
MIN_NEIGHBOURS: Final = 4
MAX_CACHED: Final = 1000
# A cascade keeps state while it scans an image, so that it is not safe in two threads at once.
_cascade_lock = threading.Lock()


class FaceDetector:
    """Detector that caches its results by the digest of the file. Belongs to one event loop."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, bool | None] = OrderedDict()

    async def has_face(self, source: StoredFile) -> bool | None:
        """Look for a face in an image; None without a detector, or for an image that cannot be read."""
        if source.digest not in self._results:
            self._results[source.digest] = await asyncio.to_thread(has_face, source.path)
            while len(self._results) > MAX_CACHED:
                self._results.popitem(last=False)
        return self._results[source.digest]

    @staticmethod
    async def name() -> str:
        """Return the name and version of the detector; empty without one."""
        if _library.cache_info().currsize:
            return detector_name()
        return await asyncio.to_thread(detector_name)


def detector_name() -> str:
    """Return the name and version of the detector; empty without one. Blocking: it may load the library."""
    library = _library()
    return f"opencv {library.__version__}" if library is not None else ""


def has_face(path: Path) -> bool | None:
    """Look for a face in an image; None without a detector, or for a file that is not an image. Blocking."""
    library = _library()
    image = _grey_image(path) if library is not None else None
    if image is None:
        return None
    smallest = max(24, max(image.size) // SMALLEST_FACE)
    pixels = import_module("numpy").asarray(image)
    with _cascade_lock:
        faces = _cascade().detectMultiScale(
            pixels, scaleFactor=1.1, minNeighbors=MIN_NEIGHBOURS, minSize=(smallest, smallest)
        )
    return len(faces) > 0


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


def _grey_image(path: Path) -> Any:
    """Return the image upright, reduced and in shades of grey; None for a file that is not an image."""
    # Imported here, because Pillow takes a tenth of an emulator's start.
    from ..media.drawing.images import fitted, opened, upright_size
    from ..media.errors import Unrenderable

    try:
        image = opened(path)
        if image is None:
            return None
        with image:
            width, height = upright_size(image)
            scale = min(1.0, LONGER_SIDE / max(width, height))
            return fitted(image, max(1, round(width * scale)), max(1, round(height * scale))).convert("L")
    except Unrenderable:
        return None
