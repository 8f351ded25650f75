"""Validate inspected references against the media limits of a contract."""

from __future__ import annotations

from collections.abc import Sequence

from ..documents.values import format_value
from ..enums import ErrorKind, MediaKind
from ..facts import MediaFacts, MediaLimit, Violation
from ..upstreams import get_contract

_UNITS = {"size_bytes": " bytes", "seconds": " s", "total_seconds": " s", "side": " pixels", "ratio": ""}


def media_violations(
    upstream: str, media: Sequence[tuple[str, MediaFacts]], limits: Sequence[MediaLimit] | None = None
) -> list[Violation]:
    """Violations of media limits by the inspected references, given as (path in the document, facts).

    `limits` replace the upstream's.
    """
    result: list[Violation] = []
    limits = get_contract(upstream).limits if limits is None else limits
    for limit in limits if media else ():
        of_kind = [(path, facts) for path, facts in media if facts.kind is limit.kind]
        for path, value in _quantities(limit, of_kind):
            if not _within(limit, value):
                allowed = _allowed(limit)
                message = f"{path}: {limit.quantity} is {_format_number(value)}; allowed: {allowed}"
                result.append(Violation(limit, ErrorKind.INVALID_PARAMETER, path, value, allowed, message))
    return result


def kind_violation(path: str, expected: MediaKind, facts: MediaFacts, limit: MediaLimit) -> Violation | None:
    """Violation of a reference whose media is of another kind than its field expects, reported with `limit` as fact."""
    if facts.kind is expected:
        return None
    message = f"{path} is {format_value(facts.format)}, of kind {facts.kind}; allowed: {expected}"
    return Violation(limit, ErrorKind.INVALID_PARAMETER, path, facts.kind.value, expected.value, message)


def _quantities(limit: MediaLimit, media: Sequence[tuple[str, MediaFacts]]) -> list[tuple[str, float]]:
    if limit.quantity == "total_seconds":
        total = sum(facts.seconds or 0.0 for _, facts in media)
        return [(media[-1][0], total)] if media else []
    return [(path, value) for path, facts in media for value in _measures(limit.quantity, facts)]


def _measures(quantity: str, facts: MediaFacts) -> list[float]:
    if quantity == "size_bytes":
        return [facts.size_bytes]
    if quantity == "seconds":
        return [] if facts.seconds is None else [facts.seconds]
    if not facts.width or not facts.height:
        return []
    return [facts.width, facts.height] if quantity == "side" else [facts.width / facts.height]


def _within(limit: MediaLimit, value: float) -> bool:
    # Containers round a clip's length to their own ticks: 15.04 s of a 15 s clip is not a violation.
    slack = 0.1 if limit.quantity.endswith("seconds") else 0.0
    if limit.strict:
        return (limit.low is None or value > limit.low) and (limit.high is None or value < limit.high)
    return (limit.low is None or value >= limit.low - slack) and (limit.high is None or value <= limit.high + slack)


def _allowed(limit: MediaLimit) -> str:
    unit, suffix = _UNITS[limit.quantity], " (bounds excluded)" if limit.strict else ""
    if limit.low is None:
        return f"{'less than' if limit.strict else 'at most'} {_format_number(limit.high)}{unit}"
    return f"{_format_number(limit.low)} to {_format_number(limit.high)}{unit}{suffix}"


def _format_number(value: float | None) -> str:
    """Write a number in full: 15728640 and 15.2, not 1.57286e+07."""
    return "any" if value is None else str(int(value)) if value == int(value) else f"{value:.4g}"
