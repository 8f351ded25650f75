"""What somebody has said of the media behind a URL: it counts more than any look at it. Opens nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.facts import MediaFacts

from ..matching.rules import InvalidRule

MAX_DECLARATIONS: Final = 10_000
MAX_URL_CHARS: Final = 65_536
FORMATS: Final = {MediaKind.IMAGE: "png", MediaKind.VIDEO: "mp4", MediaKind.AUDIO: "mp3"}
NUMBERS: Final = ("size_bytes", "seconds", "width", "height", "fps")
FLAGS: Final = ("has_audio", "face")
ALLOWED: Final = ("kind", "format", *NUMBERS, *FLAGS)


@dataclass(frozen=True, slots=True)
class Declaration:
    """Facts, and which of them were said: the others are taken from the file if it can be read."""

    facts: MediaFacts
    said: frozenset[str]

    def over(self, measured: MediaFacts | None) -> MediaFacts:
        """What was said, over what was measured."""
        if measured is None or measured.kind is not self.facts.kind:
            return self.facts
        return replace(measured, **{name: getattr(self.facts, name) for name in self.said})

    def as_table(self) -> dict[str, Any]:
        """The table that it can be read from again."""
        return {name: getattr(self.facts, name) for name in ALLOWED if name in self.said}


class DeclaredMedia:
    """Declarations by URL."""

    def __init__(self) -> None:
        self._by_url: dict[str, Declaration] = {}

    def put(self, url: str, facts: MediaFacts | Declaration) -> None:
        """Let these be the facts of a URL, in the place of what was declared before. Raises InvalidRule."""
        if not url.strip() or len(url) > MAX_URL_CHARS:
            raise InvalidRule(f"url is {url[:100]!r}; allowed: a text of at most {MAX_URL_CHARS} signs, not blank")
        if len(self._by_url) >= MAX_DECLARATIONS and url.strip() not in self._by_url:
            raise InvalidRule(
                f"{MAX_DECLARATIONS} URLs are declared already; allowed: no more, until some are forgotten"
            )
        if isinstance(facts, MediaFacts):
            facts = Declaration(facts, frozenset(ALLOWED))
        self._by_url[url.strip()] = facts

    def get(self, url: str) -> Declaration | None:
        """What was declared of a URL."""
        return self._by_url.get(url.strip()) if self._by_url else None

    def remove(self, url: str) -> bool:
        """Take back what was said of a URL; False when nothing was."""
        return self._by_url.pop(url.strip(), None) is not None

    def clear(self) -> None:
        """Take everything back."""
        self._by_url.clear()

    def as_tables(self) -> list[dict[str, Any]]:
        """Every declaration as the table that it can be read from again, with its url."""
        return [{"url": url, **one.as_table()} for url, one in self._by_url.items()]


def declaration_from(values: Mapping[str, Any]) -> Declaration:
    """Facts from a JSON or TOML table such as `{"kind": "image", "width": 640, "height": 640, "face": true}`.

    Only the kind must be said. Raises InvalidRule, naming what is allowed.
    """
    for name in values:
        if name not in ALLOWED:
            raise InvalidRule(f"media have no fact {name!r}; there are: {', '.join(ALLOWED)}")
    kind = values.get("kind")
    if kind not in tuple(MediaKind):
        raise InvalidRule(f"kind is {kind!r}; allowed: {', '.join(MediaKind)}")
    kind = MediaKind(kind)
    read = {name: _read(name, value) for name, value in values.items() if name != "kind" and value is not None}
    if read.get("face") and kind is not MediaKind.IMAGE:
        raise InvalidRule(f"face is true of {kind}; allowed: of an image")
    if ("width" in read) != ("height" in read):
        raise InvalidRule("one of width, height stands alone; allowed: both or neither")
    facts = MediaFacts(kind=kind, **{"size_bytes": 0, "format": FORMATS[kind], **read})
    return Declaration(facts, frozenset(("kind", *read)))


def _read(name: str, value: Any) -> Any:
    if name in FLAGS:
        if not isinstance(value, bool):
            raise InvalidRule(f"{name} is {value!r}; allowed: true, false")
        return value
    if name == "format":
        if not isinstance(value, str) or not 0 < len(value) <= 40:
            raise InvalidRule(f"format is {value!r}; allowed: a text such as png, of at most 40 signs")
        return value
    fractions = name in ("seconds", "fps")
    kinds = (int, float) if fractions else (int,)
    least = 0 if name == "size_bytes" else 1e-9
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value < 1e12 or math.isnan(value):
        figure = "a number above 0" if fractions else "a whole number above 0"
        raise InvalidRule(f"{name} is {value!r}; allowed: {'a whole number from 0' if least == 0 else figure}")
    return float(value) if fractions else value
