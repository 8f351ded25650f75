"""What a verification found: each fact's verdict, and each finding as documented, emulated and observed. Data."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.facts import Fact

from ..conversation.history import History
from .checks import Severity


class VerificationVerdict(StrEnum):
    """Of a whole verification."""

    CONFORMS = "conforms"
    DRIFTED = "drifted"
    INCONCLUSIVE = "inconclusive"


class FactStatus(StrEnum):
    """Of one fact."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True)
class FactResult:
    """What became of one fact; `detail` says what was seen, or why nobody looked."""

    fact: Fact
    status: FactStatus
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact that was contradicted, or an assumption that was settled; one for each check and fact.

    `emulated` is what the emulator says in the same place, empty if that was not asked. `label` is "drift", or "flake"
    where a second look found nothing. `patch` says what in the contract follows.
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
        """Whether it is about an assumption: news, and no drift by itself."""
        return self.fact.basis is Basis.ASSUMED


@dataclass(frozen=True, slots=True)
class Verification:
    """All that one run against one target found."""

    contract: Contract
    target: str
    started_at: float
    verdict: VerificationVerdict
    spent: Decimal
    facts: tuple[FactResult, ...]
    findings: tuple[Finding, ...]
    history: History
    problem: str = ""
    """Why nothing, or not all, could be looked at, in one sentence; empty if nothing was in the way."""
    tasks: tuple[str, ...] = ()
    """The ids of what was made and may be charged, in the order of the orders."""
    unresolved_orders: tuple[str, ...] = ()
    """Orders of which nobody knows whether they were taken, a sentence each."""
    confirmed_assumptions: tuple[tuple[Fact, str], ...] = ()
    """Assumptions that were confirmed, each with the line that follows for the contract."""
    seconds: float = 0.0
    """How long it took."""
    steps: tuple[str, ...] = ()
    """The steps that were made."""
    resumable: bool = False
    """Whether the same command goes on with what was ordered."""
    play_money: bool = False
    """Whether it was play money that was spent: the target was an emulator that was made for this."""

    @property
    def currency(self) -> str:
        """What its amounts are in."""
        return currency(self.play_money)


def currency(play: bool) -> str:
    """What amounts are in."""
    return "play money" if play else "USD"
