"""Which writer a report's file name asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from seedmock_contracts.drift import Verification

from .verification_json import verification_json

Writer = Callable[[Verification], str]
VERIFICATIONS: Mapping[str, Writer] = {".json": verification_json}
"""The kinds of reports that there are of a verification, by the file's suffix."""


class UnknownFormat(ValueError):
    """A file name whose suffix asks for no report that there is."""


def writer_for(path: Path, writers: Mapping[str, Writer] = VERIFICATIONS) -> Writer:
    """The writer for a file. Raises UnknownFormat."""
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UnknownFormat(f"{path} ends in {path.suffix or 'nothing'!r}; allowed: {', '.join(writers)}")
    return writer
