"""What is around an answer: that it is JSON and says so, the envelope of a success, and those of refusals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from seedmock_contracts.enums import Basis, ErrorKind, Operation
from seedmock_contracts.facts import MISSING, ErrorCase, ResponseField, Variants

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, compare, failed, passed
from . import response_fields as parts
from .response_shape import field_look
from .variants import chosen

SHOWN_BARE = frozenset({Operation.GROUP_CREATE, Operation.ASSET_CREATE, Operation.MODELS})
"""Answers of which a vendor shows `data` alone: whether the rest of the envelope is there too is not said."""
GOOD = 200
SPOKEN_BY = {"task": "newapi", "middleware": "newapi", "error": "ark"}
"""The option of B's error variant whose envelope it is; the proxy's stands in both."""


def responses_are_json(turn: Interaction) -> Iterator[CheckResult]:
    """Every answer but media is a JSON object, and says so; what a proxy in front says of a 5xx is its own affair."""
    if turn.operation is None or not parts.speaks(turn):
        return
    fact = parts.refusal_fact(turn) if turn.is_error else parts.response_fact(turn)
    gateway = Severity.INFO if _of_a_gateway(turn) else None
    type_ = turn.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not isinstance(turn.body, dict):
        body = turn.exchange.response.body[:80]
        yield failed(fact, "an answer is no JSON object", "a JSON object", body or "nothing", gateway)
    elif turn.exchange.response.headers and type_ != "application/json" and not type_.endswith("+json"):
        yield failed(fact, "an answer is not told to be JSON", "application/json", type_ or "no content type", gateway)
    else:
        yield passed(fact, type_ or "a JSON object")


def _of_a_gateway(turn: Interaction) -> bool:
    """Whether the answer may be that of a machine in front: a failure, or a 429 without a body as the gateway's own."""
    return turn.status_code >= 500 or (turn.status_code == 429 and not turn.exchange.response.body)


def success_envelopes_are_complete(turn: Interaction) -> Iterator[CheckResult]:
    """Where an upstream has an envelope, each success comes in it: a good code, a message, and its own part."""
    contract, body = turn.contract, turn.body
    fact = contract.find(f"{contract.name}.envelope")
    if fact is None or turn.is_error or turn.operation is None or not parts.speaks(turn) or not isinstance(body, dict):
        return
    severity = Severity.INFO if turn.operation in SHOWN_BARE else None
    gone = [key for key in ("code", "msg", contract.response.envelope_key) if key not in body]
    if gone:
        expected, seen = f"code, msg and {contract.response.envelope_key}", ", ".join(body) or "nothing"
        yield failed(fact, f"the envelope has no {' and no '.join(gone)}", expected, seen, severity)
    else:
        yield compare(fact, "a success has another code", GOOD, body["code"])
        if not isinstance(body["msg"], str):
            yield failed(fact, "msg is no text", "a text", body["msg"])


def error_envelopes_are_complete(turn: Interaction) -> Iterator[CheckResult]:
    """A refusal comes in an envelope of the upstream's, with each of its fields."""
    if not _refusal(turn):
        return
    name = _envelope(turn)
    fields = [field for field in turn.contract.response_fields if field.operation is None and field.envelope == name]
    new = list(parts.unknown(turn.body, [field.path for field in fields]))
    for field in fields:
        yield from field_look(field, parts.found(turn, field), new)
    if new and _right(fields[0], parts.found(turn, fields[0])):
        title = "a refusal has keys that the contract does not know"
        yield failed(fields[0], title, "none", ", ".join(new), Severity.INFO)


def _refusal(turn: Interaction) -> bool:
    """Whether it is a refusal whose envelope is known: of a path that there is not, only where that was seen."""
    route = turn.contract.error_case(ErrorKind.ROUTE_NOT_FOUND)
    ours = turn.operation is not None or route.basis is not Basis.ASSUMED
    return ours and turn.is_error and parts.speaks(turn) and isinstance(turn.body, dict)


@lru_cache(maxsize=parts.REMEMBERED)
def _envelope(turn: Interaction) -> str:
    """The envelope that the refusal is most like, of those in which such a refusal is spoken; the first in doubt."""
    known = list(dict.fromkeys(field.envelope for field in turn.contract.response_fields if field.operation is None))
    spoken = {case.envelope for case in turn.error_cases or turn.contract.errors if _may_be(turn, case)}
    likely = [name for name in known if name in spoken] or known
    return min(likely, key=lambda name: _faults(turn, name))


def _may_be(turn: Interaction, case: ErrorCase) -> bool:
    """Whether a case is spoken in the style that is known to hold, if one is: a kind without one has but one case."""
    variant = turn.contract.fact(f"{turn.contract.name}.errors")
    pinned, style = turn.history.options.get(variant.id), case.style.partition(".")[0]
    if pinned is None or not isinstance(variant, Variants):
        return True
    if pinned == variant.default:
        return style not in variant.options
    return style == pinned or (turn.contract.find(f"{turn.contract.error_case(case.kind).id}.{pinned}") is None)


def _faults(turn: Interaction, name: str) -> int:
    fields = [field for field in turn.contract.response_fields if field.operation is None and field.envelope == name]
    wrong = [field for field in fields if not _right(field, parts.found(turn, field))]
    return len(wrong) + len(list(parts.unknown(turn.body, [field.path for field in fields])))


def _right(field: ResponseField, there: Sequence[object]) -> bool:
    return all(parts.fits(field, value) if value is not MISSING else not field.required for value in there)


def errors_settle_their_style(turn: Interaction) -> Iterator[CheckResult]:
    """In which of two ways an upstream refuses: B by its envelope, A by the HTTP status or with 200 and a code."""
    name = turn.contract.name
    if not _refusal(turn):
        return
    if turn.contract.response.envelope_key:
        if isinstance(turn.body.get("code"), int):
            yield chosen(turn, f"{name}.errors", "ok" if turn.status_code == GOOD else "status")
        return
    envelope = _envelope(turn)
    if envelope in SPOKEN_BY and _spoken_in_both(turn, envelope):
        yield chosen(turn, f"{name}.errors", SPOKEN_BY[envelope])


def _spoken_in_both(turn: Interaction, envelope: str) -> bool:
    """Whether the refusal, in this envelope, is of a kind that has a case of its own in either style."""
    errors = turn.contract.errors
    both = {case.kind for case in errors if case.style} & {case.kind for case in errors if not case.style}
    return any(case.kind in both for case in turn.error_cases if case.envelope == envelope)


CHECKS = (
    responses_are_json,
    success_envelopes_are_complete,
    error_envelopes_are_complete,
    errors_settle_their_style,
)
