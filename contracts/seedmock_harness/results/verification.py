"""Result of a verification: a status for each fact, and the findings as expected, emulated and observed. Data only."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import Fact

from ..conversation.history import History
from .checks import Severity


class VerificationVerdict(StrEnum):
    """Verdict of a verification."""

    CONFORMS = "conforms"
    DRIFTED = "drifted"
    INCONCLUSIVE = "inconclusive"


class FactStatus(StrEnum):
    """Status of one fact after a verification."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOT_CHECKED = "not-checked"


class FactResult(Struct, frozen=True):
    """Status of one fact. `detail`: the observed value, or the reason why the fact was not checked."""

    fact: Fact
    status: FactStatus
    detail: str = ""


class Finding(Struct, frozen=True):
    """A contradicted fact, or an assumption that turned out otherwise; one for each check and fact.

    `emulated`: value of the emulator for the same request, empty if it was not asked. `label`: "drift", or "flake" if a
    second try passed. `patch`: the change to the contract that follows.
    """

    fact: Fact
    check: str
    severity: Severity
    title: str
    expected: str
    emulated: str
    observed: str
    exchange: Exchange
    label: str = "drift"
    patch: str = ""

    @property
    def is_about_assumption(self) -> bool:
        """True if the fact is assumed: the finding is information, and no drift by itself."""
        return self.fact.basis is Basis.ASSUMED


class Verification(Struct, frozen=True):
    """Result of one run against one target.

    `problem`: why some or all facts could not be checked, in one sentence; empty if there was none. `tasks`: ids of
    billable tasks, in the order of their creation. `unresolved_orders`: a sentence for each order that may have been
    accepted. `confirmed_assumptions`: with the changes to the contract that follow. `steps`: names of the steps that
    ran. `resumable`: the same command would continue with the orders of this run. `play_money`: the target was an
    emulator that was started for this run.
    """

    contract: Contract
    target: str
    started_at: float
    verdict: VerificationVerdict
    spent: Decimal
    facts: tuple[FactResult, ...]
    findings: tuple[Finding, ...]
    history: History
    problem: str = ""
    tasks: tuple[str, ...] = ()
    unresolved_orders: tuple[str, ...] = ()
    confirmed_assumptions: tuple[tuple[Fact, str], ...] = ()
    seconds: float = 0.0
    steps: tuple[str, ...] = ()
    resumable: bool = False
    play_money: bool = False

    @property
    def currency(self) -> str:
        return currency(self.play_money)


def currency(play_money: bool) -> str:
    """Currency of all amounts of a run."""
    return "play money" if play_money else "USD"
