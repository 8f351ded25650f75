"""How fates and faults are written: `head name=value name=value`, or a table with the same names. Knows neither."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .rules import InvalidRule

UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d|)")


def duration(text: object, name: str = "duration") -> float:
    """Seconds from `120`, `"120s"`, `"2m"`, `"500ms"`. Raises InvalidRule."""
    if isinstance(text, int | float) and not isinstance(text, bool) and 0 <= text < 1e9:
        return float(text)
    found = DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise InvalidRule(f"{name} is {text!r}; allowed: seconds, or a number with ms, s, m, h or d such as 120s")
    return float(found[1]) * UNITS[found[2]]


def spoken(said: str | Mapping[str, Any], word: str) -> tuple[Any, dict[str, Any]]:
    """The head of what was said, which in a table stands under `word`, and its values by name. Raises InvalidRule."""
    if not isinstance(said, str):
        return said.get(word, ""), {name: value for name, value in said.items() if name != word}
    head, *pairs = said.split() or [""]
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name in values:
            raise InvalidRule(f"{pair!r} in the {word} {said!r}; allowed: name=value, each name once")
        values[name] = value
    return head, values
