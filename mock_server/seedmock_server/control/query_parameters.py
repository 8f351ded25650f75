"""Query parameters of the control API: one declaration describes, documents and parses each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from ..clock import MAX_TIME
from .errors import ControlError, abbreviated

NUMBER = re.compile(r"\d{1,12}(\.\d{1,18})?([eE][+-]?\d{1,3})?", re.ASCII)
WHOLE_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
NOT_BLANK = r"[^\s\x1c-\x1f\x85]"
"""Pattern of a text that is more than white space."""
BOOLEANS = {"true": True, "false": False}


class QueryParameter(Struct, frozen=True):
    """A query parameter; `schema` is its JSON schema: a string, an enum, an integer with bounds, or a boolean."""

    description: str
    schema: Mapping[str, Any]

    def parse(self, name: str, text: str) -> Any:
        """Return the value of a text. Raises ControlError for one outside the schema."""
        if "enum" in self.schema:
            return _parse_choice(name, text, tuple(self.schema["enum"]))
        if self.schema["type"] == "integer":
            return _parse_integer(name, text, self.schema["maximum"])
        if self.schema["type"] == "number":
            return _parse_number(name, text, self.schema["maximum"])
        return BOOLEANS[_parse_choice(name, text, tuple(BOOLEANS))] if self.schema["type"] == "boolean" else text


def string(description: str) -> QueryParameter:
    return QueryParameter(description, {"type": "string"})


def api_key(description: str) -> QueryParameter:
    return QueryParameter(description, {"type": "string", "pattern": NOT_BLANK})


def choice(options: type[StrEnum] | Sequence[str], description: str) -> QueryParameter:
    return QueryParameter(description, {"type": "string", "enum": [str(option) for option in options]})


def whole_number(maximum: int, description: str, default: int | None = None) -> QueryParameter:
    schema = {"type": "integer", "minimum": 0, "maximum": maximum}
    return QueryParameter(description, schema if default is None else {**schema, "default": default})


def time(description: str) -> QueryParameter:
    return QueryParameter(description, {"type": "number", "minimum": 0, "maximum": MAX_TIME})


def boolean(description: str, default: bool) -> QueryParameter:
    return QueryParameter(description, {"type": "boolean", "default": default})


def _parse_choice(name: str, text: str, options: tuple[str, ...]) -> str:
    if text not in options:
        message = f"{name} is {abbreviated(text)}; allowed: {', '.join(options)}"
        raise ControlError(message, field=name, allowed=options)
    return text


def _parse_number(name: str, text: str, maximum: float) -> float:
    if NUMBER.fullmatch(text) is None or float(text) > maximum:
        raise ControlError(f"{name} is {abbreviated(text)}; allowed: a number from 0 to {maximum:.0f}", field=name)
    return float(text)


def _parse_integer(name: str, text: str, maximum: int) -> int:
    if WHOLE_NUMBER.fullmatch(text) is None or int(text) > maximum:
        message = f"{name} is {abbreviated(text)}; allowed: a whole number from 0 to {maximum}"
        raise ControlError(message, field=name)
    return int(text)
