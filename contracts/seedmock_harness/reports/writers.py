"""Report writers by file suffix: check the paths before a run, write the files after it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

from ..errors import HarnessError
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

VERIFICATION_WRITERS: Writers[Verification] = {
    ".json": verification_json,
    ".md": verification_markdown,
    ".html": verification_html,
    ".sarif": verification_sarif,
    ".xml": verification_junit,
}
CERTIFICATION_WRITERS: Writers[Certification] = {
    ".json": certification_json,
    ".md": certification_markdown,
    ".html": certification_html,
    ".sarif": certification_sarif,
    ".xml": certification_junit,
}


class InvalidReportPath(HarnessError, ValueError):
    """A path with an unknown suffix, or one that cannot be written."""


def check_report_paths(paths: Iterable[Path], writers: Writers[T]) -> None:
    """Check that each report can be written, before the run. Raises InvalidReportPath."""
    for path in paths:
        if path.suffix.lower() not in writers:
            suffix = path.suffix or "no suffix"
            raise InvalidReportPath(f"--report {path}: unknown format {suffix!r}; available: {', '.join(writers)}")
        existing = path if path.exists() else path.parent
        if path.is_dir() or not path.parent.is_dir() or not os.access(existing, os.W_OK):
            raise InvalidReportPath(f"--report {path}: not writable")


def write_reports(result: T, paths: Iterable[Path], writers: Writers[T]) -> None:
    """Write every report, even if one of them fails. Raises the first OSError."""
    errors = []
    for path in paths:
        text = writers[path.suffix.lower()](result)
        try:
            path.write_bytes(text.encode("utf-8", "backslashreplace"))  # a response may have a lone surrogate
        except OSError as error:
            errors.append(error)
    if errors:
        raise errors[0]
