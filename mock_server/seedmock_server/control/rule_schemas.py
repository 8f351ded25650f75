"""JSON schemas of fates, faults and matches, from the tables that parse them: as a text, and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.upstreams import NAMES, contracts

from ..clock import MAX_DURATION
from ..fates import models as fates
from ..faults import parameters as faults
from ..faults.kinds import FaultKind
from ..faults.parameter_parsing import EARLY_CONTENT_ERRORS, REDIRECTS
from ..matching.rules import Match
from .query_parameters import NOT_BLANK

Schema = dict[str, Any]
# Digits by unit, so that no duration is longer than MAX_DURATION.
DURATION = r"(?:\d{1,11}ms|\d{1,8}s?|\d{1,7}m|\d{1,5}h|\d{1,4}d)"
PRINTABLE = r"[^\x00-\x20\x7f-\xa0\xad\u0600-\u061c\u2000-\u206f\u3000\ue000-\uf8ff\ufeff\ufff0-\uffff]"
SPACED = PRINTABLE.replace(r"\x20", r"\x1f")
HEADER_NAME = r"[A-Za-z0-9!#$%&*+.^_`|~-]{1,100}"
SIZE = r"[1-9]\d{0,3}x[1-9]\d{0,3}"

Value = tuple[Schema, str]
"""Schema of a parameter in a table, and the pattern of its text."""


def _choice(options: Iterable[str]) -> Value:
    values = [str(option) for option in options]
    return {"type": "string", "enum": values}, f"(?:{'|'.join(values)})"


def _whole(low: int, high: int, pattern: str) -> Value:
    return {"type": "integer", "minimum": low, "maximum": high}, pattern


DURATION_SCHEMA: Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": MAX_DURATION},
        {"type": "string", "pattern": f"^{DURATION}$"},
    ],
    "description": "seconds, or a number with ms, s, m, h or d such as 120s",
}
SIGNED: Value = (
    {
        "anyOf": [
            {"type": "number", "minimum": -MAX_DURATION, "maximum": MAX_DURATION},
            {"type": "string", "pattern": f"^[+-]?{DURATION}$"},
        ]
    },
    f"[+-]?{DURATION}",
)
TEXT: Value = (
    {"type": "string", "pattern": f"^{SPACED}{{1,500}}$", "description": "printable characters"},
    f'(?:{PRINTABLE.replace("[^", "[^" + chr(34) + chr(39))}{{1,100}}|"[^"\\x00-\\x1f\\x7f-\\xa0]{{1,100}}")',
)
COUNT = _whole(1, 2**40, r"[1-9]\d{0,11}")
FACTOR: Value = (
    {"anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": 1e9, "not": {"const": 1}}]},
    r"(?:0|[2-9]\d{0,7}|0\.[1-9])",
)
NUMBER: Value = ({"type": "integer", "minimum": -(10**12) + 1, "maximum": 10**12 - 1}, r"-?\d{1,12}(?:\.\d{1,9})?")
FAULT_VALUES: Mapping[str, Value] = {
    **dict.fromkeys(("seconds", "p50", "p90", "retry_after", "every"), (DURATION_SCHEMA, DURATION)),
    **dict.fromkeys(("message", "field", "to", "if_value", "fact", "allow", "deny", "name"), TEXT),
    "by": SIGNED,
    "code": _whole(400, 599, r"[45]\d\d"),
    "at": _whole(0, 2**40, r"(?:0|[1-9]\d{0,11})"),
    **dict.fromkeys(("low", "high"), NUMBER),
    **dict.fromkeys(("bytes", "rate", "delta"), COUNT),
    "factor": FACTOR,
    "kind": _choice(ErrorKind),
    "body": _choice(("envelope", "nested", "html", "empty")),
    "retry_as": _choice(("seconds", "date")),
    "connection": _choice(("close", "keep")),
    "when": _choice(("before", "during", "after")),
    "as": _choice(("string", "number", "boolean", "array", "object", "null")),
    "form": _choice(("bare", "wrapped", "error", "flat", "detail", "text")),
    "what": _choice(("sound", "frames", "picture", "codec", "container")),
    "how": _choice(("shifted", "bytes", "headerless", "open")),
}
K = FaultKind
OWN_VALUES: Mapping[tuple[str, str], Value] = {
    (K.REDIRECT, "code"): ({"type": "integer", "enum": list(REDIRECTS)}, f"(?:{'|'.join(map(str, REDIRECTS))})"),
    (K.OTHER_SIZE, "to"): ({"type": "string", "pattern": f"^{SIZE}$"}, SIZE),
    (K.WRONG_TYPE, "to"): ({"type": "string", "pattern": "^[!-~]{1,500}$"}, "[!#-&(-~]{1,100}"),
    (K.OTHER_HEADER, "name"): ({"type": "string", "pattern": f"^{HEADER_NAME}$"}, HEADER_NAME),
    (K.OTHER_HEADER, "to"): ({"type": "string", "pattern": "^[ -~]{1,500}$"}, "[!#-&(-~]{1,100}"),
    (K.EARLY_CONTENT, "kind"): _choice(EARLY_CONTENT_ERRORS),
}
"""Parameters that mean less in one kind of fault than by their name."""
TOGETHER: Mapping[str, Schema] = {
    K.STATUS: {
        "anyOf": [{"required": ["code"]}, {"required": ["kind"]}],
        "dependentRequired": {"retry_as": ["retry_after"]},
        "if": {"required": ["message"]},
        "then": {"properties": {"body": {"enum": ["envelope", "nested"]}}},
    },
    K.LATENCY: {
        "oneOf": [{"required": ["seconds"]}, {"required": ["p50", "p90"]}],
        "dependentRequired": {"p50": ["p90"], "p90": ["p50"]},
    },
    K.OTHER_VALUE: {"oneOf": [{"required": ["to"]}, {"required": ["factor"]}]},
    K.OTHER_REFUSAL: {"anyOf": [{"required": [name]} for name in ("code", "to", "message")]},
}
"""Conditions on the parameters of a kind together."""


def fault_schema() -> Schema:
    """Schema of a fault: a text such as `status code=502`, or a table with the same names."""
    tables = [_table("fault", kind, names, _fault_value, faults.REQUIRED.get(kind, ()), TOGETHER.get(kind, {}))
              for kind, names in faults.PARAMETERS.items()]  # fmt: skip
    patterns = [_pattern(kind, names, _fault_value, _needed(kind)) for kind, names in faults.PARAMETERS.items()]
    return {"anyOf": [_text(patterns), *tables]}


def _fault_value(kind: str, name: str) -> Value:
    return OWN_VALUES.get((kind, name), FAULT_VALUES[name])


def _needed(kind: str) -> tuple[str, ...]:
    """Parameters that every text of a kind has here: those that it requires, and one of those that exclude others."""
    extra = {K.STATUS: ("code",), K.LATENCY: ("seconds",), K.OTHER_VALUE: ("to",), K.OTHER_REFUSAL: ("code",)}
    return (*faults.REQUIRED.get(K(kind), ()), *extra.get(K(kind), ()))


def fate_schema(kinds: Iterable[fates.FateKind] = tuple(fates.FateKind)) -> Schema:
    """Schema of a fate: a text such as `moderated after=120s`, a table, or a list of tables with weights."""
    names = {kind: fates.PARAMETERS[kind] for kind in kinds}
    tables = [
        _table("fate", kind, parameters, _fate_value, (), _times(parameters)) for kind, parameters in names.items()
    ]
    weight = {"weight": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e9}}
    weighted = [{**table, "properties": {**table["properties"], **weight}} for table in tables]
    texts = _text([_pattern(kind, rows, _fate_value, ()) for kind, rows in names.items()])
    return {"anyOf": [texts, *tables, {"type": "array", "minItems": 1, "items": {"anyOf": weighted}}]}


def _fate_value(_: str, name: str) -> Value:
    if name in fates.DURATIONS:
        return DURATION_SCHEMA, DURATION
    if name == "code":
        codes = [code for contract in contracts() for code in fates.fail_codes(contract, Operation.CREATE)]
        return _choice(dict.fromkeys(codes))
    return _choice(fates.CHOICES[name]) if name in fates.CHOICES else TEXT


def _times(names: Iterable[str]) -> Schema:
    """Both `after` and the times of the phases would name the end."""
    phases = [{"required": [name]} for name in ("queue", "render")]
    both = {"required": ["after"], "anyOf": phases}
    return {"not": both} if {"after", "queue"} <= {*names} else {}


def _table(
    effect: str,
    kind: str,
    names: Iterable[str],
    value_of: Callable[[str, str], Value],
    required: Iterable[str],
    together: Schema,
) -> Schema:
    values = {name: value_of(kind, name)[0] for name in names}
    return {
        "type": "object",
        "required": [effect, *required],
        "properties": {effect: {"const": str(kind)}, **values},
        "additionalProperties": False,
        **together,
    }


def _pattern(kind: str, names: Iterable[str], value_of: Callable[[str, str], Value], needed: Iterable[str]) -> str:
    """Pattern of the text of a kind: parameters in any order; those that are needed come in this pattern's."""
    values = {name: value_of(kind, name)[1] for name in names}
    first = "".join(f" {name}={values[name]}" for name in needed)
    excluded = _excluded(kind, values)
    rest = "|".join(f"{name}={value}" for name, value in values.items() if name not in {*needed, *excluded})
    return f"{kind}{first}(?: (?:{rest}))*" if rest else f"{kind}{first}"


