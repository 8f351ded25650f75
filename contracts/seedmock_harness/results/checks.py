"""What a check says: of each fact that it looked at, whether the exchange bears it out; and the failure if not."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum

from seedmock_contracts.enums import Basis
from seedmock_contracts.exchange import REDACTED, Exchange, Request
from seedmock_contracts.facts import Fact

SHOWN = 800


class Severity(StrEnum):
    """How much a failure matters to those who rely on the fact."""

    BREAKING = "breaking"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check saw of one fact in one exchange. `severity` replaces what the fact's basis implies."""

    fact: Fact
    passed: bool
    title: str = ""
    expected: str = ""
    observed: str = ""
    severity: Severity | None = None


def passed(fact: Fact, observed: str = "") -> CheckResult:
    """The exchange bears the fact out."""
    return CheckResult(fact, True, observed=observed)


def failed(fact: Fact, title: str, expected: object, observed: object, severity: Severity | None = None) -> CheckResult:
    """The exchange contradicts the fact. `title` is a sentence's beginning: `the status runs backwards`."""
    return CheckResult(fact, False, title, str(expected), str(observed), severity)


def compare(
    fact: Fact, title: str, expected: object, observed: object, severity: Severity | None = None
) -> CheckResult:
    """Whether what was observed is what the fact lets one expect."""
    if expected == observed:
        return passed(fact, str(observed))
    return failed(fact, title, expected, observed, severity)


class CheckFailure(AssertionError):
    """A check found an exchange that contradicts a fact. Two failures of the same `identity` are the same trouble."""

    def __init__(self, check: str, look: CheckResult, exchange: Exchange) -> None:
        super().__init__(check, look, exchange)
        self.check, self.result, self.exchange = check, look, exchange
        self.fact, self.title = look.fact, look.title
        self.expected, self.observed = look.expected, look.observed

    @property
    def severity(self) -> Severity:
        """A contradicted assumption is news, not breakage: nobody was promised it."""
        if self.result.severity is not None:
            return self.result.severity
        return Severity.INFO if self.fact.basis is Basis.ASSUMED else Severity.BREAKING

    @property
    def identity(self) -> tuple[str, str]:
        """The check and the fact's id."""
        return self.check, self.fact.id

    def __str__(self) -> str:
        lines = (
            f"{self.title} ({self.severity})",
            f"  fact      {self.fact.id} ({self.fact.basis}: {self.fact.source})",
            f"  expected  {self.expected}",
            f"  observed  {self.observed}",
            f"  check     {self.check}",
            f"  answer    {self.exchange.response.status} {self.exchange.response.body[:SHOWN]}",
            f"  repeat    {curl_command(self.exchange.request)}",
        )
        return "\n".join(lines)


def curl_command(request: Request) -> str:
    """A command that repeats a request, with $SEEDMOCK_API_KEY in the place of the key."""
    parts = ["curl", "-i", "-X", request.method, shlex.quote(request.url)]
    for name, value in request.headers:
        if name.lower() == "authorization" and value == REDACTED:
            parts += ["-H", '"Authorization: Bearer $SEEDMOCK_API_KEY"']
        elif name.lower() not in ("host", "content-length"):
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    if request.body:
        parts += ["--data-raw", shlex.quote(request.body)]
    return " ".join(parts)
