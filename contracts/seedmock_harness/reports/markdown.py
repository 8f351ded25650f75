"""Markdown in which whatever was heard is text: nothing of it becomes a heading, a link, an image or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from .html import seen

_SPECIAL = re.compile(
    r"([\\`*_\[\]<>|~&$@]|:(?=//)|(?<=www|WWW)\.|^[-+=#](?=.)|(?<=^\d)[.)]|(?<=^\d\d)[.)])", re.IGNORECASE
)
"""What means something within a line, begins a link by itself, or something else at a line's beginning."""
_FENCE = re.compile("`+")
SHOWN = 4000
"""Characters of a body in Markdown; it is read, and pasted into issues."""


def text(value: object) -> str:
    """A value inside a line."""
    return _SPECIAL.sub(r"\\\1", " ".join(seen(value).split()))


def code(value: object) -> str:
    """A value inside a line, as it is; a bar is kept from ending a table's cell."""
    plain = " ".join(seen(value).split()).replace("|", "¦")
    fence = "`" * (_longest(plain) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{pad}{plain}{pad}{fence}" if plain else ""


def block(value: str, kind: str = "") -> list[str]:
    """Lines as they are, between fences that are longer than any inside."""
    fence = "`" * max(3, _longest(value) + 1)
    return [f"{fence}{kind}", *seen(value).splitlines(), fence]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; cells are Markdown already."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _longest(value: str) -> int:
    return max((len(found) for found in _FENCE.findall(value)), default=0)
