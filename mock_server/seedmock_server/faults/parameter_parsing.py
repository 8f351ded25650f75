"""Parsers of the parameters of faults, and combinations that are not allowed. Knows nothing of what a fault does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from seedmock_contracts.enums import ErrorKind

from ..matching.rules import InvalidRule
from ..matching.syntax import parse_duration
from .kinds import FaultKind
from .parameters import PARAMETERS, REQUIRED
from .rule_overrides import override_problem

K = FaultKind
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SIZE = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})")
REDIRECTS = (301, 302, 303, 307, 308)
EARLY_CONTENT_ERRORS = (ErrorKind.NOT_READY, ErrorKind.TASK_FAILED, ErrorKind.LINK_EXPIRED)


def parse_size(text: str) -> tuple[int, int] | None:
    """Return width and height of a string such as 640x360."""
    size = _SIZE.fullmatch(text)
    return (int(size[1]), int(size[2])) if size else None


def parameter_problem(kind: FaultKind, values: Mapping[str, Any]) -> str:
    """Return what is wrong with a fault's parameters together, and what is allowed; empty if nothing is."""
    for name in REQUIRED.get(kind, ()):
        if name not in values:
            return f"{name} is missing; expected {PARAMETERS[kind][name]}"
    check = PROBLEMS.get(kind)
    return "" if check is None else check(values)


def _status_problem(values: Mapping[str, Any]) -> str:
    code, body = values.get("code"), values.get("body", "envelope")
    if code is None and "kind" not in values:
        return "neither code nor kind is given; allowed: one of them, or both"
    if code is not None and code != 200 and not 400 <= code < 600:
        return f"code is {code}; allowed: 200, or 400 to 599"
    if code == 200 and ("kind" not in values or body in ("html", "empty")):
        return "code is 200, which is an error only by its envelope; allowed with a kind, and body envelope or nested"
    if "message" in values and body in ("html", "empty"):
        return f"message is given, but body is {body}; allowed with body envelope or nested"
    if "retry_as" in values and "retry_after" not in values:
        return "retry_as is given without retry_after; allowed: both"
    return ""


def _latency_problem(values: Mapping[str, Any]) -> str:
    if set(values) not in ({"seconds"}, {"p50", "p90"}):
        return f"found {', '.join(values) or 'no parameter'}; allowed: seconds, or p50 and p90"
    if "p50" in values and not 0 < values["p50"] <= values["p90"]:
        return f"p50 is {values['p50']:g}s and p90 {values['p90']:g}s; allowed: above 0, and p90 no less than p50"
    return ""


def _redirect_problem(values: Mapping[str, Any]) -> str:
    if values.get("code", 302) not in REDIRECTS:
        return f"code is {values['code']}; allowed: {', '.join(map(str, REDIRECTS))}"
    return ""


def _size_problem(values: Mapping[str, Any]) -> str:
    if "to" in values and parse_size(values["to"]) is None:
        return f"to is {values['to']!r}; allowed: width x height in pixels, such as 640x360"
    return ""


def _type_problem(values: Mapping[str, Any]) -> str:
    if not values.get("to", "").isascii():
        return f"to is {values['to']!r}; allowed: a content type, in ASCII"
    return ""


def _header_problem(values: Mapping[str, Any]) -> str:
    name, value = values["name"], values.get("to", "")
    if not _HEADER_NAME.fullmatch(name):
        return f"name is {name!r}; allowed: the name of a header: letters, digits and !#$%&'*+-.^_`|~"
    if value and name.lower() == "content-length":
        # The server counts the body against this header, and ends the connection at the first byte too many.
        return f"{name} is {value!r}; allowed: no value (the body is sent in chunks), or the fault wrong_length"
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return f"to is {value!r}; allowed: characters of Latin-1, which is what a header can hold"
    return ""


def _value_problem(values: Mapping[str, Any]) -> str:
    if ("to" in values) == ("factor" in values):
        return f"found {', '.join(values)}; allowed: either to or factor"
    return ""


def _refusal_problem(values: Mapping[str, Any]) -> str:
    if not values.keys() & {"code", "to", "message"}:
        return "neither code, to nor message is given; allowed: one of them, or more"
    return ""


def _early_content_problem(values: Mapping[str, Any]) -> str:
    if values["kind"] not in EARLY_CONTENT_ERRORS:
        return f"kind is {values['kind']}; allowed: {', '.join(EARLY_CONTENT_ERRORS)}"
    return ""


