"""Counts of exchanges since the start, kept up from the journal whenever metrics are read: no request pays for them.

The journal is a ring, which several processes may share: each of them counts what the others have served, too. What
was overwritten between two readings is counted as missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Final

from seedmock_contracts.contract import Contract
from seedmock_contracts.response_format import first_value
from seedmock_contracts.upstreams import get_contract

from ..http.request_body import MalformedBody, parse_json
from ..journal import ExchangeKind, Journal, JournalEntry, JournalFilter

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the durations of requests, in seconds."""


Counts = Counter[tuple[str, ...]]
"""Numbers by the name of a metric and its labels."""


class ExchangeTally:
    """Counts of exchanges: requests, refusals, faults, violations, and a histogram of durations with their sum."""

    def __init__(self) -> None:
        self._next = 0
        self.counts: Counts = Counter()

    async def catch_up(self, journal: Journal) -> None:
        """Count the exchanges since the last time; a journal that was cleared begins anew, and the counts stay."""
        if await journal.total() < self._next:
            self._next = 0
        for number, entry in await journal.read(JournalFilter(since=self._next)):
            self.counts["missed",] += number - self._next
            self._next = number + 1
            self.count(entry)

    def count(self, entry: JournalEntry) -> None:
        counts = self.counts
        counts["requests", entry.upstream, entry.operation or "unknown", entry.kind.value] += 1
        if entry.kind is ExchangeKind.REFUSED:
            counts["refusals", entry.upstream, _error_kind(get_contract(entry.upstream), entry)] += 1
        for fault in entry.faults:
            counts["faults", entry.upstream, fault.split(" ", 1)[0]] += 1
        for violation in entry.violations:
            fact = violation.fact or "unknown_fields"
            counts["violations", entry.upstream, fact, violation.severity.value] += 1
        counts["durations", "sum"] += entry.seconds  # type: ignore[assignment]
        counts["durations", next((str(bound) for bound in BUCKETS if entry.seconds <= bound), "+Inf")] += 1


def _error_kind(contract: Contract, entry: JournalEntry) -> str:
    """Return the kind of the error: that of the violated fact, else the first with its status and code, or `other`."""
    for violation in entry.violations:
        kind = _kinds(contract.name).get(violation.fact)
        if kind is not None:
            return kind
    try:
        body = parse_json(entry.response_body)
    except MalformedBody:
        body = None
    path = contract.response.code_path
    in_body = first_value(body, (path,)) if path and isinstance(body, dict) else None
    status = in_body if isinstance(in_body, int) else entry.status
    cases = [case for case in contract.errors if case.status == status]
    exact = (case for case in cases if case.code == contract.response.error_part(body, "code"))
    return next((str(case.kind) for case in (*exact, *cases)), "other")


@cache
def _kinds(upstream: str) -> Mapping[str, str]:
    """Kinds of errors by the facts of rules and errors."""
    contract = get_contract(upstream)
    of_rules = {rule.fact.id: str(rule.kind) for rules in contract.rules.values() for rule in rules}
    return of_rules | {case.id: str(case.kind) for case in contract.errors}
