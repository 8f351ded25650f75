"""Kinds of faults, as data: meaning, the link of the request chain at which each acts, exclusions, operations.

How a fault is written is in `parameters`, what it does in `execution`, `response_mutations` and `response_stream`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from seedmock_contracts.enums import ORDERS, Operation


class FaultKind(StrEnum):
    """Faults: first those of the wire, then (MUTATIONS) those that break the contract."""

    STATUS = "status"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    LATENCY = "latency"
    HANG = "hang"
    RESET = "reset"
    RESPONSE_LOST = "response_lost"
    BANDWIDTH = "bandwidth"
    DRIBBLE = "dribble"
    BODY_CUT = "body_cut"
    WRONG_LENGTH = "wrong_length"
    WRONG_TYPE = "wrong_type"
    REDIRECT = "redirect"
    NO_RANGE = "no_range"
    DUPLICATE = "duplicate"
    CLOCK_SKEW = "clock_skew"
    BACKWARDS = "backwards"
    MISSING = "missing"
    RENAMED = "renamed"
    RETYPED = "retyped"
    OTHER_SIZE = "other_size"
    OTHER_DURATION = "other_duration"
    OTHER_PRICE = "other_price"
    OTHER_ID = "other_id"
    NOT_FOUND = "not_found"
    OTHER_VALUE = "other_value"
    EXTRA = "extra"
    REORDERED = "reordered"
    OTHER_ENVELOPE = "other_envelope"
    OTHER_STATUS = "other_status"
    OTHER_REFUSAL = "other_refusal"
    OTHER_LIMIT = "other_limit"
    OTHER_CLIP = "other_clip"
    OTHER_RANGE = "other_range"
    OTHER_HEADER = "other_header"
    EARLY_CONTENT = "early_content"
    CROSS_ACCOUNT = "cross_account"
    AUTH_BYPASS = "auth_bypass"
    NO_OP = "no_op"


K = FaultKind
MUTATIONS = frozenset(list(FaultKind)[list(FaultKind).index(K.BACKWARDS) :])
"""Kinds that break the contract; a client must survive the others as well, but they prove nothing about an upstream."""

MEANINGS: Mapping[FaultKind, str] = {
    K.STATUS: "an error status in the place of the response",
    K.MALFORMED: "a response that is not valid JSON",
    K.TRUNCATED: "JSON that ends too early",
    K.LATENCY: "a delayed response",
    K.HANG: "no response until the client gives up",
    K.RESET: "a connection reset",
    K.RESPONSE_LOST: "the request is carried out, but its response never arrives: a retry may pay twice",
    K.BANDWIDTH: "a slow body",
    K.DRIBBLE: "a body in small pieces",
    K.BODY_CUT: "a body that ends before its Content-Length",
    K.WRONG_LENGTH: "a wrong Content-Length",
    K.WRONG_TYPE: "a wrong Content-Type",
    K.REDIRECT: "content by way of a redirect",
    K.NO_RANGE: "the whole clip, whatever Range says",
    K.DUPLICATE: "the response twice",
    K.CLOCK_SKEW: "a Date that is off",
    K.BACKWARDS: "a status that goes backwards",
    K.MISSING: "a missing field",
    K.RENAMED: "a field by another name",
    K.RETYPED: "a field of another type",
    K.OTHER_SIZE: "another size than was ordered",
    K.OTHER_DURATION: "another length than was ordered",
    K.OTHER_PRICE: "another price than is due",
    K.OTHER_ID: "an id that changes",
    K.NOT_FOUND: "an endpoint that does not exist any more",
    K.OTHER_VALUE: "a field with another value: a status in another spelling, another model, milliseconds",
    K.EXTRA: "an undocumented field",
    K.REORDERED: "fields in the opposite order",
    K.OTHER_ENVELOPE: "another envelope around the body",
    K.OTHER_STATUS: "a success with another HTTP status; its body is unchanged",
    K.OTHER_REFUSAL: "an error with another HTTP status, or another code",
    K.OTHER_LIMIT: "a rule that is not enforced, or is enforced with other bounds",
    K.OTHER_CLIP: "a clip of another kind than was ordered",
    K.OTHER_RANGE: "part of a clip with wrong headers or bytes",
    K.OTHER_HEADER: "a header with another value, or without one",
    K.EARLY_CONTENT: "content in the place of an error",
    K.CROSS_ACCOUNT: "tasks and assets of another key, shown and changed as if they were the caller's",
    K.AUTH_BYPASS: "a request that is served with a wrong key or none",
    K.NO_OP: "a success that changed nothing",
}


class Link(StrEnum):
    """Links of the request chain at which faults act, in the chain's order."""

    AUTHENTICATE = "authenticate"
    REPLACE = "replace"  # in the place of validation and handler
    VALIDATE = "validate"  # on the verdict about a request, or on the request itself
    HANDLE = "handle"  # around the handler
    MUTATE = "mutate"  # on the response
    SEND = "send"  # on the bytes of the response and on the connection


