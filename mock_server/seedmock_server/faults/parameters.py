"""Parameters of faults: descriptions, defaults, parsers, and combinations that are not allowed. Knows no upstream."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from seedmock_contracts.enums import ErrorKind

from ..matching.rules import InvalidRule
from ..matching.syntax import parse_duration
from .kinds import FaultKind
from .rule_overrides import override_problem

K = FaultKind
FIELD = (
    "the response's field, at the top or in an envelope's data; dots lead into objects, and into each item of a list"
)
PARAMETERS: Mapping[FaultKind, Mapping[str, str]] = {
    K.STATUS: {
        "code": "the HTTP status, 200 or 400 to 599; default: that of kind",
        "kind": "the kind of error that the upstream renders; default: the one of the code",
        "body": "envelope, nested (the message is itself an error in JSON), html (a proxy's page) or empty",
        "message": "the message in the envelope",
        "retry_after": "seconds of a Retry-After header",
        "retry_as": "seconds or date: how Retry-After is written",
    },
    K.MALFORMED: {},
    K.TRUNCATED: {"at": "bytes of JSON that are sent, with a matching Content-Length; default: half"},
    K.LATENCY: {
        "seconds": "delay, by the account's clock, before the request is processed",
        "p50": "or drawn: the median",
        "p90": "and the 90th percentile",
    },
    K.HANG: {"seconds": "the longest wait, in real time; default: 120"},
    K.RESET: {"when": "before (nothing is carried out), during or after the response; default: before"},
    K.RESPONSE_LOST: {},
    K.BANDWIDTH: {"rate": "bytes of the body a second"},
    K.DRIBBLE: {"bytes": "bytes at a time; default: 1", "every": "the pause between them; default: 100ms"},
    K.BODY_CUT: {"at": "bytes of the body that arrive before the connection closes; default: half"},
    K.WRONG_LENGTH: {"off": "what is added to Content-Length; negative for too little; default: 10"},
    K.WRONG_TYPE: {"to": "the Content-Type; default: text/html"},
    K.REDIRECT: {"code": "301, 302, 303, 307 or 308; default: 302"},
    K.NO_RANGE: {},
    K.DUPLICATE: {},
    K.CLOCK_SKEW: {"by": "how far the Date header is ahead, or behind (-5m)"},
    K.BACKWARDS: {"to": "the status; default: that of a queued task"},
    K.MISSING: {"field": FIELD},
    K.RENAMED: {"field": FIELD, "to": "its new name; default: the other of camelCase and snake_case"},
    K.RETYPED: {"field": FIELD, "as": "text, number, boolean, list, object or null"},
    K.OTHER_SIZE: {"to": "width x height in the response, or of the clip, such as 640x360; default: half of each"},
    K.OTHER_DURATION: {"seconds": "length in the response, or of the clip; default: 1 more"},
    K.OTHER_PRICE: {"factor": "what balances and records are multiplied by; default: 2"},
    K.OTHER_ID: {},
    K.NOT_FOUND: {},
    K.OTHER_VALUE: {
        "field": FIELD,
        "to": "the value; a number or a boolean stays one",
        "factor": "or what its number is multiplied by",
        "was": "only where it has this value",
    },
    K.EXTRA: {"field": "its name, at the top or in an envelope's data", "to": "its value; default: unexpected"},
    K.REORDERED: {},
    K.OTHER_ENVELOPE: {
        "form": "of successes: bare (none) or wrapped (in data); of errors: error, flat or detail",
    },
    K.OTHER_STATUS: {"code": "the HTTP status"},
    K.OTHER_REFUSAL: {
        "kind": "only errors of this kind",
        "code": "the HTTP status, and the code of an envelope that repeats it",
        "to": "the code in the body",
        "message": "the message in the envelope",
    },
    K.OTHER_LIMIT: {
        "fact": "id of the fact of a rule or of a limit on media; alone, it is not enforced at all",
        "low": "the lowest accepted value",
        "high": "the highest, longest or most accepted",
        "allow": "one more accepted value, type, scheme or resolution",
        "deny": "one that is not accepted any more",
    },
    K.OTHER_CLIP: {
        "what": "sound (where none was ordered, or none), frames (one more), picture, codec (HEVC), container (WebM)",
    },
    K.OTHER_RANGE: {"how": "shifted (by a byte), unsaid (206 without Content-Range), open (200 where 416 is due)"},
    K.OTHER_HEADER: {"name": "the header's name", "to": "its value; default: the header is missing"},
    K.EARLY_CONTENT: {"kind": "not_ready, task_failed or link_expired: the error in whose place the content comes"},
    K.CROSS_ACCOUNT: {},
    K.AUTH_BYPASS: {},
    K.NO_OP: {},
}
"""Parameters of each kind, with descriptions for the documentation."""

DEFAULTS: Mapping[FaultKind, Mapping[str, Any]] = {
    K.STATUS: {"body": "envelope", "retry_as": "seconds"},
    K.HANG: {"seconds": 120.0},
    K.RESET: {"when": "before"},
    K.DRIBBLE: {"bytes": 1, "every": 0.1},
    K.WRONG_LENGTH: {"off": 10},
    K.WRONG_TYPE: {"to": "text/html"},
    K.REDIRECT: {"code": 302},
    K.OTHER_PRICE: {"factor": "2"},
    K.EXTRA: {"to": "unexpected"},
}
SUBJECTS = ("field", "fact", "name", "kind")
"""Parameters that name what a fault is about: two of a group about different things do not exclude each other."""

REQUIRED: Mapping[FaultKind, tuple[str, ...]] = {
    K.BANDWIDTH: ("rate",),
    K.CLOCK_SKEW: ("by",),
    K.MISSING: ("field",),
    K.RENAMED: ("field",),
    K.RETYPED: ("field", "as"),
    K.OTHER_VALUE: ("field",),
    K.EXTRA: ("field",),
    K.OTHER_ENVELOPE: ("form",),
    K.OTHER_STATUS: ("code",),
    K.OTHER_LIMIT: ("fact",),
    K.OTHER_CLIP: ("what",),
    K.OTHER_RANGE: ("how",),
    K.OTHER_HEADER: ("name",),
    K.EARLY_CONTENT: ("kind",),
}
_SIZE = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})")
REDIRECTS = (301, 302, 303, 307, 308)
EARLY_CONTENT_ERRORS = (ErrorKind.NOT_READY, ErrorKind.TASK_FAILED, ErrorKind.LINK_EXPIRED)


def parse_size(text: str) -> tuple[int, int] | None:
    """Return width and height of a text such as 640x360."""
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
}


# --- parsers, by name: a parameter has the same syntax in all kinds ---


def _whole(least: int, most: int = 1 << 40) -> Callable[[object, str], int]:
    def read(value: object, name: str) -> int:
        try:
            number = int(value) if isinstance(value, str) else value
        except ValueError:
            number = None
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise InvalidRule(f"{name} is {value!r}; allowed: a whole number from {least}")
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
        raise InvalidRule(f"{name} is {value!r}; allowed: a text of 1 to 500 printable characters")
    return value


def _signed(value: object, name: str) -> float:
    if isinstance(value, str) and value.startswith("-"):
        return -parse_duration(value[1:], name)
    if isinstance(value, int | float) and value < 0:
        return -parse_duration(-value, name)
    return parse_duration(value.removeprefix("+") if isinstance(value, str) else value, name)


def _off(value: object, name: str) -> int:
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


READERS: Mapping[str, Callable[[object, str], Any]] = {
    **dict.fromkeys(("seconds", "p50", "p90", "retry_after", "every"), parse_duration),
    **dict.fromkeys(("message", "field", "to", "was", "fact", "allow", "deny", "name"), _text),
    "by": _signed,
    "code": _whole(100, 599),
    "at": _whole(0),
    **dict.fromkeys(("low", "high"), _number),
    "bytes": _whole(1),
    "rate": _whole(1),
    "off": _off,
    "factor": _factor,
    "kind": _one_of(*ErrorKind),
    "body": _one_of("envelope", "nested", "html", "empty"),
    "retry_as": _one_of("seconds", "date"),
    "when": _one_of("before", "during", "after"),
    "as": _one_of("text", "number", "boolean", "list", "object", "null"),
    "form": _one_of("bare", "wrapped", "error", "flat", "detail"),
    "what": _one_of("sound", "frames", "picture", "codec", "container"),
    "how": _one_of("shifted", "unsaid", "open"),
}
