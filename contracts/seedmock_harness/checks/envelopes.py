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


def responses_are_json(interaction: Interaction) -> Iterator[CheckResult]:
    """Every answer but media is a JSON object, and says so; what a proxy in front says of a 5xx is its own affair."""
    if interaction.operation is None or not parts.speaks(interaction):
        return
    fact = parts.refusal_fact(interaction) if interaction.is_error else parts.response_fact(interaction)
    gateway = Severity.INFO if _of_a_gateway(interaction) else None
    type_ = interaction.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not isinstance(interaction.body, dict):
        body = interaction.exchange.response.body[:80]
        yield failed(fact, "an answer is no JSON object", "a JSON object", body or "nothing", gateway)
    elif interaction.exchange.response.headers and type_ != "application/json" and not type_.endswith("+json"):
        yield failed(fact, "an answer is not told to be JSON", "application/json", type_ or "no content type", gateway)
    else:
        yield passed(fact, type_ or "a JSON object")


def _of_a_gateway(interaction: Interaction) -> bool:
    """Whether the answer may be that of a machine in front: a failure, or a 429 without a body as the gateway's own."""
    return interaction.status_code >= 500 or (interaction.status_code == 429 and not interaction.exchange.response.body)


def success_envelopes_are_complete(interaction: Interaction) -> Iterator[CheckResult]:
    """Where an upstream has an envelope, each success comes in it: a good code, a message, and its own part."""
    contract, body = interaction.contract, interaction.body
    fact = contract.find(f"{contract.name}.envelope")
    if (
        fact is None
        or interaction.is_error
        or interaction.operation is None
        or not parts.speaks(interaction)
        or not isinstance(body, dict)
    ):
        return
    severity = Severity.INFO if interaction.operation in SHOWN_BARE else None
    gone = [key for key in ("code", "msg", contract.response.envelope_key) if key not in body]
    if gone:
        expected, seen = f"code, msg and {contract.response.envelope_key}", ", ".join(body) or "nothing"
        yield failed(fact, f"the envelope has no {' and no '.join(gone)}", expected, seen, severity)
    else:
        yield compare(fact, "a success has another code", GOOD, body["code"])
        if not isinstance(body["msg"], str):
            yield failed(fact, "msg is no text", "a text", body["msg"])


def error_envelopes_are_complete(interaction: Interaction) -> Iterator[CheckResult]:
    """A refusal comes in an envelope of the upstream's, with each of its fields."""
    if not _refusal(interaction):
        return
    name = _envelope(interaction)
    fields = [
        field for field in interaction.contract.response_fields if field.operation is None and field.envelope == name
    ]
    new = list(parts.unknown(interaction.body, [field.path for field in fields]))
    for field in fields:
        yield from field_look(field, parts.found(interaction, field), new)
    if new and _right(fields[0], parts.found(interaction, fields[0])):
        title = "a refusal has keys that the contract does not know"
        yield failed(fields[0], title, "none", ", ".join(new), Severity.INFO)


def _refusal(interaction: Interaction) -> bool:
    """Whether it is a refusal whose envelope is known: of a path that there is not, only where that was seen."""
    route = interaction.contract.error_case(ErrorKind.ROUTE_NOT_FOUND)
    ours = interaction.operation is not None or route.basis is not Basis.ASSUMED
    return ours and interaction.is_error and parts.speaks(interaction) and isinstance(interaction.body, dict)


@lru_cache(maxsize=parts.REMEMBERED)
def _envelope(interaction: Interaction) -> str:
    """The envelope that the refusal is most like, of those in which such a refusal is spoken; the first in doubt."""
    known = list(
        dict.fromkeys(field.envelope for field in interaction.contract.response_fields if field.operation is None)
    )
    spoken = {
        case.envelope for case in interaction.error_cases or interaction.contract.errors if _may_be(interaction, case)
    }
    likely = [name for name in known if name in spoken] or known
    return min(likely, key=lambda name: _faults(interaction, name))


def _may_be(interaction: Interaction, case: ErrorCase) -> bool:
    """Whether a case is spoken in the style that is known to hold, if one is: a kind without one has but one case."""
    variant = interaction.contract.find(f"{interaction.contract.name}.errors")
    if not isinstance(variant, Variants):
        return True
    pinned, style = interaction.history.options.get(variant.id), case.style.partition(".")[0]
    if pinned is None:
        return True
    if pinned == variant.default:
        return style not in variant.options
    return style == pinned or (
        interaction.contract.find(f"{interaction.contract.error_case(case.kind).id}.{pinned}") is None
    )


def _faults(interaction: Interaction, name: str) -> int:
    fields = [
        field for field in interaction.contract.response_fields if field.operation is None and field.envelope == name
    ]
    wrong = [field for field in fields if not _right(field, parts.found(interaction, field))]
    return len(wrong) + len(list(parts.unknown(interaction.body, [field.path for field in fields])))


def _right(field: ResponseField, there: Sequence[object]) -> bool:
    return all(parts.fits(field, value) if value is not MISSING else not field.required for value in there)


def errors_settle_their_style(interaction: Interaction) -> Iterator[CheckResult]:
    """In which of two ways an upstream refuses: by its envelope, or by the HTTP status or with 200 and a code."""
    name = interaction.contract.name
    if not _refusal(interaction):
        return
    response = interaction.contract.response
    if response.code_path:
        if isinstance(interaction.body.get("code"), int):
            yield chosen(interaction, f"{name}.errors", "ok" if interaction.status_code == GOOD else "status")
        return
    envelope = response.envelope(_envelope(interaction))
    if envelope.option and _spoken_in_both(interaction, envelope.name):
        yield chosen(interaction, f"{name}.errors", envelope.option)


def _spoken_in_both(interaction: Interaction, envelope: str) -> bool:
    """Whether the refusal, in this envelope, is of a kind that has a case of its own in either style."""
    errors = interaction.contract.errors
    both = {case.kind for case in errors if case.style} & {case.kind for case in errors if not case.style}
    return any(case.kind in both for case in interaction.error_cases if case.envelope == envelope)


CHECKS = (
    responses_are_json,
    success_envelopes_are_complete,
    error_envelopes_are_complete,
    errors_settle_their_style,
)
