"""Which writer a report's file name asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from seedmock_contracts.certificate import Certification
from seedmock_contracts.drift import Verification

from .certification_json import certification_json
from .verification_json import verification_json

T = TypeVar("T")
Writer = Callable[[Verification], str]
VERIFICATIONS: Mapping[str, Writer] = {".json": verification_json}
"""The kinds of reports that there are of a verification, by the file's suffix."""
CERTIFICATIONS: Mapping[str, Callable[[Certification], str]] = {".json": certification_json}
"""The same of a certification."""


class UnknownFormat(ValueError):
    """A file name whose suffix asks for no report that there is."""


def writer_for(path: Path) -> Writer:
    """The writer of a verification for a file. Raises UnknownFormat."""
    return _of(path, VERIFICATIONS)


def certification_writer_for(path: Path) -> Callable[[Certification], str]:
    """The writer of a certification for a file. Raises UnknownFormat."""
    return _of(path, CERTIFICATIONS)


def _of(path: Path, writers: Mapping[str, Callable[[T], str]]) -> Callable[[T], str]:
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UnknownFormat(f"{path} ends in {path.suffix or 'nothing'!r}; allowed: {', '.join(writers)}")
    return writer
