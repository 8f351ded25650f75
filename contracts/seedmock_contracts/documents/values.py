"""How single values are written: a number that a text spells, a value as a form has it, and one shown in a message.

Knows no document and no rule.
"""

from __future__ import annotations

import json
import math
import re
from itertools import islice
from typing import Any

from ..facts import MISSING

_NUMBER = re.compile(r"\s*[+-]?\d{1,18}(\.\d{1,18})?\s*", re.ASCII)


def to_number(value: Any) -> float | None:
    """The number that a value is or spells, or None."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return 1e308 if value > 0 else -1e308
        return number if math.isfinite(number) else None
    return None


def to_text(value: Any) -> str:
    """A value as a text, booleans as JSON has them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def format_value(value: Any, limit: int = 80) -> str:
    """A value as it can stand in a message: JSON in ASCII, shortened; whatever was sent, this is quick and holds."""
    if value is MISSING:
        return "missing"
    try:
        text = json.dumps(_shortened(value, limit), allow_nan=True)
    except (TypeError, ValueError, RecursionError):
        text = f"of type {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _shortened(value: Any, limit: int, depth: int = 3) -> Any:
    """As much of a value as a message of so many signs can show, however large and deep the rest is."""
    if isinstance(value, str):
        return value[:limit]
    if isinstance(value, list | dict) and not depth:
        return "..."
    if isinstance(value, list):
        return [_shortened(item, limit, depth - 1) for item in value[: limit // 2]]
    if isinstance(value, dict):
        return {name[:limit]: _shortened(item, limit, depth - 1) for name, item in islice(value.items(), limit // 4)}
    return value
