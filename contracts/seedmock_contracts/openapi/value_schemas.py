"""Schemas of single values: the rules on one field, as keywords of JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..facts import Field
from ..rules.fields import MaxLength, NumberRange, OneOf, RequiredField, UrlScheme, WholeNumber
from ..rules.rule import Rule
from ..rules.urls import WebUrl
from .annotations import Schema

# Python strips the separators \x1c to \x1f, which \s of other languages does not match.
NOT_BLANK = r"[^\s\u001c-\u001f\u0085]"
WHOLE_TEXT = r"^[+-]?[0-9]{1,15}$"
POSITIVE_TEXT = r"^[1-9][0-9]{0,14}$"
MAX_SPELLED_NUMBERS = 200
"""Numbers that a pattern spells out one by one: JSON Schema has no range for a number in a string."""


def value_schema(field: Field, rules: Sequence[Rule]) -> Schema:
    """Schema of the value of a field, if it is there."""
    numbers, texts = _number_schema(field.types, rules), _text_schema(field.types, rules)
    others = [{"type": name} for name in field.types if name not in ("string", "integer", "number")]
    schemas = [schema for schema in (texts, numbers, *others) if schema]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _number_schema(types: Sequence[str], rules: Iterable[Rule]) -> Schema:
    names = [name for name in types if name in ("integer", "number")]
    if not names:
        return {}
    whole = any(isinstance(rule, WholeNumber) for rule in rules) or names == ["integer"]
    schema: Schema = {"type": "integer" if whole else "number"}
    for rule in rules:
        if isinstance(rule, NumberRange):
            schema |= {"minimum": rule.low} if rule.high is None else {"minimum": rule.low, "maximum": rule.high}
    return schema


def _text_schema(types: Sequence[str], rules: Sequence[Rule]) -> Schema:
    if "string" not in types:
        return {}
    schema: Schema = {"type": "string"}
    for rule in rules:
        if isinstance(rule, OneOf):
            schema["enum"] = list(rule.allowed)
        elif isinstance(rule, MaxLength):
            schema["maxLength"] = rule.limit
        elif isinstance(rule, UrlScheme):
            schema["pattern"] = _url_pattern(rule, any(isinstance(other, WebUrl) for other in rules))
        elif isinstance(rule, WholeNumber):
            schema["pattern"] = _number_pattern([rule for rule in rules if isinstance(rule, NumberRange)])
        elif isinstance(rule, RequiredField) and not rule.unless:
            schema = {"minLength": 1, "pattern": NOT_BLANK, **schema}
    if "enum" in schema:
        schema.pop("pattern", None)
        schema.pop("minLength", None)
    return schema


def _number_pattern(ranges: Sequence[NumberRange]) -> str:
    """Pattern of a whole number in a string, as far as a pattern can say its range."""
    if not ranges:
        return WHOLE_TEXT
    low, high = ranges[0].low, ranges[0].high
    if high is not None and high - low <= MAX_SPELLED_NUMBERS:
        return f"^(?:{'|'.join(str(number) for number in range(low, high + 1))})$"
    return POSITIVE_TEXT if low >= 0 else WHOLE_TEXT


def _url_pattern(rule: UrlScheme, only_web: bool) -> str:
    """Pattern of a URL with one of the schemes, which are case-insensitive; JSON Schema has no flag for that."""
    schemes = (*rule.schemes, *(() if only_web else rule.elsewhere))
    return f"^(?:{'|'.join(_any_case(scheme) for scheme in schemes)})."


def _any_case(text: str) -> str:
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else re.escape(char) for char in text)
