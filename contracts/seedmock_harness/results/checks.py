"""Results of checks: for each fact that a check examined, whether the exchange agrees with it."""

from __future__ import annotations

import shlex
from enum import StrEnum

from msgspec import Struct

from seedmock_contracts.enums import Basis
from seedmock_contracts.exchange import REDACTED, Exchange, Request
from seedmock_contracts.facts import Fact

from ..errors import HarnessError

MAX_BODY_CHARS = 800


class Severity(StrEnum):
    """Consequence of a failure for applications that rely on the fact."""

    BREAKING = "breaking"
    WARNING = "warning"
    INFO = "info"


class CheckResult(Struct, frozen=True):
    """Result of a check for one fact and one exchange. `severity` None: the one that follows from the fact's basis."""

    fact: Fact
    passed: bool
    title: str = ""
    expected: str = ""
    observed: str = ""
    severity: Severity | None = None


def passed(fact: Fact, observed: str = "") -> CheckResult:
    """Result for an exchange that agrees with the fact."""
    return CheckResult(fact, True, observed=observed)


def failed(fact: Fact, title: str, expected: object, observed: object, severity: Severity | None = None) -> CheckResult:
    """Result for an exchange that contradicts the fact. `title` is a clause: `the status moves backwards`."""
    return CheckResult(fact, False, title, str(expected), str(observed), severity)


def compare(
    fact: Fact, title: str, expected: object, observed: object, severity: Severity | None = None
) -> CheckResult:
    """Result that passes if the expected and the observed value are equal."""
    if expected == observed:
        return passed(fact, str(observed))
    return failed(fact, title, expected, observed, severity)


class CheckFailure(HarnessError, AssertionError):
    """An exchange contradicts a fact. Two failures of the same `identity` have the same cause."""

    def __init__(self, check: str, result: CheckResult, exchange: Exchange) -> None:
        super().__init__(check, result, exchange)
        self.check, self.result, self.exchange = check, result, exchange
        self.fact, self.title = result.fact, result.title
        self.expected, self.observed = result.expected, result.observed

    @property
    def severity(self) -> Severity:
        """The result's own severity; else INFO for an assumed fact, which no vendor promises, and BREAKING."""
        if self.result.severity is not None:
            return self.result.severity
        return Severity.INFO if self.fact.basis is Basis.ASSUMED else Severity.BREAKING

    @property
    def identity(self) -> tuple[str, str]:
        """Name of the check and id of the fact."""
        return self.check, self.fact.id

    def __str__(self) -> str:
        lines = (
            f"{self.title} ({self.severity})",
            f"  fact      {self.fact.id} ({self.fact.basis}: {self.fact.source})",
            f"  expected  {self.expected}",
            f"  observed  {self.observed}",
            f"  check     {self.check}",
            f"  response  {self.exchange.response.status} {self.exchange.response.body[:MAX_BODY_CHARS]}",
            f"  repeat    {curl_command(self.exchange.request)}",
        )
        return "\n".join(lines)


def curl_command(request: Request) -> str:
    """Shell command that repeats a request, with $SEEDMOCK_API_KEY in the place of the API key."""
    parts = ["curl", "-i", "-X", request.method, shlex.quote(request.url)]
    for name, value in request.headers:
        if name.lower() == "authorization" and value == REDACTED:
            parts += ["-H", '"Authorization: Bearer $SEEDMOCK_API_KEY"']
        elif name.lower() not in ("host", "content-length"):
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    if request.body:
        parts += ["--data-raw", shlex.quote(request.body)]
    return " ".join(parts)
