"""Parameters of faults, as data: descriptions, defaults, and those that are required."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .kinds import FaultKind

K = FaultKind
FIELD = (
    "the response's field, at the top or in an envelope's data; dots lead into objects, and into each item of a list"
)
CONNECTION = (
    "close (said by a header, so that clients read no further) or keep (said nothing: what is left over can become the "
    "response to another call, of whatever key; seedmock warns); default: close"
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
    K.WRONG_LENGTH: {
        "delta": "what is added to Content-Length; negative for too little; default: 10",
        "connection": CONNECTION,
    },
    K.WRONG_TYPE: {"to": "the Content-Type; default: text/html"},
    K.REDIRECT: {"code": "301, 302, 303, 307 or 308; default: 302"},
    K.NO_RANGE: {},
    K.DUPLICATE: {"connection": CONNECTION},
    K.CLOCK_SKEW: {"by": "how far the Date header is ahead, or behind (-5m)"},
    K.BACKWARDS: {"to": "the status; default: that of a queued task"},
    K.MISSING: {"field": FIELD},
    K.RENAMED: {"field": FIELD, "to": "its new name; default: the other of camelCase and snake_case"},
    K.RETYPED: {"field": FIELD, "as": "string, number, boolean, array, object or null"},
    K.OTHER_SIZE: {"to": "width x height in the response, or of the clip, such as 640x360; default: half of each"},
    K.OTHER_DURATION: {"seconds": "length in the response, or of the clip; default: 1 more"},
    K.OTHER_PRICE: {"factor": "what balances and records are multiplied by; default: 2"},
    K.OTHER_ID: {},
    K.NOT_FOUND: {},
    K.OTHER_VALUE: {
        "field": FIELD,
        "to": "the value; a number or a boolean stays one",
        "factor": "or what its number is multiplied by",
        "if_value": "only where it has this value",
    },
    K.EXTRA: {"field": "its name, at the top or in an envelope's data", "to": "its value; default: unexpected"},
    K.REORDERED: {},
    K.OTHER_ENVELOPE: {
        "form": "of successes: bare (none) or wrapped (in data); of errors: error, flat, detail or text",
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
    K.OTHER_RANGE: {
        "how": "shifted (Content-Range by a byte), bytes (the body by a byte), headerless (206 without Content-Range), "
        "open (200 where 416 is due)",
    },
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
    K.WRONG_LENGTH: {"delta": 10, "connection": "close"},
    K.DUPLICATE: {"connection": "close"},
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
