"""Judge the exchanges about a task for the control API, which finds this function by its entry point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedmock_contracts.contract import Contract
from seedmock_contracts.exchange import Exchange
from seedmock_server.control.verdicts import CheckedFact

from ..conversation.history import History
from ..results.checks import CheckFailure
from .model import check_exchanges


def judge_exchanges(contract: Contract, exchanges: Sequence[Exchange]) -> Iterator[CheckedFact]:
    """Yield the results of all checks over the exchanges, oldest first."""
    for position, checked in enumerate(check_exchanges(History(contract), exchanges)):
        for check, result in checked.results:
            severity = "" if result.passed else CheckFailure(check, result, exchanges[position]).severity
            yield CheckedFact(
                position, check, result.fact, result.passed, severity, result.title, result.expected, result.observed
            )
