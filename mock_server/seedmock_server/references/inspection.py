"""What is behind the URL of a reference: what was declared of it, what the magic table says, or the file itself."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.facts import MediaFacts

from ..http.url_policy import FetchError
from ..matching import magic_values as magic
from ..media.clip_spec import StoredFile
from .declared import DeclaredMedia
from .face_detection import FaceDetector
from .files import ReferenceFiles

DECLARED, TABLE, NOBODY = "declared facts", "the table of magic values", "nobody: seedmock[vision] is not installed"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file if it could be read, facts if they are known, and by whom a face was looked for, if anybody could."""

    source: StoredFile | None = None
    facts: MediaFacts | None = None
    face_checked_by: str = ""


class MediaInspector:
    """Belongs to one event loop."""

    def __init__(self, reference_files: ReferenceFiles, declared: DeclaredMedia, eyes: FaceDetector) -> None:
        self._reference_files = reference_files
        self._declared = declared
        self._eyes = eyes

    async def inspect(self, url: str, *, own_origin: str, now: float, faces: bool = False) -> Inspection:
        """What is known of a URL; of an image, whether it shows a face, where `faces` asks for it.

        Raises FetchError where there should be something readable and is not.
        """
        said = self._declared.get(url)
        if said is not None:
            source, measured = None, None
            with contextlib.suppress(FetchError):
                source, measured = await self._file(url, own_origin, now)
            return await self._judged(Inspection(source, said.over(measured), DECLARED), faces)
        spot = magic.media_at(url)
        if spot is not None:
            if spot.facts is None:
                raise spot.refused()
            return Inspection(None, spot.facts, TABLE)
        return await self._judged(Inspection(*await self._file(url, own_origin, now)), faces)

    async def _file(self, url: str, own_origin: str, now: float) -> tuple[StoredFile | None, MediaFacts | None]:
        if magic.is_magic(url):
            return None, None
        readable = await self._reference_files.read(url, own_origin=own_origin, now=now)
        return (None, None) if readable is None else (readable.source, readable.facts)

    async def _judged(self, seen: Inspection, faces: bool) -> Inspection:
        """With the detector's word on faces, unless somebody has given his."""
        facts = seen.facts
        if not faces or facts is None or facts.kind is not MediaKind.IMAGE or facts.face is not None:
            return seen
        if seen.source is None:
            return seen
        found = await self._eyes.has_face(seen.source)
        judge = await self._eyes.name()
        return Inspection(seen.source, replace(facts, face=found), judge or NOBODY)
