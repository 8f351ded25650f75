"""Validate inspected references against the formats and media limits of a contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from ..documents.values import format_value
from ..enums import ErrorKind, MediaKind
from ..facts import MediaFacts, MediaFormats, MediaLimit, Violation
from ..upstreams import get_contract

_UNITS = {
    "size_bytes": " bytes",
    "seconds": " s",
    "total_seconds": " s",
    "side": " pixels",
    "pixels": " pixels",
    "fps": " frames a second",
}
_CODECS = {"avc1": "H.264", "hvc1": "H.265", "mp4a": "AAC"}
"""Names for people, by the names of codecs in MP4."""


def media_violations(
    upstream: str,
    media: Sequence[tuple[str, MediaFacts]],
    limits: Sequence[MediaLimit] | None = None,
    formats: Sequence[MediaFormats] | None = None,
    variants: Mapping[str, str] | None = None,
) -> list[Violation]:
    """Violations of formats and limits by the inspected references, given as (path in the document, facts).

    `limits` and `formats` replace the upstream's. `variants` maps the id of a variant to the option in force; others
    have their default. A violation's fact is the limit as the contract has it.
    """
    if not media:
        return []
    contract = get_contract(upstream)
    options = {**contract.defaults, **(variants or {})}
    media = [(path, counted_facts(upstream, facts, options)) for path, facts in media]
    result = [
        violation
        for accepted in (contract.formats if formats is None else formats)
        if not accepted.variant or options[accepted.variant] != accepted.off
        for path, facts in media
        if (violation := _format_violation(path, facts, accepted))
    ]
    for limit in contract.limits if limits is None else limits:
        in_force = limit.under(options[limit.variant]) if limit.variant else limit
        if in_force is not None:
            result += _limit_violations(limit, in_force, media, _slack(upstream))
    return result


def counted_facts(upstream: str, facts: MediaFacts, options: Mapping[str, str]) -> MediaFacts:
    """Return the facts with the width and height that count: those of the upright picture, or of the file as stored."""
    return facts.as_stored() if options.get(f"{upstream}.media_size") == "stored" else facts


def kind_violation(path: str, expected: MediaKind, facts: MediaFacts, limit: MediaLimit) -> Violation | None:
    """Violation of a reference whose media is of another kind than its field expects, reported with `limit` as fact."""
    if facts.kind is expected:
        return None
    message = f"{path} is {format_value(facts.format)}, of kind {facts.kind}; allowed: {expected}"
    return Violation(limit, ErrorKind.INVALID_PARAMETER, path, facts.kind.value, expected.value, message)


def _format_violation(path: str, facts: MediaFacts, accepted: MediaFormats) -> Violation | None:
    value = str(getattr(facts, accepted.quantity))
    # A codec may be unknown, or there is no sound; the format is always known.
    if facts.kind is not accepted.kind or not value or value.lower() in accepted.formats:
        return None
    allowed = ", ".join(f"{name} ({_CODECS[name]})" if name in _CODECS else name for name in accepted.formats)
    name = accepted.quantity.replace("_", " ")
    message = f"{path}: {name} is {format_value(value)}; allowed: {allowed}"
    return Violation(accepted, ErrorKind.INVALID_PARAMETER, path, value, allowed, message)


def _limit_violations(
    fact: MediaLimit, limit: MediaLimit, media: Sequence[tuple[str, MediaFacts]], slack: float
) -> Iterator[Violation]:
    of_kind = [(path, facts) for path, facts in media if facts.kind is limit.kind]
    # Ark's page says 2 and 15 s, its error 1.8 and 15.2 (fact NAME.limit.seconds.slack).
    slack = slack if limit.quantity.endswith("seconds") else 0.0
    for path, value in _quantities(limit, of_kind):
        if not _within(limit, value, slack):
            allowed = _allowed(limit, slack)
            message = f"{path}: {limit.quantity} is {_format_number(value)}; allowed: {allowed}"
            yield Violation(fact, ErrorKind.INVALID_PARAMETER, path, value, allowed, message)


@cache
def _slack(upstream: str) -> float:
    """Seconds by which a length may miss its bounds; 0 where the contract knows of none."""
    slack = get_contract(upstream).seconds_slack
    return float(slack.value) if slack is not None else 0.0


def _quantities(limit: MediaLimit, media: Sequence[tuple[str, MediaFacts]]) -> list[tuple[str, float]]:
    if limit.quantity == "total_seconds":
        total = sum(facts.seconds or 0.0 for _, facts in media)
        return [(media[-1][0], total)] if media else []
    return [(path, value) for path, facts in media for value in _measures(limit.quantity, facts)]


def _measures(quantity: str, facts: MediaFacts) -> list[float]:
    if quantity == "size_bytes":
        return [facts.size_bytes]
    if quantity in ("seconds", "fps"):
        # The limits are whole numbers, and film at 23.976 is too common to be refused (NAME.limit.video.fps.rounded).
        value = facts.seconds if quantity == "seconds" else facts.fps and round(facts.fps)
        return [] if value is None else [value]
    if not facts.width or not facts.height:
        return []
    if quantity == "side":
        return [facts.width, facts.height]
    return [facts.width * facts.height if quantity == "pixels" else facts.width / facts.height]


def _within(limit: MediaLimit, value: float, slack: float) -> bool:
    if limit.strict:
        return (limit.low is None or value > limit.low) and (limit.high is None or value < limit.high)
    # Sums of floats: 5.1 + 5.1 + 5.0 is a little more than 15.2.
    slack += 1e-9
    return (limit.low is None or value >= limit.low - slack) and (limit.high is None or value <= limit.high + slack)


def _allowed(limit: MediaLimit, slack: float) -> str:
    unit = _UNITS.get(limit.quantity, "")
    passing = f" ({_format_number(slack)} s more or less passes)" if slack else ""
    if limit.low is None:
        return f"{'less than' if limit.strict else 'at most'} {_format_number(limit.high)}{unit}{passing}"
    suffix = " (bounds excluded)" if limit.strict else passing
    return f"{_format_number(limit.low)} to {_format_number(limit.high)}{unit}{suffix}"


def _format_number(value: float | None) -> str:
    """Write a number in full: 15728640 and 15.2, not 1.57286e+07."""
    return "any" if value is None else str(int(value)) if value == int(value) else f"{value:.4g}"
