"""Conversions of single JSON values: to a number, to and from the text of a form field, to a short text for messages.

Knows no document and no rule.
"""

from __future__ import annotations

import json
import math
import re
from itertools import islice
from typing import Any

from ..facts import MISSING
from .hosts import without_user_information

MAX_USER_CHARS = 2048
"""Characters of a URL in which a user and a password are sought, to leave them out of messages."""
BOOLEANS = {"true": True, "false": False}
# At most 18 digits: a float represents no more. ASCII: \d also matches digits of other scripts.
_NUMBER = re.compile(r"\s*[+-]?\d{1,18}(\.\d{1,18})?\s*", re.ASCII)


def to_number(value: Any) -> float | None:
    """Number of a value or of a string such as "4.5"; None for anything else. Infinite values become +-1e308."""
    if isinstance(value, str):
        is_plain = len(value) <= 18 and value.isdigit() and value.isascii()  # most are, and need no pattern
        return float(value) if is_plain or _NUMBER.fullmatch(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return 1e308 if value > 0 else -1e308
        return number if math.isfinite(number) else None
    return None


def value_of_text(text: str, types: tuple[str, ...]) -> bool | int | str:
    """Return the boolean or integer that a text of a form stands for, if its field has that type alone; or the text."""
    if types == ("boolean",):
        return BOOLEANS.get(text.strip().lower(), text)
    if types == ("integer",) and to_number(text) is not None and text.strip().lstrip("+-").isdigit():
        return int(text)
    return text


def to_text(value: Any) -> str:
    """Text of a value, with booleans as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def format_value(value: Any, limit: int = 80) -> str:
    """Format a value for a message: ASCII JSON of at most `limit` characters. Safe and fast for any input."""
    if value is MISSING:
        return "missing"
    try:
        text = json.dumps(_shortened(value, limit), allow_nan=True)
    except (TypeError, ValueError, RecursionError):
        text = f"of type {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _shortened(value: Any, limit: int, depth: int = 3) -> Any:
    """Part of a value that fits into `limit` characters, however large and deep the rest is."""
    if isinstance(value, str):
        return without_user_information(value)[:limit] if "@" in value[:MAX_USER_CHARS] else value[:limit]
    if isinstance(value, list | dict) and not depth:
        return "..."
    if isinstance(value, list):
        return [_shortened(item, limit, depth - 1) for item in value[: limit // 2]]
    if isinstance(value, dict):
        return {name[:limit]: _shortened(item, limit, depth - 1) for name, item in islice(value.items(), limit // 4)}
    return value
