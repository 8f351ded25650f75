"""Records for the tests of reports, with a text in every field: harmless or hostile."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from seedmock_contracts.enums import Basis, TaskStatus
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conversation.history import History
from seedmock_harness.results.certification import (
    Certification,
    CertificationVerdict,
    Invariant,
    InvariantViolation,
    TrialCall,
    TrialRecord,
    invariant_severity,
)
from seedmock_harness.results.checks import Severity
from seedmock_harness.results.verification import FactResult, FactStatus, Finding, Verification, VerificationVerdict

OPEAI = get_contract("opeai")
PLAIN = "a puddle"
START = 1_780_000_000.0
MAX_FACTS = 24
FRAGMENTS = (
    '"><script>alert(1)</script>',
    "</pre></style></title><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "]]></failure><!--",
    "```\n# A heading\n```",
    "| a | b |\n|---|---|",
    "[a](javascript:alert(1)) ![b](http://evil.test/p.png)",
    "http://evil.test/x www.evil.test <b>bold</b> &lt; &amp;",
    "\x00\x08\x1b[31m\u202egnp.exe\u200b\ufffe\r\n\u2028\x85",
    "\ud800",
    "~~~\n</details>\n***\n1. one\n- two\n> three",
)
MakeVerification = Callable[..., Verification]
MakeCertification = Callable[..., Certification]
MakeFinding = Callable[..., Finding]


@pytest.fixture(scope="session")
def hostile_texts() -> st.SearchStrategy[str]:
    """Texts with markup of every format, control characters and lone surrogates."""
    return st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=20), min_size=1, max_size=4).map("".join)


@pytest.fixture
def make_history() -> Callable[[str], History]:
    """Create a history of one task from its order to its clip, with a text wherever possible."""

    def make(text: str = PLAIN) -> History:
        history = History(OPEAI)
        order = {"model": "seedance-2-0-fast", "prompt": text, "size": "864x496", "seconds": "4"}
        task = f"cgt-{text}"
        path = f"/v1/videos/{quote(task, errors='replace')}"
        statuses = [("queued", 0.0), ("QUEUED", 1.0), (f"odd {text}", 2.0), ("IN_PROGRESS", 3.5), ("SUCCESS", 9.0)]
        for number, (status, at) in enumerate(statuses):
            response = Response(200, body=json.dumps({"id": task, "status": status, "prompt": text}))
            request = Request("GET", path)
            if number == 0:
                request = Request("POST", "/v1/videos", (("x-note", text),), json.dumps(order))
            exchange = Exchange("query" if number else "create", request, response, "first", START + at)
            history.add(history.interaction(exchange))
        for code, at in ((409, 9.5), (0, 9.6), (200, 10.0)):
            exchange = Exchange("content", Request("GET", f"{path}/content"), Response(code), "first", START + at)
            history.add(history.interaction(exchange))
        return history

    return make


@pytest.fixture
def make_finding() -> MakeFinding:
    """Create a finding about one of the facts, with a text in every field."""

    def make(text: str = PLAIN, number: int = 0, basis: Basis = Basis.DOCUMENTED, **values: Any) -> Finding:
        facts = [fact for fact in OPEAI.facts() if fact.basis is basis]
        headers = (("authorization", "***"), ("x-note", text))
        exchange = Exchange(
            "query",
            Request("GET", f"https://api.test/v1/videos/{text}", headers, f"body {text}"),
            Response(200, (("x-note", text),), f'{{"status": "{text}"'),
            "first",
            START,
        )
        fields: dict[str, Any] = {
            "severity": Severity.BREAKING,
            "title": f"title {text}",
            "expected": f"expected {text}",
            "emulated": f"emulated {text}",
            "observed": f"observed {text}",
            "exchange": exchange,
        }
        return Finding(fact=facts[number % len(facts)], check=f"check_{number}", **fields | values)

    return make


@pytest.fixture
def make_verification(make_history: Callable[[str], History], make_finding: MakeFinding) -> MakeVerification:
    """Create a drifted verification with a text in every field; any field can be replaced."""

    def make(text: str = PLAIN, drift: int = 2, **values: Any) -> Verification:
        findings = [make_finding(text, number) for number in range(drift)]
        findings.append(make_finding(text, 1, Basis.ASSUMED, severity=Severity.INFO, patch=f"patch {text}"))
        findings.append(make_finding(text, 9, severity=Severity.WARNING, label="flake"))
        contradicted = {finding.fact.id for finding in findings if finding.label == "drift"}
        statuses = zip(OPEAI.facts(), cycle((FactStatus.CONFIRMED, FactStatus.NOT_CHECKED)))
        facts = [
            FactResult(fact, FactStatus.CONTRADICTED if fact.id in contradicted else status, f"not checked: {text}")
            for number, (fact, status) in enumerate(statuses)
            if number < MAX_FACTS or fact.id in contradicted
        ]
        assumption = next(fact for fact in OPEAI.facts() if fact.basis is Basis.ASSUMED)
        fields: dict[str, Any] = {
            "contract": OPEAI,
            "target": f"https://api.test/{text}",
            "started_at": START,
            "verdict": VerificationVerdict.DRIFTED,
            "spent": Decimal("0.250000"),
            "facts": tuple(facts),
            "findings": tuple(findings),
            "history": make_history(text),
            "problem": f"problem {text}",
            "tasks": (f"cgt-{text}",),
            "unresolved_orders": (f"order {text}",),
            "confirmed_assumptions": ((assumption, f"patch {text}"),),
            "seconds": 12.3,
        }
        return Verification(**fields | values)

    return make


@pytest.fixture
def empty_verification() -> Verification:
    """A verification that could not check anything."""
    detail = "not checked: the host is down"
    return Verification(
        contract=OPEAI,
        target=f"https://api.test/{PLAIN}",
        started_at=START,
        verdict=VerificationVerdict.INCONCLUSIVE,
        spent=Decimal(0),
        facts=tuple(FactResult(fact, FactStatus.NOT_CHECKED, detail) for fact in OPEAI.facts()),
        findings=(),
        history=History(OPEAI),
        problem="the host is down",
    )


@pytest.fixture
def make_certification() -> MakeCertification:
    """Create a certification with two violated invariants, one of them twice, and a text in every field."""

    def make(text: str = PLAIN, **values: Any) -> Certification:
        names = ("one", "two", f"three {text}")
        records = tuple(_trial_record(name, text) for name in names)
        places = (Invariant.ONE_CHARGE, "one"), (Invariant.ONE_CHARGE, "two"), (Invariant.PACED_POLLS, "two")
        violations = tuple(
            InvariantViolation(
                invariant,
                name,
                invariant_severity(invariant),
                f"detail {text}",
                (f"step {text}", f"+0.00s {text}"),
                record,
            )
            for (invariant, name), record in zip(places, islice(cycle((records[0], None)), 3), strict=True)
        )
        fields: dict[str, Any] = {
            "upstream": "opeai",
            "adapter": f"adapter {text}",
            "verdict": CertificationVerdict.NOT_CERTIFIED,
            "trials": names,
            "violations": violations,
            "seconds": 4.0,
            "trial_records": records,
        }
        return Certification(**fields | values)

    return make


def _trial_record(name: str, text: str) -> TrialRecord:
    calls = (
        TrialCall(0.0, 0.1, "create", f"POST /v1/videos {text}", 200, "queued", TaskStatus.QUEUED),
        TrialCall(1.0, None, "query", "GET /v1/videos/x", 0, faults=(f"hang {text}",)),
        TrialCall(2.0, 2.1, "query", "GET /v1/videos/x", 404),
        TrialCall(3.0, 3.1, "query", "GET /v1/videos/x", 200, f"odd {text}"),
        TrialCall(4.0, 4.1, "query", "GET /v1/videos/x", 200, "FAILURE", TaskStatus.FAILURE),
        TrialCall(4.2, 4.3, "balance", "GET /v1/balance", 200),
    )
    return TrialRecord(name, f"description {text}", (f"step {text}",), calls, f"outcome {text}", 5.0)


@pytest.fixture
def failed_certification(make_certification: MakeCertification) -> Certification:
    """A certification whose adapter could not be run."""
    return make_certification(
        verdict=CertificationVerdict.COULD_NOT_RUN,
        violations=(),
        trials=(),
        trial_records=(),
        problem="the adapter is missing",
    )
