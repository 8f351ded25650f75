"""Checks of envelopes: every response is JSON, and has the envelope of a success or of an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from seedmock_contracts.enums import Basis, ErrorKind, Operation
from seedmock_contracts.facts import MISSING, ErrorCase, ResponseField, Variants
from seedmock_contracts.upstreams import get_contract

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, compare, failed, passed
from .response_fields import (
    CACHE_SIZE,
    error_fact,
    has_json_body,
    matches,
    response_fact,
    unknown_paths,
    values_of,
)
from .response_shape import check_field
from .variants import check_option

WITHOUT_ENVELOPE = frozenset({Operation.GROUP_CREATE, Operation.ASSET_CREATE, Operation.MODELS})
"""Operations whose documentation shows `data` alone, so that nothing is known of the rest of the envelope."""
SUCCESS_CODE = 200


def responses_are_json(interaction: Interaction) -> Iterator[CheckResult]:
    """Every response but media is a JSON object with a JSON content type.

    Only information for a response that may come from a gateway in front of the upstream.
    """
    if interaction.operation is None or not has_json_body(interaction):
        return
    fact = error_fact(interaction) if interaction.is_error else response_fact(interaction)
    severity = Severity.INFO if _may_be_a_gateway(interaction) else None
    media_type = interaction.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not isinstance(interaction.body, dict):
        observed = interaction.text[:80] or "nothing"
        yield failed(fact, "the response is not a JSON object", "a JSON object", observed, severity)
    elif interaction.exchange.response.headers and not is_json:
        observed = media_type or "no content type"
        yield failed(fact, "the response is not labelled as JSON", "application/json", observed, severity)
    else:
        yield passed(fact, media_type or "a JSON object")


def _may_be_a_gateway(interaction: Interaction) -> bool:
    """True for a 5xx, and for a 429 without a body, as gateways send it."""
    return interaction.status_code >= 500 or (interaction.status_code == 429 and not interaction.text)


def success_envelopes_are_complete(interaction: Interaction) -> Iterator[CheckResult]:
    """Each success of an upstream with an envelope has its success code, a message and the payload."""
    key, body = interaction.contract.response.envelope_key, interaction.body
    fact = interaction.find("envelope")
    if fact is None or interaction.is_error or interaction.operation is None or not isinstance(body, dict):
        return
    if not has_json_body(interaction):
        return
    severity = Severity.INFO if interaction.operation in WITHOUT_ENVELOPE else None
    missing = [name for name in ("code", "msg", key) if name not in body]
    if missing:
        title, observed = f"the envelope has no {' and no '.join(missing)}", ", ".join(body) or "nothing"
        yield failed(fact, title, f"code, msg and {key}", observed, severity)
    else:
        yield compare(fact, "a success has another code", SUCCESS_CODE, body["code"])
        if not isinstance(body["msg"], str):
            yield failed(fact, "msg is not a string", "a string", body["msg"])


def error_envelopes_are_complete(interaction: Interaction) -> Iterator[CheckResult]:
    """An error response has one of the upstream's error envelopes, with all of its fields."""
    if not _has_error_envelope(interaction):
        return
    fields = _envelope_fields(interaction.contract.name)[_envelope(interaction)]
    unknown = list(unknown_paths(interaction.body, [field.path for field in fields]))
    for field in fields:
        yield from check_field(field, values_of(interaction, field), unknown)
    if unknown and _all_match(fields[0], values_of(interaction, fields[0])):
        title = "an error response has undocumented keys"
        yield failed(fields[0], title, "none", ", ".join(unknown), Severity.INFO)


def _has_error_envelope(interaction: Interaction) -> bool:
    """True for an error response whose envelope is known: that of an unknown route only if it has been observed."""
    case = interaction.contract.error_case(ErrorKind.ROUTE_NOT_FOUND)
    is_known = interaction.operation is not None or case.basis is not Basis.ASSUMED
    return is_known and interaction.is_error and has_json_body(interaction) and isinstance(interaction.body, dict)


@cache
def _envelope_fields(upstream: str) -> dict[str, list[ResponseField]]:
    """The fields of each error envelope, by its name."""
    fields: dict[str, list[ResponseField]] = {}
    for field in get_contract(upstream).response_fields:
        if field.operation is None:
            fields.setdefault(field.envelope, []).append(field)
    return fields


@lru_cache(maxsize=CACHE_SIZE)
def _envelope(interaction: Interaction) -> str:
    """The error envelope that the response fits best, of those that its kind of error may have."""
    envelopes = [*_envelope_fields(interaction.contract.name)]
    cases = interaction.error_cases or interaction.contract.errors
    possible = {case.envelope for case in cases if _may_be_used(interaction, case)}
    candidates = [name for name in envelopes if name in possible] or envelopes
    return min(candidates, key=lambda name: _mismatches(interaction, name))


def _may_be_used(interaction: Interaction, case: ErrorCase) -> bool:
    """True if the option of the error variant is unknown, or the case belongs to the known one.

    A kind of error without a case for that option has one case for all.
    """
    variant = interaction.find("errors")
    if not isinstance(variant, Variants):
        return True
    pinned, style = interaction.history.options.get(variant.id), case.style.partition(".")[0]
    if pinned is None:
        return True
    if pinned == variant.default:
        return style not in variant.options
    default_case = interaction.contract.error_case(case.kind)
    return style == pinned or interaction.contract.find(f"{default_case.id}.{pinned}") is None


def _mismatches(interaction: Interaction, envelope: str) -> int:
    fields = _envelope_fields(interaction.contract.name)[envelope]
    wrong = [field for field in fields if not _all_match(field, values_of(interaction, field))]
    return len(wrong) + len(list(unknown_paths(interaction.body, [field.path for field in fields])))


def _all_match(field: ResponseField, values: Sequence[object]) -> bool:
    return all(matches(field, value) if value is not MISSING else not field.required for value in values)


def errors_settle_their_style(interaction: Interaction) -> Iterator[CheckResult]:
    """An error response shows the option of the error variant: by its status, or by its envelope."""
    if not _has_error_envelope(interaction):
        return
    response = interaction.contract.response
    if response.code_path:
        if isinstance(interaction.body.get("code"), int):
            option = "ok" if interaction.status_code == SUCCESS_CODE else "status"
            yield check_option(interaction, interaction.variant("errors"), option)
        return
    envelope = response.envelope(_envelope(interaction))
    if envelope.option and _differs_between_options(interaction, envelope.name):
        yield check_option(interaction, interaction.variant("errors"), envelope.option)


def _differs_between_options(interaction: Interaction, envelope: str) -> bool:
    """True if the error, in this envelope, is of a kind with a case of its own under each option."""
    errors = interaction.contract.errors
    both = {case.kind for case in errors if case.style} & {case.kind for case in errors if not case.style}
    return any(case.kind in both for case in interaction.error_cases if case.envelope == envelope)


CHECKS = (
    responses_are_json,
    success_envelopes_are_complete,
    error_envelopes_are_complete,
    errors_settle_their_style,
)
