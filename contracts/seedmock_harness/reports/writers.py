"""Which writer a report's file name asks for; whether it can be written; and the writing of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

from ..results.certification import Certification
from ..results.verification import Verification
from .certify.html import certification_html
from .certify.json import certification_json
from .certify.junit import certification_junit
from .certify.markdown import certification_markdown
from .certify.sarif import certification_sarif
from .verify.html import verification_html
from .verify.json import verification_json
from .verify.junit import verification_junit
from .verify.markdown import verification_markdown
from .verify.sarif import verification_sarif

T = TypeVar("T")
Writers: TypeAlias = Mapping[str, Callable[[T], str]]

VERIFICATIONS: Writers[Verification] = {
    ".json": verification_json,
    ".md": verification_markdown,
    ".html": verification_html,
    ".sarif": verification_sarif,
    ".xml": verification_junit,
}
"""The kinds of reports that there are of a verification, by the file's suffix."""
CERTIFICATIONS: Writers[Certification] = {
    ".json": certification_json,
    ".md": certification_markdown,
    ".html": certification_html,
    ".sarif": certification_sarif,
    ".xml": certification_junit,
}
"""The same of a certification."""


class InvalidReport(ValueError):
    """A file name that is none for a report: its suffix is not known, or nothing can be written there."""


def require(paths: Iterable[Path], writers: Writers[T]) -> None:
    """See that each report can be written, before there is anything to write. Raises InvalidReport."""
    for path in paths:
        if path.suffix.lower() not in writers:
            raise InvalidReport(f"--report {path} ends in {path.suffix or 'nothing'!r}; allowed: {', '.join(writers)}")
        place = path if path.exists() else path.parent
        if path.is_dir() or not path.parent.is_dir() or not os.access(place, os.W_OK):
            raise InvalidReport(f"--report {path} cannot be written there")


def write(found: T, paths: Iterable[Path], writers: Writers[T]) -> None:
    """Write each report, also after one that could not be written. Raises OSError, the first of them."""
    troubles = []
    for path in paths:
        text = writers[path.suffix.lower()](found)
        try:
            path.write_bytes(text.encode("utf-8", "backslashreplace"))  # half a surrogate pair is no reason to fail
        except OSError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]
