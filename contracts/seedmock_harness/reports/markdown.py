"""Markdown in which recorded content is plain text: it never becomes a heading, a link, an image or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from .html import escape_invisible

_SPECIAL = re.compile(
    r"([\\`*_\[\]<>|~&$@]|:(?=//)|(?<=www|WWW)\.|^[-+=#](?=.)|(?<=^\d)[.)]|(?<=^\d\d)[.)])", re.IGNORECASE
)
"""Characters with a meaning within a line, of an automatic link, or at the beginning of a line."""
_FENCE = re.compile("`+")
MAX_BODY = 4000
"""Characters of a body; fewer than on a page, because the text is pasted into issues."""


def text(value: object) -> str:
    """Escape a value within a line."""
    return _SPECIAL.sub(r"\\\1", " ".join(escape_invisible(value).split()))


def code(value: object) -> str:
    """Return a value as inline code; a vertical bar is replaced, because it would end a table cell."""
    plain = " ".join(escape_invisible(value).split()).replace("|", "¦")
    fence = "`" * (_longest_fence(plain) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{pad}{plain}{pad}{fence}" if plain else ""


def block(value: str, language: str = "") -> list[str]:
    """Return lines as a code block, with a fence longer than any inside."""
    fence = "`" * max(3, _longest_fence(value) + 1)
    return [f"{fence}{language}", *escape_invisible(value).splitlines(), fence]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; cells must be Markdown already."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _longest_fence(value: str) -> int:
    return max((len(fence) for fence in _FENCE.findall(value)), default=0)