PROBLEMS: Mapping[FaultKind, Callable[[Mapping[str, Any]], str]] = {
    K.STATUS: _status_problem,
    K.LATENCY: _latency_problem,
    K.REDIRECT: _redirect_problem,
    K.OTHER_SIZE: _size_problem,
    K.WRONG_TYPE: _type_problem,
    K.OTHER_VALUE: _value_problem,
    K.OTHER_REFUSAL: _refusal_problem,
    K.OTHER_LIMIT: override_problem,
    K.EARLY_CONTENT: _early_content_problem,
    K.OTHER_HEADER: _header_problem,
}


# --- parsers, by name: a parameter has the same syntax in all kinds ---


def _whole(least: int, most: int = 1 << 40) -> Callable[[object, str], int]:
    end = f" to {most}" if most < 1 << 40 else ""

    def read(value: object, name: str) -> int:
        try:
            number = int(value) if isinstance(value, str) else value
        except ValueError:
            number = None
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise InvalidRule(f"{name} is {value!r}; allowed: a whole number from {least}{end}")
        return number

    return read


def _number(value: object, name: str) -> int | str:
    """Return an integer, or a fraction as its text, so that it is shown as it was written."""
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"-?\d{1,12}(\.\d{1,9})?", text):
        raise InvalidRule(f"{name} is {value!r}; allowed: a number")
    return text if "." in text else int(text)


def _one_of(*allowed: str) -> Callable[[object, str], str]:
    def read(value: object, name: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise InvalidRule(f"{name} is {value!r}; allowed: {', '.join(allowed)}")
        return str(value)

    return read


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > 500:
        raise InvalidRule(f"{name} is {value!r}; allowed: a string of 1 to 500 printable characters")
    return value


def _signed(value: object, name: str) -> float:
    if isinstance(value, str) and value.startswith("-"):
        return -parse_duration(value[1:], name)
    if isinstance(value, int | float) and value < 0:
        return -parse_duration(-value, name)
    return parse_duration(value.removeprefix("+") if isinstance(value, str) else value, name)


def _delta(value: object, name: str) -> int:
    number = _whole(-(1 << 40))(value, name)
    if number == 0:
        raise InvalidRule(f"{name} is 0; allowed: a whole number above or below it")
    return number


def _factor(value: object, name: str) -> str:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9 or number == 1:
        raise InvalidRule(f"{name} is {value!r}; allowed: a number from 0 that is not 1")
    return f"{number:g}"


CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": tuple(ErrorKind),
    "body": ("envelope", "nested", "html", "empty"),
    "retry_as": ("seconds", "date"),
    "connection": ("close", "keep"),
    "when": ("before", "during", "after"),
    "as": ("string", "number", "boolean", "array", "object", "null"),
    "form": ("bare", "wrapped", "error", "flat", "detail", "text"),
    "what": ("sound", "frames", "picture", "codec", "container"),
    "how": ("shifted", "bytes", "headerless", "open"),
}
"""Allowed values of the parameters that have some, by name."""
NARROWER_CHOICES: Mapping[tuple[FaultKind, str], tuple[str, ...]] = {
    (K.REDIRECT, "code"): tuple(map(str, REDIRECTS)),
    (K.EARLY_CONTENT, "kind"): EARLY_CONTENT_ERRORS,
}
"""Allowed values of a parameter in one kind alone."""
DURATIONS = ("seconds", "p50", "p90", "retry_after", "every", "by")
NUMBERS = ("code", "at", "low", "high", "bytes", "rate", "delta", "factor")

READERS: Mapping[str, Callable[[object, str], Any]] = {
    **dict.fromkeys(("seconds", "p50", "p90", "retry_after", "every"), parse_duration),
    **dict.fromkeys(("message", "field", "to", "if_value", "fact", "allow", "deny", "name"), _text),
    "by": _signed,
    # Below 200 is no final response: a client goes on waiting for one.
    "code": _whole(200, 599),
    "at": _whole(0),
    **dict.fromkeys(("low", "high"), _number),
    "bytes": _whole(1),
    "rate": _whole(1),
    "delta": _delta,
    "factor": _factor,
    **{name: _one_of(*options) for name, options in CHOICES.items()},
}