def _excluded(kind: str, names: Iterable[str]) -> set[str]:
    """Parameters that a text of this pattern leaves out, because they exclude others; a table has them."""
    phases = {"queue", "render"} if {"after", "queue"} <= {*names} else set()
    extra = {str(K.STATUS): {"message", "retry_as"}, str(K.LATENCY): {"p50", "p90"}, str(K.OTHER_VALUE): {"factor"}}
    return phases | extra.get(str(kind), set())


def _text(patterns: Iterable[str]) -> Schema:
    # That each name occurs once takes a look ahead, of which not every tool's patterns are capable.
    return {"type": "string", "pattern": f"^(?:{'|'.join(patterns)})$"}


def match_schema(operations: Iterable[str] = tuple(Operation)) -> Schema:
    """Schema of the conditions of a rule on these operations."""
    text = {"type": "string"}
    pattern = {"type": "string", "format": "regex"}
    whole = {"type": "integer", "minimum": 1}
    schemas: dict[str, Schema] = {
        "upstream": {"type": "string", "enum": list(NAMES)},
        "operation": {"type": "string", "enum": [str(operation) for operation in operations]},
        **dict.fromkeys(("prompt", "reference"), pattern),
        **dict.fromkeys(("seconds", "nth", "times"), whole),
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
    }
    properties = {name: schemas.get(name, text) for name in Match.__struct_fields__}
    return {
        "type": "object",
        "properties": {**properties, "key": {"type": "string", "pattern": NOT_BLANK}},
        "additionalProperties": False,
        "not": {"required": ["key", "account"]},
    }
