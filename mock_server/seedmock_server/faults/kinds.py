"""The closed set of faults and lies: what each is, which exclude each other, and where each makes sense. Data.

Knows nothing of how one is written: that is in `parameters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from seedmock_contracts.enums import ORDERS, Operation


class FaultKind(StrEnum):
    """What can go wrong: first the wire, then (LIES) answers that break the contract."""

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
LIES = frozenset(list(FaultKind)[list(FaultKind).index(K.BACKWARDS) :])
"""The kinds that break the contract; the others only misbehave."""

MEANINGS: Mapping[FaultKind, str] = {
    K.STATUS: "another status instead of an answer",
    K.MALFORMED: "an answer that is no JSON",
    K.TRUNCATED: "JSON that ends too early",
    K.LATENCY: "an answer that takes its time",
    K.HANG: "no answer",
    K.RESET: "a connection that is reset",
    K.RESPONSE_LOST: "done, but the answer never arrives: the order is there, and may be paid twice",
    K.BANDWIDTH: "a slow body",
    K.DRIBBLE: "a body in drops",
    K.BODY_CUT: "a body that ends before its Content-Length",
    K.WRONG_LENGTH: "a Content-Length that is wrong",
    K.WRONG_TYPE: "a Content-Type that is wrong",
    K.REDIRECT: "content by way of a redirect",
    K.NO_RANGE: "the whole clip, whatever Range asks for",
    K.DUPLICATE: "the answer twice",
    K.CLOCK_SKEW: "a Date that is off",
    K.BACKWARDS: "a status that runs backwards",
    K.MISSING: "a field that is not there",
    K.RENAMED: "a field by another name",
    K.RETYPED: "a field of another type",
    K.OTHER_SIZE: "another size than was ordered",
    K.OTHER_DURATION: "another length than was ordered",
    K.OTHER_PRICE: "another price than is due",
    K.OTHER_ID: "an id that changes",
    K.NOT_FOUND: "an endpoint that has gone elsewhere",
    K.OTHER_VALUE: "a field that says something else: a status in another word, another model, milliseconds",
    K.EXTRA: "a field that nobody knows",
    K.REORDERED: "fields in the opposite order",
    K.OTHER_ENVELOPE: "another envelope around what is said",
    K.OTHER_STATUS: "a success with another HTTP status, its body as it should be",
    K.OTHER_REFUSAL: "a refusal with another HTTP status, or another code",
    K.OTHER_LIMIT: "a rule that is not held, or held elsewhere: an order is taken that should be refused, or refused",
    K.OTHER_CLIP: "a clip of another kind than was ordered",
    K.OTHER_RANGE: "part of a clip, wrongly told",
    K.OTHER_HEADER: "a header that says something else, or is not there",
    K.EARLY_CONTENT: "content where a refusal is due",
    K.CROSS_ACCOUNT: "what belongs to another key, shown and obeyed as if it were the caller's",
    K.AUTH_BYPASS: "an answer to anyone, with a wrong key or none",
    K.NO_OP: "a success that changed nothing",
}
INSTEAD, END, PACE, BODY = "instead", "end", "pace", "body"
GROUPS: Mapping[FaultKind, str] = {
    **dict.fromkeys((K.STATUS, K.HANG, K.NOT_FOUND), INSTEAD),
    **dict.fromkeys((K.RESET, K.RESPONSE_LOST, K.BODY_CUT, K.WRONG_LENGTH, K.DUPLICATE), END),
    **dict.fromkeys((K.BANDWIDTH, K.DRIBBLE), PACE),
    **dict.fromkeys((K.MALFORMED, K.TRUNCATED), BODY),
    **dict.fromkeys((K.MISSING, K.RENAMED, K.RETYPED, K.OTHER_VALUE, K.EXTRA), "field"),
}
"""What excludes each other; a kind that is not here is a group of its own."""

REFUSALS = frozenset({K.OTHER_REFUSAL, K.OTHER_ENVELOPE})
"""The lies about refusals, which are also told where a call was refused before anybody knew what it was for."""
EARLY = REFUSALS | {K.NOT_FOUND}
"""What a call meets that was refused before anybody knew what it was for: routes are looked at before bodies."""
BENDING = frozenset({K.OTHER_LIMIT, K.CROSS_ACCOUNT, K.AUTH_BYPASS, K.NO_OP})
"""The lies that are told by what is done with a call, not by what is said of it."""

SOCKET = frozenset({K.HANG, K.RESET, K.RESPONSE_LOST, K.BODY_CUT, K.WRONG_LENGTH, K.DUPLICATE})
"""The kinds that cannot be shown in process, where an answer is one piece and no connection is there to break."""

CONTENT = frozenset({Operation.CONTENT})
SAID = frozenset(Operation) - CONTENT
ANSWERED = frozenset(Operation) - {Operation.CALLBACK}
ANSWER_KINDS = (K.STATUS, K.HANG, K.NOT_FOUND, K.BANDWIDTH, K.DRIBBLE, K.BODY_CUT, K.WRONG_LENGTH, K.CLOCK_SKEW)
TOLD = frozenset({Operation.QUERY, Operation.CONTENT})
NOUNS = (K.MALFORMED, K.TRUNCATED, K.MISSING, K.RENAMED, K.RETYPED, K.OTHER_VALUE, K.EXTRA, K.REORDERED)
OWNED = ANSWERED - {*ORDERS, Operation.GROUP_CREATE, Operation.FILE_CREATE}
ONLY: Mapping[FaultKind, frozenset[Operation]] = {
    **dict.fromkeys((K.REDIRECT, K.NO_RANGE, K.OTHER_CLIP, K.OTHER_RANGE, K.EARLY_CONTENT), CONTENT),
    **dict.fromkeys(NOUNS, SAID),
    K.OTHER_STATUS: ANSWERED - CONTENT,
    **dict.fromkeys((*ANSWER_KINDS, K.OTHER_REFUSAL, K.OTHER_LIMIT, K.OTHER_HEADER, K.AUTH_BYPASS), ANSWERED),
    K.CROSS_ACCOUNT: OWNED,
    K.NO_OP: frozenset({Operation.ASSET_UPDATE, Operation.ASSET_DELETE, Operation.GROUP_DELETE}),
    K.BACKWARDS: frozenset({Operation.QUERY, Operation.CALLBACK}),
    K.OTHER_SIZE: TOLD,
    K.OTHER_DURATION: TOLD,
    K.OTHER_PRICE: frozenset({Operation.BALANCE, Operation.RECORD}),
    K.OTHER_ID: frozenset({*ORDERS, Operation.QUERY, Operation.CALLBACK}),
}
"""The operations for which a kind makes sense; a kind that is not here makes sense for all."""
