"""Inspect the media behind the URL of a reference: declared facts, then magic URLs, then the file itself."""

from __future__ import annotations

import contextlib

from msgspec import Struct
from msgspec.structs import replace

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.facts import MediaFacts

from ..http.url_policy import FetchError
from ..matching import magic_values as magic
from ..media.clip_spec import StoredFile
from .declared import DeclaredMedia
from .face_detection import FaceDetector
from .files import ReferenceFiles

# Sources of the verdict on faces, as the journal's notes name them.
BY_DECLARATION = "declared facts"
BY_MAGIC_VALUE = "table of magic values"
BY_NO_DETECTOR = "seedmock[vision] is not installed"


class Inspection(Struct, frozen=True):
    """A file if it can be read, facts if they are known, and the source of the verdict on a face, if one was sought."""

    source: StoredFile | None = None
    facts: MediaFacts | None = None
    face_checked_by: str = ""


class MediaInspector:
    """Inspects the URLs of references. Belongs to one event loop."""

    def __init__(self, reference_files: ReferenceFiles, declared: DeclaredMedia, face_detector: FaceDetector) -> None:
        self._reference_files = reference_files
        self._declared = declared
        self._face_detector = face_detector

    def may_know(self, url: str) -> bool:
        """Tell if `inspect` might find anything, or raise an error: not for an ordinary URL that is not fetched."""
        return self._reference_files.may_read(url) or self._declared.get(url) is not None

    async def inspect(self, url: str, *, own_origin: str, now: float, faces: bool = False) -> Inspection:
        """Inspect a URL; `faces` looks for a face in an image, too. Raises FetchError for an unreadable URL.

        `own_origin` is the scheme://host[:port] by which the client reached the server.
        """
        declaration = self._declared.get(url)
        if declaration is not None:
            source, measured = None, None
            with contextlib.suppress(FetchError):
                source, measured = await self._read(url, own_origin, now)
            inspection = Inspection(source, declaration.override(measured), BY_DECLARATION)
            return await self._with_face(inspection) if faces else inspection
        magic_url = magic.media_at(url)
        if magic_url is not None:
            if magic_url.facts is None:
                raise magic_url.error()
            return Inspection(None, magic_url.facts, BY_MAGIC_VALUE)
        inspection = Inspection(*await self._read(url, own_origin, now))
        return await self._with_face(inspection) if faces else inspection

    async def _read(self, url: str, own_origin: str, now: float) -> tuple[StoredFile | None, MediaFacts | None]:
        if magic.is_magic(url):
            return None, None
        file = await self._reference_files.read(url, own_origin=own_origin, now=now)
        return (None, None) if file is None else (file.source, file.facts)

    async def _with_face(self, inspection: Inspection) -> Inspection:
        """Let the detector decide about a face, unless the facts already do."""
        source, facts = inspection.source, inspection.facts
        if source is None or facts is None or facts.kind is not MediaKind.IMAGE or facts.face is not None:
            return inspection
        has_face = await self._face_detector.has_face(source)
        name = await self._face_detector.name()
        return Inspection(source, replace(facts, face=has_face), name or BY_NO_DETECTOR)
