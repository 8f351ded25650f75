"""Declared facts of the media behind a URL, which override what a file says. Opens no file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.facts import MediaFacts

from ..matching.rules import InvalidRule

MAX_DECLARATIONS: Final = 10_000
MAX_URL_CHARS: Final = 65_536
MAX_FORMAT_CHARS: Final = 40
# Every upstream takes these: a declaration without a format is not to be refused for one that it did not state.
DEFAULT_FORMATS: Final = {MediaKind.IMAGE: "png", MediaKind.VIDEO: "mp4", MediaKind.AUDIO: "mp3"}
NUMBERS: Final = ("size_bytes", "seconds", "width", "height", "fps")
FLAGS: Final = ("has_audio", "face")
TEXTS: Final = ("format", "codec", "audio_codec")
ALLOWED: Final = ("kind", *TEXTS, *NUMBERS, *FLAGS)


class Declaration(Struct, frozen=True):
    """Facts, and the names of those that were given: the others come from the file, if it can be read."""

    facts: MediaFacts
    names: frozenset[str]

    def override(self, measured: MediaFacts | None) -> MediaFacts:
        """Return the measured facts with the declared ones in their place; of another kind, the declared ones alone."""
        if measured is None or measured.kind is not self.facts.kind:
            return self.facts
        return replace(measured, **{name: getattr(self.facts, name) for name in self.names})

    def as_table(self) -> dict[str, Any]:
        """Return the table from which `declaration_from` reads this declaration again."""
        return {name: getattr(self.facts, name) for name in ALLOWED if name in self.names}


class DeclaredMedia:
    """Declarations by URL."""

    def __init__(self) -> None:
        self._by_url: dict[str, Declaration] = {}

    def put(self, url: str, facts: MediaFacts | Declaration) -> None:
        """Declare the facts of a URL, in the place of an earlier declaration. Raises InvalidRule."""
        if not url.strip() or len(url) > MAX_URL_CHARS:
            raise InvalidRule(
                f"url is {url[:100]!r}; allowed: a string of at most {MAX_URL_CHARS} characters, not blank"
            )
        if len(self._by_url) >= MAX_DECLARATIONS and url.strip() not in self._by_url:
            raise InvalidRule(f"too many declared URLs; allowed: {MAX_DECLARATIONS}")
        if isinstance(facts, MediaFacts):
            facts = Declaration(facts, frozenset(ALLOWED))
        self._by_url[url.strip()] = facts

    def get(self, url: str) -> Declaration | None:
        return self._by_url.get(url.strip()) if self._by_url else None

    def remove(self, url: str) -> bool:
        """Remove the declaration of a URL; return False if there is none."""
        return self._by_url.pop(url.strip(), None) is not None

    def clear(self) -> None:
        self._by_url.clear()

    def as_tables(self) -> list[dict[str, Any]]:
        """Return every declaration as a table, with its url."""
        return [{"url": url, **declaration.as_table()} for url, declaration in self._by_url.items()]


def declaration_from(values: Mapping[str, Any]) -> Declaration:
    """Parse a JSON or TOML table such as `{"kind": "image", "width": 640, "height": 640, "face": true}`.

    Only the kind is required. Raises InvalidRule.
    """
    for name in values:
        if name not in ALLOWED:
            raise InvalidRule(f"unknown media fact {name!r}; available: {', '.join(ALLOWED)}")
    kind = values.get("kind")
    if kind not in tuple(MediaKind):
        raise InvalidRule(f"kind is {kind!r}; allowed: {', '.join(MediaKind)}")
    kind = MediaKind(kind)
    facts = {name: _parse_fact(name, value) for name, value in values.items() if name != "kind" and value is not None}
    if facts.get("face") and kind is not MediaKind.IMAGE:
        raise InvalidRule(f"face is true, but kind is {kind}; allowed: face of an image only")
    if ("width" in facts) != ("height" in facts):
        raise InvalidRule("only one of width and height is given; allowed: both or neither")
    defaults = {"size_bytes": 0, "format": DEFAULT_FORMATS[kind]}
    return Declaration(MediaFacts(kind=kind, **{**defaults, **facts}), frozenset(("kind", *facts)))


def _parse_fact(name: str, value: Any) -> Any:
    if name in FLAGS:
        if not isinstance(value, bool):
            raise InvalidRule(f"{name} is {value!r}; allowed: true, false")
        return value
    if name in TEXTS:
        if not isinstance(value, str) or not 0 < len(value) <= MAX_FORMAT_CHARS:
            example = {"codec": "avc1", "audio_codec": "mp4a"}.get(name, "png")
            allowed = f"a string such as {example}, of at most {MAX_FORMAT_CHARS} characters"
            raise InvalidRule(f"{name} is {value!r}; allowed: {allowed}")
        return value
    is_fractional = name in ("seconds", "fps")
    types = (int, float) if is_fractional else (int,)
    least = 0 if name == "size_bytes" else 1e-9
    if isinstance(value, bool) or not isinstance(value, types) or not least <= value < 1e12 or math.isnan(value):
        above_0 = "a number above 0" if is_fractional else "a whole number above 0"
        raise InvalidRule(f"{name} is {value!r}; allowed: {'a whole number from 0' if least == 0 else above_0}")
    return float(value) if is_fractional else value