LINKS: Mapping[FaultKind, frozenset[Link]] = {
    **dict.fromkeys((K.STATUS, K.LATENCY, K.HANG), frozenset({Link.REPLACE})),
    # Instead of the handler, and in the place of an error about a body, which no missing endpoint would read.
    K.NOT_FOUND: frozenset({Link.REPLACE, Link.MUTATE}),
    K.RESET: frozenset({Link.REPLACE, Link.SEND}),  # before the response, or during and after it
    K.AUTH_BYPASS: frozenset({Link.AUTHENTICATE}),
    **dict.fromkeys((K.OTHER_LIMIT, K.CROSS_ACCOUNT), frozenset({Link.VALIDATE})),
    K.NO_OP: frozenset({Link.HANDLE}),
    **dict.fromkeys(
        (
            *(K.MALFORMED, K.TRUNCATED, K.WRONG_TYPE, K.REDIRECT, K.NO_RANGE, K.CLOCK_SKEW),
            *(K.BACKWARDS, K.MISSING, K.RENAMED, K.RETYPED, K.OTHER_VALUE, K.EXTRA, K.REORDERED),
            *(K.OTHER_SIZE, K.OTHER_DURATION, K.OTHER_PRICE, K.OTHER_ID, K.OTHER_CLIP, K.EARLY_CONTENT),
            *(K.OTHER_ENVELOPE, K.OTHER_STATUS, K.OTHER_REFUSAL),
        ),
        frozenset({Link.MUTATE}),
    ),
    K.OTHER_RANGE: frozenset({Link.MUTATE, Link.SEND}),  # Content-Range is known when the file is opened
    **dict.fromkeys(
        (K.RESPONSE_LOST, K.BANDWIDTH, K.DRIBBLE, K.BODY_CUT, K.WRONG_LENGTH, K.DUPLICATE, K.OTHER_HEADER),
        frozenset({Link.SEND}),
    ),
}
REQUEST_LINKS = frozenset({Link.AUTHENTICATE, Link.VALIDATE, Link.HANDLE})
"""A fault that acts at these alone was not applied to a request that was answered before its validation."""

REPLACES_RESPONSE, ENDS_CONNECTION, PACE, BODY, FIELD = "replaces", "ends", "pace", "body", "field"
GROUPS: Mapping[FaultKind, str] = {
    **dict.fromkeys((K.STATUS, K.HANG, K.NOT_FOUND), REPLACES_RESPONSE),
    **dict.fromkeys((K.RESET, K.RESPONSE_LOST, K.BODY_CUT, K.WRONG_LENGTH, K.DUPLICATE), ENDS_CONNECTION),
    **dict.fromkeys((K.BANDWIDTH, K.DRIBBLE), PACE),
    **dict.fromkeys((K.MALFORMED, K.TRUNCATED), BODY),
    **dict.fromkeys((K.MISSING, K.RENAMED, K.RETYPED, K.OTHER_VALUE, K.EXTRA), FIELD),
}
"""Kinds that exclude each other; a kind that is not here is a group of its own."""

ERROR_MUTATIONS = frozenset({K.OTHER_REFUSAL, K.OTHER_ENVELOPE})
BEFORE_ROUTING = ERROR_MUTATIONS | {K.NOT_FOUND}
"""Kinds that also apply to a request that is refused before its faults are selected: no key, no route, no body."""

SOCKET = frozenset({K.HANG, K.RESET, K.RESPONSE_LOST, K.BODY_CUT, K.WRONG_LENGTH, K.DUPLICATE})
"""Kinds that need a socket: in process a response is one piece, and there is no connection to break."""

NEED_BODY = frozenset({K.BODY_CUT, K.BANDWIDTH, K.DRIBBLE})
"""Kinds that act on nothing but the bytes of a body."""

CONTENT = frozenset({Operation.CONTENT})
JSON_OPERATIONS = frozenset(Operation) - CONTENT
REQUESTS = frozenset(Operation) - {Operation.CALLBACK}
TASK_VIEWS = frozenset({Operation.QUERY, Operation.CONTENT})
OWNED = REQUESTS - {*ORDERS, Operation.GROUP_CREATE, Operation.FILE_CREATE}
JSON_KINDS = (K.MALFORMED, K.TRUNCATED, K.MISSING, K.RENAMED, K.RETYPED, K.OTHER_VALUE, K.EXTRA, K.REORDERED)
REQUEST_KINDS = (
    *(K.STATUS, K.HANG, K.NOT_FOUND, K.BANDWIDTH, K.DRIBBLE, K.BODY_CUT, K.WRONG_LENGTH, K.CLOCK_SKEW),
    *(K.OTHER_REFUSAL, K.OTHER_LIMIT, K.OTHER_HEADER, K.AUTH_BYPASS),
)
OPERATIONS: Mapping[FaultKind, frozenset[Operation]] = {
    **dict.fromkeys((K.REDIRECT, K.NO_RANGE, K.OTHER_CLIP, K.OTHER_RANGE, K.EARLY_CONTENT), CONTENT),
    **dict.fromkeys(JSON_KINDS, JSON_OPERATIONS),
    K.OTHER_STATUS: REQUESTS - CONTENT,
    **dict.fromkeys(REQUEST_KINDS, REQUESTS),
    K.CROSS_ACCOUNT: OWNED,
    K.NO_OP: frozenset({Operation.ASSET_UPDATE, Operation.ASSET_DELETE, Operation.GROUP_DELETE}),
    K.BACKWARDS: frozenset({Operation.QUERY, Operation.CALLBACK}),
    K.OTHER_SIZE: TASK_VIEWS,
    K.OTHER_DURATION: TASK_VIEWS,
    K.OTHER_PRICE: frozenset({Operation.BALANCE, Operation.RECORD}),
    K.OTHER_ID: frozenset({*ORDERS, Operation.QUERY, Operation.CALLBACK}),
}
"""Operations to which a kind can be applied; a kind that is not here can be applied to all."""
