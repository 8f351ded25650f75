"""Syntax of fates and faults: `kind name=value name="two words"`, or a table with the same names. Knows neither."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from ..clock import MAX_DURATION
from .rules import InvalidRule

UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d|)")
QUOTES = "'\""
WORD = re.compile(r"""[^\s=]+=(?:"[^"]*"|'[^']*')(?=\s|$)|\S+""")
K = TypeVar("K", bound=str)


def parse_duration(value: object, name: str = "duration") -> float:
    """Return the seconds of `120`, `"120s"`, `"2m"` or `"500ms"`. Raises InvalidRule."""
    seconds = -1.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(min(value, MAX_DURATION + 1))
    parts = DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if parts is not None:
        seconds = float(parts[1]) * UNITS[parts[2]]
    if not seconds >= 0:
        raise InvalidRule(f"{name} is {value!r}; allowed: seconds, or a number with ms, s, m, h or d such as 120s")
    if seconds > MAX_DURATION:
        raise InvalidRule(f"{name} is {value!r}; allowed: at most {MAX_DURATION:.0f} seconds, which are 31 years")
    return seconds


def parse_kind(
    rule: str | Mapping[str, Any], effect: str, parameters: Mapping[K, Mapping[str, str]]
) -> tuple[K, dict[str, Any]]:
    """Return the kind of a fate or fault and its parameters, unparsed, both checked against `parameters`.

    Raises InvalidRule, which says what is allowed.
    """
    name, values = parse_rule_text(rule, effect)
    # Compared, not looked up: a table from JSON can have a list there, which has no hash.
    kind = next((kind for kind in parameters if kind == name), None)
    if kind is None:
        raise InvalidRule(f"{effect} is {name!r}; allowed: {', '.join(parameters)}")
    names = parameters[kind]
    for parameter in values:
        if parameter not in names:
            raise InvalidRule(f"unknown parameter {parameter!r} of {kind}; available: {', '.join(names) or 'none'}")
    return kind, values


def parse_rule_text(rule: str | Mapping[str, Any], effect: str) -> tuple[Any, dict[str, Any]]:
    """Return the kind, which in a table stands under `effect`, and the values by name. Raises InvalidRule."""
    if not isinstance(rule, str):
        return rule.get(effect, ""), {name: value for name, value in rule.items() if name != effect}
    kind, *pairs = split_words(rule) or [""]
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name in values:
            allowed = "name=value, each name once; a value with blanks in quotes"
            raise InvalidRule(f"{pair!r} in the {effect} {rule!r}; allowed: {allowed}")
        values[name] = _unquoted(value)
    return kind, values


def split_words(text: str) -> list[str]:
    """Split a rule at its blanks, but for those between quotes after a `=`: `to="not started" was='in progress'`."""
    return [match[0] for match in WORD.finditer(text)]


def quote_value(value: str) -> str:
    """Return a value as a rule's text has it: in quotes if it has blanks, or begins with a quote.

    One with blanks and both kinds of quotes can only be written in a table; its text is for people.
    """
    if not any(char.isspace() for char in value) and not value.startswith(tuple(QUOTES)):
        return value
    quote = next((quote for quote in QUOTES if quote not in value), None)
    return repr(value) if quote is None else f"{quote}{value}{quote}"


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] in QUOTES and value[-1] == value[0] else value
